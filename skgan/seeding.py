"""Every random number follows from a key, and a key from (random_state, rank, step, stream).

Nothing is stored and nothing global is touched: whoever knows the key can draw the numbers again.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

Key = tuple[int | str, ...]

_GLOBAL_GENERATOR = RLock()


def seed_of(key: Key) -> int:
    """Return a 63-bit seed; different keys give independent seeds."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def torch_generator(key: Key, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator on `device` that depends on `key` alone."""
    import torch

    return torch.Generator(device).manual_seed(seed_of(key))


def numpy_generator(key: Key) -> np.random.Generator:
    """Return a NumPy generator that depends on `key` alone."""
    return np.random.default_rng(seed_of(key))


@contextmanager
def global_generator(key: Key, device: torch.device | str = "cpu") -> Iterator[None]:
    """Lend torch's global generators, seeded by `key`, to code that knows no other, and put them back.

    Layers draw their first weights and dropout its masks from the global generator.
    """
    import torch

    device = torch.device(device)
    lent = [torch.default_generator]
    if device.type == "cuda":
        torch.cuda.init()
        lent.append(torch.cuda.default_generators[device.index or 0])
    if device.type == "mps":  # which has no object for its generator
        torch.mps.manual_seed(seed_of(key))
    # not torch.manual_seed, which seeds every kind of device there could be and takes most of a millisecond for it
    with _GLOBAL_GENERATOR:
        before = [generator.get_state() for generator in lent]
        try:
            for generator in lent:
                generator.manual_seed(seed_of(key))
            yield
        finally:
            for generator, state in zip(lent, before, strict=True):
                generator.set_state(state)
