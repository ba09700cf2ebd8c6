"""How steep the discriminator is, sample by sample: what the penalties on slopes share."""

import torch
from torch import Tensor

from skgan.interfaces import Batch, Regularizer


def norms(gradient: Tensor) -> Tensor:
    """Return one Euclidean norm for each sample over all its dimensions, `(n,)`, of a gradient `(n, *shape)`."""
    return (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()


def norms_between(batch: Batch, part: Regularizer) -> Tensor:
    """Return the norms of the discriminator's gradient at one random point between each real and fake sample."""
    real, fake = batch.real, batch.fake
    shape = (len(real), *[1] * (real.ndim - 1))
    a = torch.rand(shape, generator=batch.rng(part), device=real.device, dtype=real.dtype)
    return norms(batch.gradient_at(torch.lerp(fake, real, a)))
