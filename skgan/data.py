"""The data set on the device, and batches that depend only on (random_state, step)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from skgan.row_orders import AskedRows
from skgan.seeding import Key, numpy_generator


class Rows(NamedTuple):
    """One batch of the data: x `(n, *shape)`, y `(n, *label_shape)`, which rows have a label `(n,)`, and its number."""

    x: Tensor
    y: Tensor
    labelled: Tensor
    number: int


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
    asked : AskedRows, optional
        Which values of a table's rows the networks are told of, and which rows they are told them with.
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
        asked: AskedRows | None = None,
    ):
        self.x = x
        self.labels = labels
        self.expand_x = expand_x
        self.expand_labels = expand_labels
        self.known = known
        self.batch_size = batch_size
        self.key = key
        self.asked = asked
        self._epoch = -1
        self._next = 0
        self._order = torch.empty(0, dtype=torch.long)

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, number: int) -> Rows:
        """Return batch `number` of the endless run through ever new permutations of the rows."""
        index = self._rows_of(number)
        labels = self.labels[index]
        if self.asked is not None:
            labels = self.asked.conceal(labels, self.key, number)
        return Rows(self.expand_x(self.x[index]), self.expand_labels(labels), self.known(labels), number)

    def go_on(self, key: Key, number: int) -> None:
        """Let the order of the rows follow from `key`, and the batch with that number come next."""
        self.key, self._epoch, self._next = key, -1, number

    def batches(self) -> Iterator[Rows]:
        """Yield the batches in their order, from number 0 or where `go_on` said, without end."""
        while True:
            self._next += 1
            yield self.batch(self._next - 1)

    def _rows_of(self, number: int) -> Tensor:
        drawn = None
        if self.asked is not None:
            drawn = self.asked.rows(self.key, number, self.batch_size, self.x.device)
        return self._in_turn(number) if drawn is None else drawn

    def _in_turn(self, number: int) -> Tensor:
        epoch, offset = divmod(number * self.batch_size, len(self))
        pieces: list[Tensor] = []
        missing = self.batch_size
        while missing:
            piece = self._order_of(epoch)[offset : offset + missing]
            pieces.append(piece)
            missing -= len(piece)
            epoch, offset = epoch + 1, 0
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def _order_of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            order = numpy_generator((*self.key, "order", epoch)).permutation(len(self))
            self._order = torch.from_numpy(order).to(self.x.device)
            self._epoch = epoch
        return self._order
