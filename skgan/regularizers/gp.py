"""The gradient penalty of WGAN-GP."""

from torch import Tensor

from skgan.interfaces import Batch, Integer, Real, Regularizer, Tags
from skgan.regularizers._slopes import norms_between

NAMES = {"gp": "GradientPenalty", "gradient-penalty": "GradientPenalty"}


class GradientPenalty(Regularizer):
    r"""Keeps the discriminator's slope near one between real and fake samples.

    .. math:: \lambda (\|\nabla_{\hat x} D(\hat x)\|_2 - 1)^2, \quad
              \hat x = a x + (1 - a) G(z), \quad a \sim U[0, 1]

    with one `a` and one norm for each sample, over all its dimensions.

    Parameters
    ----------
    weight : float, default=10.0
        Weight :math:`\lambda`, in [0, inf).
    every_updates : int, default=1
        Due at every so many discriminator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017, equation 3.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="gp").set_params(regularizers__gp__weight=1.0)
    GANEstimator(loss='nonsaturating', regularizers=GradientPenalty(weight=1.0))
    """

    constraints = {"weight": (Real(0.0),), "every_updates": (Integer(1),)}

    def __init__(self, weight: float = 10.0, every_updates: int = 1):
        self.weight = weight
        self.every_updates = every_updates

    def tags(self) -> Tags:
        """Return that it differentiates the discriminator."""
        return Tags(differentiates=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each sample, `(n,)`."""
        return self.weight * (norms_between(batch, self) - 1).square()
