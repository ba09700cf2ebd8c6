"""What encoders of categories share: the levels of a column, how often each was, and those that are too rare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skgan.encoding._texts import as_objects, packed, unpacked


class Levels:
    """The levels of a column, in order, and those gathered into one because they are rare or too many.

    Parameters
    ----------
    column : array of object, shape (n,)
        Values; None is a level too.
    most : int
        Levels at most; the rarest beyond are gathered.
    least : float
        Share of the rows below which a level is suppressed: it never comes back.
    ordered : sequence, optional
        All levels in their order.
    """

    def __init__(self, column: np.ndarray, most: int, least: float = 0.0):
        found, self.codes_of_rows, counts = _distinct(column)
        if least > 0 and (kept := counts >= least * len(column)).any() and not kept.all():
            found, counts = found[kept], counts[kept]
        often = np.sort(np.argsort(-counts, kind="stable")[: most - 1 if len(found) > most else most])
        rare = np.setdiff1d(np.arange(len(found)), often)
        self.values, self.counts = found[often], counts[often]
        self.rare, self.rare_counts = found[rare], counts[rare]
        self._index()

    def __len__(self) -> int:
        return len(self.values) + bool(len(self.rare))

    def codes(self, column: np.ndarray, rng: np.random.Generator | None) -> np.ndarray:
        """Return the code of each value; one that is not known, or suppressed, becomes a known one by frequency."""
        distinct, inverse, _ = _distinct(column)
        codes = np.array([self._code.get(value, -1) for value in distinct], np.int32)[inverse]
        unknown = codes < 0
        if unknown.any():
            shares = np.append(self.counts, self.rare_counts.sum() or [])[: len(self)]
            drawn = shares.argmax() if rng is None else rng.choice(len(shares), unknown.sum(), p=shares / shares.sum())
            codes[unknown] = drawn
        return codes

    def strange(self, column: np.ndarray) -> np.ndarray:
        """Return which values are not known, `(n,)`."""
        unknown = set(column.tolist()) - self._code.keys()
        if not unknown:
            return np.zeros(len(column), bool)
        return np.fromiter((value in unknown for value in column), bool, len(column))

    def code_of(self, value: Any) -> int:
        """Return the code of a value that has a category of its own, -1 otherwise."""
        code = self._code.get(None if value != value else value, -1)
        return code if code < len(self.values) else -1

    def decode(self, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the values of codes; gathered ones are drawn by their frequencies."""
        column = np.append(self.values, as_objects([None]))[np.minimum(codes, len(self.values))]
        gathered = codes >= len(self.values)
        if gathered.any() and len(self.rare):
            shares = self.rare_counts / self.rare_counts.sum()
            column[gathered] = self.rare[rng.choice(len(shares), int(gathered.sum()), p=shares)]
        return column

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned."""
        return {
            "levels": packed(self.values),
            "counts": self.counts.astype(np.int64),
            "rare": packed(self.rare),
            "rare_counts": self.rare_counts.astype(np.int64),
        }

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray]) -> Levels:
        """Return the levels that `state` described."""
        self = cls.__new__(cls)
        self.values, self.counts = unpacked(arrays["levels"]), arrays["counts"]
        self.rare, self.rare_counts = unpacked(arrays["rare"]), arrays["rare_counts"]
        for values, counts in ((self.values, self.counts), (self.rare, self.rare_counts)):
            if counts.shape != values.shape or counts.dtype != np.int64 or (counts <= 0).any():
                raise ValueError("the levels of a column do not fit how often they were")
        if not len(self.values):
            raise ValueError("a column of categories has none")
        self._index()
        return self

    def _index(self) -> None:
        self._code = {value: code for code, value in enumerate(self.values)}
        self._code |= dict.fromkeys(self.rare, len(self.values))


def _distinct(column: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct values in order, the place of each row's value, and counts; None comes last."""
    place: dict[Any, int] = {}
    index = np.fromiter((place.setdefault(value, len(place)) for value in column), np.int64, len(column))
    known = list(place)
    try:
        order = sorted(range(len(known)), key=lambda i: _order(known[i]))
    except TypeError:  # of one type, and still not to be compared, such as times with and without a zone
        order = sorted(range(len(known)), key=lambda i: (known[i] is None, type(known[i]).__name__, str(known[i])))
    rank = np.empty(len(known), np.int64)
    rank[order] = np.arange(len(known))
    return as_objects([known[i] for i in order]), rank[index], np.bincount(rank[index], minlength=len(known))


def _order(value: Any) -> tuple:
    if value is None:
        return (2, "", 0)
    return (0, "", value) if isinstance(value, int | float) else (1, type(value).__name__, value)
