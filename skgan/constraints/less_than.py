"""One column at most another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skgan.interfaces import Boolean, Constraint, Name, sentence

NAMES = {"less-than": "LessThan"}


class LessThan(Constraint):
    r"""Numbers or times of one column are at most those of another.

    .. math:: x_{low} \le x_{high}

    Where a sample has them the wrong way round they change places, each kept within what its own column held; rows
    with a missing value are left as they are.

    Parameters
    ----------
    low, high : str or int
        Names of the columns; places, for arrays.
    strict : bool, default=False
        Whether equal values break the rule.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.constraints import LessThan
    >>> rule = LessThan("start", "end").fit({"start": np.array([0.0, 1.0]), "end": np.array([1.0, 3.0])})
    >>> mended = rule.enforce({"start": np.array([3.0]), "end": np.array([1.0])}, np.random.default_rng(0))
    >>> mended["start"], mended["end"]
    (array([1.]), array([3.]))
    """

    constraints = {"low": (Name(),), "high": (Name(),), "strict": (Boolean(),)}

    def __init__(self, low: Any = "", high: Any = "", strict: bool = False):
        self.low = low
        self.high = high
        self.strict = strict

    def fit(self, table: Mapping[Any, np.ndarray]) -> Constraint:
        """Learn which values there are; refuse columns that do not keep the rule."""
        low, high = _numbers(table, self.low), _numbers(table, self.high)
        broken = ~self.kept(table)
        if broken.any():
            raise ValueError(
                sentence(
                    f"The constraint {str(self.low)[:40]!r} below {str(self.high)[:40]!r} must hold in every row of X.",
                    f"Got {int(broken.sum())} rows that break it, first row {int(broken.argmax())}.",
                    "Drop those rows, or the constraint.",
                )
            )
        self.ends_ = np.array([np.nanmin(low), np.nanmax(low), np.nanmin(high), np.nanmax(high)], np.float64)
        gaps = (high - low)[~np.isnan(high - low)]
        self.gap_ = np.array(gaps.min() if self.strict and len(gaps) else 0.0)
        return self

    def enforce(self, table: dict[Any, np.ndarray], rng: np.random.Generator) -> dict[Any, np.ndarray]:
        """Return the columns with values the wrong way round exchanged."""
        low, high = table[self.low].copy(), table[self.high].copy()
        broken = ~self.kept(table)
        first, second = np.minimum(low, high)[broken], np.maximum(low, high)[broken]
        low[broken] = np.clip(first, self.ends_[0], self.ends_[1])
        high[broken] = np.clip(second, self.ends_[2], self.ends_[3])
        still = ~self.kept({self.low: low, self.high: high})
        high[still] = np.maximum(high[still], low[still] + self.gap_)
        return table | {self.low: low, self.high: high}

    def kept(self, table: Mapping[Any, np.ndarray]) -> np.ndarray:
        """Return which rows keep the rule, and those that lack a value."""
        low, high = table[self.low], table[self.high]
        return ~(low >= high) if self.strict else ~(low > high)

    def learned(self) -> dict[str, np.ndarray]:
        """Return what was learned."""
        return {"ends": self.ends_, "gap": self.gap_}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        self.ends_, self.gap_ = arrays["ends"], arrays["gap"]
        if self.ends_.shape != (4,) or self.gap_.shape != () or self.ends_.dtype != np.float64:
            raise ValueError("the range of a rule is none")

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return both forms."""
        return [{"low": "a", "high": "b"}, {"low": "a", "high": "b", "strict": True}]


def _numbers(table: Mapping[Any, np.ndarray], name: Any) -> np.ndarray:
    if name not in table or table[name].dtype.kind != "f":
        came = "none of that name" if name not in table else "a column of other values"
        raise ValueError(f"LessThan must name columns of numbers or times. Got {name!r}: {came}. Name another one.")
    return table[name]
