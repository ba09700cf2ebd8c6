"""The numbers themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skgan.interfaces import Features

NAMES = {"raw": "Raw"}


class Raw(Features):
    r"""A sample as a vector of its own numbers; right for a few columns, blind to meaning in images.

    .. math:: \phi(x) = \mathrm{vec}(x)

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.raw import Raw
    >>> Raw().learn(np.zeros((5, 1, 2, 2)))(np.ones((3, 1, 2, 2))).shape
    (3, 4)
    """

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Callable[[np.ndarray], np.ndarray]:
        """Return a map that flattens samples."""
        return _flat


def _flat(X: np.ndarray) -> np.ndarray:
    return np.asarray(X, np.float64).reshape(len(X), -1)
