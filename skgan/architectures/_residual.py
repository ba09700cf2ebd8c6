"""Residual networks for images, which several parts are made of."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.architectures._convolutional import Finish, Start
from skgan.interfaces import Conditioning, Critique, DataSpec
from skgan.layers import DownBlock, Grid, PlainNorm, SelfAttention, UpBlock, convolution, widths


def attention_or_none(width: int, size: tuple[int, ...], wanted: bool) -> nn.Module:
    """Return self-attention where it is wanted and has at least two places to choose from."""
    return SelfAttention(width) if wanted and SelfAttention.keys(size) > 1 else nn.Identity()


class LatentModulation(nn.Module):
    r"""What a normalisation gives, scaled and shifted once more by latents that come after the embedded label.

    .. math:: (1 + \Gamma z) \cdot \mathrm{N}(h, e) + B z
    """

    def __init__(self, norm: nn.Module, channels: int, width: int):
        super().__init__()
        self.norm = norm
        self.width = width
        self.scale = nn.Linear(width, channels, bias=False)
        self.shift = nn.Linear(width, channels, bias=False)

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """Return h `(n, channels, h, w)` modulated by embedded labels and latents e `(n, ... + width)`."""
        e, z = e[:, : -self.width], e[:, -self.width :]
        h = self.norm(h, e)
        return h + self.scale(z)[:, :, None, None] * h + self.shift(z)[:, :, None, None]


class Generator(nn.Module):
    """From the coarsest grid by blocks that double it; `attends` puts attention after the middle one.

    With `splits` the latents are cut into one chunk for the start and one for each block, whose normalisations it
    modulates beside the label; the last normalisation then knows neither. The start takes what does not divide.
    """

    def __init__(
        self,
        spec: DataSpec,
        conditioning: Conditioning,
        channels: int,
        most_channels: int,
        attends: bool = False,
        splits: bool = False,
    ):
        super().__init__()
        grid = Grid(spec.shape[1:])
        k = grid.doublings
        outputs = widths(max(k, 1), channels, most_channels)[::-1]
        chunk = spec.latent_dim // (len(outputs) + 1) if splits else 0
        self.chunks = [spec.latent_dim - chunk * len(outputs), *[chunk] * len(outputs)]
        self.start = Start(replace(spec, latent_dim=self.chunks[0]), conditioning, outputs[0])
        self.blocks, self.attentions = nn.ModuleList(), nn.ModuleList()
        for i, (before, after) in enumerate(zip([outputs[0], *outputs], outputs, strict=False)):
            first, second = (conditioning.modulation(width, spec) for width in (before, after))
            if chunk:
                first, second = LatentModulation(first, before, chunk), LatentModulation(second, after, chunk)
            self.blocks.append(UpBlock(before, after, first, second, up=k > 0))
            size = grid.halved(max(k - 1 - i, 0))
            self.attentions.append(attention_or_none(after, size, attends and i == k // 2))
        self.norm = PlainNorm(outputs[-1]) if splits else conditioning.modulation(outputs[-1], spec)
        self.out = convolution(outputs[-1], spec.shape[0], gain=1.0)
        self.finish = Finish(spec)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        first, *others = z.split(self.chunks, 1)
        h, e = self.start(first, y)
        for block, attention, chunk in zip(self.blocks, self.attentions, others, strict=True):
            h = attention(block(h, torch.cat([e, chunk], 1)))
        return self.finish(self.out(functional.relu(self.norm(h, e))))

    def convolutions(self) -> Iterator[nn.Module]:
        """Yield the linear start and what holds the convolutions: all but embeddings and normalisations."""
        yield self.start.linear
        yield from (*self.blocks, *self.attentions, self.out)


class Discriminator(nn.Module):
    """Blocks that halve the image to about eight by eight, two that keep it, and the sum or mean over the places.

    It has `factor` times as many channels as it is told.
    """

    def __init__(
        self,
        spec: DataSpec,
        conditioning: Conditioning,
        channels: int,
        most_channels: int,
        pool: str,
        attends: bool = False,
        factor: float = 1.0,
    ):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        k = self.grid.doublings
        halvings = min(k, max(k - 1, 1))
        channels, most_channels = (max(round(factor * width), 1) for width in (channels, most_channels))
        outputs = widths(max(k, 1), channels, most_channels)
        self.embed = conditioning.embed(spec)
        self.blocks, self.attentions = nn.ModuleList(), nn.ModuleList()
        inputs = spec.shape[0]
        middle = max(k - 1 - k // 2, 1)
        for i in range(halvings + 2):
            width = outputs[min(i, len(outputs) - 1)]
            self.blocks.append(DownBlock(inputs, width, down=i < halvings, first=i == 0))
            size = self.grid.halved(min(i + 1, halvings))
            self.attentions.append(attention_or_none(width, size, attends and i == middle - 1))
            inputs = width
        self.pool = pool
        self.head = conditioning.head(inputs, spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`."""
        h = self.grid.padded(x)
        for block, attention in zip(self.blocks, self.attentions, strict=True):
            h = attention(block(h))
        h = functional.relu(h)
        return self.head(h.sum((2, 3)) if self.pool == "sum" else h.mean((2, 3)), self.embed(y))
