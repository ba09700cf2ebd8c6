"""Columns that name rows."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from skgan.encoding._texts import as_objects, packed, unpacked
from skgan.interfaces import Encoder

NAMES = {"id": "Identifier"}


class Identifier(Encoder):
    """The networks see nothing of it; samples get new names, each once, that no row had.

    Whole numbers go on after the largest. Text keeps the pattern of the first value, with another number.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.identifier import Identifier
    >>> encoder = Identifier().fit(np.array(["ab-7", "ab-8"], object))
    >>> encoder.decode(np.zeros((2, 0)), np.zeros(2, int), np.random.default_rng(0))
    array(['ab-9', 'ab-10'], dtype=object)
    """

    reads = "any"

    def fit(self, column: np.ndarray) -> Encoder:
        """Learn the pattern of a column."""
        if column.dtype.kind == "f":
            self.before_, self.after_, self.digits_ = None, "", 0
            self.last_ = int(np.nanmax(column)) if not np.isnan(column).all() else 0
            return self
        texts = [str(value) for value in column if value is not None]
        found = [re.fullmatch(r"(.*?)(\d+)(\D*)", text, re.DOTALL) for text in texts]
        first = next((match for match in found if match), None)
        self.before_, self.after_ = (first[1], first[3]) if first and _shared(texts, first[1]) else ("row-", "")
        self.digits_ = len(first[2]) if first and first[2].startswith("0") else 0
        self.last_ = max((int(m[2][:18]) for m in found if m and m[1] == self.before_), default=0)
        return self

    def encode(self, column: np.ndarray, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return no numbers and no codes."""
        return np.zeros((len(column), 0), np.float32), np.zeros(len(column), np.int32)

    def decode(self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return new names."""
        following = np.arange(self.last_ + 1, self.last_ + 1 + len(codes))
        if self.before_ is None:
            return following.astype(np.float64)
        return as_objects(f"{self.before_}{number:0{self.digits_}d}{self.after_}" for number in following)

    def learned(self) -> dict[str, np.ndarray]:
        """Return the pattern and the last number."""
        return {"pattern": packed([self.before_, self.after_]), "last": np.array([self.last_, self.digits_])}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        self.before_, self.after_ = unpacked(arrays["pattern"])
        if arrays["last"].shape != (2,) or arrays["last"].dtype != np.int64:
            raise ValueError("the last name of a column is none")
        self.last_, self.digits_ = map(int, arrays["last"])
        if not isinstance(self.after_, str) or not isinstance(self.before_, str | None) or not 0 <= self.digits_ < 100:
            raise ValueError("the pattern of names is none")


def _shared(texts: list[str], before: str) -> bool:
    """Say whether all names begin alike; otherwise the beginning would tell of one row."""
    return all(text.startswith(before) for text in texts)
