"""Drawing from a trained generator, and asking a trained discriminator, in chunks of one size.

A row does not depend on what it travels with: every chunk is padded to the same number of rows, so the
same kernels run. In another place of a chunk it may differ in the last bit, where a narrow matrix
product rounds by position. Noise comes from NumPy row by row, so that a short draw is the head of a
long one, to the bit.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from skgan.engine import device_of
from skgan.exceptions import TrainingWarning
from skgan.interfaces import Sampler
from skgan.latents import Prior
from skgan.layers import drawing_from
from skgan.seeding import Key, torch_generator
from skgan.validation import sentence

CHUNK = 64
#: share of accepted drafts below which a sampler is not worth its time
FEW = 0.01


def draw_latents(n: int, latent_dim: int, prior: Prior, rng: np.random.Generator, candidates: int = 1) -> Tensor:
    """Return latents `(n, latent_dim)`, or `(n, candidates, latent_dim)`; the first m of n are those of a draw of m."""
    noise = torch.from_numpy(rng.standard_normal((n * candidates, latent_dim), dtype=np.float32))
    z = in_chunks(prior, noise)
    return z if candidates == 1 else z.reshape(n, candidates, latent_dim)


def generate(generator: nn.Module, z: Tensor, y: Tensor, key: Key = ("given",)) -> Tensor:
    """Return samples `(n, *shape)` on the CPU for latents `(n, latent_dim)` and labels `(n, *label_shape)`.

    Layers that draw random numbers draw those of `key`, for each chunk its own.
    """
    device = device_of(generator)
    chunks = itertools.count()

    def drawn(z: Tensor, y: Tensor) -> Tensor:
        with drawing_from(torch_generator((*key, "chance", next(chunks)), device)):
            return generator(z, y)

    with _still(generator):
        return in_chunks(drawn, z, y, device=device)


def draw_with(
    sampler: Sampler, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, key: Key
) -> Tensor:
    """Return what `sampler` draws, on the CPU, from latents z and labels y.

    It draws `CHUNK` rows at a time, each chunk with random numbers of its own, the last one padded. A
    warning says when it accepted hardly anything.
    """
    device = device_of(generator)
    pieces, shares = [], []
    with _still(generator), _still(discriminator), torch.inference_mode(False), torch.enable_grad():
        for start in range(0, len(z), CHUNK):
            of_z, of_y = (_padded(tensor[start : start + CHUNK]).to(device) for tensor in (z, y))
            rng = torch_generator((*key, "sampler", start), device)
            with drawing_from(torch_generator((*key, "chance", start), device)):
                x, share = sampler.draw(generator, discriminator, of_z, of_y, rng)
            pieces.append(x.detach()[: len(z) - start].cpu())
            shares.append(share)
    share = sum(shares) / len(shares)
    if share < FEW:
        warnings.warn(
            sentence(
                f"The sampler {type(sampler).__name__} accepted {share:.1%} of its drafts.",
                "Samples are close to those without it. Train longer, or choose another sampler.",
            ),
            TrainingWarning,
            stacklevel=4,
        )
    return torch.cat(pieces)


def as_latents(latents: object, n: int, latent_dim: int, candidates: int = 1) -> Tensor:
    """Return the user's latents as a tensor `(n, latent_dim)`, or refuse them."""
    if candidates > 1:
        raise ValueError(
            sentence(
                "latents must be left out with a sampler that chooses among its own.",
                f"Got latents, and a sampler that looks at {candidates} for each sample.",
                "Use another sampler, or none.",
            )
        )
    try:
        z = torch.from_numpy(np.array(latents, np.float32))
    except (TypeError, ValueError):
        raise TypeError("latents must be an array of numbers. Got something else. Give finite numbers.") from None
    if z.shape != (n, latent_dim) or not torch.isfinite(z).all():
        came = "NaN or infinity in them" if z.shape == (n, latent_dim) else f"shape {tuple(z.shape)}"
        raise ValueError(
            sentence(
                f"latents must be finite numbers of shape {(n, latent_dim)}. Got {came}.",
                "Draw them with latent_dim columns, one row a sample.",
            )
        )
    return z


def features(discriminator: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the discriminator's features `(n, d)` on the CPU."""
    with _still(discriminator):
        return in_chunks(lambda x, y: discriminator(x, y).features, x, y, device=device_of(discriminator))


def logits(discriminator: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the discriminator's logits `(n,)` on the CPU, the mean over its heads."""
    with _still(discriminator):
        values = in_chunks(lambda x, y: discriminator(x, y).logits, x, y, device=device_of(discriminator))
    return values.reshape(len(values), -1).mean(1)


def in_chunks(function: Callable[..., Tensor], *inputs: Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Return `function` of the inputs, run on `CHUNK` rows at a time, the last chunk padded with zeros."""
    n = len(inputs[0])
    pieces = []
    with torch.inference_mode():
        for start in range(0, n, CHUNK):
            rows = [_padded(tensor[start : start + CHUNK]) for tensor in inputs]
            pieces.append(function(*(part.to(device) for part in rows))[: n - start].cpu())
    return torch.cat(pieces)


def _padded(rows: Tensor) -> Tensor:
    missing = CHUNK - len(rows)
    return torch.cat([rows, rows.new_zeros(missing, *rows.shape[1:])]) if missing else rows


@contextmanager
def _still(module: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode and back."""
    training = [layer for layer in module.modules() if layer.training]
    module.eval()
    try:
        yield
    finally:
        for layer in training:
            layer.training = True
