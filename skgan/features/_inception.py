"""The graph of the published Inception network, from torchvision's blocks with its three differences.

Means beside an edge count the pixels that are there; the last block takes the largest of its neighbours instead of
their mean; there are 1008 classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.models import Inception3
from torchvision.models.inception import InceptionA, InceptionC, InceptionE

from skgan.features import _pretrained
from skgan.features._networks import as_colour, asked, where_it_is_fast


class Look(_pretrained.Look):
    """The network as a map of images `(n, c, h, w)` in [-1, 1] to vectors `(n, 2048)` and to class probabilities.

    Parameters
    ----------
    network : Module
        Up to its pool.
    resize : str
        How images come to their size.
    size : int
        Pixels each way.
    """

    def __init__(self, network: Any, resize: str, size: int):
        super().__init__(network, lambda x: (resized(_pixels(x), resize, size) - 128) / 128)
        self._classes = network.fc.weight

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Return the class probabilities, `(n, 1008)`, without the biases of the last layer, as published scores do."""

        def said(x: Tensor) -> Tensor:
            return (self._network(self._prepared(x)) @ self._classes.T).double().softmax(1)

        return asked(said, X, where_it_is_fast(), _pretrained.AT_ONCE)


def _pixels(x: Tensor) -> Tensor:
    """Return images in three colours, in whole numbers from 0 to 255."""
    return as_colour(((x + 1) * 127.5).round().clamp(0, 255))


def resized(x: Tensor, how: str, size: int) -> Tensor:
    """Return images `(n, c, size, size)` with pixels from 0 to 255."""
    if how == "tensorflow":
        return _as_the_first_tensorflow(x, size)
    mode = "bicubic" if how == "clean" else "bilinear"
    antialias = how in ("clean", "friendly")
    return functional.interpolate(x, (size, size), mode=mode, align_corners=False, antialias=antialias).clamp(0, 255)


def _as_the_first_tensorflow(x: Tensor, size: int) -> Tensor:
    """Interpolate bilinearly between pixels whose corner, not whose middle, is their place."""
    for axis in (2, 3):
        n = x.shape[axis]
        place = torch.arange(size, dtype=x.dtype, device=x.device) * (n / size)
        low = place.floor().long().clamp(max=n - 1)
        high = (low + 1).clamp(max=n - 1)
        share = (place - low).reshape(-1, *[1] * (3 - axis))
        x = x.index_select(axis, low) * (1 - share) + x.index_select(axis, high) * share
    return x


class _A(InceptionA):
    def _forward(self, x: Tensor) -> list[Tensor]:
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return [self.branch1x1(x), self.branch5x5_2(self.branch5x5_1(x)), double, self.branch_pool(_mean(x))]


class _C(InceptionC):
    def _forward(self, x: Tensor) -> list[Tensor]:
        single, double = x, x
        for layer in (self.branch7x7_1, self.branch7x7_2, self.branch7x7_3):
            single = layer(single)
        for number in range(1, 6):
            double = getattr(self, f"branch7x7dbl_{number}")(double)
        return [self.branch1x1(x), single, double, self.branch_pool(_mean(x))]


class _E(InceptionE):
    takes_the_largest = False

    def _forward(self, x: Tensor) -> list[Tensor]:
        single, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        around = functional.max_pool2d(x, 3, stride=1, padding=1) if self.takes_the_largest else _mean(x)
        pieces = [self.branch3x3_2a(single), self.branch3x3_2b(single)]
        pieces += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return [self.branch1x1(x), *pieces, self.branch_pool(around)]


class _Largest(_E):
    takes_the_largest = True


def _mean(x: Tensor) -> Tensor:
    return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)


def network() -> Any:
    """Return the network with first weights of torch."""
    found: Any = Inception3(1008, aux_logits=False, transform_input=False, init_weights=False)
    for name, cls in (("5b", _A), ("5c", _A), ("5d", _A), ("6b", _C), ("6c", _C), ("6d", _C), ("6e", _C), ("7b", _E)):
        getattr(found, f"Mixed_{name}").__class__ = cls
    found.Mixed_7c.__class__ = _Largest
    return found


def up_to_the_pool(network: Any, x: Tensor) -> Tensor:
    """Return the last pooled layer, `(n, 2048)`."""
    names = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2 Mixed_5b Mixed_5c"
    for name in f"{names} Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e Mixed_7a Mixed_7b Mixed_7c".split():
        x = getattr(network, name)(x)
    return x.mean(dim=(2, 3))
