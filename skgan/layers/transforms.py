"""Random changes of samples, each row by itself; linear in the sample, so derivatives of any order pass through.

Samples are `(n, c, l)`, `(n, c, h, w)` or `(n, c, d, h, w)`.
"""

import math

import torch
from torch import Tensor


class Draws:
    """Random numbers, one for each row of a batch, with its dtype and on its device.

    Parameters
    ----------
    x : Tensor
        The batch, `(n, ...)`.
    rng : torch.Generator
        Where the numbers come from.
    """

    def __init__(self, x: Tensor, rng: torch.Generator):
        self.x = x
        self.rng = rng

    def uniform(self, low: float = 0.0, high: float = 1.0) -> Tensor:
        """Return numbers `(n,)` between `low` and `high`."""
        share = torch.rand(len(self.x), generator=self.rng, device=self.x.device, dtype=self.x.dtype)
        return low + (high - low) * share

    def normal(self, spread: float) -> Tensor:
        """Return normal numbers `(n,)` with mean 0 and standard deviation `spread`."""
        return spread * torch.randn(len(self.x), generator=self.rng, device=self.x.device, dtype=self.x.dtype)

    def integers(self, low: int, high: int) -> Tensor:
        """Return whole numbers `(n,)` from `low` to `high`, both possible."""
        return torch.randint(low, high + 1, (len(self.x),), generator=self.rng, device=self.x.device)

    def happens(self, p: float | Tensor) -> Tensor:
        """Return True `(n,)` with probability `p`."""
        return self.uniform() < p


def rowwise(values: Tensor, x: Tensor) -> Tensor:
    """Return values `(n,)` in a shape that spreads over the rows of x."""
    return values.reshape(-1, *[1] * (x.ndim - 1))


def flip(x: Tensor, rng: torch.Generator, p: float = 0.5) -> Tensor:
    """Mirror each sample along its last axis with probability `p`.

    Parameters
    ----------
    x : Tensor
        Samples, `(n, c, ...)`.
    rng : torch.Generator
        Where the decisions come from.
    p : float, default=0.5
        The probability, in [0, 1].
    """
    return torch.where(rowwise(Draws(x, rng).happens(p), x), x.flip(-1), x)


def shift(x: Tensor, rng: torch.Generator, fraction: float) -> Tensor:
    """Move each sample by whole places along each spatial axis; the edge is mirrored into what becomes free.

    Parameters
    ----------
    x : Tensor
        Samples, `(n, c, ...)`.
    rng : torch.Generator
        Where the distances come from.
    fraction : float
        Of each axis' length: the farthest it goes either way, rounded to whole places.
    """
    draws = Draws(x, rng)
    farthest = [math.floor(length * fraction + 0.5) for length in x.shape[2:]]
    return moved(x, torch.stack([draws.integers(-most, most) for most in farthest], 1))


def moved(x: Tensor, places: Tensor, edge: str = "reflect") -> Tensor:
    """Return samples whose content has moved.

    Parameters
    ----------
    x : Tensor
        Samples, `(n, c, ...)`.
    places : Tensor
        Whole numbers, `(n, axes)`: how far along each spatial axis.
    edge : {"reflect", "zeros", "wrap"}, default="reflect"
        What comes in where the content has left.
    """
    for axis, by in enumerate(places.unbind(1), start=2):
        length = x.shape[axis]
        source = torch.arange(length, device=x.device) - by[:, None]
        if edge == "wrap":
            index = source % length
        elif edge == "zeros":
            index = source.clamp(0, length - 1)
        else:
            index = reflected(source, length)
        across = [len(x) if dim == 0 else length if dim == axis else 1 for dim in range(x.ndim)]
        x = x.gather(axis, index.reshape(across).expand_as(x))
        if edge == "zeros":
            x = x * (source == index).reshape(across)
    return x


def reflected(index: Tensor, length: int) -> Tensor:
    """Return whole numbers folded into [0, length), by mirrors in the first and the last place."""
    if length == 1:
        return torch.zeros_like(index)
    index = index % (2 * length - 2)
    return torch.minimum(index, 2 * length - 2 - index)


def interpolated(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return images read between their pixels: bilinear, mirrored at the edge.

    Written with index arithmetic, since the kernels made for it have no second derivative.

    Parameters
    ----------
    x : Tensor
        Images, `(n, c, h, w)`.
    rows, columns : Tensor
        Where to read, in pixels, `(n, h, w)`.
    """
    height, width = x.shape[2:]
    top, left = rows.floor(), columns.floor()
    flat = x.flatten(2)

    def at(row: Tensor, column: Tensor) -> Tensor:
        index = reflected(row.long(), height) * width + reflected(column.long(), width)
        return flat.gather(2, index.flatten(1)[:, None].expand(-1, x.shape[1], -1)).reshape(x.shape)

    down, right = ((rows - top)[:, None], (columns - left)[:, None])
    upper = at(top, left) * (1 - right) + at(top, left + 1) * right
    lower = at(top + 1, left) * (1 - right) + at(top + 1, left + 1) * right
    return upper * (1 - down) + lower * down
