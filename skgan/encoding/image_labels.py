"""An image as a label."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from skgan.encoding import scaling as scalings
from skgan.encoding.label_base import Labels, as_labels, as_rows, check_dtype, check_in_range
from skgan.encoding.layout import MOST_CHANNELS
from skgan.encoding.scaling import Range
from skgan.validation import sentence


class Images(Labels):
    """Images between -1 and 1 for the networks, channels first; values are the images as they came.

    Images without an axis of channels are greyscale. Channels are first, unless only the last axis is as short as
    channels are.

    Parameters
    ----------
    y : array-like of shape (n, h, w), (n, c, h, w) or (n, h, w, c)
        Finite numbers.
    n : int
        How many images.
    """

    kind = "image"

    def __init__(self, y: Any, n: int):
        array = as_labels(y)
        self.data_shape, self.ndim = array.shape[1:], array.ndim - 1
        values = self.values(y, n)
        self.dtype = array.dtype.newbyteorder("=")
        self.channels_last = self.ndim == 3 and self.data_shape[-1] <= MOST_CHANNELS < self.data_shape[0]
        self.shape = self._channels_first(values).shape[1:]
        self.scaling = Range(values)

    def values(self, y: Any, n: int) -> np.ndarray:
        """Return the images as they came, or refuse them."""
        array = as_rows(y, n, self.data_shape)
        if array.dtype.kind not in "biuf":
            raise ValueError(
                f"y must hold numbers where it holds images. Got dtype {array.dtype}. Convert it with y.astype(float)."
            )
        bad = np.isnan(array).reshape(n, -1).any(1) if array.dtype.kind == "f" else np.zeros(1)
        if bad.any():
            raise ValueError(
                sentence(
                    f"y must hold images without missing pixels. Got NaN in {int(bad.sum())} images, first in row",
                    f"{int(bad.argmax())}. Fill such pixels, or drop these rows of X and y.",
                )
            )
        check_in_range(array)
        return array

    def encode(self, values: np.ndarray) -> Tensor:
        """Return bytes as they are, other numbers as float32 in [-1, 1]."""
        return self.scaling.encode(self._channels_first(values))

    def expand(self, stored: Tensor) -> Tensor:
        """Return images `(n, c, h, w)`, in [-1, 1] for the range of those in fit."""
        return self.scaling.expand(stored)

    def known(self, stored: Tensor) -> Tensor:
        """Return that every row has an image."""
        return torch.ones(len(stored), dtype=torch.bool, device=stored.device)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Refuse: images cannot be drawn from their frequencies."""
        raise ValueError(
            sentence(
                f"y must be given: GANEstimator was fitted with images as labels, of shape {self.data_shape}.",
                "Got None. Pass one image, or one for each row.",
            )
        )

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Return the images in the dtype of y."""
        return np.array(values, self.dtype)

    def mean(self) -> Tensor:
        """Return the middle of the range, `(1, c, h, w)`."""
        return torch.zeros(1, *self.shape)

    def typical(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """Refuse, as `draw` does."""
        return np.ones(1), self.expand(self.encode(self.draw(1, rng)))

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return shape and dtype; the range is arrays."""
        scalings.dump(self.scaling, "labels.scaling", arrays)
        return {
            "dtype": self.dtype.name,
            "data_shape": list(self.data_shape),
            "shape": list(self.shape),
            "channels_last": self.channels_last,
        }

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Images:
        """Return the labels that `state` described."""
        self = cls.__new__(cls)
        self.dtype, self.channels_last = check_dtype(np.dtype(config["dtype"])), config["channels_last"]
        self.data_shape, self.shape = tuple(config["data_shape"]), tuple(config["shape"])
        self.ndim = len(self.data_shape)
        scaling = scalings.load("range", "labels.scaling", arrays)
        assert isinstance(scaling, Range)
        self.scaling = scaling
        if self._channels_first(np.empty((0, *self.data_shape))).shape[1:] != self.shape or len(self.shape) != 3:
            raise ValueError("the shapes kept of y differ")
        return self

    def _channels_first(self, values: np.ndarray) -> np.ndarray:
        if self.ndim == 2:
            return values[:, None]
        return values.transpose(0, 3, 1, 2) if self.channels_last else values
