"""Values of any plain type as an array of bytes, for files that hold only numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from skgan.exceptions import CheckpointError
from skgan.validation import listed, sentence

#: that the values of one column may take
MOST_BYTES = 2**28


def packed(values: Iterable[Any]) -> np.ndarray:
    """Return plain values as the bytes of a JSON list."""
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    others = {type(value).__name__ for value in plain if not isinstance(value, str | bool | int | float | None)}
    if others:
        raise CheckpointError(
            sentence(
                "A column's values must be text, numbers or booleans to be saved as data.",
                f"Got {listed(sorted(others), 3)}. Convert the column, or use joblib.dump.",
            )
        )
    return np.frombuffer(json.dumps(plain).encode(), np.uint8)


def unpacked(array: np.ndarray) -> np.ndarray:
    """Return the values that `packed` put into bytes, as objects."""
    if array.dtype != np.uint8 or array.ndim != 1 or array.size > MOST_BYTES:
        raise ValueError("the values of a column are not told of as bytes")
    values = json.loads(array.tobytes().decode("utf-8"), parse_constant=_no_number)
    if not isinstance(values, list) or not all(isinstance(value, str | bool | int | float | None) for value in values):
        raise ValueError("the values of a column are not plain")
    return as_objects(values)


def _no_number(word: str) -> None:
    raise ValueError(f"the values of a column hold {word}")


def as_objects(values: Iterable[Any]) -> np.ndarray:
    """Return an array of objects `(n,)`, whatever they are."""
    values = list(values)
    array = np.empty(len(values), object)
    array[:] = values
    return array
