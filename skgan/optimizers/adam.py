"""Adam."""

from collections.abc import Iterable

import torch
from torch import Tensor

from skgan.interfaces import Optimizer, Pair, Real
from skgan.optimizers._shared import SLOWING, fusible, slowed

NAMES = {"adam": "Adam"}


class Adam(Optimizer):
    r"""Adam, in torch's fused form where the device has it.

    Parameters
    ----------
    betas : tuple of two floats, default=(0.5, 0.999)
        Decay of the first and second moment, each in [0, 1).
    eps : float, default=1e-8
        Added to the root of the second moment, in (0, inf).
    slowing_steps : int or None, default=None
        Divides the learning rate by :math:`\sqrt{1 + t / \mathrm{slowing\_steps}}` at generator update t,
        in [1, inf); None keeps it. It knows no end, so a training that goes on goes on the same way.

    References
    ----------
    .. [1] Kingma, Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(optimizer="adam").set_params(optimizer__betas=(0.0, 0.99))
    GANEstimator(optimizer=Adam(betas=(0.0, 0.99)))
    """

    constraints = {"betas": (Pair(Real(0.0, 1.0)),), "eps": (Real(0.0, closed="neither"),), "slowing_steps": SLOWING}
    #: WGAN-GP and SNGAN, StyleGAN, CTGAN, DCGAN
    tried = {"betas": [(0.0, 0.9), (0.0, 0.99), (0.5, 0.9), (0.5, 0.999)]}

    def __init__(self, betas: tuple[float, float] = (0.5, 0.999), eps: float = 1e-8, slowing_steps: int | None = None):
        self.betas = betas
        self.eps = eps
        self.slowing_steps = slowing_steps

    def make(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """Return ``torch.optim.Adam``."""
        parameters = list(parameters)
        return torch.optim.Adam(
            parameters,
            learning_rate,
            betas=(float(self.betas[0]), float(self.betas[1])),
            eps=self.eps,
            fused=fusible(parameters),
        )

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate at generator update `step`."""
        return slowed(step, self.slowing_steps)
