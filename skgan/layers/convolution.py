"""Convolutions of one, two or three dimensions that keep, halve or double the size."""

from __future__ import annotations

from torch import nn

from skgan.layers.equalized import EqualizedConv

_CONVOLUTIONS: tuple[type[nn.Conv1d] | type[nn.Conv2d] | type[nn.Conv3d], ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED: tuple[type[nn.ConvTranspose1d] | type[nn.ConvTranspose2d] | type[nn.ConvTranspose3d], ...] = (
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
CONVOLUTIONS: tuple[type[nn.Module], ...] = (*_CONVOLUTIONS, *_TRANSPOSED)


def convolves(network: nn.Module) -> bool:
    """Return whether a network has convolutions."""
    return any(isinstance(layer, (*CONVOLUTIONS, EqualizedConv)) for layer in network.modules())


def keeping(dimensions: int, inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    """Return a convolution three wide that keeps the size."""
    return _CONVOLUTIONS[dimensions - 1](inputs, outputs, 3, padding=1, bias=bias)


def pointwise(dimensions: int, inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    """Return a convolution one wide: a linear layer at every place."""
    return _CONVOLUTIONS[dimensions - 1](inputs, outputs, 1, bias=bias)


def halving(dimensions: int, inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    """Return a convolution four wide with stride two."""
    return _CONVOLUTIONS[dimensions - 1](inputs, outputs, 4, stride=2, padding=1, bias=bias)


def doubling(dimensions: int, inputs: int, outputs: int, bias: bool = True) -> nn.Module:
    """Return a transposed convolution four wide with stride two."""
    return _TRANSPOSED[dimensions - 1](inputs, outputs, 4, stride=2, padding=1, bias=bias)
