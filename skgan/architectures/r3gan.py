"""Residual networks without any normalisation, for the relativistic pairing loss with both gradient penalties."""

import math
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.architectures._convolutional import VECTORS, Finish
from skgan.interfaces import Architecture, Conditioning, Critique, DataSpec, Integer, Tags
from skgan.layers import FilteredDown, FilteredUp, Grid, widths

NAMES = {"r3gan": "R3GAN"}

_Layer = TypeVar("_Layer", nn.Linear, nn.Conv2d)
_SLOPE = 0.2
#: what keeps a variance of 1 when it has passed a leaky ReLU
_GAIN = math.sqrt(2 / (1 + _SLOPE**2))
#: taps of the bilinear filter
_BILINEAR = (1, 2, 1)


class R3GAN(Architecture):
    r"""Stages of bottlenecks with grouped convolutions, one at each resolution, and nothing else that was not needed.

    .. math:: h \mapsto h + W_3\, a\big(W_2 \ast_g a(W_1 h)\big), \qquad a(h) = \mathrm{LeakyReLU}_{0.2}(h + b)

    :math:`W_1` and :math:`W_3` look at one place, :math:`W_2` at three by three in groups of channels. There is no
    normalisation; first weights do its work: normal ones of spread
    :math:`\sqrt{2 / 1.04}\, L^{-1/4} / \sqrt{\text{fan in}}` for :math:`W_1` and :math:`W_2` of all L blocks of a
    network, and :math:`W_3 = 0`, so that each block is the identity to start from. The generator starts from a learned
    pattern on the coarsest grid, :math:`B_{cij} (W [z, e_y])_c`; the discriminator ends in one,
    :math:`\phi_c = \sum_{ij} B_{cij} h_{cij}`, and the head of the conditioning. Between stages the grid is resized by
    the filter (1, 2, 1), with a linear layer where the channels change. The generator ends in a tanh where the data are
    bounded, as those of all architectures here do, which in the paper it does not.

    The paper's networks have ``channels=768, most_channels=768`` for 32 by 32, with 20.8 million weights, ``384`` and
    ``768`` for 64 by 64, ``96`` and ``768`` for 256 by 256, and all else as by default.

    Parameters
    ----------
    channels : int, default=32
        Channels at the finest resolution, doubled at each coarser one, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).
    blocks : int, default=2
        Blocks at each resolution, in [1, inf).
    expansion : int, default=2
        How many times as many channels the grouped convolution has, in [1, inf).
    group_width : int, default=16
        Channels in a group, in [1, inf); the greatest common divisor with the channels of the convolution is taken.

    References
    ----------
    .. [1] Huang, Gokaslan, Kuleshov, Tompkin, "The GAN is dead; long live the GAN! A Modern GAN Baseline",
       NeurIPS 2024.
    .. [2] Zhang, Dauphin, Ma, "Fixup Initialization: Residual Learning Without Normalization", ICLR 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="r3gan").set_params(architecture__channels=48)
    GANEstimator(architecture=R3GAN(channels=48))
    """

    constraints = {
        "channels": (Integer(1),),
        "most_channels": (Integer(1),),
        "blocks": (Integer(1),),
        "expansion": (Integer(1),),
        "group_width": (Integer(1),),
    }

    def __init__(
        self, channels: int = 32, most_channels: int = 256, blocks: int = 2, expansion: int = 2, group_width: int = 16
    ):
        self.channels = channels
        self.most_channels = most_channels
        self.blocks = blocks
        self.expansion = expansion
        self.group_width = group_width

    def tags(self) -> Tags:
        """Return that it is for images."""
        return Tags(kinds=("image",), labels=VECTORS)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        channels = self._widths(spec)[::-1]
        return _Generator(spec, conditioning, channels, self._stages(channels))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        channels = self._widths(spec)
        return _Discriminator(spec, conditioning, channels, self._stages(channels))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 4, "most_channels": 6, "blocks": 1, "group_width": 4}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution, the finest first."""
        return widths(Grid(spec.shape[1:]).doublings + 1, self.channels, self.most_channels)

    def _stages(self, channels: list[int]) -> list[nn.Module]:
        """Return the blocks of each resolution."""
        gain = _GAIN * (self.blocks * len(channels)) ** -0.25
        return [
            nn.Sequential(*(_Block(width, self.expansion, self.group_width, gain) for _ in range(self.blocks)))
            for width in channels
        ]


class _Block(nn.Module):
    """A bottleneck beside the identity, 0 to start from."""

    def __init__(self, channels: int, expansion: int, group_width: int, gain: float):
        super().__init__()
        inner = expansion * channels
        groups = inner // math.gcd(inner, group_width)
        self.first = _weighted(nn.Conv2d(channels, inner, 1), gain)
        self.second = _weighted(nn.Conv2d(inner, inner, 3, padding=1, groups=groups), gain)
        self.last = _weighted(nn.Conv2d(inner, channels, 1, bias=False), 0.0)

    def forward(self, h: Tensor) -> Tensor:
        residual = functional.leaky_relu(self.first(h), _SLOPE)
        residual = functional.leaky_relu(self.second(residual), _SLOPE)
        return h + self.last(residual)


class _Generator(nn.Module):
    """From a pattern on the coarsest grid by stages, of which the coarsest is the first."""

    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int], stages: list[nn.Module]):
        super().__init__()
        grid = Grid(spec.shape[1:])
        self.embed = conditioning.embed(spec)
        self.linear = _weighted(nn.Linear(spec.latent_dim + self.embed.out_features, channels[0], bias=False))
        self.pattern = nn.Parameter(torch.randn(channels[0], *grid.coarse))
        self.ups = nn.ModuleList(
            nn.Sequential(*_changed(before, after), FilteredUp(_BILINEAR)) for before, after in pairwise(channels)
        )
        self.stages = nn.ModuleList(stages)
        self.out = _weighted(nn.Conv2d(channels[-1], spec.shape[0], 1, bias=False))
        self.finish = Finish(spec)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        h = self.linear(torch.cat([z, self.embed(y)], 1))[:, :, None, None] * self.pattern
        for up, stage in zip([nn.Identity(), *self.ups], self.stages, strict=True):
            h = stage(up(h))
        return self.finish(self.out(h))


class _Discriminator(nn.Module):
    """To the coarsest grid by stages, of which the finest is the first, and a pattern laid over what comes there."""

    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int], stages: list[nn.Module]):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        self.embed = conditioning.embed(spec)
        self.inlet = _weighted(nn.Conv2d(spec.shape[0], channels[0], 1, bias=False))
        self.stages = nn.ModuleList(stages)
        self.downs = nn.ModuleList(
            nn.Sequential(FilteredDown(_BILINEAR), *_changed(before, after)) for before, after in pairwise(channels)
        )
        places = math.prod(self.grid.coarse)
        self.pattern = nn.Parameter(torch.randn(channels[-1], *self.grid.coarse) / math.sqrt(places))
        self.head = conditioning.head(channels[-1], spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`."""
        h = self.inlet(self.grid.padded(x))
        for stage, down in zip(self.stages, [*self.downs, nn.Identity()], strict=True):
            h = down(stage(h))
        return self.head((h * self.pattern).sum((2, 3)), self.embed(y))


def _weighted(layer: _Layer, gain: float = 1.0) -> _Layer:
    """Give a layer normal first weights that multiply variances by the square of the gain, and no first bias."""
    nn.init.normal_(layer.weight, std=gain / math.sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _changed(before: int, after: int) -> list[nn.Module]:
    """Return the linear layer where the channels change."""
    return [] if before == after else [_weighted(nn.Conv2d(before, after, 1, bias=False))]
