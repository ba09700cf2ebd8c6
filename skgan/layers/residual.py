"""Residual blocks for images, those of a generator and those of a discriminator."""

import math

from torch import Tensor, nn
from torch.nn import functional


class UpBlock(nn.Module):
    """Two convolutions beside a shortcut, each after a normalisation and a ReLU; doubles the size if told to.

    Whatever constant a bias would add, the next normalisation would take away: there are none.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    before, between : nn.Module
        Normalisations ``(h, e) -> h`` of `inputs` and of `outputs` channels.
    up : bool, default=True
        Whether the size doubles, by repeating each value.
    """

    def __init__(self, inputs: int, outputs: int, before: nn.Module, between: nn.Module, up: bool = True):
        super().__init__()
        self.before = before
        self.first = convolution(inputs, outputs, bias=False)
        self.between = between
        self.second = convolution(outputs, outputs, bias=False)
        self.shortcut = shortcut(inputs, outputs, up)
        self.up = up

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """Return `(n, outputs, ...)` for h `(n, inputs, ...)` and embedded labels e."""
        residual = self.first(self._resized(functional.relu(self.before(h, e))))
        residual = self.second(functional.relu(self.between(residual, e)))
        return self._resized(self.shortcut(h)) + residual

    def _resized(self, h: Tensor) -> Tensor:
        return functional.interpolate(h, scale_factor=2, mode="nearest") if self.up else h


class DownBlock(nn.Module):
    """Two convolutions beside a shortcut, without normalisation; halves the size if told to.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    down : bool, default=True
        Whether the size halves, by the mean of two by two values.
    first : bool, default=False
        Whether samples come in, which no ReLU must cut.
    """

    def __init__(self, inputs: int, outputs: int, down: bool = True, first: bool = False):
        super().__init__()
        self.first = convolution(inputs, outputs)
        self.second = convolution(outputs, outputs)
        self.shortcut = shortcut(inputs, outputs, down)
        self.down = down
        self.samples_come_in = first

    def forward(self, h: Tensor) -> Tensor:
        """Return `(n, outputs, ...)` for h `(n, inputs, ...)`."""
        residual = self.first(h if self.samples_come_in else functional.relu(h))
        residual = self._resized(self.second(functional.relu(residual)))
        return self.shortcut(self._resized(h)) + residual

    def _resized(self, h: Tensor) -> Tensor:
        return functional.avg_pool2d(h, 2) if self.down else h


def convolution(inputs: int, outputs: int, kernel: int = 3, gain: float = math.sqrt(2), bias: bool = True) -> nn.Conv2d:
    """Return a convolution that keeps the size, with Glorot's first weights times `gain`."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)
    nn.init.xavier_uniform_(layer.weight, gain)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def shortcut(inputs: int, outputs: int, resizes: bool) -> nn.Module:
    """Return what the input of a block passes through: a linear layer where the block changes its shape."""
    return convolution(inputs, outputs, 1, 1.0, bias=False) if resizes or inputs != outputs else nn.Identity()
