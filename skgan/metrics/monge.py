"""The Monge Inception distance: what FID compares, without the Gaussians."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from skgan.interfaces import Integer
from skgan.metrics._projections import projected_distances, unit_vectors
from skgan.metrics._sets import FEATURES, FeatureMetric, Rows, Said

NAMES = {"mind": "MIND"}


class MIND(FeatureMetric):
    r"""The mean over directions of the squared 2-Wasserstein distance between projected features; 0 for equal sets.

    .. math:: \mathrm{MIND} = 3 d \; \mathbb{E}_{\|v\| = 1}\, W_2^2(v^T X, v^T Y)

    with d the width of the features. Sets that differ by a shift s alone are 3 ||s||^2 apart, whatever d is. No
    covariance is estimated, so a thousand rows say what FID says with many more; like FID's, its value depends on the
    numbers of rows. Sets of different sizes are compared by their whole quantile functions. The paper's features are
    those of "inception".

    Parameters
    ----------
    directions : int, default=1000
        How many, in [1, inf).
    random_state : int, default=0
        Which ones, in [0, inf).
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Berthet et al., "MIND: Monge Inception Distance for Generative Models Evaluation", arXiv:2605.06797, 2026.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.monge import MIND
    >>> X = np.array([[-1.0], [1.0]])
    >>> round(float(MIND()(X, X + 2)), 6)
    12.0
    """

    bounds = (0.0, math.inf)
    constraints = {"directions": (Integer(1),), "random_state": (Integer(0),), "features": FEATURES}
    greater_is_better = False

    def __init__(self, directions: int = 1000, random_state: int = 0, features: Any = "auto"):
        self.directions = directions
        self.random_state = random_state
        self.features = features

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the distance between rows `(n, d)` and `(m, d)`, and its standard error over the directions."""
        width = real.X.shape[1]
        v = unit_vectors(width, self.directions, self.random_state)
        each = 3 * width * projected_distances(real.X, fake.X, v, power=2)
        return Said(float(each.mean()), float(each.std() / np.sqrt(len(each))))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of the projections, and ten for each step of sorting them."""
        n = n_real + n_fake
        return self.directions * n * (width + 10.0 * np.log2(n + 1))

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few directions."""
        return [{"directions": 8}]
