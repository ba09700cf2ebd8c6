"""A column within a range."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skgan.interfaces import Choice, Constraint, Name, Real, sentence

NAMES = {"within": "Within"}


class Within(Constraint):
    r"""Numbers of a column stay between two bounds.

    .. math:: low \le x \le high

    Parameters
    ----------
    column : str or int
        Name of the column; its place, for arrays.
    low, high : float or None, default=None
        The bounds; None for no bound.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.constraints import Within
    >>> rule = Within("age", low=18).fit({"age": np.array([20.0, 40.0])})
    >>> rule.enforce({"age": np.array([7.0, 30.0])}, np.random.default_rng(0))["age"]
    array([18., 30.])
    """

    constraints = {"column": (Name(),), "low": (Real(), Choice(None)), "high": (Real(), Choice(None))}

    def __init__(self, column: Any = "", low: float | None = None, high: float | None = None):
        self.column = column
        self.low = low
        self.high = high

    def fit(self, table: Mapping[Any, np.ndarray]) -> Constraint:
        """Refuse a column that does not keep the rule."""
        if self.column not in table or table[self.column].dtype.kind != "f":
            raise ValueError(f"Within must name a column of numbers. Got {self.column!r}. Name another one.")
        broken = ~self.kept(table)
        if broken.any():
            raise ValueError(
                sentence(
                    f"The constraint on {str(self.column)[:40]!r} must hold in every row of X.",
                    f"Got {int(broken.sum())} rows outside, first row {int(broken.argmax())}. Widen it, or drop them.",
                )
            )
        return self

    def enforce(self, table: dict[Any, np.ndarray], rng: np.random.Generator) -> dict[Any, np.ndarray]:
        """Return the columns with values outside moved to the nearer bound."""
        low, high = self._bounds()
        return table | {self.column: np.clip(table[self.column], low, high)}

    def kept(self, table: Mapping[Any, np.ndarray]) -> np.ndarray:
        """Return which rows keep the rule, and those that lack a value."""
        low, high = self._bounds()
        return ~((table[self.column] < low) | (table[self.column] > high))

    def learned(self) -> dict[str, np.ndarray]:
        """Return nothing: the bounds are parameters."""
        return {}

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take nothing over."""

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return one bound and two."""
        return [{"column": "a", "low": 0.0}, {"column": "b", "low": 0.0, "high": 9.0}]

    def _bounds(self) -> tuple[float, float]:
        return -np.inf if self.low is None else self.low, np.inf if self.high is None else self.high
