"""Distances to nearest neighbours, shared by the metrics that count who lies in whose neighbourhood."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist


def radii(X: np.ndarray, k: int) -> np.ndarray:
    """Return each row's distance to its k-th nearest other row, `(n,)`."""
    if len(X) <= k:
        raise ValueError(f"The metric needs more than k={k} rows of each set. Got {len(X)}. Give more rows.")
    return np.partition(distances(X, X), k, axis=1)[:, k]


def distances(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the distances between rows, `(n, m)`, in float64."""
    return cdist(X.astype(np.float64), Y.astype(np.float64))
