"""Residual networks with self-attention."""

from torch import nn

from skgan.architectures._convolutional import VECTORS
from skgan.architectures._residual import Discriminator, Generator
from skgan.interfaces import Architecture, Conditioning, DataSpec, Integer, Tags
from skgan.layers import CONVOLUTIONS, normalize_spectrally

NAMES = {"sagan": "SAGAN"}


class SAGAN(Architecture):
    r"""The networks of `ResNet` with spectral normalisation in both and self-attention at the middle resolution.

    .. math:: h_i \mapsto h_i + \gamma\, O \sum_j \operatorname{softmax}_j\big(\theta_i^\top \phi_j\big) g_j

    with :math:`\gamma = 0` to start from. Embeddings and normalisations of the generator are left as they are. Images
    whose middle resolution leaves a single place to look at have no attention.

    Parameters
    ----------
    channels : int, default=64
        Channels at the finest resolution, doubled at each further one, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).

    References
    ----------
    .. [1] Zhang, Goodfellow, Metaxas, Odena, "Self-Attention Generative Adversarial Networks", ICML 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="sagan").set_params(architecture__channels=32)
    GANEstimator(architecture=SAGAN(channels=32))
    """

    constraints = {"channels": (Integer(1),), "most_channels": (Integer(1),)}

    def __init__(self, channels: int = 64, most_channels: int = 256):
        self.channels = channels
        self.most_channels = most_channels

    def tags(self) -> Tags:
        """Return that it is for images and keeps its discriminator's weights small."""
        return Tags(kinds=("image",), labels=VECTORS, limits_weights=True)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`, spectrally normalised."""
        network = Generator(spec, conditioning, self.channels, self.most_channels, attends=True)
        for module in network.convolutions():
            normalize_spectrally(module, (nn.Linear,) if isinstance(module, nn.Linear) else CONVOLUTIONS)
        return network

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``, spectrally normalised."""
        network = Discriminator(spec, conditioning, self.channels, self.most_channels, "sum", attends=True)
        normalize_spectrally(network)
        return network

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 8, "most_channels": 8}]
