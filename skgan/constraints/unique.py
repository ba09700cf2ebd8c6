"""A column that holds no value twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skgan.interfaces import Constraint, Name, sentence

NAMES = {"unique": "Unique"}


class Unique(Constraint):
    """No value of a column comes twice among the samples of one call.

    Numbers that were there already move to the nearest multiple of the column's step that is free; text gets a number
    appended. Missing values may repeat.

    Parameters
    ----------
    column : str or int
        Name of the column; its place, for arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.constraints import Unique
    >>> rule = Unique("number").fit({"number": np.array([10.0, 20.0, 30.0])})
    >>> rule.enforce({"number": np.array([20.0, 20.0])}, np.random.default_rng(0))["number"]
    array([20., 30.])
    """

    constraints = {"column": (Name(),)}

    def __init__(self, column: Any = ""):
        self.column = column

    def fit(self, table: Mapping[Any, np.ndarray]) -> Constraint:
        """Learn the step of the column; refuse one that repeats a value."""
        if self.column not in table:
            raise ValueError(f"Unique must name a column of X. Got {self.column!r}. Name another one.")
        values = table[self.column]
        broken = ~self.kept(table)
        if broken.any():
            raise ValueError(
                sentence(
                    f"The constraint on {str(self.column)[:40]!r} must hold in every row of X.",
                    f"Got {int(broken.sum())} values that were there before. Drop those rows, or the constraint.",
                )
            )
        self.step_ = np.array(1.0)
        if values.dtype.kind == "f":
            gaps = np.diff(np.unique(values[~np.isnan(values)]))
            self.step_ = np.array(gaps.min() if len(gaps) else 1.0)
        return self

    def enforce(self, table: dict[Any, np.ndarray], rng: np.random.Generator) -> dict[Any, np.ndarray]:
        """Return the columns with repeated values moved."""
        values = table[self.column].copy()
        seen: set[Any] = set()
        following: dict[Any, int] = {}
        for row in np.nonzero(~self.kept(table))[0].tolist():
            if not seen:
                seen = set(values.tolist())
            first, k = values[row], following.get(values[row], 1)
            while (new := self._moved(first, k)) in seen:
                k += 1
            following[first] = k + 1
            values[row] = new
            seen.add(new)
        return table | {self.column: values}

    def kept(self, table: Mapping[Any, np.ndarray]) -> np.ndarray:
        """Return which rows hold a value that no row before them does."""
        kept, seen = np.ones(len(table[self.column]), bool), set()
        for row, value in enumerate(table[self.column].tolist()):
            if value is None or value != value:
                continue
            kept[row] = value not in seen
            seen.add(value)
        return kept

    def learned(self) -> dict[str, np.ndarray]:
        """Return the step."""
        return {"step": self.step_}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        self.step_ = arrays["step"]
        if self.step_.shape != () or not self.step_ > 0:
            raise ValueError("the step of a rule is none")

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return one column."""
        return [{"column": "d"}]

    def _moved(self, value: Any, k: int) -> Any:
        if isinstance(value, float):
            return value + float(self.step_) * ((k + 1) // 2) * (1 if k % 2 else -1)
        return f"{value}-{k + 1}"
