"""Normalisations `(h, e) -> h` of values `(n, channels, ...)`; most do not look at the embedded label e."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor, nn
from torch.nn import functional

#: share of a batch in running statistics, and what is added to variances: torch's own
_MOMENTUM, _EPSILON = 0.1, 1e-5
_TOTAL: ContextVar[Callable[[Tensor], Tensor] | None] = ContextVar("skgan_total", default=None)


@contextmanager
def pooled_by(total: Callable[[Tensor], Tensor] | None) -> Iterator[None]:
    """Let batch normalisation in training take its statistics over more rows than it sees.

    Parameters
    ----------
    total : callable or None
        Returns the sum of a tensor over all who share the batch, with a gradient; None for a batch of one's own.
    """
    token = _TOTAL.set(total)
    try:
        yield
    finally:
        _TOTAL.reset(token)


class PlainNorm(nn.Module):
    """Batch normalisation, the same for every label.

    A batch with a single value for each channel has no spread to divide by; it is normalised by the
    running statistics instead of failing.

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in, `(n, channels, ...)`.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, h: Tensor, e: Tensor | None = None) -> Tensor:
        """Return h normalised, `(n, channels, ...)`; the embedded label e is not looked at."""
        return self.normalised(h, self.weight, self.bias)

    def normalised(self, h: Tensor, weight: Tensor | None = None, bias: Tensor | None = None) -> Tensor:
        """Return h normalised, and scaled and shifted where those are given."""
        total = _TOTAL.get()
        if self.training and total is not None:
            h = self._pooled(h, total)
            return h if weight is None or bias is None else _affine(h, weight, bias)
        several = h.numel() > h.shape[1]
        return functional.batch_norm(
            h, self.running_mean, self.running_var, weight, bias, training=self.training and several
        )

    def _pooled(self, h: Tensor, total: Callable[[Tensor], Tensor]) -> Tensor:
        """Return h normalised by the mean and the variance over all who share the batch."""
        x, places = h.to(torch.promote_types(h.dtype, torch.float32)), [axis for axis in range(h.ndim) if axis != 1]
        shape = (-1, *[1] * (h.ndim - 2))
        of_all = total(torch.cat([x.sum(places), x.new_full((1,), x.numel() / x.shape[1])]))
        n = of_all[-1]
        mean = of_all[:-1] / n
        centred = x - mean.reshape(shape)
        variance = total(centred.square().sum(places)) / n
        with torch.no_grad():
            self.running_mean.lerp_(mean, _MOMENTUM)
            self.running_var.lerp_(variance * n / (n - 1).clamp(min=1), _MOMENTUM)
        return (centred * (variance + _EPSILON).rsqrt().reshape(shape)).to(h.dtype)


class ConditionalNorm(nn.Module):
    r"""Batch normalisation whose scale and shift depend on the label.

    .. math:: (w + \Gamma e) \cdot \mathrm{BN}(h) + b + B e

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in, `(n, channels, ...)`.
    width : int
        Width of an embedded label.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.norm = PlainNorm(channels)
        self.modulate = _Modulation(channels, width)

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """Return h normalised over the batch and modulated by e `(n, width)`."""
        return self.modulate(self.norm.normalised(h), e, self.norm.weight, self.norm.bias)


class InstanceNorm(nn.Module):
    """Each channel of each sample normalised over its places; on a grid of one place only scaled and shifted.

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in, `(n, channels, ...)`.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, h: Tensor, e: Tensor | None = None) -> Tensor:
        """Return h normalised, `(n, channels, ...)`."""
        return _affine(_standardised(h, h.shape[1]), self.weight, self.bias)


class AdaptiveInstanceNorm(nn.Module):
    r"""Instance normalisation whose scale and shift depend on the label.

    .. math:: (w + \Gamma e) \cdot \mathrm{IN}(h) + b + B e

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in, `(n, channels, ...)`.
    width : int
        Width of an embedded label.
    """

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.norm = InstanceNorm(channels)
        self.modulate = _Modulation(channels, width)

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """Return h normalised over its places and modulated by e `(n, width)`."""
        return self.modulate(_standardised(h, h.shape[1]), e, self.norm.weight, self.norm.bias)


class GroupNorm(nn.Module):
    """Each group of channels of each sample normalised over the group and its places.

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in, `(n, channels, ...)`.
    groups : int, default=8
        Number of groups; the greatest common divisor with `channels` is taken.
    """

    def __init__(self, channels: int, groups: int = 8):
        super().__init__()
        self.groups = math.gcd(channels, groups)
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, h: Tensor, e: Tensor | None = None) -> Tensor:
        """Return h normalised, `(n, channels, ...)`."""
        return _affine(_standardised(h, self.groups), self.weight, self.bias)


class LayerNorm(nn.Module):
    """Each sample normalised over all its channels and places.

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in, `(n, channels, ...)`.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, h: Tensor, e: Tensor | None = None) -> Tensor:
        """Return h normalised, `(n, channels, ...)`."""
        return _affine(_standardised(h, 1), self.weight, self.bias)


class PixelNorm(nn.Module):
    r"""The channels at each place divided by their root mean square; a vector `(n, d)` is one place.

    .. math:: h / \sqrt{\tfrac{1}{C} \sum_c h_c^2 + 10^{-12}}
    """

    def forward(self, h: Tensor, e: Tensor | None = None) -> Tensor:
        """Return h normalised, `(n, channels, ...)`."""
        return h * (h.square().mean(1, keepdim=True) + 1e-12).rsqrt()


class _Modulation(nn.Module):
    """Scale and shift by linear functions of the label, none to start from."""

    def __init__(self, channels: int, width: int):
        super().__init__()
        self.scale = nn.Linear(width, channels, bias=False)
        self.shift = nn.Linear(width, channels, bias=False)
        nn.init.zeros_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, h: Tensor, e: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return _affine(h, weight + self.scale(e), bias + self.shift(e))


def _affine(h: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return weight * h + bias for values of each channel, `(channels,)` or `(n, channels)`."""
    shape = (-1, h.shape[1], *[1] * (h.ndim - 2))
    return weight.reshape(shape) * h + bias.reshape(shape)


def _standardised(h: Tensor, groups: int) -> Tensor:
    """Return h with mean 0 and variance 1 over each group of channels; single values stay as they are."""
    return h if h[0].numel() == groups else functional.group_norm(h, groups)


#: layers whose training mode mixes the rows of a batch
BATCH_NORMS: tuple[type[nn.Module], ...] = (
    PlainNorm,
    ConditionalNorm,
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
)
