"""What style-based generators are made of: the mapping to styles, and convolutions that styles scale."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Conditioning, DataSpec
from skgan.layers import EqualizedConv, EqualizedLinear, Filter, Noise, PixelNorm

#: of leaky ReLUs, and the factor after which they leave the mean square as it was, but for a twenty-fifth
SLOPE, GAIN = 0.2, math.sqrt(2)
#: of the filter beside each change of the resolution
TAPS = (1, 3, 3, 1)


class Mapping(nn.Module):
    r"""Latents and labels to styles.

    .. math:: w = f([z / |z|,\, e_y / |e_y|]), \qquad |v| = \sqrt{\textstyle\frac{1}{d} \sum_i v_i^2}

    Embedded labels that say how much of something there is, and not which, keep their size.

    Parameters
    ----------
    spec : DataSpec
        For the widths of latents and labels.
    conditioning : Conditioning
        Which embeds the labels.
    width : int
        Of a style.
    layers : int
        How many there are, in [1, inf).
    rate : float
        The learning rate of the layers, as a share of that of others.
    """

    def __init__(self, spec: DataSpec, conditioning: Conditioning, width: int, layers: int, rate: float):
        super().__init__()
        self.embed = conditioning.embed(spec)
        self.normalise = PixelNorm()
        self.keeps_size = spec.label_kind == "continuous"
        inputs = [spec.latent_dim + self.embed.out_features, *[width] * (layers - 1)]
        self.layers = nn.ModuleList(EqualizedLinear(each, width, gain=GAIN, rate=rate) for each in inputs)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return styles `(n, width)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        e = self.embed(y)
        if e.shape[1] and not self.keeps_size:
            e = self.normalise(e)
        h = torch.cat([self.normalise(z), e], 1)
        for layer in self.layers:
            h = functional.leaky_relu(layer(h), SLOPE)
        return h


class ModulatedConv(nn.Module):
    r"""A convolution whose weights a style scales, for each input channel, and brings back to one length.

    .. math:: W'_{oik} = s_i W_{oik}, \qquad
              W''_{oik} = g W'_{oik} \Big/ \sqrt{\textstyle\sum_{i, k} W'^2_{oik} + 10^{-8}}, \qquad s = A w + 1

    Each sample has weights of its own. Since s belongs to what comes in and the root to what goes out, the values are
    scaled before and after one ordinary convolution for all samples instead, which is the same.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    width : int
        Of a style.
    kernel : int, default=3
        Width of the kernel, odd.
    up : bool, default=False
        Whether the size doubles, by zeros between the values and a filter after the convolution.
    length : float or None, default=GAIN
        The length g that weights are brought back to, in (0, inf); None leaves them as the style scaled them.
    """

    def __init__(
        self, inputs: int, outputs: int, width: int, kernel: int = 3, up: bool = False, length: float | None = GAIN
    ):
        super().__init__()
        self.style = EqualizedLinear(width, inputs)
        self.convolution = EqualizedConv(inputs, outputs, kernel, bias=False)
        self.smooth = Filter(TAPS, margin=(len(TAPS) + 1 - kernel) // 2, gain=2.0) if up else None
        self.length = length

    def forward(self, h: Tensor, w: Tensor) -> Tensor:
        """Return `(n, outputs, ...)` for h `(n, inputs, height, width)` and styles w `(n, width)`."""
        s = self.style(w) + 1
        h = h * s.to(h.dtype)[:, :, None, None]
        h = self.convolution(h) if self.smooth is None else self.smooth(self._doubled(h))
        if self.length is None:
            return h
        factors = self.length * self._squares(s).rsqrt()
        return h * factors.to(h.dtype)[:, :, None, None]

    def _doubled(self, h: Tensor) -> Tensor:
        weight = self.convolution.weight * self.convolution.scale
        return functional.conv_transpose2d(h, weight.transpose(0, 1), stride=2)

    def _squares(self, s: Tensor) -> Tensor:
        """Return the sum of the squared weights of each output channel of each sample, `(n, outputs)`."""
        squares = (self.convolution.weight * self.convolution.scale).square().sum((2, 3))
        return s.square() @ squares.T + 1e-8


class StyledConv(nn.Module):
    """A modulated convolution, noise, a shift, and a leaky ReLU, for which the convolution's length makes up.

    Parameters
    ----------
    inputs, outputs, width, up
        As those of `ModulatedConv`.
    noise : bool
        Whether there is noise.
    """

    def __init__(self, inputs: int, outputs: int, width: int, noise: bool, up: bool = False):
        super().__init__()
        self.convolution = ModulatedConv(inputs, outputs, width, up=up)
        self.noise = Noise() if noise else nn.Identity()
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, h: Tensor, w: Tensor) -> Tensor:
        """Return `(n, outputs, ...)` for h `(n, inputs, height, width)` and styles w `(n, width)`."""
        h = self.noise(self.convolution(h, w)) + self.bias.to(h.dtype)[:, None, None]
        return functional.leaky_relu(h, SLOPE)


class ToImage(nn.Module):
    """What a resolution adds to the image: a modulated linear layer at every place.

    Parameters
    ----------
    inputs, outputs, width
        As those of `ModulatedConv`.
    """

    def __init__(self, inputs: int, outputs: int, width: int):
        super().__init__()
        self.convolution = ModulatedConv(inputs, outputs, width, kernel=1, length=None)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, h: Tensor, w: Tensor) -> Tensor:
        """Return `(n, outputs, ...)` for h `(n, inputs, height, width)` and styles w `(n, width)`."""
        return self.convolution(h, w) + self.bias[:, None, None]
