"""What metrics share that look at images: rows keep their axes, and shrink by halves."""

from __future__ import annotations

import numpy as np

from skgan.interfaces import IncompatibleComponentError, Tags, sentence
from skgan.metrics._sets import Rows, SetMetric

#: weights of a pyramid's binomial filter
_FILTER = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


class ImageMetric(SetMetric):
    """A number for two sets of images `(n, c, h, w)`."""

    def tags(self) -> Tags:
        """Return that it needs images."""
        return Tags(kinds=("image",))

    def seen(self, real: Rows, fake: Rows) -> tuple[Rows, Rows]:
        """Return the images in float64."""
        for name, rows in (("X_real", real), ("X_fake", fake)):
            if rows.X.ndim != 4:
                raise IncompatibleComponentError(
                    sentence(
                        f"{name} must be images (n, channels, height, width) for {type(self).__name__}.",
                        f"Got shape {rows.X.shape}. Give images their axes, or take another metric.",
                    )
                )
        return Rows(rows_of(real), real.y), Rows(rows_of(fake), fake.y)


def rows_of(rows: Rows) -> np.ndarray:
    """Return images in float64."""
    return np.asarray(rows.X, np.float64)


def halved(X: np.ndarray) -> np.ndarray:
    """Return images `(..., h, w)` of half the height and width: means of two by two pixels, an odd edge left out."""
    h, w = X.shape[-2] // 2 * 2, X.shape[-1] // 2 * 2
    X = X[..., :h, :w]
    return (X[..., ::2, ::2] + X[..., 1::2, ::2] + X[..., ::2, 1::2] + X[..., 1::2, 1::2]) / 4


def smoothed(X: np.ndarray) -> np.ndarray:
    """Return images `(..., h, w)` under a binomial filter of five pixels, mirrored at the edge."""
    from scipy.ndimage import correlate1d

    return correlate1d(correlate1d(X, _FILTER, axis=-1, mode="mirror"), _FILTER, axis=-2, mode="mirror")


def pairs_of(n: int, most: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of at most `most` pairs of two different rows of n."""
    first = rng.integers(n, size=most)
    second = (first + 1 + rng.integers(max(n - 1, 1), size=most)) % n
    return first, second
