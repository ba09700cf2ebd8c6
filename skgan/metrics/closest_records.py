"""How near samples of tables come to rows of the training data, beside how near rows do that were held out."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from skgan.interfaces import Integer, Real, Score, Tags
from skgan.metrics._sets import Said
from skgan.metrics._tables import Column, TableMetric, Tables, in_columns

NAMES = {"dcr": "DCR", "near-copies": "NearCopies"}


class _Closest(TableMetric):
    """What is said of the distances of samples and of held-out rows to the nearest training row."""

    constraints = {"most": (Integer(2),), "random_state": (Integer(0, 2**32 - 1),)}
    most: int
    random_state: int

    @abstractmethod
    def _said(self, held_out: np.ndarray, fake: np.ndarray) -> Said:
        """Return the number for distances of held-out rows and of samples."""

    def tags(self) -> Tags:
        """Return that samples far from everything copy nothing."""
        return Tags(one_sided=True)

    def __call__(
        self,
        X_real: Any,
        X_fake: Any,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
        X_held_out: Any = None,
    ) -> Score:
        """Return the number for training rows, samples and held-out rows; without those half of the first are."""
        if X_held_out is None:
            return super().__call__(X_real, X_fake, y_real=y_real, y_fake=y_fake)
        near = [self._nearest(in_columns(X_real, rows).columns) for rows in (X_held_out, X_fake)]
        said = self._said(*near)
        return self.scored(said.value, X_real, X_fake, details=said.details, held_out=len(X_held_out))

    def measure(self, tables: Tables) -> Said:
        """Return the number with a random half of the real rows held out."""
        n = len(tables.columns[0].real)
        order = np.random.default_rng((self.random_state, n)).permutation(n)
        held, kept = order[: n // 2], order[n // 2 :]
        train = [column._replace(real=column.real[kept]) for column in tables.columns]
        halves = [each._replace(fake=whole.real[held]) for each, whole in zip(train, tables.columns, strict=True)]
        return self._said(self._nearest(halves), self._nearest(train))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of the distances."""
        return 2.0 * (min(n_real, self.most) + min(n_fake, self.most)) * n_real * width

    def _nearest(self, columns: list[Column]) -> np.ndarray:
        """Return the distance of each row of the second set, of at most `most`, to the nearest of the first."""
        from sklearn.metrics import pairwise_distances_argmin

        train, asked = _as_points(columns)
        if len(asked) > self.most:
            rng = np.random.default_rng((self.random_state, len(asked), self.most))
            asked = asked[np.sort(rng.choice(len(asked), self.most, replace=False))]
        place = pairwise_distances_argmin(asked, train)
        return np.sqrt(((asked - train[place]) ** 2).sum(1))  # anew, since the search rounds where rows are equal


class DCR(_Closest):
    r"""The median distance of samples to the closest training record, over that of rows that were held out.

    .. math:: \frac{\operatorname{median}_i\, d(\tilde{x}_i)}{\operatorname{median}_j\, d(x_j^{\mathrm{held}})},
              \qquad d(x)^2 = \min_t \sum_c \delta_c(x, t)^2

    where :math:`\delta_c` is the difference of numbers in standard deviations of the training rows, and 1 for
    categories that differ. 1 is what new rows have, 0 is copies; more than 1 says that samples lie off the data.
    `details` has both medians and both 5 % quantiles. It is no proof of privacy: a few copies do not move a median.

    Parameters
    ----------
    most : int, default=5000
        Samples and held-out rows that are looked at, at most, in [2, inf).
    random_state : int, default=0
        Of the choice of rows, and of the half that is held out where no rows are, in [0, 4294967295].

    References
    ----------
    .. [1] Zhao et al., "CTAB-GAN: Effective Table Data Synthesizing", ACML 2021, section 5.4.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.closest_records import DCR
    >>> X, held_out = np.random.default_rng(0).standard_normal((2, 50, 3))
    >>> float(DCR()(X, X[:20], X_held_out=held_out))
    0.0
    """

    greater_is_better = True

    def __init__(self, most: int = 5000, random_state: int = 0):
        self.most = most
        self.random_state = random_state

    def _said(self, held_out: np.ndarray, fake: np.ndarray) -> Said:
        figures = {
            f"{name}_{what}": float(np.quantile(distances, share))
            for name, distances in (("held_out", held_out), ("samples", fake))
            for what, share in (("median", 0.5), ("low", 0.05))
        }
        return Said(figures["samples_median"] / max(figures["held_out_median"], 1e-12), details=figures)


class NearCopies(_Closest):
    r"""The share of samples nearer to a training row than nearly all rows that were held out.

    .. math:: \frac{1}{m} \sum_i [d(\tilde{x}_i) \le q_s]

    with d as for `DCR` and :math:`q_s` the quantile of the held-out rows' d. New rows of the same distribution have
    about the share s too, more where rows repeat each other. `details` has the share of ``copies``, at distance 0, of
    samples and of held-out rows.

    Parameters
    ----------
    share : float, default=0.01
        The share s, in (0, 1).
    most : int, default=5000
        Samples and held-out rows that are looked at, at most, in [2, inf).
    random_state : int, default=0
        Of the choice of rows, and of the half that is held out where no rows are, in [0, 4294967295].

    References
    ----------
    .. [1] Meehan, Chaudhuri, Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models",
       AISTATS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.closest_records import NearCopies
    >>> X, held_out = np.random.default_rng(0).standard_normal((2, 50, 3))
    >>> float(NearCopies()(X, X[:20], X_held_out=held_out))
    1.0
    """

    constraints = {**_Closest.constraints, "share": (Real(0.0, 1.0, closed="neither"),)}
    greater_is_better = False

    def __init__(self, share: float = 0.01, most: int = 5000, random_state: int = 0):
        self.share = share
        self.most = most
        self.random_state = random_state

    def _said(self, held_out: np.ndarray, fake: np.ndarray) -> Said:
        near = float((fake <= np.quantile(held_out, self.share)).mean())
        equal = {"copies": float((fake == 0).mean()), "held_out_copies": float((held_out == 0).mean())}
        return Said(near, float(np.sqrt(near * (1 - near) / len(fake))), equal)


def _as_points(columns: list[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Return both sets so that a squared distance is a sum over columns; a missing number is a category."""
    blocks: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for column in columns:
        sides = column.real, column.fake
        if column.numeric:
            missing = [np.isnan(values) for values in sides]
            known = column.real[~missing[0]]
            centre, spread = (known.mean(), known.std() or 1.0) if len(known) else (0.0, 1.0)
            for block, values, gaps in zip(blocks, sides, missing, strict=True):
                block.append((np.where(gaps, 0.0, (values - centre) / spread))[:, None])
                block.append(gaps[:, None].astype(np.float64))
        else:
            width = int(max(column.real.max(), column.fake.max())) + 1
            for block, values in zip(blocks, sides, strict=True):
                block.append(np.eye(width)[values] * np.sqrt(0.5))  # two that differ are 1 apart
    return tuple(np.concatenate(block, axis=1) for block in blocks)  # type: ignore[return-value]
