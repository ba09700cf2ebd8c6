"""The Monge Inception distance: what FID compares, without the Gaussians."""

from __future__ import annotations

from typing import Any

import numpy as np

from skgan.metrics._projections import ProjectionMetric, projected_distances

NAMES = {"mind": "MIND"}


class MIND(ProjectionMetric):
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

    def __init__(self, directions: int = 1000, random_state: int = 0, features: Any = "auto"):
        self.directions = directions
        self.random_state = random_state
        self.features = features

    def along(self, real: np.ndarray, fake: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the squared distance along each direction, three times the width of the features as large."""
        return 3 * real.shape[1] * projected_distances(real, fake, v, power=2)
