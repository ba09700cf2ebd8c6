"""Categories, each its own entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skgan.encoding._levels import Levels
from skgan.interfaces import Encoder, Integer, Real

NAMES = {"one-hot": "OneHot"}


class OneHot(Encoder):
    """One category for each value, missing ones included.

    Parameters
    ----------
    most : int, default=500
        Categories at most, in [2, inf). The rarest values beyond share one, and are drawn by their frequency when it
        comes.
    least : float, default=0.0
        Share of the rows below which a value is suppressed, in [0, 1): it is in no sample and no file. Rows that
        have it count as rows of the other values, by their frequency, and so do rows of values that `fit` did not see.
        ``columns={"*": OneHot(least=0.01)}`` asks it of all columns of categories. It is no differential privacy.

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.one_hot import OneHot
    >>> OneHot().fit(np.array(["b", "a", None], object)).encode(np.array(["a"], object))[1]
    array([0], dtype=int32)
    """

    constraints = {"most": (Integer(2),), "least": (Real(0.0, 1.0),)}

    def __init__(self, most: int = 500, least: float = 0.0):
        self.most = most
        self.least = least

    def fit(self, column: np.ndarray) -> Encoder:
        """Learn the values of a column of objects."""
        self.levels_ = Levels(column, self.most, self.least)
        self.width = len(self.levels_)
        return self

    def encode(self, column: np.ndarray, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return no numbers, and codes."""
        return np.zeros((len(column), 0), np.float32), self.levels_.codes(column, rng)

    def decode(self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the values of codes, as objects."""
        return self.levels_.decode(codes, rng)

    def code_of(self, value: Any) -> int:
        """Return the code of a value, -1 where it shares one or is not known."""
        return self.levels_.code_of(value)

    def strange(self, column: np.ndarray) -> np.ndarray:
        """Return which values `fit` did not see, `(n,)`; where values are suppressed nobody can tell."""
        return np.zeros(len(column), bool) if self.least else self.levels_.strange(column)

    def values_of_codes(self) -> np.ndarray | None:
        """Return the values, None where some share a category."""
        return None if len(self.levels_.rare) else self.levels_.values

    def learned(self) -> dict[str, np.ndarray]:
        """Return values and how often each was."""
        return self.levels_.state()

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        self.levels_ = Levels.from_state(arrays)
        self.width = len(self.levels_)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return few categories too."""
        return [{}, {"most": 3}, {"least": 0.1}]
