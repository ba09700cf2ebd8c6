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
        self._buffers = list(zip(self.module.buffers(), module.buffers(), strict=True))
        self.decay = decay or 0.0
        self.updates = 0

    @torch.no_grad()
    def update(self) -> None:
        """Move the average towards the network's present weights."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self._mine, self._theirs, 1 - decay)
        for mine, theirs in self._buffers:
            mine.copy_(theirs)
