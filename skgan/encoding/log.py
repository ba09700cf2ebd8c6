"""Numbers with a long tail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from skgan.encoding._numeric import Numeric
from skgan.interfaces import Choice, Several

NAMES = {"log": "Log"}


class Log(Numeric):
    r"""The logarithm of a number's distance from the smallest, between -1 and 1.

    .. math:: a = 2 \frac{\log(1 + (x - \min) / s)}{\log(1 + (\max - \min) / s)} - 1

    with s the median of those distances.

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
    >>> from skgan.encoding.log import Log
    >>> Log().fit(np.array([1.0, 10.0, 1000.0])).encode(np.array([1000.0]))[0]
    array([[1.]], dtype=float32)
    """

    constraints = {"spikes": (Choice("auto", None), Several("a list of numbers", numbers=True))}

    def __init__(self, spikes: str | Sequence[float] | None = "auto"):
        self.spikes = spikes

    def _learn(self, distinct: np.ndarray, counts: np.ndarray) -> int:
        distances = np.repeat(distinct - distinct[0], np.minimum(counts, 1000))
        self.scale_ = np.array([distinct[0], distinct[-1], np.median(distances) or 1.0], np.float64)
        return 1

    def _encoded(self, values: np.ndarray, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        low, high, s = self.scale_
        number = 2 * np.log1p(np.clip(values - low, 0, high - low) / s) / (np.log1p((high - low) / s) or 1.0) - 1
        return number, np.zeros(len(values), np.int32)

    def _decoded(self, numbers: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        low, high, s = self.scale_
        return low + s * np.expm1((numbers + 1) / 2 * np.log1p((high - low) / s))

    def _own(self) -> dict[str, np.ndarray]:
        return {"scale": self.scale_}

    def _relearn(self, arrays: Mapping[str, np.ndarray]) -> int:
        self.scale_ = arrays["scale"]
        if self.scale_.shape != (3,) or self.scale_.dtype != np.float64:
            raise ValueError("the scale of a column is none")
        if self.scale_[0] > self.scale_[1] or not self.scale_[2] > 0:
            raise ValueError("the scale of a column is none")
        return 1
