"""From samples back to latents: the nearest of a few draws, then descent.

Each row is on its own: it is compared with the same draws and descends by its own gradient, in chunks
of one size, so that its latent does not depend on what it travels with.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from skgan.engine import device_of
from skgan.sampling import CHUNK, generate, in_chunks

#: latents that each row may start from, under each label
STARTS = CHUNK
STEPS = 200
LEARNING_RATE = 0.05
#: weight of the mean square of the noise beside the mean squared error
PRIOR_WEIGHT = 1e-4


def invert(
    generator: nn.Module,
    prior: Callable[[Tensor], Tensor],
    x: Tensor,
    labels: Tensor,
    which: Tensor | None,
    latent_dim: int,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Return latents whose samples come near to x, `(n, latent_dim)`, and which of the labels they do so with, `(n,)`.

    Parameters
    ----------
    generator : nn.Module
        Left as it is.
    prior : callable
        Standard normal numbers to latents.
    x : Tensor
        Samples as the generator makes them, `(n, *shape)`.
    labels : Tensor
        Labels, `(k, *label_shape)`.
    which : Tensor or None
        Which of them each row has, `(n,)`; None gives it the label of its nearest start.
    latent_dim : int
        Width of a latent.
    rng : numpy Generator
        Of the starts.
    """
    generator = copy.deepcopy(generator).eval().requires_grad_(False)
    starts = torch.from_numpy(rng.standard_normal((STARTS, latent_dim), dtype=np.float32))
    noise, which = _nearest(generator, prior, x, labels, which, starts)
    descend = partial(_descended, generator, prior)
    noise = in_chunks(descend, noise, x, labels[which], device=device_of(generator))
    return in_chunks(prior, noise), which


def _nearest(
    generator: nn.Module,
    prior: Callable[[Tensor], Tensor],
    x: Tensor,
    labels: Tensor,
    which: Tensor | None,
    starts: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return for each row the start `(n, latent_dim)` whose sample is nearest, and the number of its label `(n,)`."""
    least = torch.full((len(x),), math.inf)
    noise, found = starts.new_zeros(len(x), starts.shape[1]), torch.zeros(len(x), dtype=torch.long)
    z = in_chunks(prior, starts)
    for number, label in enumerate(labels):
        rows = torch.arange(len(x)) if which is None else (which == number).nonzero()[:, 0]
        made = generate(generator, z, label.expand(len(z), *label.shape), generator, CHUNK).flatten(1).cpu()
        exactly = "donot_use_mm_for_euclid_dist"  # a matrix product rounds by its size
        distance, index = torch.cdist(x[rows].flatten(1), made, compute_mode=exactly).min(1)
        nearer = distance < least[rows]
        rows, index = rows[nearer], index[nearer]
        least[rows], noise[rows], found[rows] = distance[nearer], starts[index], number
    return noise, found


def _descended(generator: nn.Module, prior: Callable[[Tensor], Tensor], noise: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return the noise `(n, latent_dim)` of the least loss on the way of Adam from `noise`."""
    with torch.inference_mode(False), torch.enable_grad():
        noise, x, y = noise.clone().requires_grad_(), x.clone(), y.clone()
        adam = torch.optim.Adam([noise], LEARNING_RATE)
        least, best = x.new_full((len(x),), math.inf), noise.detach().clone()
        for step in range(STEPS + 1):
            error = (generator(prior(noise), y) - x).square().flatten(1).mean(1)
            loss = error.detach() + PRIOR_WEIGHT * noise.detach().square().mean(1)
            best = torch.where((loss < least)[:, None], noise.detach(), best)
            least = torch.minimum(loss, least)
            slope = torch.autograd.grad(error.sum(), noise)[0]
            # where the error does not feel the noise, as in the choice of a code, nothing should move it
            noise.grad = slope + 2 * PRIOR_WEIGHT / noise.shape[1] * noise.detach() * (slope != 0)
            adam.param_groups[0]["lr"] = LEARNING_RATE * (1 + math.cos(math.pi * step / STEPS)) / 2
            adam.step()
        return best
