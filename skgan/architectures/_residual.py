"""Residual networks for images, which several parts are made of."""

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional

from skgan.architectures._convolutional import Finish, Start
from skgan.interfaces import Conditioning, Critique, DataSpec
from skgan.layers import DownBlock, Grid, SelfAttention, UpBlock, convolution, widths


def attention_or_none(width: int, size: tuple[int, ...], wanted: bool) -> nn.Module:
    """Return self-attention where it is wanted and has at least two places to choose from."""
    return SelfAttention(width) if wanted and SelfAttention.keys(size) > 1 else nn.Identity()


class Generator(nn.Module):
    """From the coarsest grid by blocks that double it; `attends` puts attention after the middle one."""

    def __init__(
        self, spec: DataSpec, conditioning: Conditioning, channels: int, most_channels: int, attends: bool = False
    ):
        super().__init__()
        grid = Grid(spec.shape[1:])
        k = grid.doublings
        outputs = widths(max(k, 1), channels, most_channels)[::-1]
        self.start = Start(spec, conditioning, outputs[0])
        self.blocks, self.attentions = nn.ModuleList(), nn.ModuleList()
        for i, (before, after) in enumerate(zip([outputs[0], *outputs], outputs, strict=False)):
            first, second = (conditioning.modulation(width, spec) for width in (before, after))
            self.blocks.append(UpBlock(before, after, first, second, up=k > 0))
            size = grid.halved(max(k - 1 - i, 0))
            self.attentions.append(attention_or_none(after, size, attends and i == k // 2))
        self.norm = conditioning.modulation(outputs[-1], spec)
        self.out = convolution(outputs[-1], spec.shape[0], gain=1.0)
        self.finish = Finish(spec)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        h, e = self.start(z, y)
        for block, attention in zip(self.blocks, self.attentions, strict=True):
            h = attention(block(h, e))
        return self.finish(self.out(functional.relu(self.norm(h, e))))

    def convolutions(self) -> Iterator[nn.Module]:
        """Yield the linear start and what holds the convolutions: all but embeddings and normalisations."""
        yield self.start.linear
        yield from (*self.blocks, *self.attentions, self.out)


class Discriminator(nn.Module):
    """Blocks that halve the image to about eight by eight, two that keep it, and the sum or mean over the places."""

    def __init__(
        self,
        spec: DataSpec,
        conditioning: Conditioning,
        channels: int,
        most_channels: int,
        pool: str,
        attends: bool = False,
    ):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        k = self.grid.doublings
        halvings = min(k, max(k - 1, 1))
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
