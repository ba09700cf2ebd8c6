"""What every kind of label provides, and the reading of y that they share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from decimal import Decimal
from numbers import Real
from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import column_or_1d
from torch import Tensor

from skgan.validation import detached, from_torch, is_tensor, listed, sentence

#: how text comes whose letters NumPy counts right
_TEXT = (str, bytes, np.str_, np.bytes_)
#: what float32 holds with room to calculate, as for X
LARGEST = 1e37


class Labels(ABC):
    """How y looks outside and inside.

    A label is told of in three forms. *Values* are what y says, checked, one row each, as a NumPy array; they are
    `stored` compactly as a tensor, and *expanded* a batch at a time to what the networks see.
    """

    #: as in `skgan.interfaces.DataSpec`
    kind: ClassVar[str]
    #: of one label as the networks see it
    shape: tuple[int, ...]
    #: dimensions of one label as the user writes it
    ndim: int = 0
    #: whether values of a table's columns are part of a label
    conditional: bool = False

    @property
    def dim(self) -> int:
        """Numbers in a label."""
        return math.prod(self.shape)

    def count(self, y: Any) -> int | None:
        """Return how many labels y holds; None when it is one label, for all rows."""
        array = as_labels(y)
        return len(array) if array.ndim > self.ndim else None

    def repeated(self, y: Any, n: int) -> Any:
        """Return y as labels of n rows, where it is one label for all."""
        array = as_labels(y)
        return np.broadcast_to(array, (n, *array.shape)) if array.ndim == self.ndim else y

    def remark(self, n: int) -> str:
        """Return what is odd about the labels of n rows, or nothing."""
        return ""

    def check_classes(self, classes: Any) -> None:
        """Refuse `classes` of a later call that do not go with the first one."""
        raise ValueError(
            f"classes must be left out where y holds no classes. Got classes, and y is {self.kind!r}. Leave them out."
        )

    @abstractmethod
    def values(self, y: Any, n: int) -> np.ndarray:
        """Return the values of n labels, or refuse them."""

    @abstractmethod
    def encode(self, values: np.ndarray) -> Tensor:
        """Return what is kept of values, `(n, ...)`."""

    @abstractmethod
    def expand(self, stored: Tensor) -> Tensor:
        """Return what the networks see, `(n, *shape)`, float32; zeros for rows without a label."""

    @abstractmethod
    def known(self, stored: Tensor) -> Tensor:
        """Return which rows have a label, `(n,)`."""

    @abstractmethod
    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return values of n labels as they were seen in fit; the first m of n are those of a draw of m."""

    @abstractmethod
    def restore(self, values: np.ndarray) -> Any:
        """Return values the way y came."""

    @abstractmethod
    def mean(self) -> Tensor:
        """Return the label of no row in particular, `(1, *shape)`."""

    @abstractmethod
    def typical(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """Return labels to average over, `(m, *shape)`, and their weights `(m,)`, which sum to 1."""

    @abstractmethod
    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return what was learned, as JSON can hold it; arrays go into `arrays`."""

    @classmethod
    @abstractmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Labels:
        """Return the labels that `state` described."""


def as_labels(y: Any) -> np.ndarray:
    """Return y as an array of whatever it holds."""
    if is_tensor(y):
        return from_torch(y, "y")
    y = detached(y, "y")
    if hasattr(y, "toarray"):
        y = y.toarray()
    if isinstance(y, np.ma.MaskedArray) and np.ma.is_masked(y):
        raise ValueError(
            sentence(
                "y must not be masked.",
                f"Got {int(np.ma.count_masked(y))} masked labels.",
                "Fill them, with y.filled(np.nan) where they are missing.",
            )
        )
    try:
        array = np.asarray(y)
    except ValueError:
        raise ValueError(
            sentence(
                "y must have labels of one shape.",
                f"Got a {type(y).__name__} whose entries differ in length. Bring them to one length.",
            )
        ) from None
    if array.dtype.kind in "US" and isinstance(y, list | tuple):  # NumPy writes numbers beside text as text
        objects = np.array(y, object)
        if not all(isinstance(label, str | bytes) for label in objects.flat):
            return objects
        if any(type(label) not in _TEXT for label in objects.flat):  # of an enum: NumPy takes too few letters
            return np.array([str.__str__(label) for label in objects.flat]).reshape(objects.shape)
    return array


def columns_of(y: Any) -> list[Any] | None:
    """Return the names of y's columns when it has several."""
    columns = getattr(y, "columns", None)
    return None if columns is None or len(columns) < 2 else list(columns)


def with_columns(array: np.ndarray, columns: list[Any] | None) -> Any:
    """Return the rows as the DataFrame that y was, or as they are."""
    if columns is None:
        return array
    import pandas as pd

    return pd.DataFrame(array, columns=columns)


def as_column(array: np.ndarray, n: int) -> np.ndarray:
    """Return labels `(n,)`, from one column too, with scikit-learn's warning; or refuse them."""
    if array.ndim != 1 and (array.ndim != 2 or array.shape[1] != 1):
        raise _wrong_shape(array, f"({n},)")
    if array.dtype.kind in "cV":  # scikit-learn would show the data
        raise ValueError(
            sentence(
                f"y must hold class labels, numbers or images. Got dtype {array.dtype}.",
                "Convert y, for example to real numbers.",
            )
        )
    array = column_or_1d(array, warn=True)
    _check_length(array, n)
    return array


def as_rows(y: Any, n: int, shape: tuple[int, ...], columns: list[Any] | None = None) -> np.ndarray:
    """Return labels `(n, *shape)`, or refuse them."""
    array = as_labels(y)
    if array.shape[1:] != shape or not array.ndim:
        raise _wrong_shape(array, f"({', '.join(map(str, (n, *shape)))})")
    _check_length(array, n)
    named = columns_of(y)
    if columns is not None and named is not None and named != columns:
        raise ValueError(
            sentence(
                f"y must have the columns of the first fit, in their order: {listed(columns, 5)}.",
                f"Got {listed(named, 5)}. Choose them with y[columns].",
            )
        )
    return array


def as_floats(array: np.ndarray) -> np.ndarray:
    """Return numbers as float64, NaN where one is missing, or refuse what is no finite number."""
    if array.dtype.kind == "O":
        kinds = {kind_of(label) for label in array[~missing(array)]}
        if kinds <= {"number"}:
            array = np.where(missing(array), np.nan, array).astype(np.float64)
    if array.dtype.kind not in "biuf":
        came = "cells of other types" if array.dtype.kind == "O" else f"dtype {array.dtype}"
        raise ValueError(
            sentence(f"y must hold numbers in every column. Got {came}.", "Encode text columns, or pass one of them.")
        )
    check_in_range(array)
    return array.astype(np.float64)


def check_in_range(array: np.ndarray) -> None:
    """Refuse infinity and what float32 cannot hold, naming the first row and no value."""
    if array.dtype.kind != "f":
        return
    limit = min(LARGEST, float(np.finfo(array.dtype).max))
    too_large = (np.abs(array) > limit).reshape(len(array), -1).any(1)
    if too_large.any():
        raise ValueError(
            sentence(
                "y must hold finite numbers. Got infinity or a value too large for float32,",
                f"in {int(too_large.sum())} rows, first in row {int(too_large.argmax())}. Drop or replace such labels.",
            )
        )


def missing(array: np.ndarray) -> np.ndarray:
    """Return which entries say that there is no label: NaN and None."""
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype.kind == "O":
        return np.array([_says_nothing(label) for label in array.flat], bool).reshape(array.shape)
    return np.zeros(array.shape, bool)


def kind_of(label: Any) -> str:
    """Return the name of a label's type; all numbers are of one."""
    return "number" if isinstance(label, Real | Decimal | np.number | np.bool_) else type(label).__name__


def drawn(probabilities: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return n indices, each as often as `probabilities` says, int32."""
    index = np.searchsorted(np.cumsum(probabilities), rng.random(n), side="right")
    return np.minimum(index, len(probabilities) - 1).astype(np.int32)


def no_label_at_all() -> ValueError:
    """Return the refusal of a y in which every label is missing."""
    return ValueError("y must have at least one label. Got only missing values. Leave y out instead.")


def _says_nothing(label: Any) -> bool:
    # pandas' NA and NaT: NA does not even say whether it equals itself.
    return label is None or type(label).__name__ in ("NAType", "NaTType") or bool(label != label)


def check_dtype(dtype: np.dtype) -> np.dtype:
    """Return a dtype that was kept of y; refuse one that no numbers have."""
    if dtype.kind not in "biuf":
        raise ValueError("the dtype kept of y is not one of numbers")
    return dtype


def _check_length(array: np.ndarray, n: int) -> None:
    if len(array) != n:
        raise ValueError(
            sentence(
                f"y must have one label for each row. Found inconsistent numbers of samples: [{n}, {len(array)}].",
                "Pass X and y of one length.",
            )
        )


def _wrong_shape(array: np.ndarray, wanted: str) -> ValueError:
    return ValueError(
        sentence(
            f"y must have shape {wanted}. Got shape {array.shape}, of {array.ndim} dimensions.",
            "Give one label for each row, as they were in the first fit.",
        )
    )
