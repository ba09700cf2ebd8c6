"""Several labels at once: rows of 0 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from skgan.encoding.label_base import (
    Labels,
    as_floats,
    as_labels,
    as_rows,
    check_dtype,
    columns_of,
    drawn,
    no_label_at_all,
    with_columns,
)
from skgan.validation import sentence

UNLABELLED = 255
#: labels that stand for all of them where none is given
TYPICAL = 8


class Multilabel(Labels):
    """Rows that say of each of k labels whether it holds; values are bytes, 255 in rows without a label.

    Parameters
    ----------
    y : array-like or DataFrame of shape (n, k)
        Zeros and ones; a row with NaN is unlabelled.
    n : int
        How many rows.
    """

    kind = "multilabel"
    ndim = 1

    def __init__(self, y: Any, n: int):
        array = as_labels(y)
        self.shape = array.shape[1:]
        self.dtype = array.dtype if array.dtype.kind in "biuf" else np.dtype(np.float64)
        self.columns = columns_of(y)
        values = self.values(y, n)
        labelled = values[values[:, 0] != UNLABELLED]
        if not len(labelled):
            raise no_label_at_all()
        self.frequencies = labelled.mean(0, dtype=np.float64)
        rows, counts = np.unique(labelled, axis=0, return_counts=True)
        often = counts > 1 if (counts > 1).any() else counts > 0
        self.rows, self.prior = rows[often], counts[often] / counts[often].sum()

    def values(self, y: Any, n: int) -> np.ndarray:
        """Return rows of 0 and 1, uint8."""
        array = as_floats(as_rows(y, n, self.shape, self.columns))
        unlabelled = np.isnan(array).any(1)
        wrong = (array != 0) & (array != 1) & ~unlabelled[:, None]
        if wrong.any():
            raise ValueError(
                sentence(
                    f"y must hold 0 and 1, one column for each of {self.dim} labels, as in the first fit.",
                    f"Got another number in {int(wrong.any(1).sum())} rows, first in row {int(wrong.any(1).argmax())}.",
                    "Say 1 where a label holds.",
                )
            )
        return np.where(unlabelled[:, None], UNLABELLED, array).astype(np.uint8)

    def encode(self, values: np.ndarray) -> Tensor:
        """Return the bytes."""
        return torch.from_numpy(values)

    def expand(self, stored: Tensor) -> Tensor:
        """Return rows of 0 and 1, `(n, k)`; zeros for rows without a label."""
        return stored.float() * self.known(stored)[:, None]

    def known(self, stored: Tensor) -> Tensor:
        """Return which rows have a label."""
        return stored[:, 0] != UNLABELLED

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return n rows as often as they were seen; those seen once only when no other was seen twice."""
        return self.rows[drawn(self.prior, n, rng)]

    def restore(self, values: np.ndarray) -> Any:
        """Return rows of 0 and 1 in the dtype of y."""
        return with_columns(values.astype(self.dtype), self.columns)

    def mean(self) -> Tensor:
        """Return how often each label held, `(1, k)`."""
        return torch.tensor(self.frequencies, dtype=torch.float32)[None]

    def typical(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """Return a few rows as they are drawn, all with one weight."""
        return np.full(TYPICAL, 1 / TYPICAL), self.expand(self.encode(self.draw(TYPICAL, rng)))

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return columns and dtype; rows and how often they were are arrays."""
        arrays |= {"labels.rows": self.rows, "labels.prior": self.prior, "labels.frequencies": self.frequencies}
        return {"dtype": self.dtype.name, "columns": self.columns}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Multilabel:
        """Return the labels that `state` described."""
        self = cls.__new__(cls)
        self.dtype, self.columns = check_dtype(np.dtype(config["dtype"])), config["columns"]
        self.rows, self.prior = arrays["labels.rows"], arrays["labels.prior"]
        self.frequencies = arrays["labels.frequencies"]
        self.shape = self.rows.shape[1:]
        if self.prior.shape != self.rows.shape[:1] or self.frequencies.shape != self.shape or len(self.shape) != 1:
            raise ValueError("the rows of 0 and 1 do not fit how often they were")
        if self.rows.dtype != np.uint8 or self.rows.max() > 1 or not np.isclose(self.prior.sum(), 1):
            raise ValueError("the rows kept of y are not of 0 and 1")
        return self
