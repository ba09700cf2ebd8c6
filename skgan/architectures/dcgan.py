"""Deep convolutional networks, for images of any size."""

from torch import nn

from skgan.architectures._convolutional import VECTORS, Discriminator, Generator
from skgan.interfaces import Architecture, Choice, Conditioning, DataSpec, Integer, Tags
from skgan.layers import Grid, widths

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
    discriminator_norm : {None, "batch"}, default=None
        Batch normalisation after all but the first convolution of the discriminator, as in the paper.

    References
    ----------
    .. [1] Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional GANs", ICLR 2016.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="dcgan").set_params(architecture__channels=32)
    GANEstimator(architecture=DCGAN(channels=32))
    """

    constraints = {
        "channels": (Integer(1),),
        "most_channels": (Integer(1),),
        "discriminator_norm": (Choice(None, "batch"),),
    }

    def __init__(self, channels: int = 64, most_channels: int = 256, discriminator_norm: str | None = None):
        self.channels = channels
        self.most_channels = most_channels
        self.discriminator_norm = discriminator_norm

    def tags(self) -> Tags:
        """Return that it is for images, and whether samples of a batch meet."""
        return Tags(kinds=("image",), labels=VECTORS, batch_statistics=self.discriminator_norm == "batch")

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        return Generator(spec, conditioning, self._widths(spec))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        return Discriminator(spec, conditioning, self._widths(spec), norm=self.discriminator_norm == "batch")

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 4, "most_channels": 8}, {"channels": 4, "most_channels": 8, "discriminator_norm": "batch"}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution, the finest first."""
        return widths(max(Grid(spec.shape[1:]).doublings, 1), self.channels, self.most_channels)
