"""The energy distance."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from skgan.interfaces import Metric, Score

NAMES = {"energy": "EnergyDistance", "energy-distance": "EnergyDistance"}

_ROWS = 1024  # of one set whose distances are held at a time


class EnergyDistance(Metric):
    r"""A distance between distributions from distances between rows; 0 only for equal ones.

    .. math:: E = 2\,\mathbb{E}\|X - Y\| - \mathbb{E}\|X - X'\| - \mathbb{E}\|Y - Y'\|

    The two inner means leave out a row's distance to itself, so that the value is unbiased; between
    two samples of one distribution it scatters around 0.

    References
    ----------
    .. [1] Szekely, Rizzo, "Energy statistics: A class of statistics based on distances", JSPI 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.energy import EnergyDistance
    >>> round(EnergyDistance()(np.array([[0.0], [1.0]]), np.array([[3.0], [4.0]])), 6)
    4.0
    """

    greater_is_better = False

    def __call__(
        self,
        X_real: np.ndarray,
        X_fake: np.ndarray,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
    ) -> Score:
        """Return the distance between rows `(n, d)` and `(m, d)`."""
        n, m = len(X_real), len(X_fake)
        between = _sum(X_real, X_fake) / (n * m)
        within_real = _sum(X_real, X_real) / max(n * (n - 1), 1)
        within_fake = _sum(X_fake, X_fake) / max(m * (m - 1), 1)
        protocol = {"metric": "energy", "n_real": n, "n_fake": m}
        return Score(2 * between - within_real - within_fake, greater_is_better=False, protocol=protocol)


def _sum(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(sum(cdist(a[start : start + _ROWS], b).sum() for start in range(0, len(a), _ROWS)))
