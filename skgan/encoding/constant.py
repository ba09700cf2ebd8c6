"""Columns that hold one value."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skgan.encoding._texts import as_objects, packed, unpacked
from skgan.interfaces import Encoder

NAMES = {"constant": "Constant"}


class Constant(Encoder):
    """The networks see nothing of it; every sample has the value.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.constant import Constant
    >>> encoder = Constant().fit(np.array(["x", "x"], object))
    >>> encoder.decode(np.zeros((3, 0)), np.zeros(3, int), np.random.default_rng(0))
    array(['x', 'x', 'x'], dtype=object)
    """

    reads = "any"

    def fit(self, column: np.ndarray) -> Encoder:
        """Take the first value."""
        self.value_ = column[:1]
        return self

    def encode(self, column: np.ndarray, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return no numbers and no codes."""
        return np.zeros((len(column), 0), np.float32), np.zeros(len(column), np.int32)

    def decode(self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the value, once for each row."""
        return np.repeat(self.value_, len(codes))

    def learned(self) -> dict[str, np.ndarray]:
        """Return the value; NaN is told of as a missing one."""
        number = self.value_.dtype.kind == "f"
        return {"value": packed([None if v != v else v for v in self.value_]), "number": np.array(number)}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        value = unpacked(arrays["value"])
        if len(value) != 1 or arrays["number"].shape != ():
            raise ValueError("a constant column holds one value")
        self.value_ = value.astype(np.float64) if arrays["number"] else as_objects(value)
