"""Consistency regularization."""

from torch import Tensor

from skgan.interfaces import Batch, Boolean, Real, Regularizer
from skgan.regularizers._changes import changed

NAMES = {"cr": "Consistency", "consistency": "Consistency"}


class Consistency(Regularizer):
    r"""The discriminator should say the same of a real sample and of a changed one.

    .. math:: \lambda (D(x) - D(T(x)))^2

    T shifts images and signals by up to `shift` of their length, with reflected edges; rows of a table and
    volumes get normal noise of standard deviation 0.05. The gradient goes through both terms.

    Parameters
    ----------
    weight : float, default=10.0
        Weight :math:`\lambda`, in [0, inf).
    shift : float, default=0.125
        Largest shift as a share of the length, in [0, 1).
    flip : bool, default=False
        Whether T also mirrors every other image. Digits and letters have a left and a right, so it must be asked for.

    References
    ----------
    .. [1] Zhang et al., "Consistency Regularization for Generative Adversarial Networks", ICLR 2020, equation 4.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="cr").set_params(regularizers__cr__flip=True)
    GANEstimator(loss='nonsaturating', regularizers=Consistency(flip=True))
    """

    constraints = {"weight": (Real(0.0),), "shift": (Real(0.0, 1.0),), "flip": (Boolean(),)}

    def __init__(self, weight: float = 10.0, shift: float = 0.125, flip: bool = False):
        self.weight = weight
        self.shift = shift
        self.flip = flip

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each real sample, `(n, *heads)`."""
        other = changed(batch.real.detach(), batch.rng(self), self.shift, self.flip)
        return self.weight * (batch.real_.logits - batch.critique(other).logits).square()
