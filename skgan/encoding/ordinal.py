"""Categories that have an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skgan.encoding._levels import Levels
from skgan.interfaces import Encoder, Integer

NAMES = {"ordinal": "Ordinal"}


class Ordinal(Encoder):
    r"""A category's place in the order of all, as one number.

    .. math:: a = 2 \frac{k + u}{K} - 1, \qquad u \sim \mathrm{U}[0, 1)

    in training; otherwise :math:`u = 1/2`. Missing values come last.

    Parameters
    ----------
    most : int, default=10_000
        Categories at most, in [2, inf); the rarest beyond share the last place.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.ordinal import Ordinal
    >>> Ordinal().fit(np.array([1, 2, 3], object)).encode(np.array([2], object))[0]
    array([[0.]], dtype=float32)
    """

    constraints = {"most": (Integer(2),)}
    numbers = 1

    def __init__(self, most: int = 10_000):
        self.most = most

    def fit(self, column: np.ndarray) -> Encoder:
        """Learn the values of a column of objects, in their order."""
        self.levels_ = Levels(column, self.most)
        return self

    def encode(self, column: np.ndarray, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return one number for each value, and no codes."""
        within = 0.5 if rng is None else rng.random(len(column))
        number = 2 * (self.levels_.codes(column, rng) + within) / len(self.levels_) - 1
        return number.astype(np.float32)[:, None], np.zeros(len(column), np.int32)

    def decode(self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the values, as objects."""
        place = (numbers[:, 0].astype(np.float64) + 1) / 2 * len(self.levels_)
        return self.levels_.decode(np.clip(place.astype(int), 0, len(self.levels_) - 1), rng)

    def strange(self, column: np.ndarray) -> np.ndarray:
        """Return which values `fit` did not see, `(n,)`."""
        return self.levels_.strange(column)

    def learned(self) -> dict[str, np.ndarray]:
        """Return values and how often each was."""
        return self.levels_.state()

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        self.levels_ = Levels.from_state(arrays)

    def knows(self, value: Any) -> bool:
        """Say whether a value was seen."""
        return self.levels_.code_of(value) >= 0
