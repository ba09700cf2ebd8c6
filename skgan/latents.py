"""Priors: how standard normal numbers, which every latent starts as, become latents."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

Prior = Callable[[Tensor], Tensor]


def gaussian(noise: Tensor) -> Tensor:
    """Return z ~ N(0, I), `(n, latent_dim)`."""
    return noise


def uniform(noise: Tensor) -> Tensor:
    """Return z ~ U[-1, 1], coordinate by coordinate: erf(noise / sqrt 2)."""
    return (noise / math.sqrt(2)).erf()


def sphere(noise: Tensor) -> Tensor:
    """Return z uniform on the sphere of radius sqrt(latent_dim)."""
    return noise * math.sqrt(noise.shape[1]) / noise.norm(dim=1, keepdim=True).clamp_min(1e-12)


PRIORS: dict[str, Prior] = {"gaussian": gaussian, "uniform": uniform, "sphere": sphere}
