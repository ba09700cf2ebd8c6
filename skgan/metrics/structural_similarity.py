"""How alike pairs of images are."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from skgan.interfaces import Integer, Real
from skgan.metrics._images import ImageMetric, halved, pairs_of
from skgan.metrics._sets import Rows, Said

NAMES = {"ms-ssim": "MSSSIM"}

#: exponents of the scales, from fine to coarse
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
#: pixels that a scale must have each way, and the filter's width
_SMALLEST, _SIGMA = 4, 1.5


class MSSSIM(ImageMetric):
    r"""How much more, or less, alike two samples are than two real images; 0 when as varied.

    .. math:: \left| \mathbb{E}\,s(\tilde{x}, \tilde{x}') - \mathbb{E}\,s(x, x') \right|,
              \qquad s(x, y) = l_M^{w_M} \prod_j (c_j s_j)^{w_j}

    with luminance l, contrast c and structure s under a Gaussian window, on as many of five scales as the image has.
    The two means, of which the first is what papers print, are in the score's `details`.

    Parameters
    ----------
    pairs : int, default=200
        Random pairs of each set, in [1, inf).
    data_range : float, default=2.0
        Of the pixels, in (0, inf); 2 for [-1, 1].
    random_state : int, default=0
        Which pairs, in [0, inf).

    References
    ----------
    .. [1] Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality assessment", Asilomar 2003.
    .. [2] Odena, Olah, Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", ICML 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.structural_similarity import MSSSIM
    >>> X = np.random.default_rng(0).uniform(-1, 1, (9, 1, 16, 16))
    >>> MSSSIM()(X, X[:1].repeat(9, 0)).details["fake"]
    1.0
    """

    constraints = {
        "pairs": (Integer(1),),
        "data_range": (Real(0.0, closed="neither"),),
        "random_state": (Integer(0),),
    }
    greater_is_better = False

    def __init__(self, pairs: int = 200, data_range: float = 2.0, random_state: int = 0):
        self.pairs = pairs
        self.data_range = data_range
        self.random_state = random_state

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the difference between the mean similarities, and its standard error over pairs."""
        each = [self._similarities(rows.X) for rows in (real, fake)]
        means = [float(values.mean()) for values in each]
        error = float(np.sqrt(sum(values.var() / len(values) for values in each)))
        return Said(abs(means[1] - means[0]), error, {"real": means[0], "fake": means[1]})

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of five filtered images for each pair."""
        return 2 * self.pairs * 5 * 40.0 * width

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few pairs."""
        return [{"pairs": 20}]

    def _similarities(self, X: np.ndarray) -> np.ndarray:
        first, second = pairs_of(len(X), self.pairs, np.random.default_rng(self.random_state))
        return similarity(X[first], X[second], self.data_range)


def similarity(x: np.ndarray, y: np.ndarray, data_range: float = 2.0) -> np.ndarray:
    """Return the multi-scale structural similarity of images `(n, c, h, w)`, pair by pair, `(n,)`."""
    scales = 1 + max(int(np.log2(max(min(x.shape[-2:]) / _SMALLEST, 1.0))), 0)
    weights = _WEIGHTS[: min(scales, len(_WEIGHTS))] / _WEIGHTS[: min(scales, len(_WEIGHTS))].sum()
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    value = np.ones(x.shape[:2])
    for scale, weight in enumerate(weights):
        if scale:
            x, y = halved(x), halved(y)
        mean_x, mean_y = _window(x), _window(y)
        var_x, var_y = _window(x * x) - mean_x**2, _window(y * y) - mean_y**2
        structure = ((2 * (_window(x * y) - mean_x * mean_y) + c2) / (var_x + var_y + c2)).mean(axis=(2, 3))
        value *= np.maximum(structure, 0) ** weight
    luminance = ((2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)).mean(axis=(2, 3))
    return (value * np.maximum(luminance, 0) ** weights[-1]).mean(axis=1)


def _window(x: np.ndarray) -> np.ndarray:
    return gaussian_filter(x, _SIGMA, axes=(2, 3), truncate=3.5, mode="reflect")
