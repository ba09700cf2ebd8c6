"""The one-sided gradient penalty."""

from torch import Tensor
from torch.nn.functional import relu

from skgan.interfaces import Batch, Integer, Real, Regularizer, Tags
from skgan.regularizers._slopes import norms_between

NAMES = {"gp-lp": "LipschitzPenalty", "lipschitz-penalty": "LipschitzPenalty"}


class LipschitzPenalty(Regularizer):
    r"""Keeps the discriminator's slope from exceeding one between real and fake samples.

    .. math:: \lambda \left[\|\nabla_{\hat x} D(\hat x)\|_2 - 1\right]_+^2, \quad
              \hat x = a x + (1 - a) G(z), \quad a \sim U[0, 1]

    It is ``"gp"`` without the half that pulls small slopes up to one, which an optimal critic need not have.

    Parameters
    ----------
    weight : float, default=10.0
        Weight :math:`\lambda`, in [0, inf).
    every_updates : int, default=1
        Due at every so many discriminator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Petzka, Fischer, Lukovnikov, "On the regularization of Wasserstein GANs", ICLR 2018, equation 8.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="wgan-gp", regularizers="gp-lp").set_params(regularizers__gp_lp__weight=5.0)
    GANEstimator(loss='wgan-gp', regularizers=LipschitzPenalty(weight=5.0))
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
        return self.weight * relu(norms_between(batch, self) - 1).square()
