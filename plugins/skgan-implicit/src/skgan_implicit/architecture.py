"""A generator that paints each pixel from its coordinates."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Architecture, Conditioning, Critique, DataSpec, Integer, Tags


class Implicit(Architecture):
    r"""An image is a function of the place, the same small network at every pixel.

    .. math:: x_{ij} = F(\gamma(i / h, j / w), z, y), \quad \gamma(u) = [\sin(2^k \pi u), \cos(2^k \pi u)]_{k < K}

    so any height and width need the same number of weights. The discriminator is strided convolutions.

    Parameters
    ----------
    width : int, default=64
        Width of the generator's layers and of the discriminator's first, in [1, inf).
    depth : int, default=3
        Hidden layers of the generator, in [1, inf).
    n_frequencies : int, default=4
        Octaves K of the coordinates' waves, in [1, 16].

    References
    ----------
    .. [1] Stanley, "Compositional pattern producing networks", Genetic Programming and Evolvable Machines 2007.
    .. [2] Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis", CVPR 2021.

    Examples
    --------
    >>> from skgan_implicit.architecture import Implicit
    >>> Implicit(width=32)
    Implicit(width=32)
    """

    constraints = {"width": (Integer(1),), "depth": (Integer(1),), "n_frequencies": (Integer(1, 16),)}

    def __init__(self, width: int = 64, depth: int = 3, n_frequencies: int = 4):
        self.width = width
        self.depth = depth
        self.n_frequencies = n_frequencies

    def tags(self) -> Tags:
        """Return that it is for images, with labels that are numbers."""
        return Tags(kinds=("image",), labels=("none", "classes", "multilabel", "continuous"))

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        return _Painter(spec, conditioning, self.width, self.depth, self.n_frequencies)

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        return _Critic(spec, conditioning, self.width)

    def defaults(self, spec: DataSpec) -> dict:
        """Return a fast Adam that slows down."""
        return {"optimizer": ("adam", {"betas": (0.0, 0.99), "slowing_steps": 1000}), "learning_rate": 1e-3}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"width": 8, "depth": 2, "n_frequencies": 2}]


class _Painter(nn.Module):
    waves: Tensor

    def __init__(self, spec: DataSpec, conditioning: Conditioning, width: int, depth: int, n_frequencies: int):
        super().__init__()
        channels, height, width_of_image = spec.shape
        self.embed = conditioning.embed(spec)
        self.register_buffer("waves", _waves(height, width_of_image, n_frequencies), persistent=False)
        self.style = nn.Linear(spec.latent_dim + self.embed.out_features, width)
        self.place = nn.Conv2d(len(self.waves), width, 1)
        self.layers = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(depth))
        self.norms = nn.ModuleList(conditioning.modulation(width, spec) for _ in range(depth))
        self.out = nn.Conv2d(width, channels, 1)
        self.bounded = spec.bounded

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        e = self.embed(y)
        h = torch.sin(self.place(self.waves[None]) + self.style(torch.cat([z, e], 1))[:, :, None, None])
        for layer, norm in zip(self.layers, self.norms, strict=True):
            h = functional.leaky_relu(norm(layer(h), e), 0.2)
        h = self.out(h)
        return torch.tanh(h) if self.bounded else h


class _Critic(nn.Module):
    def __init__(self, spec: DataSpec, conditioning: Conditioning, width: int):
        super().__init__()
        channels, height, width_of_image = spec.shape
        halvings = max(1, round(math.log2(max(height, width_of_image) / 4)))
        widths = [channels, *[min(width * 2**i, 4 * width) for i in range(halvings)]]
        self.embed = conditioning.embed(spec)
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        rows, columns = (math.ceil(length / 2**halvings) for length in (height, width_of_image))
        self.head = conditioning.head(widths[-1] * rows * columns, spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`."""
        for down in self.downs:
            x = functional.leaky_relu(down(x), 0.2)
        return self.head(x.flatten(1), self.embed(y))


def _waves(height: int, width: int, n_frequencies: int) -> Tensor:
    """Return sines and cosines of the coordinates, `(4 K, h, w)`."""
    places = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    angles = torch.stack([2**k * math.pi * u for k in range(n_frequencies) for u in places])
    return torch.cat([angles.sin(), angles.cos()])
