"""Samples as one picture: a grid, drawn and written by torchvision."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skgan.validation import sentence

_WIDEST = 1024


def to_images(samples: Any, image_shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return samples as floats in [0, 1], `(n, c, h, w)`, by the range of all of them.

    Parameters
    ----------
    samples : array
        `(n, h, w)`, `(n, h, w, c)`, `(n, c, h, w)`, or flat with square pixels or `image_shape`.
    image_shape : tuple of int, optional
        `(h, w)` or `(c, h, w)` of flat samples.
    """
    samples = np.asarray(samples)
    if samples.ndim == 2:
        side = int(samples.shape[1] ** 0.5)
        shape = image_shape or (side, side)
        if int(np.prod(shape)) != samples.shape[1]:
            raise ValueError(
                sentence(
                    f"Samples of {samples.shape[1]} values are no square image.",
                    "Give image_shape=(channels, height, width), or write them to a .npy or .csv file.",
                )
            )
        samples = samples.reshape(len(samples), *shape)
    if samples.ndim == 3:
        samples = samples[:, None]
    elif samples.shape[1] > 4:
        samples = np.moveaxis(samples, -1, 1)
    low, high = (0, 255) if samples.dtype == np.uint8 else (samples.min(), samples.max())
    return (samples.astype(np.float32) - low) / (float(high - low) or 1.0)


def save_grid(
    samples: Any, path: str | Path, *, columns: int | None = None, image_shape: Sequence[int] | None = None
) -> None:
    """Write samples as one picture, row by row.

    Parameters
    ----------
    samples : array
        As for `to_images`; of more than 3 channels the first 3 are shown.
    path : str or Path
        A file ending in an image format, such as ``.png``.
    columns : int, optional
        Images in a row; about the square root of their number by default.
    image_shape : sequence of int, optional
        Of flat samples.
    """
    import torch
    from torchvision.utils import make_grid, save_image

    images = torch.from_numpy(to_images(samples, tuple(image_shape) if image_shape else None))
    images = images[:, :1] if images.shape[1] == 2 else images[:, :3]
    columns = columns or int(np.ceil(len(images) ** 0.5))
    factor = max(1, min(48 // max(images.shape[-2:]), _WIDEST // (columns * images.shape[-1])))
    images = torch.nn.functional.interpolate(images, scale_factor=factor, mode="nearest")
    save_image(make_grid(images, nrow=columns, padding=2, pad_value=0.5), str(path))
