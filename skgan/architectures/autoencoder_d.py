"""A discriminator that is an autoencoder, for energy-based losses, and a generator like its decoder."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Architecture, Conditioning, Critique, DataSpec, Integer, Tags

NAMES = {"autoencoder-d": "AutoencoderD"}


class AutoencoderD(Architecture):
    r"""The logit is minus the error with which an autoencoder rebuilds the sample.

    .. math:: D(x, y) = -\frac{1}{d} \sum_{i=1}^d |x_i - \mathrm{Dec}(\mathrm{Enc}(x), e_y)_i|^p

    Images are halved by convolutions to a grid of less than eight by eight, and doubled again by repeating
    pixels between convolutions; all else is flat and passes linear layers. The features are the code. The
    generator is a decoder too, with latents for a code. Nothing is normalised. The label's embedding
    joins the code, and what the conditioning would make of features is not asked for.

    Parameters
    ----------
    power : int, default=2
        p, in [1, 2]: 1 as BEGAN has it, 2 as EBGAN.
    code_dim : int, default=64
        Width of the code, in [1, inf).
    width : int, default=128
        Width of the linear layers, in [1, inf).
    depth : int, default=2
        Number of linear layers before the code and after it, in [1, inf).
    channels : int, default=32
        Channels at the finest resolution, and as many more at each coarser one, in [1, inf).

    References
    ----------
    .. [1] Zhao, Mathieu, LeCun, "Energy-based Generative Adversarial Networks", ICLR 2017.
    .. [2] Berthelot, Schumm, Metz, "BEGAN: Boundary Equilibrium Generative Adversarial Networks", 2017.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="began", architecture="autoencoder-d").set_params(architecture__code_dim=16)
    GANEstimator(architecture=AutoencoderD(code_dim=16), loss='began')
    """

    constraints = {
        "power": (Integer(1, 2),),
        "code_dim": (Integer(1),),
        "width": (Integer(1),),
        "depth": (Integer(1),),
        "channels": (Integer(1),),
    }

    def __init__(self, power: int = 2, code_dim: int = 64, width: int = 128, depth: int = 2, channels: int = 32):
        self.power = power
        self.code_dim = code_dim
        self.width = width
        self.depth = depth
        self.channels = channels

    def tags(self) -> Tags:
        """Return that the discriminator rebuilds its input, and labels must be vectors."""
        return Tags(labels=("none", "classes", "multilabel", "continuous"), reconstructs=True)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, *shape)`."""
        embed = conditioning.embed(spec)
        return _Decoder(embed, self._decoder(spec.latent_dim + embed.out_features, spec), spec.bounded)

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        embed = conditioning.embed(spec)
        decoder = _Decoder(embed, self._decoder(self.code_dim + embed.out_features, spec), spec.bounded)
        return _Discriminator(self._encoder(spec), decoder, self.power)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks with either error."""
        return [{"power": power, "code_dim": 6, "width": 16, "channels": 4} for power in (1, 2)]

    def _encoder(self, spec: DataSpec) -> nn.Module:
        """Return a module ``x -> code`` `(n, code_dim)`."""
        if spec.kind == "image":
            return _image_encoder(spec.shape[0], _grids(spec), self.channels, self.code_dim)
        return nn.Sequential(nn.Flatten(), *_dense(spec.n_values, *[self.width] * self.depth, self.code_dim))

    def _decoder(self, inputs: int, spec: DataSpec) -> nn.Module:
        """Return a module from codes `(n, inputs)` to samples `(n, *shape)`."""
        if spec.kind == "image":
            return _image_decoder(inputs, _grids(spec), self.channels, spec.shape[0])
        layers = _dense(inputs, *[self.width] * self.depth, spec.n_values)
        return nn.Sequential(*layers, nn.Unflatten(1, spec.shape))


def _dense(*widths: int) -> list[nn.Module]:
    """Return linear layers with an ELU between each two."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ELU()]
    return layers[:-1]


def _grids(spec: DataSpec) -> list[tuple[int, int]]:
    """Return heights and widths from the image's own, halved and rounded up, until both are below eight."""
    grids = [(spec.shape[1], spec.shape[2])]
    while max(grids[-1]) >= 8:
        grids.append((math.ceil(grids[-1][0] / 2), math.ceil(grids[-1][1] / 2)))
    return grids


def _image_encoder(colours: int, grids: list[tuple[int, int]], channels: int, code_dim: int) -> nn.Module:
    layers: list[nn.Module] = [nn.Conv2d(colours, channels, 3, padding=1), nn.ELU()]
    for level in range(1, len(grids)):
        layers += [nn.Conv2d(level * channels, (level + 1) * channels, 3, stride=2, padding=1), nn.ELU()]
    values = len(grids) * channels * math.prod(grids[-1])
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(values, code_dim))


def _image_decoder(inputs: int, grids: list[tuple[int, int]], channels: int, colours: int) -> nn.Module:
    start = (len(grids) * channels, *grids[-1])
    layers: list[nn.Module] = [nn.Linear(inputs, math.prod(start)), nn.Unflatten(1, start), nn.ELU()]
    for level in reversed(range(1, len(grids))):
        narrower = nn.Conv2d((level + 1) * channels, level * channels, 3, padding=1)
        layers += [_Resize(grids[level - 1]), narrower, nn.ELU()]
    return nn.Sequential(*layers, nn.Conv2d(channels, colours, 3, padding=1))


class _Resize(nn.Module):
    """Repeats pixels until the image has the given height and width."""

    def __init__(self, grid: tuple[int, int]):
        super().__init__()
        self.grid = grid

    def forward(self, h: Tensor) -> Tensor:
        return functional.interpolate(h, self.grid)


class _Decoder(nn.Module):
    def __init__(self, embed: nn.Module, stack: nn.Module, bounded: bool):
        super().__init__()
        self.embed = embed
        self.stack = stack
        self.squash = nn.Tanh() if bounded else nn.Identity()

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return samples `(n, *shape)` for codes or latents `(n, d)` and labels `(n, label_dim)`."""
        return self.squash(self.stack(torch.cat([z, self.embed(y)], 1)))


class _Discriminator(nn.Module):
    def __init__(self, encoder: nn.Module, decoder: nn.Module, power: int):
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.power = power

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of samples `(n, *shape)` with labels `(n, label_dim)`."""
        code = self.encoder(x)
        error = (x - self.decoder(code, y)).flatten(1)
        distance = error.abs() if self.power == 1 else error.square()
        return Critique(-distance.mean(1), code)
