"""Linear and convolutional layers with equalised learning rate."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrize import register_parametrization

_CONVOLVE = (functional.conv1d, functional.conv2d, functional.conv3d)


class EqualizedLinear(nn.Module):
    r"""A linear layer whose standard normal weights are scaled when used, not when drawn.

    .. math:: r \left(\frac{g}{\sqrt{d}} \frac{W}{r} h + b \right)

    with drawn weights :math:`W / r`, so that an optimizer that divides by the gradient's size moves all layers
    equally fast, and those with a `rate` r slower by that factor.

    Parameters
    ----------
    inputs, outputs : int
        Widths, d and the width of the result.
    bias : bool, default=True
        Whether there is a shift b, 0 to start from.
    gain : float, default=1.0
        The factor g, in (0, inf).
    rate : float, default=1.0
        The factor r, in (0, inf).
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True, gain: float = 1.0, rate: float = 1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = rate * gain / math.sqrt(inputs)
        self.rate = rate

    def forward(self, h: Tensor) -> Tensor:
        """Return `(n, outputs)` for h `(n, inputs)`."""
        return functional.linear(h, self.weight * self.scale, None if self.bias is None else self.bias * self.rate)


class EqualizedConv(nn.Module):
    """A convolution whose standard normal weights are scaled when used, as in `EqualizedLinear`.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    kernel : int
        Width of the kernel in every direction.
    stride, padding : int
        As those of torch; by default the size is kept by odd kernels.
    dimensions : {1, 2, 3}, default=2
        Of the places.
    bias : bool, default=True
        Whether there is a shift, 0 to start from.
    gain : float, default=1.0
        Factor on the weights, in (0, inf).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int = 1,
        padding: int | None = None,
        dimensions: int = 2,
        bias: bool = True,
        gain: float = 1.0,
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, *[kernel] * dimensions))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.scale = gain / math.sqrt(inputs * kernel**dimensions)
        self.stride = stride
        self.padding = kernel // 2 if padding is None else padding

    def forward(self, h: Tensor) -> Tensor:
        """Return `(n, outputs, ...)` for h `(n, inputs, ...)`."""
        convolve = _CONVOLVE[self.weight.ndim - 3]
        return convolve(h, self.weight * self.scale, self.bias, stride=self.stride, padding=self.padding)


def equalize(module: nn.Module) -> None:
    r"""Let the weights of a module's linear layers learn at the rate of those of `EqualizedLinear`, from now on.

    .. math:: W = W' / \sqrt{d}

    with d the number of inputs, and W as it was to start from; for layers that somebody else builds.

    Parameters
    ----------
    module : nn.Module
        Changed in place.
    """
    for layer in list(module.modules()):
        if isinstance(layer, nn.Linear):
            register_parametrization(layer, "weight", _Scaled(1 / math.sqrt(layer.in_features)))


class _Scaled(nn.Module):
    def __init__(self, scale: float):
        super().__init__()
        self.scale = scale

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weights as they are used."""
        return weight * self.scale

    def right_inverse(self, weight: Tensor) -> Tensor:
        """Return the weights as they are kept."""
        return weight / self.scale
