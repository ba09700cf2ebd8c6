"""Residual networks, as trained with spectral normalisation or with a gradient penalty."""

from torch import nn

from skgan.architectures._convolutional import VECTORS
from skgan.architectures._residual import Discriminator, Generator
from skgan.interfaces import Architecture, Choice, Conditioning, DataSpec, Integer, Real, Tags
from skgan.layers import normalize_spectrally

NAMES = {"resnet": "ResNet"}


class ResNet(Architecture):
    r"""Residual blocks up from a grid of about four by four, and down to one of about eight by eight.

    .. math:: D(x) = w^\top \sum_p \phi(x)_p + b \quad \text{or} \quad w^\top \tfrac{1}{P} \sum_p \phi(x)_p + b

    over the P places of the last grid: the sum with every weight of the discriminator divided by its largest singular
    value [1]_, the mean without any normalisation [2]_, which suits losses whose penalties hold the discriminator's
    slope, the default among them. The generator normalises as the conditioning says. The first paper's networks for
    32 by 32 have ``form="sngan", channels=256, most_channels=256, discriminator_factor=0.5``; `skgan.recipes` has them
    as ``"sngan"``. The second's have 128 channels in both.

    Parameters
    ----------
    form : {"wgan-gp", "sngan"}, default="wgan-gp"
        Which of the two discriminators.
    channels : int, default=64
        Channels at the finest resolution, doubled at each further one, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).
    discriminator_factor : float, default=1.0
        How many times as many channels the discriminator has, in (0, inf).

    References
    ----------
    .. [1] Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.
    .. [2] Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("hinge", architecture="resnet").set_params(architecture__form="sngan")
    GANEstimator(architecture=ResNet(form='sngan'), loss='hinge')
    """

    constraints = {
        "form": (Choice("wgan-gp", "sngan"),),
        "channels": (Integer(1),),
        "most_channels": (Integer(1),),
        "discriminator_factor": (Real(0.0, closed="neither"),),
    }

    def __init__(
        self, form: str = "wgan-gp", channels: int = 64, most_channels: int = 256, discriminator_factor: float = 1.0
    ):
        self.form = form
        self.channels = channels
        self.most_channels = most_channels
        self.discriminator_factor = discriminator_factor

    def tags(self) -> Tags:
        """Return that it is for images, and whether it keeps its discriminator's weights small."""
        return Tags(kinds=("image",), labels=VECTORS, limits_weights=self.form == "sngan")

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        return Generator(spec, conditioning, self.channels, self.most_channels)

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        pool = "sum" if self.form == "sngan" else "mean"
        sizes = self.channels, self.most_channels
        network = Discriminator(spec, conditioning, *sizes, pool, factor=self.discriminator_factor)
        if self.form == "sngan":
            normalize_spectrally(network)
        return network

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks of both forms."""
        return [{"form": form, "channels": 8, "most_channels": 8} for form in ("sngan", "wgan-gp")]
