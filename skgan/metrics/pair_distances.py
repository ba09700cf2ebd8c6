"""Distances between distributions from distances between rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from skgan.metrics._projections import ProjectionMetric, projected_distances
from skgan.metrics._sets import FeatureMetric, Rows, Said, digest, remembered

NAMES = {"energy": "EnergyDistance", "energy-distance": "EnergyDistance", "sliced-wasserstein": "SlicedWasserstein"}

_ROWS = 1024  # of one set whose distances are held at a time


class EnergyDistance(FeatureMetric):
    r"""A distance between distributions from distances between rows; 0 only for equal ones.

    .. math:: E = 2\,\mathbb{E}\|X - Y\| - \mathbb{E}\|X - X'\| - \mathbb{E}\|Y - Y'\|

    The two inner means leave out a row's distance to itself, so that the value is unbiased; between
    two samples of one distribution it scatters around 0. The standard error is that of the first order:
    the scatter of what each row adds, over the square root of their number.

    Parameters
    ----------
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are.

    References
    ----------
    .. [1] Szekely, Rizzo, "Energy statistics: A class of statistics based on distances", JSPI 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.pair_distances import EnergyDistance
    >>> round(EnergyDistance()(np.array([[0.0], [1.0]]), np.array([[3.0], [4.0]])), 6)
    4.0
    """

    greater_is_better = False
    needs_features = False

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the distance between rows `(n, d)` and `(m, d)`."""
        n, m = len(real), len(fake)
        to_fake, to_real = _sums(real.X, fake.X)
        within_real = remembered(("within", digest(real.X)), lambda: _sums(real.X, real.X)[0])
        within_fake = _sums(fake.X, fake.X)[0]
        between = 2 * to_fake.sum() / (n * m)
        inside = within_real.sum() / max(n * (n - 1), 1) + within_fake.sum() / max(m * (m - 1), 1)
        # what each row adds: twice its mean distance to the other set, less twice that to the rows of its own
        of_real = 2 * to_fake / m - 2 * within_real / max(n - 1, 1)
        of_fake = 2 * to_real / n - 2 * within_fake / max(m - 1, 1)
        return Said(float(between - inside), float(np.sqrt(of_real.var() / n + of_fake.var() / m)))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of two of the three sums; the third is remembered."""
        return 10.0 * n_fake * (n_real + n_fake) * width


class SlicedWasserstein(ProjectionMetric):
    r"""The mean over directions of the 1-Wasserstein distance between the projections; 0 only for equal ones.

    .. math:: \mathrm{SW} = \mathbb{E}_{\|v\| = 1}\, W_1(v^T X, v^T Y)

    Parameters
    ----------
    directions : int, default=128
        How many, in [1, inf).
    random_state : int, default=0
        Which ones, in [0, inf).
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are.

    References
    ----------
    .. [1] Bonneel, Rabin, Peyre, Pfister, "Sliced and Radon Wasserstein Barycenters of Measures", JMIV 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.pair_distances import SlicedWasserstein
    >>> float(SlicedWasserstein()(np.array([[0.0], [1.0]]), np.array([[3.0], [4.0]])))
    3.0
    """

    needs_features = False

    def __init__(self, directions: int = 128, random_state: int = 0, features: Any = "auto"):
        self.directions = directions
        self.random_state = random_state
        self.features = features

    def along(self, real: np.ndarray, fake: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the distance along each direction."""
        return projected_distances(real, fake, v)


def _sums(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of the distances of each row of a to all of b, and of each of b to all of a."""
    pieces, columns = [], np.zeros(len(b))
    for start in range(0, len(a), _ROWS):
        piece = cdist(a[start : start + _ROWS], b)
        pieces.append(piece.sum(axis=1))
        columns += piece.sum(axis=0)
    return np.concatenate(pieces), columns
