"""The running average of the generator, which samples are drawn from."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Average:
    """An exponential moving average of a network's weights that warms up; buffers are copied.

    .. math:: \\bar\\theta_t = d_t \\bar\\theta_{t-1} + (1 - d_t) \\theta_t, \\quad
              d_t = \\min\\left(d, \\frac{1 + t}{10 + t}\\right)

    Parameters
    ----------
    module : nn.Module
        The network to follow; a copy of it is kept.
    decay : float or None
        The decay d in [0, 1); None follows the network without averaging.
    """

    def __init__(self, module: nn.Module, decay: float | None):
        self.module = copy.deepcopy(module).eval().requires_grad_(False)
        self._mine: list[Tensor] = list(self.module.parameters())
        self._theirs: list[Tensor] = list(module.parameters())
        self._buffers: tuple[list[Tensor], list[Tensor]] = (list(self.module.buffers()), list(module.buffers()))
        self.decay = decay or 0.0
        self.updates = 0
        self._weight: Tensor | None = None
        self._known_weight: float | None = None

    def decay_at(self, update: int) -> float:
        """Return the decay of the update with that number, counted from 1."""
        return min(self.decay, (1 + update) / (10 + update))

    def keep_weight_on_device(self) -> None:
        """Read the weight of new weights from the device from now on, so that a recorded update can be repeated."""
        self._weight, self._known_weight = torch.zeros((), device=self._mine[0].device), None

    def prepare(self) -> None:
        """Bring the next update's weight onto the device, where it is read from there."""
        weight = 1 - self.decay_at(self.updates + 1)
        if self._weight is not None and weight != self._known_weight:
            self._weight.fill_(weight)
        self._known_weight = weight

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the network's present weights."""
        self.prepare()
        self.updates += 1
        if self._weight is None:
            torch._foreach_lerp_(self._mine, self._theirs, 1 - self.decay_at(self.updates))
        else:
            way = torch._foreach_sub(self._theirs, self._mine)
            torch._foreach_mul_(way, self._weight)
            torch._foreach_add_(self._mine, way)
        if self._buffers[0]:
            torch._foreach_copy_(*self._buffers)
