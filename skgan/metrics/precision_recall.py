"""Precision and recall of samples by nearest neighbours."""

from __future__ import annotations

import numpy as np

from skgan.metrics._neighbors import NeighbourMetric, distances, radii

NAMES = {"precision": "Precision", "recall": "Recall"}


class Precision(NeighbourMetric):
    r"""The share of samples that lie in the neighbourhood of some real row.

    A row's neighbourhood is the ball that reaches to its k-th nearest row of the same set.

    Parameters
    ----------
    k : int, default=5
        Neighbours, in [1, inf); 3 in the paper.
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.precision_recall import Precision
    >>> X = np.arange(10.0)[:, None]
    >>> float(Precision(k=1)(X, np.array([[3.5], [40.0]])))
    0.5
    """

    bounds = (0.0, 1.0)

    def answers(self, X_real: np.ndarray, X_fake: np.ndarray) -> np.ndarray:
        """Return whether each row of `X_fake`, `(m, d)`, lies in a neighbourhood."""
        return _inside(X_real, X_fake, self.k)


class Recall(NeighbourMetric):
    r"""The share of real rows that lie in the neighbourhood of some sample.

    A sample's neighbourhood is the ball that reaches to its k-th nearest sample.

    Parameters
    ----------
    k : int, default=5
        Neighbours, in [1, inf); 3 in the paper.
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models", NeurIPS 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.precision_recall import Recall
    >>> X = np.arange(10.0)[:, None]
    >>> float(Recall(k=1)(X, np.array([[0.0], [4.0]])))
    0.9
    """

    bounds = (0.0, 1.0)

    def answers(self, X_real: np.ndarray, X_fake: np.ndarray) -> np.ndarray:
        """Return whether each row of `X_real`, `(n, d)`, lies in a neighbourhood."""
        return _inside(X_fake, X_real, self.k)


def _inside(centres: np.ndarray, X: np.ndarray, k: int) -> np.ndarray:
    return np.asarray((distances(X, centres) <= radii(centres, k)).any(axis=1))
