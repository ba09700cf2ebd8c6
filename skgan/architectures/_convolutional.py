"""Networks of strided convolutions in one, two or three dimensions, which several parts are made of."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Conditioning, Critique, DataSpec
from skgan.layers import Grid, PlainNorm, doubling, halving, keeping

#: the kinds of labels that a conditioning can read
VECTORS = ("none", "classes", "multilabel", "continuous")


class Start(nn.Module):
    """Latents and labels to the values of the coarsest grid.

    A normalisation comes next, which would take a bias of each channel away again: on a single place there is none.
    """

    def __init__(self, spec: DataSpec, conditioning: Conditioning, width: int):
        super().__init__()
        self.embed = conditioning.embed(spec)
        self.grid = (width, *Grid(spec.shape[1:]).coarse)
        inputs = spec.latent_dim + self.embed.out_features
        self.linear = nn.Linear(inputs, math.prod(self.grid), bias=math.prod(self.grid[1:]) > 1)

    def forward(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return values `(n, width, *coarse)` and embedded labels."""
        e = self.embed(y)
        return self.linear(torch.cat([z, e], 1)).unflatten(1, self.grid), e


class Finish(nn.Module):
    """Values of the full size, cropped to that of the data, and squashed where these are bounded."""

    def __init__(self, spec: DataSpec):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        self.bounded = spec.bounded

    def forward(self, h: Tensor) -> Tensor:
        """Return samples `(n, *shape)`."""
        h = self.grid.cropped(h)
        return torch.tanh(h) if self.bounded else h


class Generator(nn.Module):
    """From the coarsest grid by transposed convolutions; `channels` are those at each resolution, the finest first."""

    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int]):
        super().__init__()
        grid = Grid(spec.shape[1:])
        self.start = Start(spec, conditioning, channels[-1])
        self.norms = nn.ModuleList(conditioning.modulation(width, spec) for width in reversed(channels))
        self.ups = nn.ModuleList(
            doubling(grid.dimensions, coarse, fine, bias=False) for fine, coarse in reversed(list(pairwise(channels)))
        )
        last = doubling if grid.doublings else keeping
        self.out = last(grid.dimensions, channels[0], spec.shape[0])
        self.finish = Finish(spec)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return samples `(n, *shape)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        h, e = self.start(z, y)
        h = functional.relu(self.norms[0](h, e))
        for up, norm in zip(self.ups, self.norms[1:], strict=True):
            h = functional.relu(norm(up(h), e))
        return self.finish(self.out(h))


class Discriminator(nn.Module):
    """To the coarsest grid by strided convolutions; with `norm` batch normalisation after all but the first."""

    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int], norm: bool = False):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        self.embed = conditioning.embed(spec)
        dimensions, pairs = self.grid.dimensions, list(pairwise(channels))
        self.inlet = (halving if self.grid.doublings else keeping)(dimensions, spec.shape[0], channels[0])
        self.downs = nn.ModuleList(halving(dimensions, *pair, bias=not norm) for pair in pairs)
        self.norms = nn.ModuleList(PlainNorm(coarse) if norm else nn.Identity() for _, coarse in pairs)
        self.head = conditioning.head(channels[-1] * math.prod(self.grid.coarse), spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of samples `(n, *shape)` with labels `(n, label_dim)`."""
        h = functional.leaky_relu(self.inlet(self.grid.padded(x)), 0.2)
        for down, norm in zip(self.downs, self.norms, strict=True):
            h = functional.leaky_relu(norm(down(h)), 0.2)
        return self.head(h.flatten(1), self.embed(y))
