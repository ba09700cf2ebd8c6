"""The gradient penalty of WGAN-div."""

from torch import Tensor

from skgan.interfaces import Batch, Integer, Real, Regularizer, Tags
from skgan.regularizers._slopes import norms

NAMES = {"div": "Divergence"}


class Divergence(Regularizer):
    r"""A power of the discriminator's slope at the real and at the fake samples.

    .. math:: \frac{k}{2} (\|\nabla D(x)\|_2^p + \|\nabla D(G(z))\|_2^p)

    Parameters
    ----------
    weight : float, default=2.0
        Weight :math:`k`, in [0, inf).
    power : float, default=6.0
        Power :math:`p`, in [1, inf).
    every_updates : int, default=1
        Due at every so many discriminator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Wu et al., "Wasserstein Divergence for GANs", ECCV 2018, equation 9.

    Examples
    --------
    >>> from skgan.regularizers.div import Divergence
    >>> Divergence(power=4.0)
    Divergence(power=4.0)
    """

    constraints = {"weight": (Real(0.0),), "power": (Real(1.0),), "every_updates": (Integer(1),)}
    needs_gradient = ("real", "fake")

    def __init__(self, weight: float = 2.0, power: float = 6.0, every_updates: int = 1):
        self.weight = weight
        self.power = power
        self.every_updates = every_updates

    def tags(self) -> Tags:
        """Return that it differentiates the discriminator."""
        return Tags(differentiates=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each pair, `(n,)`."""
        real, fake = (norms(batch.gradient(samples)) ** self.power for samples in self.needs_gradient)
        return self.weight / 2 * (real + fake)
