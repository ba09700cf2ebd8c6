"""Principal components."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from skgan.interfaces import Boolean, Features, Integer

NAMES = {"pca": "PCA"}


class PCA(Features):
    r"""The coordinates of a sample along the directions in which real rows vary most.

    .. math:: \phi(x) = V_k^T (x - \mu), \qquad \Sigma = V \Lambda V^T

    Parameters
    ----------
    components : int, default=50
        k, in [1, inf); fewer where rows or columns are.
    whiten : bool, default=False
        Whether each coordinate has variance 1 on real rows.

    References
    ----------
    .. [1] Hotelling, "Analysis of a complex of statistical variables into principal components", 1933.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.pca import PCA
    >>> X = np.random.default_rng(0).standard_normal((20, 5))
    >>> PCA(2).learn(X)(X[:3]).shape
    (3, 2)
    """

    constraints = {"components": (Integer(1),), "whiten": (Boolean(),)}
    learns = True

    def __init__(self, components: int = 50, whiten: bool = False):
        self.components = components
        self.whiten = whiten

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Callable[[np.ndarray], np.ndarray]:
        """Return the map onto the components of X."""
        from sklearn.decomposition import PCA as Decomposition

        rows = np.asarray(X, np.float64).reshape(len(X), -1)
        k = min(self.components, *rows.shape)
        fitted = Decomposition(k, whiten=self.whiten, svd_solver="full").fit(rows)
        return lambda X: fitted.transform(np.asarray(X, np.float64).reshape(len(X), -1))

    def work(self, n: int, shape: tuple[int, ...]) -> float:
        """Return the multiplications of a singular value decomposition."""
        width = math.prod(shape)
        return 4.0 * n * width * min(n, width)
