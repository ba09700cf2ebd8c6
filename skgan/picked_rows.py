"""Some rows of an array by their places, where a copy of them would fill the memory that the array was kept out of."""

from __future__ import annotations

from typing import Any

import numpy as np


class PickedRows:
    """Rows of an array that looks into a file; only those that are asked for are read.

    Parameters
    ----------
    base : ndarray of shape (n, ...)
        The array.
    places : ndarray of shape (m,)
        Of the rows, increasing.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.picked_rows import PickedRows
    >>> few = PickedRows(np.arange(12).reshape(4, 3), np.array([0, 2, 3]))
    >>> few.shape, few[1:].tolist(), few.max(axis=0).tolist()
    ((3, 3), [[6, 7, 8], [9, 10, 11]], [9, 10, 11])
    """

    def __init__(self, base: np.ndarray, places: np.ndarray):
        self.base = base
        self.places = places

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all rows, `(m, ...)`."""
        return (len(self.places), *self.base.shape[1:])

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.base.ndim

    @property
    def dtype(self) -> np.dtype:
        """Of the array."""
        return self.base.dtype

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, which: Any) -> np.ndarray:
        """Return some rows as an array, by a slice or by their places among these."""
        return np.asarray(self.base[self.places[which]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)

    def reshape(self, n: int, *shape: int) -> PickedRows:
        """Return the same rows, each in another shape."""
        return PickedRows(self.base.reshape(len(self.base), *shape), self.places)

    def transpose(self, first: int, *axes: int) -> PickedRows:
        """Return the same rows with other axes in another order."""
        return PickedRows(self.base.transpose(0, *axes), self.places)

    def max(self, axis: int | None = None, initial: float | None = None) -> Any:
        """Return the largest number, of all or of each column."""
        return self._folded(np.max, axis, initial)

    def min(self, axis: int | None = None, initial: float | None = None) -> Any:
        """Return the smallest number, of all or of each column."""
        return self._folded(np.min, axis, initial)

    def _folded(self, what: Any, axis: int | None, initial: float | None) -> Any:
        from skgan.validation import pieces

        found = np.stack([what(piece, axis=axis) for piece in pieces(self)])
        return what(found, axis=axis) if initial is None else what(found, axis=axis, initial=initial)
