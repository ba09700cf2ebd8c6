"""The sliced Wasserstein distance between patches of a Laplacian pyramid."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from skgan.interfaces import Integer
from skgan.metrics._images import ImageMetric, halved, smoothed
from skgan.metrics._projections import projected_distances, unit_vectors
from skgan.metrics._sets import Rows, Said

NAMES = {"swd": "PatchSWD"}

#: pixels that the coarsest level must have each way
_COARSEST = 16


class PatchSWD(ImageMetric):
    r"""The sliced Wasserstein distance between patches of both sets, level by level; low where details look right.

    .. math:: 10^3 \cdot \frac{1}{L} \sum_l \mathbb{E}_{\|v\| = 1} \left| v^T P_l - v^T Q_l \right|_{(\mathrm{sorted})}

    with patches P and Q of level l of the Laplacian pyramid, each channel of mean 0 and deviation 1. The distance
    of each level is in the score's `details`, by its height.

    Parameters
    ----------
    patch : int, default=7
        Pixels each way, in [1, inf); less on smaller images.
    patches : int, default=128
        Of each image, in [1, inf).
    directions : int, default=512
        Projections, in [1, inf).
    random_state : int, default=0
        Which patches and directions, in [0, inf).

    References
    ----------
    .. [1] Karras, Aila, Laine, Lehtinen, "Progressive Growing of GANs", ICLR 2018, section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.laplacian_pyramid import PatchSWD
    >>> X = np.random.default_rng(0).standard_normal((9, 1, 8, 8))
    >>> float(PatchSWD()(X, X))
    0.0
    """

    bounds = (0.0, math.inf)
    constraints = {
        "patch": (Integer(1),),
        "patches": (Integer(1),),
        "directions": (Integer(1),),
        "random_state": (Integer(0),),
    }
    greater_is_better = False

    def __init__(self, patch: int = 7, patches: int = 128, directions: int = 512, random_state: int = 0):
        self.patch = patch
        self.patches = patches
        self.directions = directions
        self.random_state = random_state

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the mean distance over the levels, times a thousand."""
        n = min(len(real), len(fake))
        levels = {}
        for a, b in zip(pyramid(real.X[:n]), pyramid(fake.X[:n]), strict=True):
            levels[str(a.shape[2])] = float(1e3 * self._distance(a, b))
        return Said(float(np.mean(list(levels.values()))), None, levels)

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of projecting all patches."""
        return 2.0 * min(n_real, n_fake) * self.patches * self.patch**2 * self.directions

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few patches and directions."""
        return [{"patches": 4, "directions": 16}]

    def _distance(self, a: np.ndarray, b: np.ndarray) -> float:
        seed = (self.random_state, a.shape[2])
        sets = (self._descriptors(images, np.random.default_rng(seed)) for images in (a, b))  # at the same places
        first, second = sets
        v = unit_vectors(first.shape[1], self.directions, (*seed, 1))
        return float(np.mean(projected_distances(first, second, v)))

    def _descriptors(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return patches of images `(n, c, h, w)` as rows, each channel of mean 0 and deviation 1."""
        n, channels, height, width = images.shape
        rows, columns = min(self.patch, height), min(self.patch, width)
        top = rng.integers(height - rows + 1, size=(n, self.patches))
        left = rng.integers(width - columns + 1, size=(n, self.patches))
        windows = np.lib.stride_tricks.sliding_window_view(images, (rows, columns), axis=(2, 3))
        found = windows[np.arange(n)[:, None], :, top, left].reshape(-1, channels, rows * columns)
        found = found - found.mean(axis=(0, 2), keepdims=True)
        spread = found.std(axis=(0, 2), keepdims=True)
        return (found / np.where(spread > 0, spread, 1.0)).reshape(len(found), -1)


def pyramid(X: np.ndarray) -> list[np.ndarray]:
    """Return the levels of the Laplacian pyramid of images `(n, c, h, w)`, the finest first, the rest last."""
    levels = []
    while min(X.shape[2:]) >= 2 * _COARSEST:
        small = halved(smoothed(X))
        large = np.zeros_like(X)
        large[..., : 2 * small.shape[2] : 2, : 2 * small.shape[3] : 2] = 4 * small
        levels.append(X - smoothed(large))
        X = small
    return [*levels, X]
