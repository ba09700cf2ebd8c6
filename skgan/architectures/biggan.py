"""Residual networks with attention whose latents reach every block, as trained in large batches."""

from torch import nn

from skgan.architectures._convolutional import VECTORS
from skgan.architectures._residual import Discriminator, Generator, LatentModulation
from skgan.interfaces import Architecture, Boolean, Conditioning, DataSpec, Integer, Real, Tags
from skgan.layers import normalize_spectrally

NAMES = {"biggan": "BigGAN"}


class BigGAN(Architecture):
    r"""The networks of `SAGAN` with a share of the latents for every block, and orthogonal first weights.

    .. math:: z = (z_0, z_1, \dots, z_B), \qquad
              h \mapsto (1 + \Gamma_b z_b) \cdot \mathrm{N}(h, e_y) + B_b z_b \quad \text{in block } b

    where N is the normalisation of the conditioning, by default batch normalisation whose scale and shift depend on
    one embedding of the label for all blocks, and :math:`z_0` makes the coarsest grid. A block gets
    :math:`\lfloor \text{latent\_dim} / (B + 1) \rfloor` latents and the start the rest: 20 each of 80 for 32 by 32.
    With fewer latents than blocks and start, all go to the start. The discriminator sums its features over the places.

    The paper's networks have ``spectral_norm=True`` and ``channels=96, most_channels=1536`` for 128 by 128. Those usual
    for 32 by 32 have ``channels=384, most_channels=384, discriminator_factor=0.5``; `skgan.recipes` has them as
    ``"biggan"``.

    Parameters
    ----------
    channels : int, default=64
        Channels at the finest resolution, doubled at each further one, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).
    discriminator_factor : float, default=1.0
        How many times as many channels the discriminator has, in (0, inf).
    spectral_norm : bool, default=False
        Whether every weight of both networks is divided by its largest singular value, as in the paper, but those of
        the generator's conditioning. It holds the discriminator where the loss has no penalty.

    References
    ----------
    .. [1] Brock, Donahue, Simonyan, "Large Scale GAN Training for High Fidelity Natural Image Synthesis", ICLR 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("hinge", architecture="biggan").set_params(architecture__channels=32)
    GANEstimator(architecture=BigGAN(channels=32), loss='hinge')
    """

    constraints = {
        "channels": (Integer(1),),
        "most_channels": (Integer(1),),
        "discriminator_factor": (Real(0.0, closed="neither"),),
        "spectral_norm": (Boolean(),),
    }

    def __init__(
        self,
        channels: int = 64,
        most_channels: int = 256,
        discriminator_factor: float = 1.0,
        spectral_norm: bool = False,
    ):
        self.channels = channels
        self.most_channels = most_channels
        self.discriminator_factor = discriminator_factor
        self.spectral_norm = spectral_norm

    def tags(self) -> Tags:
        """Return that it is for images, and whether it keeps its discriminator's weights small."""
        return Tags(kinds=("image",), labels=VECTORS, limits_weights=self.spectral_norm)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        network = Generator(spec, conditioning, self.channels, self.most_channels, attends=True, splits=True)
        of_latents = [module for module in network.modules() if isinstance(module, LatentModulation)]
        layers: list[nn.Linear | nn.Conv2d] = [network.start.linear, *_convolutions(network)]
        for layer in [*layers, *(each for module in of_latents for each in (module.scale, module.shift))]:
            nn.init.orthogonal_(layer.weight)
            if self.spectral_norm:
                normalize_spectrally(layer)
        return network

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        sizes = self.channels, self.most_channels
        network = Discriminator(spec, conditioning, *sizes, "sum", attends=True, factor=self.discriminator_factor)
        for layer in _convolutions(network):
            nn.init.orthogonal_(layer.weight)
        if self.spectral_norm:
            normalize_spectrally(network)
        return network

    def defaults(self, spec: DataSpec) -> dict:
        """Return normalisations that the label modulates."""
        return {"conditioning": ("cbn", {"width": 128})}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks with and without spectral normalisation."""
        sizes = {"channels": 4, "most_channels": 4, "discriminator_factor": 1.25}
        return [sizes | {"spectral_norm": normed} for normed in (True, False)]


def _convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
