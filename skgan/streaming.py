"""Rows that stay where they are, in a file or in the host's memory, because the device has no room for all of them.

The numbers are those of a data set on the device: the same rows in the same batches. A thread fetches the rows of the
coming batches, many at a time and in the order in which they lie, while the present ones are trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from skgan import memory
from skgan.data import Dataset, Shuffled
from skgan.engine import techniques_chosen
from skgan.picked_rows import PickedRows
from skgan.seeding import Key

#: share of the free memory of a device above which rows stay where they are
SHARE_OF_FREE = 0.4
#: bytes of rows that are fetched at once
BYTES_AT_ONCE = 2**26


def wanted(rows: np.ndarray | PickedRows, n_bytes: int, device: torch.device) -> bool:
    """Return whether rows that would take so many bytes on a device had better stay where they are.

    On the CPU that is so for rows in a file only: others are in its memory already.
    """
    chosen = techniques_chosen().stream
    if chosen is not None:
        return chosen
    if device.type != "cuda" and not in_file(rows):
        return False
    return n_bytes > SHARE_OF_FREE * memory.free_bytes(device)


def in_file(rows: np.ndarray | PickedRows) -> bool:
    """Return whether an array looks into a file."""
    array: object = rows.base if isinstance(rows, PickedRows) else rows
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap):
            return True
        array = array.base
    return False


class Streamed(Dataset):
    """A data set whose samples are fetched when they are needed; labels are on the device.

    Parameters
    ----------
    fetch : callable
        Numbers of rows `(m,)`, increasing, to stored samples `(m, ...)` on the CPU.
    n : int
        Rows.
    labels, expand_x, expand_labels, known, batch_size, key
        As of `Dataset`; the labels say which device.
    turns : int
        Batches of a step, which are fetched together.
    shard : tuple of int
        As of `Dataset`.
    """

    def __init__(
        self,
        fetch: Callable[[np.ndarray], Tensor],
        n: int,
        labels: Tensor,
        expand_x: Callable[[Tensor], Tensor],
        expand_labels: Callable[[Tensor], Tensor],
        known: Callable[[Tensor], Tensor],
        batch_size: int,
        key: Key,
        turns: int,
        shard: tuple[int, int] = (0, 1),
    ):
        order = Shuffled(n, batch_size * shard[1], key, torch.device("cpu"))
        super().__init__(fetch(np.arange(1)), labels, expand_x, expand_labels, known, batch_size, key, order, shard)
        self._fetch = fetch
        self._n = n
        steps = BYTES_AT_ONCE // max(self.x.nbytes * batch_size * turns, 1)
        self._span = max(steps, 1) * turns
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="skgan-rows")
        self._coming: dict[int, Future[Tensor]] = {}

    def __len__(self) -> int:
        return self._n

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        return self.labels.device

    def places(self, number: int, count: int = 1) -> Tensor:
        """Return where the rows of `count` batches from `number` on are, `(count * batch_size,)`."""
        return memory.sent(super().places(number, count), self.device)

    def fetched(self, number: int, count: int = 1) -> Tensor:
        """Return the stored samples of `count` batches from `number` on, which lie within one step."""
        block, first = divmod(number, self._span)
        rows = self._block(block)[first * self.batch_size : (first + count) * self.batch_size]
        return rows.to(self.device, non_blocking=True)

    def go_on(self, key: Key) -> None:
        """Let the order of the rows follow from another key."""
        super().go_on(key)
        self._coming.clear()

    def samples(self, places: Tensor) -> Tensor:
        """Return some rows as the networks see them, `(n, *shape)`."""
        return self.expand_x(self._gathered(places.cpu().numpy()).to(self.device))

    def close(self) -> None:
        """Fetch no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _block(self, number: int) -> Tensor:
        """Return the stored samples of all batches of a block, and let the next block be fetched."""
        for wanted in (number, number + 1):
            if wanted not in self._coming:
                # which rows is found out here, since the order keeps its present permutation
                places = super().places(wanted * self._span, self._span).numpy()
                self._coming[wanted] = self._pool.submit(self._gathered, places)
        for passed in [known for known in self._coming if known not in (number, number + 1)]:
            del self._coming[passed]
        return self._coming[number].result()

    def _gathered(self, places: np.ndarray) -> Tensor:
        """Return the stored samples at some places, read in the order in which they lie, each once."""
        distinct, back = np.unique(places, return_inverse=True)
        stored = self._fetch(distinct)
        rows = torch.empty((len(places), *stored.shape[1:]), dtype=stored.dtype, pin_memory=self.device.type == "cuda")
        return torch.index_select(stored, 0, torch.from_numpy(back.reshape(-1)), out=rows)
