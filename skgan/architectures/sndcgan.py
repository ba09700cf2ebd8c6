"""Convolutional networks with spectral normalisation."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from skgan.architectures._convolutional import VECTORS, Finish, Start
from skgan.interfaces import Architecture, Conditioning, Critique, DataSpec, Integer, Tags
from skgan.layers import Grid, doubling, halving, keeping, normalize_spectrally, widths

NAMES = {"sndcgan": "SNDCGAN"}


class SNDCGAN(Architecture):
    r"""A discriminator of pairs of convolutions, each weight divided by its largest singular value.

    .. math:: D(x) = w^\top \sum_p \phi(x)_p + b

    over the places p of the coarsest grid, about four by four. Before each halving stands a convolution that keeps
    the size. The generator is that of `DCGAN` with one more convolution, at the full size. Images of 32 by 32 give the
    networks of the paper.

    Parameters
    ----------
    channels : int, default=64
        Channels at the image's resolution, doubled at each halving, in [1, inf).
    most_channels : int, default=512
        Where the doubling ends, in [1, inf).

    References
    ----------
    .. [1] Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="sndcgan").set_params(architecture__most_channels=256)
    GANEstimator(architecture=SNDCGAN(most_channels=256))
    """

    constraints = {"channels": (Integer(1),), "most_channels": (Integer(1),)}

    def __init__(self, channels: int = 64, most_channels: int = 512):
        self.channels = channels
        self.most_channels = most_channels

    def tags(self) -> Tags:
        """Return that it is for images and keeps its discriminator's weights small."""
        return Tags(kinds=("image",), labels=VECTORS, limits_weights=True)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        return _Generator(spec, conditioning, self._widths(spec))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``, spectrally normalised."""
        network = _Discriminator(spec, conditioning, self._widths(spec))
        normalize_spectrally(network)
        return network

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 4, "most_channels": 8}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution, from the image's own on."""
        return widths(Grid(spec.shape[1:]).doublings + 1, self.channels, self.most_channels)


class _Generator(nn.Module):
    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int]):
        super().__init__()
        self.start = Start(spec, conditioning, channels[-1])
        self.norms = nn.ModuleList(conditioning.modulation(width, spec) for width in reversed(channels))
        pairs = reversed(list(pairwise(channels)))
        self.ups = nn.ModuleList(doubling(2, coarse, fine, bias=False) for fine, coarse in pairs)
        self.out = keeping(2, channels[0], spec.shape[0])
        self.finish = Finish(spec)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        h, e = self.start(z, y)
        for up, norm in zip([nn.Identity(), *self.ups], self.norms, strict=True):
            h = functional.relu(norm(up(h), e))
        return self.finish(self.out(h))


class _Discriminator(nn.Module):
    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int]):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        self.embed = conditioning.embed(spec)
        layers, inputs = [], spec.shape[0]
        for width in channels[:-1]:
            layers += [keeping(2, inputs, width), halving(2, width, width)]
            inputs = width
        self.layers = nn.ModuleList([*layers, keeping(2, inputs, channels[-1])])
        self.head = conditioning.head(channels[-1], spec)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`."""
        h = self.grid.padded(x)
        for layer in self.layers:
            h = functional.leaky_relu(layer(h), 0.1)
        return self.head(h.sum((2, 3)), self.embed(y))
