"""Numbers by their place among the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import ndtr, ndtri

from skgan.encoding._numeric import Numeric
from skgan.interfaces import Boolean, Choice, Real, Several

NAMES = {"quantile-normal": "QuantileNormal"}

#: places between which the distribution is taken for straight
PLACES = 512
#: rows of a value on average, from which no other values are made than those that were there
ROWS_FOR_EACH = 2


class QuantileNormal(Numeric):
    r"""A number's place in its column as a normal score, scaled.

    .. math:: a = \Phi^{-1}(F(x)) / s, \qquad x = F^{-1}(\Phi(s a))

    Where values repeat, at least twice on average, each takes a place at random among its own in training, so that
    what the networks see is continuous; on the way back every such place is that value again. Otherwise F is straight
    between values, and new ones come back, rounded to the decimals of the column.

    Parameters
    ----------
    scale : float, default=3.0
        The normal score that becomes 1, in (0, inf); scores beyond are cut.
    uniform : bool, default=False
        Whether the place itself, from -1 to 1, is taken instead of its normal score.
    spikes : "auto", list of float or None, default="auto"
        Values that become categories of their own.

    References
    ----------
    .. [1] Kotelnikov et al., "TabDDPM: Modelling Tabular Data with Diffusion Models", ICML 2023, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.quantile_normal import QuantileNormal
    >>> encoder = QuantileNormal().fit(np.arange(5.0))
    >>> encoder.encode(np.array([2.0]))[0]
    array([[0.]], dtype=float32)
    """

    constraints = {
        "scale": (Real(0.0, closed="neither"),),
        "uniform": (Boolean(),),
        "spikes": (Choice("auto", None), Several("a list of numbers", numbers=True)),
    }

    def __init__(self, scale: float = 3.0, uniform: bool = False, spikes: str | Sequence[float] | None = "auto"):
        self.scale = scale
        self.uniform = uniform
        self.spikes = spikes

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return both forms."""
        return [{}, {"uniform": True, "spikes": None}]

    def _learn(self, distinct: np.ndarray, counts: np.ndarray) -> int:
        ends = np.cumsum(counts) / counts.sum()
        middle = ends - counts / counts.sum() / 2
        few = len(distinct) <= PLACES
        self.exact_ = few and counts.sum() >= ROWS_FOR_EACH * len(distinct)
        self.values_, self.ends_ = distinct.astype(np.float64), ends if self.exact_ else middle
        if not few:
            self.ends_ = np.linspace(0, 1, PLACES + 1)
            self.values_ = np.interp(self.ends_, middle, distinct)
        return 1

    def _encoded(self, values: np.ndarray, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        if self.exact_:
            nearest = np.searchsorted((self.values_[1:] + self.values_[:-1]) / 2, values)
            starts = np.append(0.0, self.ends_[:-1])
            where = rng.random(len(values)) if rng is not None else 0.5
            place = starts[nearest] + where * (self.ends_[nearest] - starts[nearest])
        else:
            place = np.interp(values, self.values_, self.ends_)
        number = 2 * place - 1 if self.uniform else np.clip(ndtri(np.clip(place, 1e-9, 1 - 1e-9)) / self.scale, -1, 1)
        return number, np.zeros(len(values), np.int32)

    def _decoded(self, numbers: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        place = (numbers + 1) / 2 if self.uniform else ndtr(numbers * self.scale)
        if self.exact_:
            return self.values_[np.minimum(np.searchsorted(self.ends_, place), len(self.values_) - 1)]
        return np.interp(place, self.ends_, self.values_)

    def _own(self) -> dict[str, np.ndarray]:
        return {"places": self.ends_, "quantiles": self.values_, "exact": np.array(self.exact_)}

    def _relearn(self, arrays: Mapping[str, np.ndarray]) -> int:
        self.ends_, self.values_ = arrays["places"], arrays["quantiles"]
        self.exact_ = bool(arrays["exact"])
        shapes = {self.ends_.shape, self.values_.shape}
        if len(shapes) > 1 or self.ends_.ndim != 1 or not len(self.ends_) or self.ends_.dtype != np.float64:
            raise ValueError("the quantiles of a column differ in number")
        if (np.diff(self.values_) < 0).any() or (np.diff(self.ends_) < 0).any() or self.values_.dtype != np.float64:
            raise ValueError("the quantiles of a column are not in order")
        return 1
