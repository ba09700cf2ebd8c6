"""The zero-centred gradient penalty on real samples."""

from torch import Tensor

from skgan.interfaces import Batch, Integer, Real, Regularizer, Tags

NAMES = {"r1": "R1"}


class R1(Regularizer):
    r"""Flattens the discriminator at the real samples.

    .. math:: \frac{\gamma}{2} \|\nabla_x D(x)\|_2^2

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\gamma`, in [0, inf).
    every_updates : int, default=1
        Due at every so many discriminator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018, equation 9.

    Examples
    --------
    >>> from skgan.regularizers.r1 import R1
    >>> R1(weight=10.0)
    R1(weight=10.0)
    """

    constraints = {"weight": (Real(0.0),), "every_updates": (Integer(1),)}
    tried = {"weight": (0.01, 100.0)}  # from small images to large ones, StyleGAN2 with ADA
    needs_gradient = ("real",)

    def __init__(self, weight: float = 1.0, every_updates: int = 1):
        self.weight = weight
        self.every_updates = every_updates

    def tags(self) -> Tags:
        """Return that it differentiates the discriminator."""
        return Tags(differentiates=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each real sample, `(n,)`."""
        return self.weight / 2 * batch.gradient("real").flatten(1).square().sum(1)
