"""Tables column by column and pair by pair."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import stats

from skgan.interfaces import Tags
from skgan.metrics._sets import Said
from skgan.metrics._tables import Column, TableMetric, Tables

NAMES = {"column-shapes": "ColumnShapes", "pair-trends": "PairTrends"}

_BINS = 10  # that numbers are cut into beside categories


class ColumnShapes(TableMetric):
    r"""How near the distribution of each column is, on the mean over columns; 1 when all are the same.

    .. math:: \frac{1}{d} \sum_j 1 - D_j, \qquad
              D_j = \sup_t |F_j(t) - G_j(t)| \;\text{ or }\; \frac{1}{2} \sum_c |p_{jc} - q_{jc}|

    the Kolmogorov-Smirnov distance of numbers, the total variation of categories. A difference between the shares of
    missing numbers counts where it is larger. The figure of each column is in the score's `details`.

    References
    ----------
    .. [1] Massey, "The Kolmogorov-Smirnov Test for Goodness of Fit", JASA 1951.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.columns import ColumnShapes
    >>> float(ColumnShapes()(np.array([[0.0], [1.0]]), np.array([[0.0], [9.0]])))
    0.5
    """

    bounds = (0.0, 1.0)

    def measure(self, tables: Tables) -> Said:
        """Return the mean over columns, and its standard error over them."""
        each = {column.name: 1 - difference(column) for column in tables.columns}
        values = np.array(list(each.values()))
        return Said(float(values.mean()), float(values.std() / np.sqrt(len(values))), each)

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the steps of sorting every column, ten operations each."""
        return 10.0 * (n_real + n_fake) * width * np.log2(n_real + n_fake + 1)


class PairTrends(TableMetric):
    r"""How near the association of each pair of columns is, on the mean over pairs; 1 when all are the same.

    .. math:: 1 - \tfrac{1}{2} |\rho_{ij} - \tilde\rho_{ij}| \;\text{ for two columns of numbers, otherwise }\;
              1 - \tfrac{1}{2} \sum_{ab} |p_{ab} - q_{ab}|

    with the correlation, or the joint shares of two columns of which numbers are cut at the deciles of the real rows.
    It does not look at single columns: moved samples score as well as those that stayed.

    References
    ----------
    .. [1] Pearson, "Notes on regression and inheritance in the case of two parents", 1895.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.columns import PairTrends
    >>> X = np.array([[0.0, 0.0], [1.0, 1.0]])
    >>> round(float(PairTrends()(X, X[:, ::-1] * [1, -1])), 6)
    0.0
    """

    bounds = (0.0, 1.0)

    def tags(self) -> Tags:
        """Return that it is blind to single columns."""
        return Tags(one_sided=True)

    def measure(self, tables: Tables) -> Said:
        """Return the mean over pairs, and its standard error over them."""
        numbers = [column for column in tables.columns if column.numeric]
        values = list(_correlated(numbers))
        cut = {column.name: _pieces(column) for column in tables.columns}
        for a, b in itertools.combinations(tables.columns, 2):
            if not (a.numeric and b.numeric):
                values.append(1 - _joint_difference(cut[a.name], cut[b.name]))
        each = np.array(values or [1.0])
        return Said(float(each.mean()), float(each.std() / np.sqrt(len(each))))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of all pairs."""
        return 2.0 * (n_real + n_fake) * width**2


def difference(column: Column) -> float:
    """Return how far apart the two distributions of one column are, from 0 to 1."""
    if not column.numeric:
        return _variation(*_shares(column.real, column.fake))
    there = [values[~np.isnan(values)] for values in (column.real, column.fake)]
    missing = abs(len(there[0]) / len(column.real) - len(there[1]) / len(column.fake))
    if not len(there[0]) or not len(there[1]):
        return 1.0 if missing else 0.0
    return max(float(stats.ks_2samp(*there, method="asymp").statistic), missing)


def _correlated(columns: list[Column]) -> np.ndarray:
    """Return the figure of every pair of columns of numbers; a column without variation has no correlation."""
    if len(columns) < 2:
        return np.array([])
    sets = [np.stack([getattr(column, side) for column in columns], axis=1) for side in ("real", "fake")]
    upper = np.triu_indices(len(columns), 1)
    first, second = (_correlation(X)[upper] for X in sets)
    return 1 - np.abs(first - second) / 2


def _correlation(X: np.ndarray) -> np.ndarray:
    X = X - np.nanmean(X, axis=0)
    X = np.where(np.isnan(X), 0.0, X)
    length = np.sqrt((X**2).sum(axis=0))
    X = X / np.where(length > 0, length, 1.0)
    return X.T @ X


def _pieces(column: Column) -> Column:
    """Return a column as codes: numbers cut at quantiles of the real rows, missing ones in a piece of their own."""
    if not column.numeric:
        return column
    edges = np.unique(np.nanquantile(column.real, np.linspace(0, 1, _BINS + 1)[1:-1]))
    codes = [
        np.where(np.isnan(x), len(edges) + 1, np.searchsorted(edges, x, side="right"))
        for x in (column.real, column.fake)
    ]
    return Column(column.name, False, *codes)


def _joint_difference(a: Column, b: Column) -> float:
    width = int(max(b.real.max(), b.fake.max())) + 1
    return _variation(*_shares(a.real * width + b.real, a.fake * width + b.fake))


def _shares(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _, codes = np.unique(np.concatenate([real, fake]), return_inverse=True)
    k = int(codes.max()) + 1
    first, second = codes[: len(real)], codes[len(real) :]
    return np.bincount(first, minlength=k) / len(real), np.bincount(second, minlength=k) / len(fake)


def _variation(p: np.ndarray, q: np.ndarray) -> float:
    return float(np.abs(p - q).sum() / 2)
