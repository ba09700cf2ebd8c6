"""How much power images have at each frequency."""

from __future__ import annotations

import math

import numpy as np

from skgan.metrics._images import ImageMetric
from skgan.metrics._sets import Rows, Said

NAMES = {"spectra": "Spectra"}


class Spectra(ImageMetric):
    r"""The root mean squared difference between the log power spectra; checkerboards and blur show here.

    .. math:: \Big( \frac{1}{F} \sum_f \big( \log P_{\mathrm{fake}}(f) - \log P_{\mathrm{real}}(f) \big)^2 \Big)^{1/2}

    with P the power averaged over images, channels and directions, at whole frequencies f from 1 to half the smaller
    side.

    References
    ----------
    .. [1] Durall, Keuper, Keuper, "Watch your Up-Convolution: CNN Based Generative Deep Neural Networks are Failing to
       Reproduce Spectral Distributions", CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.frequencies import Spectra
    >>> X = np.random.default_rng(0).standard_normal((9, 1, 8, 8))
    >>> round(float(Spectra()(X, np.e * X)), 6)
    2.0
    """

    bounds = (0.0, math.inf)
    greater_is_better = False

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the distance between the spectra of images `(n, c, h, w)`."""
        first, second = (np.log(power(rows.X) + 1e-12) for rows in (real, fake))
        return Said(float(np.sqrt(((first - second) ** 2).mean())))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the operations of the Fourier transforms."""
        return 10.0 * (n_real + n_fake) * width * np.log2(width + 1)


def power(X: np.ndarray) -> np.ndarray:
    """Return the power of images `(n, c, h, w)` by frequency in cycles an image, from 1 on, `(min(h, w) // 2,)`."""
    height, width = X.shape[2:]
    spectrum = np.abs(np.fft.fft2(X - X.mean(axis=(2, 3), keepdims=True))) ** 2
    side = min(height, width)
    rows, columns = np.fft.fftfreq(height) * side, np.fft.fftfreq(width) * side
    radius = np.rint(np.hypot(rows[:, None], columns)).astype(int)
    mean = spectrum.mean(axis=(0, 1))
    return np.array([mean[radius == f].mean() for f in range(1, max(side // 2, 1) + 1)])
