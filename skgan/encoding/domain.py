"""Which numbers a column may hold: range, step or distinct values, learned from the data."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

#: distinct values of a column, at most, that are kept one by one; and rows for each of them, at least
MOST_VALUES, ROWS_FOR_EACH = 512, 20
#: decimals that are looked for
MOST_DECIMALS = 9


class Domain:
    """The numbers that a column holds: a few distinct ones, or all of a range that are multiples of a step.

    Parameters
    ----------
    distinct, counts : arrays of shape (m,)
        The distinct values, sorted, and how often each was.
    """

    def __init__(self, distinct: np.ndarray, counts: np.ndarray):
        self.low, self.high = float(distinct[0]), float(distinct[-1])
        few = len(distinct) <= MOST_VALUES and counts.sum() >= ROWS_FOR_EACH * len(distinct)
        self.values = distinct.astype(np.float64) if few else np.empty(0)
        self.step = _step(distinct)

    def snap(self, values: np.ndarray) -> np.ndarray:
        """Return the nearest numbers that the column may hold."""
        if len(self.values):
            middle = (self.values[1:] + self.values[:-1]) / 2
            return self.values[np.searchsorted(middle, values)]
        values = np.clip(values, self.low, self.high)
        if self.step:
            # Multiplying by a power of ten and dividing again gives the float that the decimals are written as.
            steps = np.rint((values - self.low) / self.step)
            values = np.clip(_written(self.low + steps * self.step, self.step), self.low, self.high)
        return values

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned."""
        return {"values": self.values, "range": np.array([self.low, self.high, self.step])}

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray]) -> Domain:
        """Return the domain that `state` described."""
        self = cls.__new__(cls)
        self.values, ends = arrays["values"], arrays["range"]
        if self.values.dtype != np.float64 or self.values.ndim != 1 or ends.shape != (3,) or ends.dtype != np.float64:
            raise ValueError("the numbers of a column are not told of as they are learned")
        self.low, self.high, self.step = map(float, ends)
        if not self.low <= self.high or self.step < 0 or (np.diff(self.values) <= 0).any():
            raise ValueError("the numbers of a column are not in order")
        return self


def _step(distinct: np.ndarray) -> float:
    """Return the largest decimal step that all values are multiples of, counted from the lowest; 0 without one."""
    for decimals in range(MOST_DECIMALS + 1):
        scaled = distinct * 10.0**decimals
        if np.abs(scaled).max(initial=0) > 2**52:
            return 0.0
        whole = np.rint(scaled)
        if np.array_equal(whole / 10.0**decimals, distinct):
            if len(distinct) == 1:
                return 1.0
            return float(np.gcd.reduce(np.diff(whole).astype(np.int64))) / 10.0**decimals
    return 0.0


def _written(values: np.ndarray, step: float) -> np.ndarray:
    decimals = next((k for k in range(MOST_DECIMALS + 1) if step * 10**k >= 1), MOST_DECIMALS)
    while decimals < MOST_DECIMALS and abs(step * 10**decimals - round(step * 10**decimals)) > 1e-6:
        decimals += 1
    return np.rint(values * 10.0**decimals) / 10.0**decimals
