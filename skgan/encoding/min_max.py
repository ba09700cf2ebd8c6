"""Numbers by their place in the range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from skgan.encoding._numeric import Numeric
from skgan.interfaces import Choice, Several

NAMES = {"min-max": "MinMax"}


class MinMax(Numeric):
    r"""A number's place between the smallest and the largest of its column.

    .. math:: a = 2 \frac{x - \min}{\max - \min} - 1

    Parameters
    ----------
    spikes : "auto", list of float or None, default="auto"
        Values that become categories of their own.

    References
    ----------
    .. [1] Zhao et al., "CTAB-GAN+: Enhancing Tabular Data Synthesis", Frontiers in Big Data 2024, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.min_max import MinMax
    >>> MinMax().fit(np.arange(5.0)).encode(np.array([4.0]))[0]
    array([[1.]], dtype=float32)
    """

    constraints = {"spikes": (Choice("auto", None), Several("a list of numbers", numbers=True))}

    def __init__(self, spikes: str | Sequence[float] | None = "auto"):
        self.spikes = spikes

    def _learn(self, distinct: np.ndarray, counts: np.ndarray) -> int:
        self.ends_ = np.array([distinct[0], distinct[-1]], np.float64)
        return 1

    def _encoded(self, values: np.ndarray, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        low, high = self.ends_
        number = 2 * (values - low) / ((high - low) or 1.0) - 1
        return np.clip(number, -1, 1), np.zeros(len(values), np.int32)

    def _decoded(self, numbers: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        low, high = self.ends_
        return low + (numbers + 1) / 2 * (high - low)

    def _own(self) -> dict[str, np.ndarray]:
        return {"ends": self.ends_}

    def _relearn(self, arrays: Mapping[str, np.ndarray]) -> int:
        self.ends_ = arrays["ends"]
        if self.ends_.shape != (2,) or self.ends_.dtype != np.float64 or self.ends_[0] > self.ends_[1]:
            raise ValueError("the range of a column is none")
        return 1
