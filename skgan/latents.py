"""Priors, by which standard normal numbers - which every latent starts as - become latents; and ways between two.

One stream of noise, drawn in one way in training and in sampling, serves all priors.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone
from torch import Tensor

from skgan.exceptions import CheckpointError, InvalidParameterError
from skgan.validation import Integer, Real, check_table, listed, sentence

__all__ = ["Codes", "Gaussian", "Prior", "Sphere", "Truncated", "Uniform", "lerp", "slerp"]


class Prior(BaseEstimator, ABC):
    """How noise becomes latents, row by row."""

    constraints: dict[str, tuple[Any, ...]] = {}

    @abstractmethod
    def __call__(self, noise: Tensor) -> Tensor:
        """Return latents `(n, latent_dim)` of standard normal noise `(n, latent_dim)`."""

    def validate(self, latent_dim: int) -> None:
        """Raise `InvalidParameterError` when a parameter is out of its range, or latents are too narrow for it."""
        check_table(type(self).__name__, self.get_params(), self.constraints, type(self)().get_params())

    def codes(self) -> dict[str, Any]:
        """Return what a `DataSpec` says of the codes that latents begin with."""
        return {}


class Gaussian(Prior):
    """z ~ N(0, I)."""

    def __call__(self, noise: Tensor) -> Tensor:
        """Return the noise."""
        return noise


class Uniform(Prior):
    """z ~ U[-1, 1], coordinate by coordinate: erf(noise / sqrt 2)."""

    def __call__(self, noise: Tensor) -> Tensor:
        """Return uniform latents."""
        return (noise / math.sqrt(2)).erf()


class Sphere(Prior):
    """z uniform on the sphere of radius sqrt(latent_dim)."""

    def __call__(self, noise: Tensor) -> Tensor:
        """Return latents of one length."""
        return noise * math.sqrt(noise.shape[1]) / noise.norm(dim=1, keepdim=True).clamp_min(1e-12)


class Truncated(Prior):
    r"""z ~ N(0, I) given that no coordinate exceeds a threshold, through the distribution function.

    .. math:: z = \sqrt 2\, \mathrm{erf}^{-1}\left(\mathrm{erf}(t / \sqrt 2)\, \mathrm{erf}(u / \sqrt 2)\right)

    Parameters
    ----------
    threshold : float, default=2.0
        The threshold t, in (0, inf).
    """

    constraints = {"threshold": (Real(0.0, closed="neither"),)}

    def __init__(self, threshold: float = 2.0):
        self.threshold = threshold

    def __call__(self, noise: Tensor) -> Tensor:
        """Return truncated normal latents."""
        within = math.erf(self.threshold / math.sqrt(2)) * (noise / math.sqrt(2)).erf()
        return (math.sqrt(2) * within.erfinv()).clamp(-self.threshold, self.threshold)


class Codes(Prior):
    """One-hot and uniform codes first, normal numbers after them, as InfoGAN has them.

    Parameters
    ----------
    categorical : tuple of int, default=(10,)
        Numbers of values of the categorical codes, each in [2, inf); every value is as likely.
    continuous : int, default=2
        Number of codes uniform in [-1, 1], in [0, inf).
    """

    constraints = {"continuous": (Integer(0),)}

    def __init__(self, categorical: tuple[int, ...] = (10,), continuous: int = 2):
        self.categorical = categorical
        self.continuous = continuous

    def __call__(self, noise: Tensor) -> Tensor:
        """Return codes and noise: the largest of k normal numbers is each one as often."""
        pieces, start = [], 0
        for width in self.categorical:
            drawn = noise[:, start : start + width].argmax(1)
            pieces.append((drawn[:, None] == torch.arange(width, device=noise.device)).to(noise.dtype))
            start += width
        uniform = (noise[:, start : start + self.continuous] / math.sqrt(2)).erf()
        return torch.cat([*pieces, uniform, noise[:, start + self.continuous :]], 1)

    def validate(self, latent_dim: int) -> None:
        """Refuse codes that are none, or wider than the latents."""
        super().validate(latent_dim)
        whole = isinstance(self.categorical, tuple | list) and all(map(Integer(2).accepts, self.categorical))
        if not whole:
            raise InvalidParameterError(
                "The 'categorical' parameter of Codes must be a tuple of ints, each at least 2. Give for example (10,)."
            )
        width = sum(self.categorical) + self.continuous
        if width > latent_dim:
            raise InvalidParameterError(
                sentence(
                    f"The 'latent_dim' parameter of GANEstimator must be at least {width}, the width of the codes.",
                    f"Got {latent_dim}. Raise it, or ask for fewer codes.",
                )
            )

    def codes(self) -> dict[str, Any]:
        """Return the widths of the codes."""
        return {"categorical_codes": tuple(self.categorical), "continuous_codes": self.continuous}


PRIORS: dict[str, type[Prior]] = {
    "gaussian": Gaussian,
    "uniform": Uniform,
    "truncated": Truncated,
    "sphere": Sphere,
    "codes": Codes,
}


def prior_of(value: str | Prior) -> Prior:
    """Return the prior that a name stands for, or a copy of the one given."""
    return PRIORS[value]() if isinstance(value, str) else clone(value)


def described(prior: Prior) -> dict[str, Any]:
    """Return a prior as JSON holds it."""
    name = next((name for name, each in PRIORS.items() if type(prior) is each), None)
    if name is None:
        raise CheckpointError(
            sentence(
                f"prior must be one of {listed(PRIORS)} or an object of their classes to be saved as data.",
                f"Got an object of {type(prior).__name__}. Use joblib.dump instead.",
            )
        )
    return {"prior": name, "params": {k: list(v) if isinstance(v, tuple) else v for k, v in prior.get_params().items()}}


def from_description(config: dict[str, Any]) -> Prior:
    """Return the prior that `described` described."""
    params = {name: tuple(value) if isinstance(value, list) else value for name, value in config["params"].items()}
    return PRIORS[config["prior"]](**params)


def lerp(start: Any, end: Any, t: Any) -> np.ndarray:
    """Return latents on the straight line from `start` to `end`.

    Parameters
    ----------
    start, end : array-like of shape (latent_dim,)
        Two latents.
    t : array-like of shape (n,)
        Where on the way, 0 at `start` and 1 at `end`.

    Returns
    -------
    ndarray of shape (n, latent_dim)
        Ready for ``sample(latents=...)``.

    Examples
    --------
    >>> from skgan.latents import lerp
    >>> lerp([0.0, 0.0], [2.0, 4.0], [0.0, 0.5])
    array([[0., 0.],
           [1., 2.]])
    """
    start, end, t = np.asarray(start), np.asarray(end), np.asarray(t, float)[:, None]
    return (1 - t) * start + t * end


def slerp(start: Any, end: Any, t: Any) -> np.ndarray:
    r"""Return latents on the great circle from `start` to `end`, where normal latents keep their usual length.

    .. math:: \frac{\sin((1 - t) \omega)}{\sin \omega} a + \frac{\sin(t \omega)}{\sin \omega} b, \quad
              \cos \omega = \frac{\langle a, b \rangle}{\|a\| \|b\|}

    Parameters
    ----------
    start, end : array-like of shape (latent_dim,)
        Two latents; where they are parallel, or one is zero, the way is straight.
    t : array-like of shape (n,)
        Where on the way, 0 at `start` and 1 at `end`.

    Returns
    -------
    ndarray of shape (n, latent_dim)
        Ready for ``sample(latents=...)``.

    References
    ----------
    .. [1] White, "Sampling Generative Networks", 2016.

    Examples
    --------
    >>> from skgan.latents import slerp
    >>> slerp([1.0, 0.0], [0.0, 1.0], [0.0, 0.5]).round(3)
    array([[1.   , 0.   ],
           [0.707, 0.707]])
    """
    start, end = np.asarray(start, float), np.asarray(end, float)
    lengths = np.linalg.norm(start) * np.linalg.norm(end)
    angle = np.arccos(np.clip(np.dot(start, end) / max(lengths, 1e-12), -1.0, 1.0))
    if np.sin(angle) < 1e-6 or lengths < 1e-12:
        return lerp(start, end, t)
    t = np.asarray(t, float)[:, None]
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)
