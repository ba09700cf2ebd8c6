"""Which rows a batch of a table holds, and which of their values the networks are told of: training by sampling.

Everything follows from the key of the data and the number of the batch.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from skgan.interfaces import Asking
from skgan.seeding import Key, numpy_generator


class AskedRows:
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

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.3.
    """

    def __init__(self, codes: Tensor, widths: list[int], asking: Asking, first: int):
        self.asking = asking
        self.first = first
        self.columns = len(widths)
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

    def drawn(self, key: Key, number: int, n: int) -> tuple[np.ndarray | None, np.ndarray]:
        """Return the rows of batch `number`, `(n,)`, and the column that is told of each, -1 for none.

        The rows are None where they go round in their own order.
        """
        rows = None
        if self.asking.frequency == "true":
            column = numpy_generator((*key, "asked", number)).integers(0, self.columns, n)
        else:
            entry, where = self._entries(key, number, n)
            column = self._column[entry]
            place = np.minimum(where * self._counts[entry], self._counts[entry] - 1).astype(np.int64)
            rows = self._rows[self._starts[entry] + place].astype(np.int64)
        if self.asking.share < 1:
            told = numpy_generator((*key, "told", number)).random(n) < self.asking.share
            column = np.where(told, column, -1)
        return rows, column

    def conceal(self, labels: Tensor, told: Tensor) -> Tensor:
        """Return stored labels with the codes of all columns that are not told of set to -1."""
        columns = torch.arange(self.columns, device=labels.device)
        codes = torch.where(columns == told[:, None], labels[:, self.first :], -1)
        return torch.cat([labels[:, : self.first], codes], 1) if self.first else codes

    def _entries(self, key: Key, number: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        numbers = numpy_generator((*key, "asked", number)).random((n, 2))
        entry = np.minimum(np.searchsorted(self._ends, numbers[:, 0], side="right"), len(self._ends) - 1)
        # An entry that no row has takes no room, but rounding may lead to one.
        return np.where(self._counts[entry] > 0, entry, self._counts.argmax()), numbers[:, 1]
