"""Random numbers inside networks: from the generator of the step or of the draw, never from a global one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache

import torch
from torch import Tensor, nn

from skgan.seeding import torch_generator

_CURRENT: ContextVar[Callable[[], torch.Generator] | None] = ContextVar("skgan_chance", default=None)


@contextmanager
def drawing_from(generator: Callable[[], torch.Generator]) -> Iterator[None]:
    """Let the layers that draw random numbers draw them from a generator, made when the first of them asks.

    Examples
    --------
    >>> import torch
    >>> from skgan.layers.chance import drawing_from, gumbel
    >>> with drawing_from(lambda: torch.Generator().manual_seed(0)):
    ...     gumbel(torch.empty(2)).shape
    torch.Size([2])
    """
    token = _CURRENT.set(cache(generator))
    try:
        yield
    finally:
        _CURRENT.reset(token)


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


def normal(like: Tensor) -> Tensor:
    """Return standard normal numbers, shaped like a tensor and on its device."""
    return torch.randn(like.shape, generator=_generator(like.device), device=like.device, dtype=like.dtype)


class Noise(nn.Module):
    r"""Adds a standard normal number to all channels of each place, by a learned strength that starts at 0.

    .. math:: h_{cp} + \eta\, \epsilon_p, \qquad \epsilon_p \sim N(0, 1)

    In training, and where samples are drawn. Elsewhere nothing is added, so that a sample follows from its latent.
    """

    def __init__(self) -> None:
        super().__init__()
        self.strength = nn.Parameter(torch.zeros(()))

    def forward(self, h: Tensor) -> Tensor:
        """Return h `(n, c, ...)` with the same noise in all channels."""
        return h + self.strength * normal(h.detach()[:, :1]) if self.training or drawing() else h


class Dropout(nn.Module):
    """Sets values to zero with probability `rate` in training, and scales the others up.

    Parameters
    ----------
    rate : float
        In [0, 1).
    """

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
    lent = None if current is None else current()
    return lent if lent is not None and lent.device == device else torch_generator(("outside",), device)
