"""Convolutional networks for signals of any length."""

from torch import nn

from skgan.architectures._convolutional import VECTORS, Discriminator, Generator
from skgan.interfaces import Architecture, Conditioning, DataSpec, Integer, Tags
from skgan.layers import Grid, widths

NAMES = {"conv1d": "Conv1D"}


class Conv1D(Architecture):
    r"""Strided convolutions down, transposed ones up, by twos between the signal and about four places.

    There are `ceil(l / 2^k)` places with :math:`k = \lfloor \log_2(l / 4) \rfloor`; shorter signals keep their length.
    Lengths that do not divide are cropped by the generator and padded by the discriminator, which has no
    normalisation.

    Parameters
    ----------
    channels : int, default=64
        Channels at half the length, doubled at each further halving, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).

    References
    ----------
    .. [1] Donahue, McAuley, Puckette, "Adversarial Audio Synthesis", ICLR 2019: DCGAN in one dimension.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="conv1d", layout="ncl").set_params(architecture__channels=32)
    GANEstimator(architecture=Conv1D(channels=32), layout='ncl')
    """

    constraints = {"channels": (Integer(1),), "most_channels": (Integer(1),)}

    def __init__(self, channels: int = 64, most_channels: int = 256):
        self.channels = channels
        self.most_channels = most_channels

    def tags(self) -> Tags:
        """Return that it is for signals."""
        return Tags(kinds=("signal",), labels=VECTORS)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, l)`."""
        return Generator(spec, conditioning, self._widths(spec))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique`` for x `(n, c, l)`."""
        return Discriminator(spec, conditioning, self._widths(spec))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks for signals."""
        return [{"channels": 4, "most_channels": 8}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution of a signal, the finest first."""
        return widths(max(Grid(spec.shape[1:]).doublings, 1), self.channels, self.most_channels)
