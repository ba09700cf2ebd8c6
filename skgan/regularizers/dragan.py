"""The gradient penalty of DRAGAN."""

import torch
from torch import Tensor

from skgan.interfaces import Batch, Integer, Real, Regularizer, Tags
from skgan.regularizers._slopes import norms

NAMES = {"dragan": "Dragan"}


class Dragan(Regularizer):
    r"""Keeps the discriminator's slope near k around the real samples.

    .. math:: \lambda (\|\nabla_{\hat x} D(\hat x)\|_2 - k)^2, \quad
              \hat x = x + a \frac{\sigma}{2} u, \quad a \sim U[0, 1], \quad u \sim U[0, 1]^d

    with one `a` for each sample, one `u` for each of its values, and :math:`\sigma` the standard deviation of
    all values of the batch. The fake samples are not looked at.

    Parameters
    ----------
    weight : float, default=10.0
        Weight :math:`\lambda`, in [0, inf).
    slope : float, default=1.0
        Slope :math:`k`, in [0, inf).
    every_updates : int, default=1
        Due at every so many discriminator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Kodali et al., "On Convergence and Stability of GANs", 2017, section 2.4.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="dragan").set_params(regularizers__dragan__weight=1.0)
    GANEstimator(loss='nonsaturating', regularizers=Dragan(weight=1.0))
    """

    constraints = {"weight": (Real(0.0),), "slope": (Real(0.0),), "every_updates": (Integer(1),)}

    def __init__(self, weight: float = 10.0, slope: float = 1.0, every_updates: int = 1):
        self.weight = weight
        self.slope = slope
        self.every_updates = every_updates

    def tags(self) -> Tags:
        """Return that it differentiates the discriminator, at a distance that the whole batch decides."""
        return Tags(differentiates=True, whole_batch=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each real sample, `(n,)`."""
        x = batch.real.detach()
        rng, one_each = batch.rng(self), (len(x), *[1] * (x.ndim - 1))
        a = torch.rand(one_each, generator=rng, device=x.device, dtype=x.dtype)
        u = torch.rand(x.shape, generator=rng, device=x.device, dtype=x.dtype)
        gradient = batch.gradient_at(x + a / 2 * x.std(correction=0) * u)
        return self.weight * (norms(gradient) - self.slope).square()
