"""Whether samples repeat the rows that the generator was trained on."""

from __future__ import annotations

from typing import Any

import numpy as np

from skgan.interfaces import Integer, Score, Tags
from skgan.metrics._sets import FEATURES, FeatureMetric, Rows, Said, in_order, some_of

NAMES = {"copies": "Copies", "ct": "CT"}

#: training rows whose own nearest distances bound what is a copy
_LOOKED_AT = 500


class Copies(FeatureMetric):
    r"""The share of samples that nearly repeat a row of the training data.

    .. math:: \frac{1}{m} \sum_i [d_1(\tilde{x}_i) < q_{0.01}]\,[d_1(\tilde{x}_i) < d_2(\tilde{x}_i) / 2]

    with the distances to the nearest two training rows, and q the quantile of the nearest distances of training rows
    among themselves. `details` has the shares of exact ``duplicates`` and of training rows with a near ``twin``: where
    rows repeat each other, copies cannot be told.

    Parameters
    ----------
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Meehan, Chaudhuri, Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models",
       AISTATS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.memorisation import Copies
    >>> X = np.random.default_rng(0).standard_normal((50, 3))
    >>> float(Copies()(X, X))
    1.0
    """

    bounds = (0.0, 1.0)
    greater_is_better = False
    needs_features = False

    def tags(self) -> Tags:
        """Return that samples far from everything copy nothing."""
        return Tags(one_sided=True)

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the share of rows of `fake`, `(m, d)`, that copy one of `real`, the training rows `(n, d)`."""
        import torch

        from skgan.metrics._copying import copying, in_chunks

        rows, samples = torch.from_numpy(real.X.copy()), torch.from_numpy(fake.X.copy())
        places = torch.from_numpy(some_of(len(rows), _LOOKED_AT, 0))
        found = copying(rows[places], places, samples, [rows[piece] for piece in in_chunks(len(rows))])
        share = 0.0 if np.isnan(found.copies) else found.copies
        error = float(np.sqrt(share * (1 - share) / len(fake)))
        return Said(share, error, {"duplicates": found.duplicates, "twins": found.twins})

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of the distances."""
        return 5.0 * (min(n_real, _LOOKED_AT) + n_fake) * n_real * width


class CT(FeatureMetric):
    r"""Whether samples lie nearer to training rows than held-out rows do: below -3 they are copies, about 0 new.

    .. math:: C_T = \frac{\sum_\pi P(\pi)\, Z_U\big(d(X_{\mathrm{held}} \cap \pi),
              d(\tilde{X} \cap \pi)\big)}{\sum_\pi P(\pi)}

    with d the distance to the nearest training row, cells from k-means of the training rows, and the z-score of the
    Mann-Whitney test in each cell that holds enough held-out rows and samples, weighed by the share of held-out rows.

    Parameters
    ----------
    cells : int, default=5
        In [1, inf).
    random_state : int, default=0
        Of the cells, and of the half that is held out where no rows are, in [0, 4294967295].
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Meehan, Chaudhuri, Dasgupta, "A Non-Parametric Test to Detect Data-Copying in Generative Models",
       AISTATS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.memorisation import CT
    >>> rng = np.random.default_rng(0)
    >>> X, held_out = rng.standard_normal((2, 200, 3))
    >>> float(CT(cells=1)(X, X, X_held_out=held_out)) < -3
    True
    """

    constraints = {"cells": (Integer(1),), "random_state": (Integer(0, 2**32 - 1),), "features": FEATURES}
    needs_features = False

    def __init__(self, cells: int = 5, random_state: int = 0, features: Any = "auto"):
        self.cells = cells
        self.random_state = random_state
        self.features = features

    def tags(self) -> Tags:
        """Return that samples far from everything copy nothing."""
        return Tags(one_sided=True)

    def __call__(
        self,
        X_real: np.ndarray,
        X_fake: np.ndarray,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
        X_held_out: np.ndarray | None = None,
    ) -> Score:
        """Return the statistic for training rows, samples and held-out rows; without those half of the first are."""
        if X_held_out is None:
            return super().__call__(X_real, X_fake, y_real=y_real, y_fake=y_fake)
        rows = in_order(X_real, None)
        real, fake = self.seen(rows, in_order(X_fake, None))
        _, held = self.seen(rows, in_order(X_held_out, None))
        value = self._statistic(real.X, held.X, fake.X)
        return self.scored(value, rows.X, X_fake, held_out=len(X_held_out), **self.conditions(rows))

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the statistic with a random half of `real` held out; it finds copies of the other half."""
        order = np.random.default_rng((self.random_state, len(real))).permutation(len(real))
        half = len(real) // 2
        return Said(self._statistic(real.X[order[half:]], real.X[order[:half]], fake.X))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of the distances."""
        return 10.0 * (n_real + n_fake) * n_real * width

    def _statistic(self, train: np.ndarray, held: np.ndarray, fake: np.ndarray) -> float:
        from scipy.spatial import cKDTree
        from sklearn.cluster import KMeans

        tree = cKDTree(train)
        near_held, near_fake = tree.query(held)[0], tree.query(fake)[0]
        k = max(min(self.cells, len(np.unique(train, axis=0)), len(train) // 4), 1)
        cells = KMeans(k, n_init=1, random_state=self.random_state).fit(train)
        of_held, of_fake = cells.predict(held), cells.predict(fake)
        scores, weights = [], []
        for cell in range(k):
            a, b = near_held[of_held == cell], near_fake[of_fake == cell]
            if min(len(a), len(b)) >= 4:
                scores.append(_z(a, b))
                weights.append(len(a))
        return float(np.average(scores, weights=weights)) if scores else 0.0


def _z(a: np.ndarray, b: np.ndarray) -> float:
    """Return the z-score of the Mann-Whitney statistic: negative when b tends to be smaller than a."""
    from scipy.stats import rankdata

    n, m = len(a), len(b)
    ranks = rankdata(np.concatenate([a, b]))[n:]
    statistic = ranks.sum() - m * (m + 1) / 2
    return float((statistic - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))
