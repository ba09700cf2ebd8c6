"""RMSprop."""

from collections.abc import Iterable

import torch
from torch import Tensor

from skgan.interfaces import Optimizer, Real
from skgan.optimizers._shared import SLOWING, slowed

NAMES = {"rmsprop": "RMSprop"}


class RMSprop(Optimizer):
    r"""Steps divided by a running root mean square of the gradients, as the first WGAN was trained.

    Parameters
    ----------
    alpha : float, default=0.99
        Decay of the mean square, in [0, 1).
    eps : float, default=1e-8
        Added to the root, in (0, inf).
    slowing_steps : int or None, default=None
        Divides the learning rate by :math:`\sqrt{1 + t / \mathrm{slowing\_steps}}` at generator update t,
        in [1, inf); None keeps it. It knows no end, so a training that goes on goes on the same way.

    References
    ----------
    .. [1] Tieleman, Hinton, "Lecture 6.5 - RMSprop", Coursera 2012.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(optimizer="rmsprop", learning_rate=5e-5)
    GANEstimator(learning_rate=5e-05, optimizer='rmsprop')
    """

    constraints = {"alpha": (Real(0.0, 1.0),), "eps": (Real(0.0, closed="neither"),), "slowing_steps": SLOWING}

    def __init__(self, alpha: float = 0.99, eps: float = 1e-8, slowing_steps: int | None = None):
        self.alpha = alpha
        self.eps = eps
        self.slowing_steps = slowing_steps

    def make(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """Return ``torch.optim.RMSprop``."""
        return torch.optim.RMSprop(list(parameters), learning_rate, alpha=self.alpha, eps=self.eps, foreach=True)

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate at generator update `step`."""
        return slowed(step, self.slowing_steps)
