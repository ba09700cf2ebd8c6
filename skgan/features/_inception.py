"""The graph of the published Inception network, from torchvision's blocks with its three differences.

Means beside an edge count the pixels that are there; the last block takes the largest of its neighbours instead of
their mean; there are 1008 classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import Inception3
from torchvision.models.inception import InceptionA, InceptionC, InceptionE

from skgan.features._networks import as_colour, asked, where_it_is_fast
from skgan.interfaces import InvalidParameterError, sentence

_AT_ONCE = 32


class Look:
    """The network as a map of images `(n, c, h, w)` in [-1, 1] to vectors and to class probabilities.

    Parameters
    ----------
    weights : dict of str to Tensor, or None
        None for first weights of `seed`.
    resize : str
        How images come to their size.
    size : int
        Pixels each way.
    seed : int
        Of first weights.
    """

    def __init__(self, weights: dict[str, Tensor] | None, resize: str, size: int, seed: int):
        self._device = where_it_is_fast()
        self._network = _network(weights, seed).to(self._device)
        self._resize, self._size = resize, size

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return the last pooled layer, `(n, 2048)`."""
        return asked(self._pooled, X, self._device, _AT_ONCE)

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Return the class probabilities, `(n, 1008)`, without the biases of the last layer, as published scores do."""
        weight = self._network.fc.weight
        return asked(lambda x: (self._pooled(x) @ weight.T).double().softmax(1), X, self._device, _AT_ONCE)

    def _pooled(self, x: Tensor) -> Tensor:
        pixels = as_colour(((x + 1) * 127.5).round().clamp(0, 255))
        return self._network((resized(pixels, self._resize, self._size) - 128) / 128)


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


def _network(weights: dict[str, Tensor] | None, seed: int) -> Any:
    with torch.device("meta"):  # first weights would come from a global generator
        network: Any = Inception3(1008, aux_logits=False, transform_input=False, init_weights=False)
    network = network.to_empty(device="cpu")
    for name, cls in (("5b", _A), ("5c", _A), ("5d", _A), ("6b", _C), ("6c", _C), ("6d", _C), ("6e", _C), ("7b", _E)):
        getattr(network, f"Mixed_{name}").__class__ = cls
    network.Mixed_7c.__class__ = _Largest
    rng = torch.Generator().manual_seed(seed)
    if weights is None:
        for tensor in network.state_dict().values():
            fan = tensor[0].numel() if tensor.dim() > 1 else 0
            tensor.normal_(0, (2 / fan) ** 0.5, generator=rng) if fan else tensor.zero_()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                module.running_var.fill_(1.0)  # type: ignore[union-attr]
    else:
        try:
            missing = network.load_state_dict(weights, strict=False)
        except RuntimeError as error:
            raise _other_network() from error
        if [name for name in missing.missing_keys if not name.endswith("num_batches_tracked")]:
            raise _other_network()
    network.dropout = nn.Identity()
    pooled = network.eval().requires_grad_(False)
    pooled.forward = _up_to_the_pool.__get__(pooled)
    return pooled


def _up_to_the_pool(network: Any, x: Tensor) -> Tensor:
    names = "Conv2d_1a_3x3 Conv2d_2a_3x3 Conv2d_2b_3x3 maxpool1 Conv2d_3b_1x1 Conv2d_4a_3x3 maxpool2 Mixed_5b Mixed_5c"
    for name in f"{names} Mixed_5d Mixed_6a Mixed_6b Mixed_6c Mixed_6d Mixed_6e Mixed_7a Mixed_7b Mixed_7c".split():
        x = getattr(network, name)(x)
    return x.mean(dim=(2, 3))


def _other_network() -> InvalidParameterError:
    return InvalidParameterError(
        sentence(
            "weights must hold the tensors of the published Inception network with 1008 classes.",
            "Got those of another network. Give weights-inception-2015-12-05-6726825d.pth.",
        )
    )
