"""Adam with decoupled weight decay."""

from collections.abc import Iterable

import torch
from torch import Tensor

from skgan.interfaces import Optimizer, Pair, Real
from skgan.optimizers._shared import SLOWING, fusible, slowed

NAMES = {"adamw": "AdamW"}


class AdamW(Optimizer):
    r"""Adam, and apart from its step every weight shrinks a little.

    .. math:: \theta \leftarrow (1 - \eta \lambda) \theta - \eta\, \mathrm{adam}(\nabla)

    Parameters
    ----------
    betas : tuple of two floats, default=(0.5, 0.999)
        Decay of the first and second moment, each in [0, 1).
    eps : float, default=1e-8
        Added to the root of the second moment, in (0, inf).
    weight_decay : float, default=0.01
        The shrinking :math:`\lambda` for each unit of the learning rate :math:`\eta`, in [0, inf).
    slowing_steps : int or None, default=None
        Divides the learning rate by :math:`\sqrt{1 + t / \mathrm{slowing\_steps}}` at generator update t,
        in [1, inf); None keeps it. It knows no end, so a training that goes on goes on the same way.

    References
    ----------
    .. [1] Loshchilov, Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(optimizer="adamw").set_params(optimizer__weight_decay=0.1)
    GANEstimator(optimizer=AdamW(weight_decay=0.1))
    """

    constraints = {
        "betas": (Pair(Real(0.0, 1.0)),),
        "eps": (Real(0.0, closed="neither"),),
        "weight_decay": (Real(0.0),),
        "slowing_steps": SLOWING,
    }

    def __init__(
        self,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        slowing_steps: int | None = None,
    ):
        self.betas = betas
        self.eps = eps
        self.weight_decay = weight_decay
        self.slowing_steps = slowing_steps

    def make(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """Return ``torch.optim.AdamW``."""
        parameters = list(parameters)
        return torch.optim.AdamW(
            parameters,
            learning_rate,
            betas=(float(self.betas[0]), float(self.betas[1])),
            eps=self.eps,
            weight_decay=self.weight_decay,
            fused=fusible(parameters),
        )

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate at generator update `step`."""
        return slowed(step, self.slowing_steps)
