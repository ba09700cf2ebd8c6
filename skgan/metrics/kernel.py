"""The kernel distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from skgan.interfaces import Integer
from skgan.metrics._sets import FEATURES, FeatureMetric, Rows, Said

NAMES = {"kid": "KID"}


class KID(FeatureMetric):
    r"""The squared maximum mean discrepancy under a polynomial kernel; unbiased, so about 0 for equal distributions.

    .. math:: \mathbb{E}\,k(X, X') + \mathbb{E}\,k(Y, Y') - 2\,\mathbb{E}\,k(X, Y), \qquad
              k(x, y) = \left(\frac{x^T y}{d} + 1\right)^p

    The value is the mean over subsets of both sets, its uncertainty their standard deviation.

    Parameters
    ----------
    degree : int, default=3
        p, in [1, inf).
    subsets : int, default=100
        How many, in [1, inf).
    subset_size : int, default=1000
        Rows of each set in a subset, in [2, inf); all of the smaller set where it has fewer.
    random_state : int, default=2020
        Which rows, in [0, 4294967295].
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.kernel import KID
    >>> float(KID(degree=1)(np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])))
    3.5
    """

    constraints = {
        "degree": (Integer(1),),
        "subsets": (Integer(1),),
        "subset_size": (Integer(2),),
        "random_state": (Integer(0, 2**32 - 1),),
        "features": FEATURES,
    }
    greater_is_better = False

    def __init__(
        self,
        degree: int = 3,
        subsets: int = 100,
        subset_size: int = 1000,
        random_state: int = 2020,
        features: Any = "auto",
    ):
        self.degree = degree
        self.subsets = subsets
        self.subset_size = subset_size
        self.random_state = random_state
        self.features = features

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the mean and the standard deviation over subsets of rows `(n, d)` and `(m, d)`."""
        size = min(self.subset_size, len(real), len(fake))
        if size < 2:
            raise ValueError("KID needs two rows of each set or more. Got fewer. Give more rows.")
        everything = size == len(real) == len(fake)
        rng = np.random.RandomState(self.random_state)  # the order of draws is that of the reference implementations
        values = [
            self._discrepancy(*(rows.X[rng.choice(len(rows), size, replace=False)] for rows in (real, fake)))
            for _ in range(1 if everything else self.subsets)
        ]
        return Said(float(np.mean(values)), None if everything else float(np.std(values)))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of three kernels a subset."""
        size = min(self.subset_size, n_real, n_fake)
        subsets = 1 if size == n_real == n_fake else self.subsets
        return 3.0 * subsets * size**2 * (width + 10)

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few and small subsets."""
        return [{"subsets": 3, "subset_size": 20}]

    def _discrepancy(self, X: np.ndarray, Y: np.ndarray) -> float:
        n = len(X)
        inside = [
            (kernel.sum() - np.trace(kernel)) / (n * (n - 1)) for kernel in (self._kernel(X, X), self._kernel(Y, Y))
        ]
        return sum(inside) - 2 * self._kernel(X, Y).mean()

    def _kernel(self, X: np.ndarray, Y: np.ndarray) -> np.ndarray:
        return (X @ Y.T / X.shape[1] + 1) ** self.degree
