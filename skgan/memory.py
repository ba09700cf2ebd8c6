"""Running out of memory, said in one way wherever torch, a device or NumPy says it in theirs."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skgan.exceptions import DeviceMemoryError
from skgan.validation import sentence

if TYPE_CHECKING:
    import torch

#: how allocators put it: CUDA and MPS, the CPU, the CPU under Windows, cuBLAS and cuDNN; NumPy of too many bytes
_SAID = re.compile(
    r"out of memory|can't allocate memory|not enough memory|_ALLOC_FAILED"
    r"|Maximum allowed dimension exceeded|array is too big",
    re.IGNORECASE,
)
_ASKED_FOR = re.compile(r"allocate ([\d.]+ ?(?:bytes|[KMGT]?i?B))\b", re.IGNORECASE)


@contextmanager
def explained(describe: Callable[[], tuple[str, str]]) -> Iterator[None]:
    """Turn every kind of "out of memory" raised inside into a `DeviceMemoryError`; nothing is tried again.

    Parameters
    ----------
    describe : callable
        Returns what was going on, and what to try instead.
    """
    try:
        yield
    except DeviceMemoryError:
        raise
    except (MemoryError, RuntimeError, ValueError) as error:
        if not is_out_of_memory(error):
            raise
        traceback.clear_frames(error.__traceback__)  # first: they hold what left no room, not even for a message
        asked = _ASKED_FOR.search(str(error))
        what, advice = describe()
        raise DeviceMemoryError(
            sentence(
                f"There was not enough memory for {what}.",
                f"The allocation that failed asked for {asked[1]}." if asked else "",
                advice,
            )
        ) from None


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out."""
    of_allocators = isinstance(error, RuntimeError) or type(error) is ValueError
    return isinstance(error, MemoryError) or (of_allocators and bool(_SAID.search(str(error))))


def free_bytes(device: torch.device) -> int:
    """Return how much memory is free on a device now; on the CPU what can be had without swapping."""
    if device.type == "cuda":
        import torch

        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo") as said:
            return next(int(line.split()[1]) * 1024 for line in said if line.startswith("MemAvailable"))
    except (OSError, StopIteration):  # not Linux: half of all there is
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def sent(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Return a tensor on a device; the host does not wait until it has arrived."""
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
