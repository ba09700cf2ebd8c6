"""What the samplers share: the discriminator's one number for a sample, and choosing among candidates."""

import torch
from torch import Tensor, nn


def logits_of(discriminator: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the logits `(n,)` of samples, the mean over the discriminator's heads."""
    logits: Tensor = discriminator(x, y).logits
    return logits.flatten(1).mean(1) if logits.ndim > 1 else logits


@torch.no_grad()
def logits_of_candidates(generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    """Return the logits `(n, k)` of the samples of latents z `(n, k, latent_dim)`, made k times n at a time."""
    return torch.stack([logits_of(discriminator, generator(of_one, y), y) for of_one in z.unbind(1)], 1)


@torch.no_grad()
def chosen(generator: nn.Module, z: Tensor, y: Tensor, index: Tensor) -> Tensor:
    """Return the samples `(n, *shape)` of the candidates `index` `(n,)` of latents z `(n, k, latent_dim)`."""
    return generator(z[torch.arange(len(z), device=z.device), index], y)
