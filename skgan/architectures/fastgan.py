"""Light networks for few images: gated convolutions, noise, and coarse grids that weigh the channels of fine ones."""

import math
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from skgan.architectures._convolutional import VECTORS, Finish, Start
from skgan.interfaces import Architecture, Choice, Conditioning, Critique, DataSpec, Integer, Tags
from skgan.layers import Grid, PlainNorm, halving, keeping, normalize_spectrally, pointwise, widths
from skgan.layers.chance import Noise

NAMES = {"fastgan": "FastGAN"}

#: doublings between a grid and the one whose channels it weighs: from 8 to 128 pixels
_SKIPS = 4
_SLOPE = 0.2


class FastGAN(Architecture):
    r"""Gated convolutions up, with skips from coarse grids to fine ones, and halving blocks of two paths down.

    .. math:: h \mapsto a \cdot \sigma(b), \quad (a, b) = \mathrm{N}\big(W \ast \mathrm{up}(h) + \eta \epsilon, e_y\big)

    is a convolution of the generator: its channels are normalised as the conditioning says, and one half gates the
    other. After one doubling of the coarsest grid, and after every second further one, there are two of them with noise
    :math:`\epsilon`, elsewhere one without. Four doublings later a grid l weighs the channels of the one there:

    .. math:: h^{l + 4} \mapsto h^{l + 4} \cdot \sigma\big(V_2\, s(V_1\, \mathrm{pool}_{4 \times 4}(h^l))\big), \quad
              s(t) = t \sigma(t)

    where :math:`V_1` sees all places and :math:`V_2` one. Images of less than 64 pixels, with fewer than four
    doublings, have one such skip, from the coarsest grid to the finest; with no doubling they have none. The
    discriminator halves the image to about eight by eight, by the mean of a path of two convolutions and one of a mean
    and a linear layer, and gives what comes there, averaged to about four by four, to the conditioning's head. In the
    paper each place of the grid has a logit, and the discriminator also rebuilds real images from its features:
    ``regularizers="ae-reconstruction"`` adds that.

    The paper's networks have about ``channels=32, most_channels=1024`` for 256 by 256, and batch normalisation in the
    discriminator, whose gradient penalties mean nothing.

    Parameters
    ----------
    channels : int, default=32
        Channels at the finest resolution, doubled at each coarser one, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).
    discriminator_norm : {None, "batch", "spectral"}, default=None
        What is done to the discriminator: nothing, batch normalisation after its convolutions, or every weight divided
        by its largest singular value.

    References
    ----------
    .. [1] Liu, Zhu, Song, Elgammal, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image
       Synthesis", ICLR 2021.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("hinge", architecture="fastgan").set_params(architecture__discriminator_norm="spectral")
    GANEstimator(architecture=FastGAN(discriminator_norm='spectral'), loss='hinge')
    """

    constraints = {
        "channels": (Integer(1),),
        "most_channels": (Integer(1),),
        "discriminator_norm": (Choice(None, "batch", "spectral"),),
    }

    def __init__(self, channels: int = 32, most_channels: int = 256, discriminator_norm: str | None = None):
        self.channels = channels
        self.most_channels = most_channels
        self.discriminator_norm = discriminator_norm

    def tags(self) -> Tags:
        """Return that it is for images, and what its discriminator's normalisation does."""
        norm = self.discriminator_norm
        return Tags(
            kinds=("image",), labels=VECTORS, batch_statistics=norm == "batch", limits_weights=norm == "spectral"
        )

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        return _Generator(spec, conditioning, self._widths(spec)[::-1])

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        network = _Discriminator(spec, conditioning, self._widths(spec), self.discriminator_norm == "batch")
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, _SLOPE)
        if self.discriminator_norm == "spectral":
            normalize_spectrally(network)
        return network

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 4, "most_channels": 6}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution, the finest first."""
        return widths(Grid(spec.shape[1:]).doublings + 1, self.channels, self.most_channels)


class _Gated(nn.Module):
    """A convolution to twice the channels, noise if told to, a normalisation, and one half that gates the other."""

    def __init__(self, inputs: int, outputs: int, conditioning: Conditioning, spec: DataSpec, noisy: bool):
        super().__init__()
        self.layer = keeping(2, inputs, 2 * outputs, bias=False)
        self.noise = Noise() if noisy else nn.Identity()
        self.norm = conditioning.modulation(2 * outputs, spec)

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        return functional.glu(self.norm(self.noise(self.layer(h)), e), 1)


class _Doubling(nn.Module):
    """Each value repeated two by two, then one gated convolution, or two with noise."""

    def __init__(self, inputs: int, outputs: int, conditioning: Conditioning, spec: DataSpec, noisy: bool):
        super().__init__()
        self.first = _Gated(inputs, outputs, conditioning, spec, noisy)
        self.second = _Gated(outputs, outputs, conditioning, spec, noisy) if noisy else None

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        h = self.first(functional.interpolate(h, scale_factor=2, mode="nearest"), e)
        return h if self.second is None else self.second(h, e)


class _Excitation(nn.Module):
    """Factors between 0 and 1 for the channels of a fine grid, from a coarse one of `size`."""

    def __init__(self, inputs: int, outputs: int, size: tuple[int, ...]):
        super().__init__()
        self.pooled = (min(size[0], 4), min(size[1], 4))
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, self.pooled, bias=False), nn.SiLU(), pointwise(2, outputs, outputs, bias=False)
        )

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        return fine * self.layers(functional.adaptive_avg_pool2d(coarse, self.pooled)).sigmoid()


class _Generator(nn.Module):
    """From the coarsest grid by doublings; `channels` are those at each resolution, the coarsest first."""

    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int]):
        super().__init__()
        grid = Grid(spec.shape[1:])
        self.start = Start(spec, conditioning, 2 * channels[0])
        self.norm = conditioning.modulation(2 * channels[0], spec)
        self.blocks = nn.ModuleList(
            _Doubling(*pair, conditioning, spec, noisy=number % 2 == 0)
            for number, pair in enumerate(pairwise(channels))
        )
        self.skips = min(_SKIPS, grid.doublings)
        self.excitations = nn.ModuleList(
            _Excitation(channels[i], channels[i + self.skips], grid.halved(grid.doublings - i))
            for i in range(len(channels) - self.skips if self.skips else 0)
        )
        self.out = keeping(2, channels[-1], spec.shape[0])
        self.finish = Finish(spec)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        h, e = self.start(z, y)
        seen = [functional.glu(self.norm(h, e), 1)]
        for level, block in enumerate(self.blocks, start=1):
            h = block(seen[-1], e)
            coarse = level - self.skips
            seen.append(self.excitations[coarse](seen[coarse], h) if coarse >= 0 else h)
        return self.finish(self.out(seen[-1]))


class _Halving(nn.Module):
    """The mean of two convolutions, the first of stride two, and of a linear layer of the mean of two by two."""

    def __init__(self, inputs: int, outputs: int, norm: bool):
        super().__init__()
        self.first = halving(2, inputs, outputs, bias=not norm)
        self.second = keeping(2, outputs, outputs, bias=not norm)
        self.direct = pointwise(2, inputs, outputs, bias=not norm)
        self.norms = nn.ModuleList(PlainNorm(outputs) if norm else nn.Identity() for _ in range(3))

    def forward(self, h: Tensor) -> Tensor:
        first, second, direct = self.norms
        path = functional.leaky_relu(first(self.first(h)), _SLOPE)
        path = functional.leaky_relu(second(self.second(path)), _SLOPE)
        return (path + functional.leaky_relu(direct(self.direct(functional.avg_pool2d(h, 2))), _SLOPE)) / 2


class _Discriminator(nn.Module):
    """Halvings to about eight by eight; `channels` are those at each resolution, the finest first."""

    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int], norm: bool):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        self.embed = conditioning.embed(spec)
        channels = channels[: max(len(channels) - 1, min(len(channels), 2))]
        self.inlet = keeping(2, spec.shape[0], channels[0])
        self.downs = nn.Sequential(*(_Halving(*pair, norm) for pair in pairwise(channels)))
        self.mix = pointwise(2, channels[-1], channels[-1], bias=not norm)
        self.norm = PlainNorm(channels[-1]) if norm else nn.Identity()
        self.last = nn.Conv2d(channels[-1], channels[-1], 4)
        self.head = conditioning.head(channels[-1] * math.prod(self.grid.coarse), spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`."""
        h = self.downs(functional.leaky_relu(self.inlet(self.grid.padded(x)), _SLOPE))
        h = functional.leaky_relu(self.norm(self.mix(h)), _SLOPE)
        h = functional.leaky_relu(self.last(functional.pad(h, (1, 2, 1, 2))), _SLOPE)
        height, width = self.grid.coarse
        return self.head(functional.adaptive_avg_pool2d(h, (height, width)).flatten(1), self.embed(y))
