"""The data set on the device, and batches that depend only on (random_state, step)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from skgan.memory import sent
from skgan.seeding import Key, numpy_generator


class Rows(NamedTuple):
    """One batch of the data: x `(n, *shape)`, y `(n, *label_shape)`, which rows have a label `(n,)`, and its number."""

    x: Tensor
    y: Tensor
    labelled: Tensor
    number: int


class Shuffled:
    """An endless run through ever new permutations of the rows.

    Parameters
    ----------
    n : int
        Rows of the data.
    batch_size : int
        Rows in a batch; may exceed n.
    key : tuple
        Of the order of the rows.
    device : torch.device
        Where places of rows are wanted.
    """

    def __init__(self, n: int, batch_size: int, key: Key, device: torch.device):
        self.n = n
        self.batch_size = batch_size
        self.key = key
        self.device = device
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.long)

    def rows(self, number: int, count: int = 1) -> Tensor:
        """Return the places of the rows of `count` batches from `number` on, `(count * batch_size,)`."""
        epoch, offset = divmod(number * self.batch_size, self.n)
        pieces: list[Tensor] = []
        missing = count * self.batch_size
        while missing:
            piece = self._order_of(epoch)[offset : offset + missing]
            pieces.append(piece)
            missing -= len(piece)
            epoch, offset = epoch + 1, 0
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def row(self, places: Tensor) -> Tensor:
        """Return the rows that places are of; here they are the same."""
        return places

    def told(self, labels: Tensor, places: Tensor) -> Tensor:
        """Return what networks are told of the stored labels of the rows at some places: all."""
        return labels

    def go_on(self, key: Key) -> None:
        """Let the order follow from another key."""
        self.key, self._epoch = key, -1

    def _order_of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            order = torch.from_numpy(numpy_generator((*self.key, "order", epoch)).permutation(self.n))
            self._order = sent(order, self.device)
            self._epoch = epoch
        return self._order


class Dataset:
    """All rows, kept as they are stored and expanded a batch at a time.

    Parameters
    ----------
    x : Tensor
        Stored samples, `(n, ...)`, uint8 or float32.
    labels : Tensor
        Stored labels, `(n, ...)`: int32 codes, bytes or float32 numbers.
    expand_x, expand_labels : callable
        Stored rows to what the networks see, `(n, *shape)` and `(n, *label_shape)`, on the device.
    known : callable
        Stored labels to the mask of those that are one, `(n,)`.
    batch_size : int
        Rows in a batch; may exceed n.
    key : tuple
        Of the order of the rows.
    order : Shuffled, optional
        Which rows come when, with the rows of all slices in a batch; None goes round in ever new permutations.
    shard : tuple of int
        Which of how many equal slices of each batch this process takes; ``(0, 1)`` is all of it.
    """

    def __init__(
        self,
        x: Tensor,
        labels: Tensor,
        expand_x: Callable[[Tensor], Tensor],
        expand_labels: Callable[[Tensor], Tensor],
        known: Callable[[Tensor], Tensor],
        batch_size: int,
        key: Key,
        order: Shuffled | None = None,
        shard: tuple[int, int] = (0, 1),
    ):
        self.x = x
        self.labels = labels
        self.expand_x = expand_x
        self.expand_labels = expand_labels
        self.known = known
        self.batch_size = batch_size
        self.shard = shard
        self.order = Shuffled(len(x), batch_size * shard[1], key, x.device) if order is None else order

    def __len__(self) -> int:
        return len(self.x)

    @property
    def device(self) -> torch.device:
        """Where batches are."""
        return self.x.device

    def places(self, number: int, count: int = 1) -> Tensor:
        """Return where the rows of `count` batches from `number` on are, `(count * batch_size,)`."""
        which, slices = self.shard
        places = self.order.rows(number, count)
        return places if slices == 1 else places.view(count, slices, self.batch_size)[:, which].reshape(-1)

    def fetched(self, number: int, count: int = 1) -> Tensor | None:
        """Return the stored samples of `count` batches from `number` on; None where all are on the device."""
        return None

    def at(self, places: Tensor, number: int, x: Tensor | None = None) -> Rows:
        """Return the rows at these places as batch `number`, with what the order leaves of their labels.

        `x` are their stored samples, where these had to be fetched.
        """
        rows = self.order.row(places)
        labels = self.order.told(self.labels[rows], places)
        x = self.x[rows] if x is None else x
        return Rows(self.expand_x(x), self.expand_labels(labels), self.known(labels), number)

    def batch(self, number: int) -> Rows:
        """Return batch `number` of the endless run through the rows."""
        return self.at(self.places(number), number, self.fetched(number))

    def go_on(self, key: Key) -> None:
        """Let the order of the rows follow from another key."""
        self.order.go_on(key)

    def samples(self, places: Tensor) -> Tensor:
        """Return some rows as the networks see them, `(n, *shape)`."""
        return self.expand_x(self.x[places.to(self.device)])
