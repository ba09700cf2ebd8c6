"""RMSprop."""

from collections.abc import Iterable

import torch
from torch import Tensor

from skgan.interfaces import Optimizer, Real

NAMES = {"rmsprop": "RMSprop"}


class RMSprop(Optimizer):
    r"""Steps divided by a running root mean square of the gradients, as the first WGAN was trained.

    Parameters
    ----------
    alpha : float, default=0.99
        Decay of the mean square, in [0, 1).
    eps : float, default=1e-8
        Added to the root, in (0, inf).

    References
    ----------
    .. [1] Tieleman, Hinton, "Lecture 6.5 - RMSprop", Coursera 2012.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(optimizer="rmsprop", learning_rate=5e-5)
    GANEstimator(learning_rate=5e-05, optimizer='rmsprop')
    """

    constraints = {"alpha": (Real(0.0, 1.0),), "eps": (Real(0.0, closed="neither"),)}

    def __init__(self, alpha: float = 0.99, eps: float = 1e-8):
        self.alpha = alpha
        self.eps = eps

    def make(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """Return ``torch.optim.RMSprop``."""
        return torch.optim.RMSprop(list(parameters), learning_rate, alpha=self.alpha, eps=self.eps, foreach=True)
