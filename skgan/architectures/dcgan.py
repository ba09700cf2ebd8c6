"""Deep convolutional networks, for images of any size."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Architecture, Conditioning, Critique, DataSpec, Integer, Tags

NAMES = {"dcgan": "DCGAN"}


class DCGAN(Architecture):
    r"""Strided convolutions down, transposed ones up, by twos between the image and a grid of about four by four.

    The grid is `ceil(h / 2^k)` by `ceil(w / 2^k)` with :math:`k = \lfloor \log_2(\max(h, w) / 4) \rfloor`
    doublings; images too small for one keep their size. Sizes that do not divide are cropped by the
    generator and padded by the discriminator. The generator normalises as the conditioning says; the
    discriminator has no normalisation, so that penalties on its gradient mean what their papers say.

    Parameters
    ----------
    channels : int, default=64
        Channels at half the image's resolution, doubled at each further halving, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).

    References
    ----------
    .. [1] Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional GANs", ICLR 2016.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="dcgan").set_params(architecture__channels=32)
    GANEstimator(architecture=DCGAN(channels=32))
    """

    constraints = {"channels": (Integer(1),), "most_channels": (Integer(1),)}

    def __init__(self, channels: int = 64, most_channels: int = 256):
        self.channels = channels
        self.most_channels = most_channels

    def tags(self) -> Tags:
        """Return that it is for images."""
        return Tags(kinds=("image",))

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        return _Generator(spec, conditioning, self._widths(spec))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        return _Discriminator(spec, conditioning, self._widths(spec))

    def defaults(self, spec: DataSpec) -> dict:
        """Return an Adam for losses that hold the discriminator's slope; docs/benchmarks.md says why."""
        return {"optimizer": ("adam", {"betas": (0.0, 0.99), "slowing_steps": 1000}), "learning_rate": 1e-3}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 4, "most_channels": 8}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution, the finest first."""
        return [min(self.channels * 2**i, self.most_channels) for i in range(max(_doublings(spec), 1))]


def _doublings(spec: DataSpec) -> int:
    return max(0, int(math.log2(max(spec.shape[1:]) / 4)))


def _grid(spec: DataSpec) -> tuple[int, int]:
    _, height, width = spec.shape
    factor = 2 ** _doublings(spec)
    return math.ceil(height / factor), math.ceil(width / factor)


def _to_image(width: int, spec: DataSpec) -> nn.Module:
    if _doublings(spec):
        return nn.ConvTranspose2d(width, spec.shape[0], 4, stride=2, padding=1)
    return nn.Conv2d(width, spec.shape[0], 3, padding=1)


def _from_image(width: int, spec: DataSpec) -> nn.Module:
    if _doublings(spec):
        return nn.Conv2d(spec.shape[0], width, 4, stride=2, padding=1)
    return nn.Conv2d(spec.shape[0], width, 3, padding=1)


class _Generator(nn.Module):
    def __init__(self, spec: DataSpec, conditioning: Conditioning, widths: list[int]):
        super().__init__()
        self.embed = conditioning.embed(spec)
        self.grid = (widths[-1], *_grid(spec))
        # A normalisation follows all but the last layer: a bias before it would be taken away again.
        inputs = spec.latent_dim + self.embed.out_features
        self.start = nn.Linear(inputs, math.prod(self.grid), bias=self.grid[1:] != (1, 1))
        self.norms = nn.ModuleList(conditioning.modulation(width, spec) for width in reversed(widths))
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, 4, stride=2, padding=1, bias=False)
            for fine, coarse in reversed(list(pairwise(widths)))
        )
        self.out = _to_image(widths[0], spec)
        self.shape = spec.shape
        self.bounded = spec.bounded

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        e = self.embed(y)
        h = self.start(torch.cat([z, e], 1)).unflatten(1, self.grid)
        h = functional.relu(self.norms[0](h, e))
        for up, norm in zip(self.ups, self.norms[1:], strict=True):
            h = functional.relu(norm(up(h), e))
        h = self.out(h)[:, :, : self.shape[1], : self.shape[2]]
        return torch.tanh(h) if self.bounded else h


class _Discriminator(nn.Module):
    def __init__(self, spec: DataSpec, conditioning: Conditioning, widths: list[int]):
        super().__init__()
        rows, columns = _grid(spec)
        factor = 2 ** _doublings(spec)
        self.margin = (0, columns * factor - spec.shape[2], 0, rows * factor - spec.shape[1])
        self.embed = conditioning.embed(spec)
        self.inlet = _from_image(widths[0], spec)
        self.downs = nn.ModuleList(nn.Conv2d(fine, coarse, 4, stride=2, padding=1) for fine, coarse in pairwise(widths))
        self.head = conditioning.head(widths[-1] * rows * columns, spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`."""
        h = functional.leaky_relu(self.inlet(functional.pad(x, self.margin)), 0.2)
        for down in self.downs:
            h = functional.leaky_relu(down(h), 0.2)
        return self.head(h.flatten(1), self.embed(y))
