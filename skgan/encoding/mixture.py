r"""A mixture of normals in one dimension, fitted by variational inference on distinct values with weights.

With counts c_i of the distinct values x_i, a stick-breaking prior of concentration :math:`\gamma`, and a normal-gamma
prior of mean m, weight 1, one degree of freedom and the variance s of the data,

.. math::
    \ln r_{ik} = \mathrm{E}[\ln \pi_k] + \tfrac12 (\psi(\nu_k / 2) + \ln 2 - \ln \nu_k v_k)
                 - \tfrac12 \left(\frac{(x_i - m_k)^2}{v_k} + \frac{1}{\beta_k}\right)

.. math::
    N_k = \sum_i c_i r_{ik}, \quad \beta_k = 1 + N_k, \quad \nu_k = 1 + N_k, \quad
    m_k = \frac{m + N_k \bar x_k}{\beta_k}, \quad
    \nu_k v_k = s + N_k S_k + \frac{N_k}{\beta_k} (\bar x_k - m)^2

References
----------
.. [1] Bishop, "Pattern Recognition and Machine Learning", 2006, section 10.2.
.. [2] Blei, Jordan, "Variational inference for Dirichlet process mixtures", Bayesian Analysis 2006.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.special import digamma

#: distinct values that are looked at; more are gathered into as many bins of equal counts
MOST_VALUES = 512
#: of the prior on weights, and the weight below which a component is left out
CONCENTRATION, LEAST_WEIGHT = 1e-3, 0.005
MOST_ROUNDS, TOLERANCE = 100, 1e-3
#: standard deviations that become 1, and the largest number
REACH, LARGEST = 4.0, 0.99


class Mixture:
    """A mixture of normals learned from distinct values and their counts.

    Parameters
    ----------
    distinct, counts : arrays of shape (m,)
        Sorted values and how often each was.
    most : int
        Components at most.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.mixture import Mixture
    >>> mixture = Mixture(np.array([0.0, 0.1, 5.0, 5.1]), np.array([6000, 6000, 4000, 4000]), most=2)
    >>> mixture.means.round(2)
    array([0.05, 5.05])
    """

    def __init__(self, distinct: np.ndarray, counts: np.ndarray, most: int):
        values, weights = _gathered(distinct.astype(np.float64), counts.astype(np.float64))
        means, variances, shares = _fitted(values, weights, min(most, len(values)))
        kept = shares > LEAST_WEIGHT
        order = np.argsort(means[kept])
        self.means = means[kept][order]
        self.deviations = np.sqrt(variances[kept][order])
        self.weights = shares[kept][order] / shares[kept].sum()

    def __len__(self) -> int:
        return len(self.means)

    def posterior(self, values: np.ndarray) -> np.ndarray:
        """Return the probability of each component for each value, `(n, k)`."""
        logs = np.log(self.weights) - np.log(self.deviations) - 0.5 * self._distances(values) ** 2
        density = np.exp(logs - logs.max(1, keepdims=True)) + 1e-6
        return density / density.sum(1, keepdims=True)

    def encode(self, values: np.ndarray, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        """Return the distance from the component's mean and the component, drawn with `rng`, for each value."""
        distinct, inverse = np.unique(values, return_inverse=True)
        posterior = self.posterior(distinct)
        if rng is None:
            kinds = posterior.argmax(1)[inverse]
        else:
            kinds = (np.cumsum(posterior, 1)[inverse] < rng.random((len(values), 1))).sum(1)
            kinds = np.minimum(kinds, len(self) - 1)
        numbers = (values - self.means[kinds]) / (REACH * self.deviations[kinds])
        return np.clip(numbers, -LARGEST, LARGEST), kinds.astype(np.int32)

    def decode(self, numbers: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """Return the values of numbers and components."""
        kinds = np.clip(kinds, 0, len(self) - 1)
        return np.clip(numbers, -1, 1) * REACH * self.deviations[kinds] + self.means[kinds]

    def state(self) -> dict[str, np.ndarray]:
        """Return what was learned."""
        return {"means": self.means, "deviations": self.deviations, "weights": self.weights}

    @classmethod
    def from_state(cls, arrays: Mapping[str, np.ndarray]) -> Mixture:
        """Return the mixture that `state` described."""
        self = cls.__new__(cls)
        self.means, self.deviations, self.weights = (arrays[name] for name in ("means", "deviations", "weights"))
        parts = (self.means, self.deviations, self.weights)
        if any(a.dtype != np.float64 or a.ndim != 1 or a.shape != self.means.shape or not a.size for a in parts):
            raise ValueError("the components of a mixture differ in number")
        if not (self.deviations > 0).all() or not (self.weights > 0).all():
            raise ValueError("a component of a mixture has no width or no weight")
        return self

    def _distances(self, values: np.ndarray) -> np.ndarray:
        return (values[:, None] - self.means) / self.deviations


def _gathered(distinct: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return at most `MOST_VALUES` values and weights: means of bins with equal counts where there are more."""
    if len(distinct) <= MOST_VALUES:
        return distinct, counts
    places = (np.cumsum(counts) - counts / 2) / counts.sum()
    bins = np.minimum((places * MOST_VALUES).astype(int), MOST_VALUES - 1)
    weights = np.bincount(bins, counts, MOST_VALUES)
    sums = np.bincount(bins, counts * distinct, MOST_VALUES)
    full = weights > 0
    return sums[full] / weights[full], weights[full]


def _fitted(x: np.ndarray, c: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return means, variances and weights of k components."""
    mean = (c @ x) / c.sum()
    prior_variance = max((c @ (x - mean) ** 2) / c.sum(), 1e-12 * max(1.0, mean**2))
    r = _k_means(x, c, k)
    before = np.inf
    for _ in range(MOST_ROUNDS):
        n = c @ r + 1e-10
        centre = (c * x) @ r / n
        scatter = np.einsum("i,ik->k", c, r * (x[:, None] - centre) ** 2) / n
        beta, nu = 1 + n, 1 + n
        m = (mean + n * centre) / beta
        v = (prior_variance + n * scatter + n / beta * (centre - mean) ** 2) / nu
        a, b = 1 + n, CONCENTRATION + n[::-1].cumsum()[::-1] - n
        both = digamma(a + b)
        log_pi = digamma(a) - both + np.append(0.0, (digamma(b) - both).cumsum()[:-1])
        log_r = log_pi + 0.5 * (digamma(nu / 2) + np.log(2.0) - np.log(nu * v))
        log_r = log_r - 0.5 * ((x[:, None] - m) ** 2 / v + 1 / beta)
        top = log_r.max(1, keepdims=True)
        total = np.exp(log_r - top).sum(1, keepdims=True)
        r = np.exp(log_r - top) / total
        bound = float(c @ (top + np.log(total))[:, 0]) / c.sum()
        if abs(bound - before) < TOLERANCE * 0.01:
            break
        before = bound
    left = b / (a + b)
    weights = a / (a + b) * np.append(1.0, left.cumprod()[:-1])
    return m, v, weights / weights.sum()


def _k_means(x: np.ndarray, c: np.ndarray, k: int) -> np.ndarray:
    """Return the assignment of values to k centres, `(m, k)`, that start at quantiles."""
    places = (np.cumsum(c) - c / 2) / c.sum()
    centres = np.interp((np.arange(k) + 0.5) / k, places, x) + np.arange(k) * 1e-9
    for _ in range(20):
        nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, x)
        weights = np.bincount(nearest, c, k)
        moved = np.where(weights > 0, np.bincount(nearest, c * x, k) / np.maximum(weights, 1e-300), centres)
        if np.allclose(moved, centres):
            break
        centres = np.sort(moved)
    return np.eye(k)[np.searchsorted((centres[1:] + centres[:-1]) / 2, x)]
