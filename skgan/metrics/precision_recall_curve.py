"""Precision and recall as a curve, from histograms of clusters."""

from __future__ import annotations

from typing import Any

import numpy as np

from skgan.interfaces import Integer, Real
from skgan.metrics._sets import FEATURES, FeatureMetric, Rows, Said

NAMES = {"prd": "PRD"}

_ANGLES = 1001


class PRD(FeatureMetric):
    r"""How much of the data samples cover and how much of the samples is data: the best F-beta of a curve of both.

    .. math:: \alpha(\lambda) = \sum_k \min(\lambda p_k, q_k), \quad \beta(\lambda) = \alpha(\lambda) / \lambda, \quad
              F_b = \max_\lambda \frac{(1 + b^2)\,\alpha\beta}{b^2 \alpha + \beta}

    with shares p of real rows and q of samples in clusters of both together. :math:`F_8` weighs recall,
    :math:`F_{1/8}` precision; both are in the score's `details`.

    Parameters
    ----------
    clusters : int, default=20
        In [2, inf); at most half of the rows.
    beta : float, default=8.0
        b, in (0, inf).
    runs : int, default=10
        Clusterings, whose mean is the value, in [1, inf).
    random_state : int, default=0
        Of the clusterings, in [0, inf).
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Sajjadi et al., "Assessing Generative Models via Precision and Recall", NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.precision_recall_curve import PRD
    >>> X = np.array([[0.0], [0.1], [9.0], [9.1]])
    >>> round(PRD(clusters=2)(X, X).details["F1/8"], 6)
    1.0
    """

    bounds = (0.0, 1.0)
    constraints = {
        "clusters": (Integer(2),),
        "beta": (Real(0.0, closed="neither"),),
        "runs": (Integer(1),),
        "random_state": (Integer(0),),
        "features": FEATURES,
    }

    def __init__(
        self, clusters: int = 20, beta: float = 8.0, runs: int = 10, random_state: int = 0, features: Any = "auto"
    ):
        self.clusters = clusters
        self.beta = beta
        self.runs = runs
        self.random_state = random_state
        self.features = features

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the best F-beta of rows `(n, d)` and `(m, d)`, and its standard error over runs."""
        curves = [curve(*self._shares(real.X, fake.X, run)) for run in range(self.runs)]
        bests = np.array([[best(each, beta) for each in curves] for beta in (self.beta, 8.0, 1 / 8)])
        error = float(bests[0].std() / np.sqrt(self.runs))
        return Said(float(bests[0].mean()), error, {"F8": float(bests[1].mean()), "F1/8": float(bests[2].mean())})

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of twenty rounds of each clustering."""
        return 20.0 * self.runs * self.clusters * (n_real + n_fake) * width

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few clusters, once."""
        return [{"clusters": 4, "runs": 1}]

    def _shares(self, X: np.ndarray, Y: np.ndarray, run: int) -> tuple[np.ndarray, np.ndarray]:
        from sklearn.cluster import MiniBatchKMeans

        both = np.concatenate([X, Y])
        k = max(min(self.clusters, len(np.unique(both, axis=0)), len(both) // 2), 1)
        seed = np.random.default_rng((self.random_state, run)).integers(2**31)
        labels = MiniBatchKMeans(k, n_init=1, random_state=int(seed), batch_size=max(len(both), 1)).fit_predict(both)
        first, second = labels[: len(X)], labels[len(X) :]
        return np.bincount(first, minlength=k) / len(X), np.bincount(second, minlength=k) / len(Y)


def curve(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return precision and recall along the curve for the shares of real rows, p, and of samples, q, `(k,)` each."""
    slopes = np.tan(np.linspace(1e-6, np.pi / 2 - 1e-6, _ANGLES))
    precision = np.minimum(slopes[:, None] * p, q).sum(axis=1)
    return precision, precision / slopes


def best(points: tuple[np.ndarray, np.ndarray], beta: float) -> float:
    """Return the largest F-beta on a curve."""
    precision, recall = points
    with np.errstate(invalid="ignore"):
        values = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
    return float(np.nan_to_num(values).max())
