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
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skgan.declarations import asked, broken, described
from skgan.engine import device_of
from skgan.exceptions import TrainingWarning
from skgan.interfaces import Sampler
from skgan.latents import Gaussian, Prior
from skgan.layers import drawing_from
from skgan.memory import sent
from skgan.seeding import Key, torch_generator
from skgan.validation import as_array, sentence

#: rows that a network is given at a time; on a GPU the most, fewer where samples are large
CHUNK, CHUNK_ON_GPU, CHUNK_OF_TABLES = 64, 1024, 512
#: numbers of a chunk on a GPU, and of all that is under way between the generator and the user's own layout
_NUMBERS_OF_CHUNK, _NUMBERS_OF_BLOCK = 2**22, 2**24
#: share of accepted drafts below which a sampler is not worth its time
FEW = 0.01


def chunk_rows(device: torch.device | str, n_values: int) -> int:
    """Return how many rows of so many numbers a network on a device is given at a time."""
    if torch.device(device).type != "cuda":
        return CHUNK
    return max(CHUNK, min(CHUNK_ON_GPU, 1 << (_NUMBERS_OF_CHUNK // max(n_values, 1)).bit_length() - 1))


def blocks(n: int, chunk: int, n_values: int) -> list[slice]:
    """Return slices of n rows, whole chunks each, in which samples are drawn and brought into the user's layout."""
    rows = max(_NUMBERS_OF_BLOCK // max(n_values, 1) // chunk, 1) * chunk
    return [slice(start, min(start + rows, n)) for start in range(0, n, rows)]


def draw_latents(latent_dim: int, prior: Prior, rng: np.random.Generator, candidates: int, rows: slice) -> Tensor:
    """Return latents `(n, latent_dim)`, or `(n, candidates, latent_dim)`, for the next n rows that `rng` serves.

    The first m of n are those of a draw of m.
    """
    n = rows.stop - rows.start
    noise = torch.from_numpy(rng.standard_normal((n * candidates, latent_dim), dtype=np.float32))
    z = noise if isinstance(prior, Gaussian) else in_chunks(prior, noise)
    return z if candidates == 1 else z.reshape(n, candidates, latent_dim)


class Chance:
    """A generator whose layers draw the random numbers of a key, for each of its calls its own.

    Parameters
    ----------
    generator : callable
        Latents and labels to samples.
    key : tuple
        Of the numbers.
    device : torch.device
        Where they are drawn.
    """

    def __init__(self, generator: Callable[..., Tensor], key: Key, device: torch.device):
        self._generator = generator
        self._key = key
        self._device = device
        self._calls = itertools.count()

    def __call__(self, z: Tensor, y: Tensor) -> Tensor:
        """Return samples for the next chunk of latents and labels."""
        with drawing_from(partial(torch_generator, (*self._key, "chance", next(self._calls)), self._device)):
            return self._generator(z, y)


def ahead(draw: Callable[[slice], Tensor], blocks: list[slice]) -> Iterator[Tensor]:
    """Yield what `draw` returns for each block, drawn in a thread while the one before is used."""
    if len(blocks) == 1:
        yield draw(blocks[0])
        return
    with ThreadPoolExecutor(1) as pool:
        drawn = pool.submit(draw, blocks[0])
        for block in blocks[1:]:
            z = drawn.result()
            drawn = pool.submit(draw, block)
            yield z
        yield drawn.result()


def generate(generator: Callable[..., Tensor], z: Tensor, y: Tensor, network: nn.Module, chunk: int) -> Tensor:
    """Return samples `(n, *shape)` on the network's device.

    Parameters
    ----------
    generator : callable
        Latents and labels to samples.
    z, y : Tensor
        Latents `(n, latent_dim)` and labels, one a row, anywhere.
    network : nn.Module
        What `generator` runs; it is put to rest meanwhile.
    chunk : int
        Rows that it is given at a time.
    """
    device = device_of(network)
    with still(network):
        return _in_chunks(generator, (sent(z, device), sent(y, device)), device, chunk)


def draw_with(
    sampler: Sampler,
    generator: nn.Module,
    discriminator: nn.Module,
    z: Tensor,
    y: Tensor,
    key: Key,
    shape: tuple[int, ...],
) -> Tensor:
    """Return what `sampler` draws, `(n, *shape)` on the CPU, from latents z and labels y.

    It draws `CHUNK` rows at a time, each chunk with random numbers of its own, the last one padded. A
    warning says when it accepted hardly anything.
    """
    device = device_of(generator)
    pieces, shares = [], []
    with still(generator), still(discriminator), torch.inference_mode(False), torch.enable_grad():
        for start in range(0, len(z), CHUNK):
            of_z, of_y = (_padded(tensor[start : start + CHUNK], CHUNK).to(device) for tensor in (z, y))
            rng = torch_generator((*key, "sampler", start), device)
            with drawing_from(partial(torch_generator, (*key, "chance", start), device)):
                drawn = asked(sampler, "draw", generator, discriminator, of_z, of_y, rng, step=None)
            x, share = _checked(drawn, sampler, (CHUNK, *shape))
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


def latents_array(latents: Any) -> np.ndarray:
    """Return the user's latents as an array of numbers of any shape, or refuse them."""
    array = np.asarray(as_array(latents, "latents"))
    try:
        array = array.astype(np.float64) if array.dtype.kind == "O" else array
    except (TypeError, ValueError, OverflowError):
        array = np.empty(0, str)
    if array.dtype.kind not in "biuf":
        raise TypeError("latents must be an array of numbers. Got something else. Give finite numbers.")
    return array


def as_latents(latents: np.ndarray, n: int, latent_dim: int, candidates: int = 1) -> Tensor:
    """Return the user's latents as a tensor `(n, latent_dim)`, or refuse them."""
    if candidates > 1:
        raise ValueError(
            sentence(
                "latents must be left out with a sampler that chooses among its own.",
                f"Got latents, and a sampler that looks at {candidates} for each sample.",
                "Use another sampler, or none.",
            )
        )
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused as infinite
        z = torch.from_numpy(np.array(latents, np.float32))
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
    with still(discriminator):
        return in_chunks(lambda x, y: discriminator(x, y).features, x, y, device=device_of(discriminator))


def logits(discriminator: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the discriminator's logits `(n,)` on the CPU, the mean over its heads."""
    with still(discriminator):
        values = in_chunks(lambda x, y: discriminator(x, y).logits, x, y, device=device_of(discriminator))
    return values.reshape(len(values), -1).mean(1)


def in_chunks(function: Callable[..., Tensor], *inputs: Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Return `function` of the inputs on the CPU, run on `CHUNK` rows at a time, the last chunk padded with zeros."""
    return _in_chunks(function, inputs, device, CHUNK).cpu()


def _checked(drawn: Any, sampler: Sampler, shape: tuple[int, ...]) -> tuple[Tensor, float]:
    """Return what a sampler drew and its share of accepted drafts, or refuse it."""
    pair = isinstance(drawn, tuple) and len(drawn) == 2
    x, share = drawn if pair else (None, None)
    if isinstance(x, Tensor) and tuple(x.shape) == shape and isinstance(share, float | int):
        if x.isfinite().all():
            return x, share
        came = "samples that are not finite"
    else:
        came = f"{described(x)} and {described(share)}" if pair else described(drawn)
    raise broken(sampler, "draw", f"finite samples of shape {shape} and the share of accepted drafts", came)


def _in_chunks(
    function: Callable[..., Tensor], inputs: tuple[Tensor, ...], device: torch.device | str, chunk: int
) -> Tensor:
    n = len(inputs[0])
    pieces = []
    with torch.inference_mode():
        for start in range(0, n, chunk):
            rows = [_padded(tensor[start : start + chunk], chunk) for tensor in inputs]
            pieces.append(function(*(part.to(device) for part in rows))[: n - start])
    return torch.cat(pieces)


def _padded(rows: Tensor, chunk: int) -> Tensor:
    missing = chunk - len(rows)
    return torch.cat([rows, rows.new_zeros(missing, *rows.shape[1:])]) if missing else rows


@contextmanager
def still(module: nn.Module) -> Iterator[None]:
    """Put a network into evaluation mode and back."""
    training = [layer for layer in module.modules() if layer.training]
    module.eval()
    try:
        yield
    finally:
        for layer in training:
            layer.training = True
