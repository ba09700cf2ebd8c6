"""Random numbers inside networks: from the generator of the step or of the draw, never from a global one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from skgan.seeding import torch_generator

#: network -> whether it draws, found out once
_DRAWS: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()
_CURRENT: ContextVar[torch.Generator | None] = ContextVar("skgan_chance", default=None)


@contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """Let the layers that draw random numbers draw them from `generator`.

    Examples
    --------
    >>> import torch
    >>> from skgan.layers.chance import drawing_from, gumbel
    >>> with drawing_from(torch.Generator().manual_seed(0)):
    ...     gumbel(torch.empty(2)).shape
    torch.Size([2])
    """
    token = _CURRENT.set(generator)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def draws_numbers(module: nn.Module) -> bool:
    """Say whether a network has layers that draw random numbers."""
    found = _DRAWS.get(module)
    if found is None:
        found = _DRAWS[module] = any(getattr(layer, "draws", False) for layer in module.modules())
    return found


def drawing() -> bool:
    """Say whether a step or a draw lends its generator."""
    return _CURRENT.get() is not None


def gumbel(like: Tensor) -> Tensor:
    """Return numbers of the standard Gumbel distribution, shaped like a tensor and on its device."""
    # A uniform number may be 0; torch's own exponential numbers take five times as long.
    return uniform(like).clamp_(min=1e-9).log_().neg_().log_().neg_()


def uniform(like: Tensor) -> Tensor:
    """Return numbers uniform in [0, 1), shaped like a tensor and on its device."""
    return torch.rand(like.shape, generator=_generator(like.device), device=like.device, dtype=like.dtype)


class Dropout(nn.Module):
    """Sets values to zero with probability `rate` in training, and scales the others up.

    Parameters
    ----------
    rate : float
        In [0, 1).
    """

    draws = True

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, h: Tensor) -> Tensor:
        """Return h with values dropped in training, as it is otherwise."""
        if not self.training or not self.rate:
            return h
        return h * (uniform(h.detach()) >= self.rate) / (1 - self.rate)


def _generator(device: torch.device) -> torch.Generator:
    """Return who draws; outside of a step and a draw the numbers are always the same."""
    current = _CURRENT.get()
    return current if current is not None and current.device == device else torch_generator(("outside",), device)
