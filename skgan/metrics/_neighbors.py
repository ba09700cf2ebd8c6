"""What the metrics share that count who lies in whose neighbourhood."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from skgan.interfaces import Integer
from skgan.metrics._sets import FEATURES, FeatureMetric, Rows, Said


class NeighbourMetric(FeatureMetric):
    """A number from neighbourhoods: balls around rows that reach to the k-th nearest row of the same set.

    Parameters
    ----------
    k : int, default=5
        Neighbours that a neighbourhood reaches to, in [1, inf).
    features : str, Features or "auto", default="auto"
        What rows are compared by.
    """

    constraints = {"k": (Integer(1),), "features": FEATURES}

    def __init__(self, k: int = 5, features: Any = "auto"):
        self.k = k
        self.features = features

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the number, and its standard error over the rows that were asked."""
        answers = self.answers(real.X, fake.X)
        return Said(float(answers.mean()), float(answers.std() / np.sqrt(len(answers))))

    @abstractmethod
    def answers(self, X_real: np.ndarray, X_fake: np.ndarray) -> np.ndarray:
        """Return what each row that is asked says; the number is their mean."""


def radii(X: np.ndarray, k: int) -> np.ndarray:
    """Return each row's distance to its k-th nearest other row, `(n,)`."""
    if len(X) <= k:
        raise ValueError(f"The metric needs more than k={k} rows of each set. Got {len(X)}. Give more rows.")
    return np.partition(distances(X, X), k, axis=1)[:, k]


def distances(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return the distances between rows, `(n, m)`, in float64."""
    return cdist(X.astype(np.float64), Y.astype(np.float64))
