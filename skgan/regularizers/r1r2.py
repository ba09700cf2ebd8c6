"""Both zero-centred gradient penalties at once."""

from torch import Tensor

from skgan.interfaces import Batch, Integer, Real, Regularizer, Tags

NAMES = {"r1r2": "R1R2"}


class R1R2(Regularizer):
    r"""Flattens the discriminator at the real and at the generated samples, equally strongly.

    .. math:: \frac{\gamma}{2} \left(\|\nabla_x D(x)\|_2^2 + \|\nabla_{\tilde x} D(\tilde x)\|_2^2\right), \quad
              \tilde x = G(z)

    It is ``["r1", "r2"]`` under one weight.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\gamma`, in [0, inf).
    every_updates : int, default=1
        Due at every so many discriminator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Huang et al., "The GAN is dead; long live the GAN! A Modern GAN Baseline", NeurIPS 2024, section 2.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(regularizers="r1r2").set_params(regularizers__r1r2__weight=0.5)
    GANEstimator(regularizers=R1R2(weight=0.5))
    """

    constraints = {"weight": (Real(0.0),), "every_updates": (Integer(1),)}
    tried = {"weight": (0.005, 150.0)}  # from 32 pixels to 256, R3GAN
    needs_gradient = ("real", "fake")

    def __init__(self, weight: float = 1.0, every_updates: int = 1):
        self.weight = weight
        self.every_updates = every_updates

    def tags(self) -> Tags:
        """Return that it differentiates the discriminator."""
        return Tags(differentiates=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each pair, `(n,)`."""
        of_real, of_fake = (batch.gradient(samples).flatten(1).square().sum(1) for samples in self.needs_gradient)
        return self.weight / 2 * (of_real + of_fake)
