"""What the metrics share that count who lies in whose neighbourhood."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from scipy.spatial.distance import cdist

from skgan.interfaces import Integer, Metric, Score


class NeighbourMetric(Metric):
    """A number from neighbourhoods: balls around rows that reach to the k-th nearest row of the same set.

    Parameters
    ----------
    k : int, default=5
        Neighbours that a neighbourhood reaches to, in [1, inf).
    """

    constraints = {"k": (Integer(1),)}

    def __init__(self, k: int = 5):
        self.k = k

    @abstractmethod
    def value(self, X_real: np.ndarray, X_fake: np.ndarray) -> float:
        """Return the number for rows `(n, d)` and `(m, d)`."""

    def __call__(
        self,
        X_real: np.ndarray,
        X_fake: np.ndarray,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
    ) -> Score:
        """Return the number with its protocol; labels are not looked at."""
        protocol = {"metric": type(self).__name__.lower(), "k": self.k, "n_real": len(X_real), "n_fake": len(X_fake)}
        return Score(self.value(X_real, X_fake), greater_is_better=self.greater_is_better, protocol=protocol)


def radii(X: np.ndarray, k: int) -> np.ndarray:
    """Return each row's distance to its k-th nearest other row, `(n,)`."""
    if len(X) <= k:
        raise ValueError(f"The metric needs more than k={k} rows of each set. Got {len(X)}. Give more rows.")
    return np.partition(distances(X, X), k, axis=1)[:, k]


def distances(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the distances between rows, `(n, m)`, in float64."""
    return cdist(X.astype(np.float64), Y.astype(np.float64))
