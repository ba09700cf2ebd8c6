"""The drift penalty."""

from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer

NAMES = {"drift": "Drift"}


class Drift(Regularizer):
    r"""Keeps logits of real samples from drifting away from zero.

    .. math:: \epsilon D(x)^2

    A critic's loss looks at differences of logits only, so that nothing else holds their level.

    Parameters
    ----------
    weight : float, default=0.001
        Weight :math:`\epsilon`, in [0, inf).

    References
    ----------
    .. [1] Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and Variation", ICLR 2018,
       appendix A.1.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="wgan-gp", regularizers=["gp", "drift"])
    GANEstimator(loss='wgan-gp', regularizers=['gp', 'drift'])
    """

    constraints = {"weight": (Real(0.0),)}

    def __init__(self, weight: float = 1e-3):
        self.weight = weight

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each real sample, `(n, *heads)`."""
        return self.weight * batch.real_.logits.square()
