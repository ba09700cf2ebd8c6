"""Density and coverage of samples by nearest neighbours."""

from __future__ import annotations

import math

import numpy as np

from skgan.metrics._neighbors import NeighbourMetric, distances, radii

NAMES = {"density": "Density", "coverage": "Coverage"}


class Density(NeighbourMetric):
    r"""How many real neighbourhoods a sample lies in, over k; about 1 when samples are as real rows, and unbounded.

    Parameters
    ----------
    k : int, default=5
        Neighbours that a real row's neighbourhood reaches to, in [1, inf).
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.density_coverage import Density
    >>> X = np.arange(10.0)[:, None]
    >>> float(Density(k=1)(X, np.array([[3.5], [40.0]])))
    1.0
    """

    bounds = (0.0, math.inf)

    def answers(self, X_real: np.ndarray, X_fake: np.ndarray) -> np.ndarray:
        """Return in how many neighbourhoods each row of `X_fake`, `(m, d)`, lies, over k."""
        inside = distances(X_fake, X_real) <= radii(X_real, self.k)
        return inside.sum(axis=1) / self.k


class Coverage(NeighbourMetric):
    r"""The share of real rows whose neighbourhood holds a sample.

    Parameters
    ----------
    k : int, default=5
        Neighbours that a real row's neighbourhood reaches to, in [1, inf).
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.density_coverage import Coverage
    >>> X = np.arange(10.0)[:, None]
    >>> float(Coverage(k=1)(X, np.array([[0.5], [40.0]])))
    0.2
    """

    bounds = (0.0, 1.0)

    def answers(self, X_real: np.ndarray, X_fake: np.ndarray) -> np.ndarray:
        """Return whether each row of `X_real`, `(n, d)`, has a sample in its neighbourhood."""
        nearest = distances(X_real, X_fake).min(axis=1)
        return nearest <= radii(X_real, self.k)
