"""Distances between two sets along directions, where sorting solves what is hard in many dimensions."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import numpy as np

from skgan.interfaces import Integer
from skgan.metrics._sets import FEATURES, FeatureMetric, Rows, Said

#: directions that rows are projected onto at a time
_AT_ONCE = 64


class ProjectionMetric(FeatureMetric):
    """The mean over directions of a distance between the projections of two sets."""

    bounds = (0.0, math.inf)
    constraints = {"directions": (Integer(1),), "random_state": (Integer(0),), "features": FEATURES}
    greater_is_better = False
    directions: int
    random_state: int

    @abstractmethod
    def along(self, real: np.ndarray, fake: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the distance of rows `(n, d)` and `(m, d)` along each direction of v `(d, k)`, `(k,)`."""

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the mean, and its standard error over the directions."""
        each = self.along(real.X, fake.X, unit_vectors(real.X.shape[1], self.directions, self.random_state))
        return Said(float(each.mean()), float(each.std() / np.sqrt(len(each))))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of the projections, and ten for each step of sorting them."""
        n = n_real + n_fake
        return self.directions * n * (width + 10.0 * np.log2(n + 1))

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few directions."""
        return [{"directions": 8}]


def unit_vectors(width: int, many: int, seed: Any) -> np.ndarray:
    """Return vectors of length 1, uniform on the sphere, `(width, many)`."""
    v = np.random.default_rng(seed).standard_normal((width, many))
    return v / np.linalg.norm(v, axis=0)


def projected_distances(X: np.ndarray, Y: np.ndarray, v: np.ndarray, power: int = 1) -> np.ndarray:
    """Return ``W_p ** p`` between the projections of rows `(n, d)` and `(m, d)` onto each of v `(d, k)`, `(k,)`."""
    pieces = np.array_split(v, max(v.shape[1] // _AT_ONCE, 1), axis=1)
    return np.concatenate([wasserstein_of_columns(X @ piece, Y @ piece, power) for piece in pieces])


def wasserstein_of_columns(a: np.ndarray, b: np.ndarray, power: int = 1) -> np.ndarray:
    """Return ``W_p ** p`` between columns of `(n, k)` and `(m, k)`, `(k,)`: exact, for any n and m."""
    a, b = np.sort(a, axis=0), np.sort(b, axis=0)
    if len(a) == len(b):
        return (np.abs(a - b) ** power).mean(axis=0)
    levels = np.unique(np.concatenate([np.arange(1, len(x) + 1) / len(x) for x in (a, b)]))
    widths = np.diff(levels, prepend=0.0)
    middle = levels - widths / 2
    at_a, at_b = ((middle * len(x)).astype(int).clip(0, len(x) - 1) for x in (a, b))
    return (np.abs(a[at_a] - b[at_b]) ** power * widths[:, None]).sum(axis=0)
