"""A change of samples that leaves their meaning alone: what the consistency penalties share."""

import torch
from torch import Tensor

from skgan.layers.transforms import flip, shift

#: of a table, in units of its standard deviation; of a volume, whose values lie in [-1, 1]
NOISE = 0.05


def changed(x: Tensor, rng: torch.Generator, fraction: float, flips: bool) -> Tensor:
    """Return x `(n, *shape)` with images and signals shifted, images flipped if asked, and noise on all else."""
    if flips and x.ndim == 4:
        x = flip(x, rng)
    if x.ndim in (3, 4):
        return shift(x, rng, fraction)
    return x + NOISE * torch.randn(x.shape, generator=rng, device=x.device, dtype=x.dtype)
