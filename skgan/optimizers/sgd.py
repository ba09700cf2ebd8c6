"""Stochastic gradient descent."""

from collections.abc import Iterable

import torch
from torch import Tensor

from skgan.interfaces import Boolean, Optimizer, Real
from skgan.optimizers._shared import SLOWING, slowed

NAMES = {"sgd": "SGD"}


class SGD(Optimizer):
    r"""Steps down the gradient, with momentum.

    .. math:: v \leftarrow \mu v + \nabla, \quad \theta \leftarrow \theta - \eta v,
              \quad \text{with Nesterov } \theta \leftarrow \theta - \eta (\nabla + \mu v)

    Parameters
    ----------
    momentum : float, default=0.9
        The momentum :math:`\mu`, in [0, 1).
    nesterov : bool, default=False
        Whether to look ahead; without momentum it makes no difference.
    slowing_steps : int or None, default=None
        Divides the learning rate by :math:`\sqrt{1 + t / \mathrm{slowing\_steps}}` at generator update t,
        in [1, inf); None keeps it. It knows no end, so a training that goes on goes on the same way.

    References
    ----------
    .. [1] Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning",
       ICML 2013.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(optimizer="sgd", learning_rate=0.01).set_params(optimizer__momentum=0.5)
    GANEstimator(learning_rate=0.01, optimizer=SGD(momentum=0.5))
    """

    constraints = {"momentum": (Real(0.0, 1.0),), "nesterov": (Boolean(),), "slowing_steps": SLOWING}

    def __init__(self, momentum: float = 0.9, nesterov: bool = False, slowing_steps: int | None = None):
        self.momentum = momentum
        self.nesterov = nesterov
        self.slowing_steps = slowing_steps

    def make(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """Return ``torch.optim.SGD``; not its fused form, which begins its momentum even when told to do nothing."""
        nesterov = bool(self.nesterov and self.momentum)
        return torch.optim.SGD(list(parameters), learning_rate, self.momentum, nesterov=nesterov, foreach=True)

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate at generator update `step`."""
        return slowed(step, self.slowing_steps)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return it with momentum, looking ahead, and plain."""
        return [{}, {"nesterov": True}, {"momentum": 0.0, "nesterov": True}]
