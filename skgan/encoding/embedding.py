"""Categories as points, for columns that have very many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skgan.encoding._levels import Levels
from skgan.interfaces import Encoder, Integer

NAMES = {"embedding": "PointEmbedding"}

#: categories compared with samples at once
_CHUNK = 2**22


class PointEmbedding(Encoder):
    r"""Each category is a point in a cube; a sample is the category of the nearest point.

    The points are the corners and lines of a lattice that a fixed sequence visits (the fractional parts of multiples of
    powers of the generalised golden ratio), the most frequent category first, so that frequent ones lie far apart.

    .. math:: e_k = 2 \{ k\, \phi_d^{-j} \}_{j = 1}^d - 1, \qquad \phi_d^{d + 1} = \phi_d + 1

    Parameters
    ----------
    dimensions : int, default=4
        Of the cube, in [1, 64].
    most : int, default=100_000
        Categories at most, in [2, inf); the rarest beyond share one.

    References
    ----------
    .. [1] Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.embedding import PointEmbedding
    >>> PointEmbedding(dimensions=2).fit(np.array(["a", "b", "a"], object)).numbers
    2
    """

    constraints = {"dimensions": (Integer(1, 64),), "most": (Integer(2),)}

    def __init__(self, dimensions: int = 4, most: int = 100_000):
        self.dimensions = dimensions
        self.most = most

    def fit(self, column: np.ndarray) -> Encoder:
        """Learn the values of a column of objects."""
        self.levels_ = Levels(column, self.most)
        self._place()
        return self

    def encode(self, column: np.ndarray, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the point of each value, and no codes."""
        return self.points_[self.levels_.codes(column, rng)], np.zeros(len(column), np.int32)

    def decode(self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the value of the nearest point, as objects."""
        rows = max(1, _CHUNK // len(self.points_))
        nearest = [
            ((numbers[i : i + rows, None] - self.points_) ** 2).sum(2).argmin(1) for i in range(0, len(numbers), rows)
        ]
        return self.levels_.decode(np.concatenate(nearest) if nearest else np.empty(0, int), rng)

    def strange(self, column: np.ndarray) -> np.ndarray:
        """Return which values `fit` did not see, `(n,)`."""
        return self.levels_.strange(column)

    def learned(self) -> dict[str, np.ndarray]:
        """Return values and how often each was."""
        return self.levels_.state()

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        self.levels_ = Levels.from_state(arrays)
        self._place()

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return two widths."""
        return [{}, {"dimensions": 2, "most": 20}]

    def _place(self) -> None:
        self.numbers = self.dimensions
        ratio = 2.0
        for _ in range(60):
            ratio = (1 + ratio) ** (1 / (self.dimensions + 1))
        powers = ratio ** -np.arange(1, self.dimensions + 1)
        counts = np.append(self.levels_.counts, [0] * (len(self.levels_) - len(self.levels_.counts)))
        rank = np.empty(len(counts), int)
        rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
        self.points_ = (2 * ((0.5 + np.outer(rank, powers)) % 1) - 1).astype(np.float32)
