"""Numbers to a range that networks like, and back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from skgan.validation import pieces


class Standard:
    """Columns of mean 0 and standard deviation 1; decoded values stay within each column's range.

    .. math:: x_j \\mapsto (x_j - \\mu_j) / \\sigma_j, \\qquad \\sigma_j = 1 \\text{ for constant columns}

    Parameters
    ----------
    samples : array of shape (n, *shape)
        What to learn from.
    """

    bounded = False

    def __init__(self, samples: np.ndarray):
        n, lows, highs = len(samples), [], []
        total = squares = np.zeros(samples.shape[1:])
        for wide in _wide(samples):
            lows.append(wide.min(0))
            highs.append(wide.max(0))
            total = total + wide.sum(0)
        self.low, self.high = np.min(lows, 0), np.max(highs, 0)
        self.mean = total / n
        for wide in _wide(samples):
            squares = squares + np.square(wide - self.mean).sum(0)
        spread = np.sqrt(squares / n)
        # What is left of rounding is no spread: 1e-10 of the size of the numbers.
        self.scale = np.where(spread > 1e-10 * np.maximum(np.abs(self.low), np.abs(self.high)), spread, 1.0)

    def encode(self, samples: np.ndarray) -> Tensor:
        """Return what is kept of samples, float32."""
        stored = np.empty(samples.shape, np.float32)
        done = 0
        for piece in pieces(samples):
            stored[done : done + len(piece)] = (piece - self.mean) / self.scale
            done += len(piece)
        return torch.from_numpy(stored)

    def expand(self, stored: Tensor) -> Tensor:
        """Return what the networks see of what is kept."""
        return stored

    def decode(self, x: Tensor) -> np.ndarray:
        """Return the networks' samples in the user's units, float64."""
        return np.clip(x.numpy().astype(np.float64) * self.scale + self.mean, self.low, self.high)

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned as arrays."""
        return {"low": self.low, "high": self.high, "mean": self.mean, "scale": self.scale}


def _wide(samples: np.ndarray) -> Iterator[np.ndarray]:
    """Yield samples in float64, some rows at a time; in one order in memory, on which sums depend."""
    for piece in pieces(samples):
        yield piece.astype(np.float64, order="C")


class Range:
    """Pixels between -1 and 1 by the range of all of them; uint8 is kept as it is until a batch needs it.

    Parameters
    ----------
    samples : array of shape (n, c, ...)
        What to learn from; uint8 always has the range 0 to 255.
    """

    bounded = True

    def __init__(self, samples: np.ndarray):
        self.bytes = np.array(samples.dtype == np.uint8)
        low, high = (0, 255) if self.bytes else (float(samples.min()), float(samples.max()))
        self.low, self.high = np.array(low, np.float64), np.array(high, np.float64)

    def encode(self, samples: np.ndarray) -> Tensor:
        """Return what is kept of samples: bytes as they are, other numbers as float32 in [-1, 1]."""
        if self.bytes and samples.dtype == np.uint8:
            return torch.tensor(np.ascontiguousarray(samples))
        scaled = (np.asarray(samples, np.float64) - self.low) / self._half - 1
        return torch.from_numpy(scaled.astype(np.float32))

    def expand(self, stored: Tensor) -> Tensor:
        """Return what the networks see of what is kept, float32 in [-1, 1]."""
        return stored.float() / 127.5 - 1 if stored.dtype == torch.uint8 else stored

    @property
    def whole_bytes(self) -> bool:
        """Whether samples are bytes of the whole range, which a device can make by itself."""
        return bool(self.bytes) and (float(self.low), float(self.high)) == (0.0, 255.0)

    def to_bytes(self, x: Tensor) -> Tensor:
        """Return the networks' samples as bytes, where x is: what `decode` returns, rounded."""
        return x.double().clamp_(-1, 1).add_(1).mul_(127.5).round_().to(torch.uint8)

    def decode(self, x: Tensor) -> np.ndarray:
        """Return the networks' samples in the user's units, float64."""
        return (np.clip(x.numpy().astype(np.float64), -1, 1) + 1) * self._half + self.low

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned as arrays."""
        return {"low": self.low, "high": self.high, "bytes": self.bytes}

    @property
    def _half(self) -> float:
        return float(self.high - self.low) / 2 or 1.0


Scaling = Standard | Range

_SCALINGS: dict[str, type[Scaling]] = {"standard": Standard, "range": Range}


def make(kind: str, samples: np.ndarray) -> Scaling:
    """Return the scaling for a kind of data, learned from `samples`."""
    return Range(samples) if kind == "image" else Standard(samples)


def dump(scaling: Scaling, prefix: str, arrays: dict[str, np.ndarray]) -> str:
    """Return the name of a scaling; its arrays go into `arrays` under `prefix`."""
    arrays |= {f"{prefix}.{name}": np.asarray(array) for name, array in scaling.state().items()}
    return next(name for name, cls in _SCALINGS.items() if type(scaling) is cls)


def load(name: str, prefix: str, arrays: dict[str, np.ndarray]) -> Scaling:
    """Return the scaling that `dump` took apart."""
    scaling: Scaling = object.__new__(_SCALINGS[name])
    mine = {full.removeprefix(f"{prefix}."): array for full, array in arrays.items() if full.startswith(f"{prefix}.")}
    vars(scaling).update(mine)
    return scaling
