"""Residual networks with self-attention."""

from torch import nn

from skgan.architectures._convolutional import VECTORS
from skgan.architectures._residual import Discriminator, Generator
from skgan.interfaces import Architecture, Boolean, Conditioning, DataSpec, Integer, Tags
from skgan.layers import CONVOLUTIONS, normalize_spectrally

NAMES = {"sagan": "SAGAN"}


class SAGAN(Architecture):
    r"""The networks of `ResNet` with self-attention at the middle resolution.

    .. math:: h_i \mapsto h_i + \gamma\, O \sum_j \operatorname{softmax}_j\big(\theta_i^\top \phi_j\big) g_j

    with :math:`\gamma = 0` to start from. Images whose middle resolution leaves a single place to look at have no
    attention. The discriminator sums its features over the places.

    Parameters
    ----------
    channels : int, default=64
        Channels at the finest resolution, doubled at each further one, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).
    spectral_norm : bool, default=False
        Whether every weight of both networks is divided by its largest singular value, as in the paper, but those of
        embeddings and normalisations of the generator. It holds the discriminator where the loss has no penalty.

    References
    ----------
    .. [1] Zhang, Goodfellow, Metaxas, Odena, "Self-Attention Generative Adversarial Networks", ICML 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="sagan").set_params(architecture__spectral_norm=True)
    GANEstimator(architecture=SAGAN(spectral_norm=True))
    """

    constraints = {"channels": (Integer(1),), "most_channels": (Integer(1),), "spectral_norm": (Boolean(),)}

    def __init__(self, channels: int = 64, most_channels: int = 256, spectral_norm: bool = False):
        self.channels = channels
        self.most_channels = most_channels
        self.spectral_norm = spectral_norm

    def tags(self) -> Tags:
        """Return that it is for images, and whether it keeps its discriminator's weights small."""
        return Tags(kinds=("image",), labels=VECTORS, limits_weights=self.spectral_norm)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        network = Generator(spec, conditioning, self.channels, self.most_channels, attends=True)
        for module in network.convolutions() if self.spectral_norm else ():
            normalize_spectrally(module, (nn.Linear,) if isinstance(module, nn.Linear) else CONVOLUTIONS)
        return network

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        network = Discriminator(spec, conditioning, self.channels, self.most_channels, "sum", attends=True)
        if self.spectral_norm:
            normalize_spectrally(network)
        return network

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks with and without spectral normalisation."""
        return [{"channels": 8, "most_channels": 8, "spectral_norm": normed} for normed in (True, False)]
