"""Columns whose values only come in the combinations of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skgan.interfaces import Constraint, Several, sentence

NAMES = {"fixed-combinations": "FixedCombinations"}

#: combinations at most
MOST = 100_000


class FixedCombinations(Constraint):
    """Values of several columns come together only as they did in the data.

    A sample with another combination gets one of the data that agrees with it in as many of the first columns as
    any does, drawn by how often it was.

    Parameters
    ----------
    columns : list of str or int
        Names of the columns, the one to keep first; places, for arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.constraints import FixedCombinations
    >>> data = {"city": np.array(["Rome", "Oslo"], object), "country": np.array(["Italy", "Norway"], object)}
    >>> rule = FixedCombinations(["city", "country"]).fit(data)
    >>> wrong = {"city": np.array(["Rome"], object), "country": np.array(["Norway"], object)}
    >>> rule.enforce(wrong, np.random.default_rng(0))["country"]
    array(['Italy'], dtype=object)
    """

    constraints = {"columns": (Several("a list of names"),)}

    def __init__(self, columns: Sequence[Any] = ()):
        self.columns = columns

    def fit(self, table: Mapping[Any, np.ndarray]) -> Constraint:
        """Learn the combinations and how often each was."""
        unknown = [name for name in self.columns if name not in table]
        if unknown or len(self.columns) < 2:
            came = f"{unknown[0]!r}, which X lacks" if unknown else f"{len(self.columns)} of them"
            raise ValueError(f"FixedCombinations must name two columns or more. Got {came}. Name columns of X.")
        counts: dict[tuple, int] = {}
        for row in self._rows(table):
            counts[row] = counts.get(row, 0) + 1
        if len(counts) > MOST:
            raise ValueError(
                sentence(
                    f"FixedCombinations must be of columns with at most {MOST} combinations.",
                    f"Got {len(counts)}. Name fewer columns, or columns with fewer values.",
                )
            )
        self._take(list(counts), np.array(list(counts.values()), np.int64))
        return self

    def enforce(self, table: dict[Any, np.ndarray], rng: np.random.Generator) -> dict[Any, np.ndarray]:
        """Return the columns with other combinations replaced."""
        broken = np.nonzero(~self.kept(table))[0]
        if not len(broken):
            return table
        rows, where = self._rows(table), rng.random(len(broken))
        mended = {name: table[name].copy() for name in self.columns}
        for row, u in zip(broken.tolist(), where.tolist(), strict=True):
            start = next(rows[row][:k] for k in range(len(self.columns) - 1, -1, -1) if rows[row][:k] in self._begins)
            members, ends = self._begins[start]
            chosen = self.rows_[members[min(int(np.searchsorted(ends, u, side="right")), len(members) - 1)]]
            for name, value in zip(self.columns, chosen, strict=True):
                mended[name][row] = np.nan if value is None and mended[name].dtype.kind == "f" else value
        return table | mended

    def kept(self, table: Mapping[Any, np.ndarray]) -> np.ndarray:
        """Return which rows have a combination of the data."""
        return np.array([row in self._known for row in self._rows(table)], bool)

    def learned(self) -> dict[str, np.ndarray]:
        """Return the combinations and how often each was."""
        from skgan.encoding._texts import packed

        return {"rows": packed([value for row in self.rows_ for value in row]), "counts": self.counts_}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        from skgan.encoding._texts import unpacked

        values, counts, width = unpacked(arrays["rows"]), arrays["counts"], len(self.columns)
        if width < 2 or len(values) != width * len(counts) or counts.dtype != np.int64 or (counts < 1).any():
            raise ValueError("the combinations do not fit how often they were")
        self._take([tuple(row) for row in values.reshape(-1, width).tolist()], counts)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return two columns."""
        return [{"columns": ["a", "c"]}]

    def _rows(self, table: Mapping[Any, np.ndarray]) -> list[tuple]:
        columns = [
            [None if v != v else v for v in table[name].tolist()]
            if table[name].dtype.kind == "f"
            else table[name].tolist()
            for name in self.columns
        ]
        return list(zip(*columns, strict=True))

    def _take(self, rows: list[tuple], counts: np.ndarray) -> None:
        self.rows_, self.counts_ = rows, counts
        self._known = set(rows)
        members: dict[tuple, list[int]] = {}
        for place, row in enumerate(rows):
            for k in range(len(row)):
                members.setdefault(row[:k], []).append(place)
        self._begins = {k: (own, np.cumsum(counts[own] / counts[own].sum())) for k, own in members.items()}
