"""Convolutional networks for volumes of any size."""

from torch import nn

from skgan.architectures._convolutional import VECTORS, Discriminator, Generator
from skgan.interfaces import Architecture, Conditioning, DataSpec, Integer, Tags
from skgan.layers import Grid, widths

NAMES = {"conv3d": "Conv3D"}


class Conv3D(Architecture):
    r"""Strided convolutions down, transposed ones up, by twos between the volume and a grid about four wide.

    With :math:`k = \lfloor \log_2(\max(d, h, w) / 4) \rfloor` halvings each way; lengths that do not divide are
    cropped by the generator and padded by the discriminator, which has no normalisation.

    Parameters
    ----------
    channels : int, default=32
        Channels at half the resolution, doubled at each further halving, in [1, inf).
    most_channels : int, default=128
        Where the doubling ends, in [1, inf).

    References
    ----------
    .. [1] Wu, Zhang, Xue, Freeman, Tenenbaum, "Learning a Probabilistic Latent Space of Object Shapes via 3D
       Generative-Adversarial Modeling", NeurIPS 2016.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="conv3d").set_params(architecture__channels=16)
    GANEstimator(architecture=Conv3D(channels=16))
    """

    constraints = {"channels": (Integer(1),), "most_channels": (Integer(1),)}

    def __init__(self, channels: int = 32, most_channels: int = 128):
        self.channels = channels
        self.most_channels = most_channels

    def tags(self) -> Tags:
        """Return that it is for volumes."""
        return Tags(kinds=("volume",), labels=VECTORS)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, d, h, w)`."""
        return Generator(spec, conditioning, self._widths(spec))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique`` for x `(n, c, d, h, w)`."""
        return Discriminator(spec, conditioning, self._widths(spec))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks for volumes."""
        return [{"channels": 4, "most_channels": 8}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution of a volume, the finest first."""
        return widths(max(Grid(spec.shape[1:]).doublings, 1), self.channels, self.most_channels)
