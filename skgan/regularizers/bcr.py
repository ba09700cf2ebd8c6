"""Balanced consistency regularization."""

from torch import Tensor

from skgan.interfaces import Batch, Boolean, Real, Regularizer
from skgan.regularizers._changes import changed

NAMES = {"bcr": "BalancedConsistency"}


class BalancedConsistency(Regularizer):
    r"""The discriminator should say the same of a sample and of a changed one, real or fake.

    .. math:: \lambda_r (D(x) - D(T(x)))^2 + \lambda_f (D(G(z)) - D(T(G(z))))^2

    T is that of ``"cr"``: a shift of images and signals, normal noise on tables and volumes.

    Parameters
    ----------
    real_weight : float, default=10.0
        Weight :math:`\lambda_r`, in [0, inf).
    fake_weight : float, default=10.0
        Weight :math:`\lambda_f`, in [0, inf).
    shift : float, default=0.125
        Largest shift as a share of the length, in [0, 1).
    flip : bool, default=False
        Whether T also mirrors every other image. Digits and letters have a left and a right, so it must be asked for.

    References
    ----------
    .. [1] Zhao et al., "Improved Consistency Regularization for GANs", AAAI 2021, section 2.1.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers=["bcr", "zcr"])
    GANEstimator(loss='nonsaturating', regularizers=['bcr', 'zcr'])
    """

    constraints = {
        "real_weight": (Real(0.0),),
        "fake_weight": (Real(0.0),),
        "shift": (Real(0.0, 1.0),),
        "flip": (Boolean(),),
    }

    def __init__(self, real_weight: float = 10.0, fake_weight: float = 10.0, shift: float = 0.125, flip: bool = False):
        self.real_weight = real_weight
        self.fake_weight = fake_weight
        self.shift = shift
        self.flip = flip

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each pair, `(n, *heads)`."""
        rng = batch.rng(self)
        real, fake = (changed(x.detach(), rng, self.shift, self.flip) for x in (batch.real, batch.fake))
        of_real = (batch.real_.logits - batch.critique(real).logits).square()
        of_fake = (batch.fake_.logits - batch.critique(fake).logits).square()
        return self.real_weight * of_real + self.fake_weight * of_fake
