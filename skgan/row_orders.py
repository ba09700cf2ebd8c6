"""Which rows a batch of a table holds, and which of their values the networks are told of: training by sampling.

Everything follows from the key of the data and the number of the batch. A place says the row and, in steps of the
number of rows, which column of it is told of: so a recorded step finds both in one tensor.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from skgan.data import Shuffled
from skgan.interfaces import Asking
from skgan.memory import sent
from skgan.seeding import Key, numpy_generator


class AskedRows(Shuffled):
    r"""Rows drawn by a value of theirs, and the values that are told of.

    A column j is drawn uniformly, a category v of it with the probability

    .. math:: p(v) \propto \log(1 + n_v), \quad n_v, \quad \text{or } 1

    and a row uniformly among those that have it. Where the frequency is the true one, rows go round in their own
    order and only the column is drawn.

    Parameters
    ----------
    codes : Tensor
        The category of each row in each column, `(n, columns)`.
    widths : list of int
        Categories of each column.
    asking : Asking
        For which share of the rows a value is told of, and with what frequency.
    first : int
        Where the codes begin in a stored label.
    batch_size : int
        Rows in a batch.
    key : tuple
        Of all that is drawn.
    device : torch.device
        Where places of rows are wanted.

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.3.
    """

    def __init__(
        self,
        codes: Tensor,
        widths: list[int],
        asking: Asking,
        first: int,
        batch_size: int,
        key: Key,
        device: torch.device,
    ):
        super().__init__(len(codes), batch_size, key, device)
        self.asking = asking
        self.first = first
        self.columns = len(widths)
        self._every = torch.arange(len(widths), device=device)
        if asking.frequency == "true":
            return
        rows, counts, chances = [], [], []
        for column, width in enumerate(widths):
            own = codes[:, column].cpu().numpy()
            rows.append(np.argsort(own, kind="stable").astype(np.int32))
            count = np.bincount(own, minlength=width)
            weight = np.log1p(count) if asking.frequency == "log" else (count > 0).astype(float)
            counts.append(count)
            chances.append(weight / weight.sum())
        self._rows = np.concatenate(rows)
        self._counts = np.concatenate(counts)
        self._starts = np.cumsum(self._counts) - self._counts
        self._ends = np.cumsum(np.concatenate(chances) / len(widths))
        self._column = np.repeat(np.arange(len(widths)), widths)

    def rows(self, number: int, count: int = 1) -> Tensor:
        """Return the places of the rows of `count` batches from `number` on; each says which column is told of too."""
        told = np.concatenate([self._told(each) for each in range(number, number + count)])
        if self.asking.frequency == "true":
            rows = super().rows(number, count)
        else:
            rows = sent(
                torch.from_numpy(np.concatenate([self._drawn(n)[0] for n in range(number, number + count)])),
                self.device,
            )
        return rows + self.n * sent(torch.from_numpy(told + 1), self.device)

    def row(self, places: Tensor) -> Tensor:
        """Return the rows that places are of."""
        return places % self.n

    def told(self, labels: Tensor, places: Tensor) -> Tensor:
        """Return stored labels with the codes of which nothing is told set to -1."""
        asked = self._every == (places // self.n - 1)[:, None]
        codes = torch.where(asked, labels[:, self.first :], -1)
        return torch.cat([labels[:, : self.first], codes], 1) if self.first else codes

    def _told(self, number: int) -> np.ndarray:
        """Return the column that each row of a batch is told of, -1 for none."""
        if self.asking.frequency == "true":
            column = numpy_generator((*self.key, "asked", number)).integers(0, self.columns, self.batch_size)
        else:
            column = self._drawn(number)[1]
        if self.asking.share == 1:
            return column
        share = numpy_generator((*self.key, "told", number)).random(self.batch_size)
        return np.where(share < self.asking.share, column, -1)

    def _drawn(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Return a row and the column that it was drawn after, for each row of a batch."""
        numbers = numpy_generator((*self.key, "asked", number)).random((self.batch_size, 2))
        entry = np.minimum(np.searchsorted(self._ends, numbers[:, 0], side="right"), len(self._ends) - 1)
        # An entry that no row has takes no room, but rounding may lead to one.
        entry = np.where(self._counts[entry] > 0, entry, self._counts.argmax())
        within = np.minimum(numbers[:, 1] * self._counts[entry], self._counts[entry] - 1).astype(np.int64)
        return self._rows[self._starts[entry] + within].astype(np.int64), self._column[entry].astype(np.int64)
