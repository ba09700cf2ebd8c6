"""One or several numbers as a label."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata
from torch import Tensor

from skgan.encoding import scaling as scalings
from skgan.encoding.label_base import (
    Labels,
    as_column,
    as_floats,
    as_labels,
    as_rows,
    check_dtype,
    columns_of,
    no_label_at_all,
    with_columns,
)
from skgan.encoding.scaling import Standard
from skgan.validation import sentence

#: standard deviations from the mean that networks can still calculate with
FARTHEST = 1e9
#: of each column that are kept
QUANTILES = 256
#: labels that stand for all of them where none is given
TYPICAL = 8


class Numbers(Labels):
    r"""Numbers of mean 0 and standard deviation 1 for the networks; values are float64, `(n, d)`.

    Labels are drawn from a Gaussian copula on 256 quantiles of each column,

    .. math:: y_j = Q_j(\Phi(z_j)), \qquad z \sim \mathcal{N}(0, R)

    with Q interpolated between the quantiles and R the correlations of the normal scores of the ranks.

    Parameters
    ----------
    y : array-like or DataFrame of shape (n,) or (n, d)
        Numbers; a row with NaN is unlabelled.
    n : int
        How many rows.
    """

    kind = "continuous"

    def __init__(self, y: Any, n: int):
        array = as_labels(y)
        flat = array.ndim < 2 or array.shape[1] == 1
        self.ndim = 0 if flat else 1
        self.shape = (1,) if flat else array.shape[1:]
        self.dtype = array.dtype.newbyteorder("=") if array.dtype.kind in "biuf" else np.dtype(np.float64)
        self.columns = columns_of(y)
        labelled = self._read(y, n)
        labelled = labelled[~np.isnan(labelled).any(1)]
        if not len(labelled):
            raise no_label_at_all()
        self.scaling = Standard(labelled)
        self.whole = (labelled == np.rint(labelled)).all(0)
        self.quantiles = np.quantile(labelled, np.linspace(0, 1, QUANTILES), axis=0)
        self.root = _root(_normal_correlations(labelled))

    def values(self, y: Any, n: int) -> np.ndarray:
        """Return numbers `(n, d)`, float64; NaN where one is missing."""
        values = self._read(y, n)
        with np.errstate(over="ignore"):
            far = (np.abs((values - self.scaling.mean) / self.scaling.scale) > FARTHEST).any(1)
        if far.any():
            raise ValueError(
                sentence(
                    f"y must lie within {FARTHEST:g} standard deviations of the numbers in fit.",
                    f"Got {int(far.sum())} rows beyond, first row {int(far.argmax())}. Check the units of y.",
                )
            )
        return values

    def encode(self, values: np.ndarray) -> Tensor:
        """Return standardised numbers; rows that miss one are all NaN."""
        complete = np.where(np.isnan(values).any(1, keepdims=True), np.nan, values)
        return self.scaling.encode(complete)

    def expand(self, stored: Tensor) -> Tensor:
        """Return standardised numbers `(n, d)`; zeros for rows without a label."""
        return torch.where(torch.isnan(stored), 0.0, stored)

    def known(self, stored: Tensor) -> Tensor:
        """Return which rows have numbers."""
        return ~torch.isnan(stored[:, 0])

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return n rows; columns of whole numbers stay whole."""
        independent = rng.standard_normal((n, self.dim))
        normal = np.zeros_like(independent)
        for column, weights in enumerate(self.root):  # a matrix product may round row 3 otherwise than row 4
            normal += independent[:, [column]] * weights
        place = ndtr(normal) * (QUANTILES - 1)
        below = np.minimum(place.astype(int), QUANTILES - 2)
        every = np.arange(self.dim)
        low, high = self.quantiles[below, every], self.quantiles[below + 1, every]
        values = low + (place - below) * (high - low)
        return np.where(self.whole, np.rint(values), values)

    def restore(self, values: np.ndarray) -> Any:
        """Return numbers in the shape and dtype of y; those that an integer cannot say stay floats."""
        values = values if self.ndim else values[:, 0]
        fits = self.dtype.kind == "f" or bool((values == np.rint(values)).all() and _within(values, self.dtype))
        return with_columns(values.astype(self.dtype if fits else np.float64), self.columns)

    def mean(self) -> Tensor:
        """Return zeros, `(1, d)`."""
        return torch.zeros(1, self.dim)

    def typical(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """Return a few rows as they are drawn, all with one weight."""
        return np.full(TYPICAL, 1 / TYPICAL), self.expand(self.encode(self.draw(TYPICAL, rng)))

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return dtype and columns; all numbers are arrays."""
        arrays |= {"labels.quantiles": self.quantiles, "labels.root": self.root, "labels.whole": self.whole}
        scalings.dump(self.scaling, "labels.scaling", arrays)
        return {"dtype": self.dtype.name, "columns": self.columns, "ndim": self.ndim}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Numbers:
        """Return the labels that `state` described."""
        self = cls.__new__(cls)
        self.dtype = check_dtype(np.dtype(config["dtype"]))
        self.columns, self.ndim = config["columns"], config["ndim"]
        self.quantiles, self.root = arrays["labels.quantiles"], arrays["labels.root"]
        self.whole = arrays["labels.whole"]
        self.shape = self.whole.shape
        scaling = scalings.load("standard", "labels.scaling", arrays)
        assert isinstance(scaling, Standard)
        self.scaling = scaling
        lengths = {scaling.mean.shape, scaling.scale.shape, self.quantiles.shape[1:], self.shape}
        d = self.dim
        if lengths != {(d,)} or len(self.quantiles) != QUANTILES or self.root.shape != (d, d) or d > 1 > self.ndim:
            raise ValueError("the numbers kept of y differ in shape")
        if self.whole.dtype != bool or not (scaling.scale > 0).all() or (np.diff(self.quantiles, axis=0) < 0).any():
            raise ValueError("the numbers kept of y are not what they stand for")
        return self

    def _read(self, y: Any, n: int) -> np.ndarray:
        if self.ndim == 0:
            return as_floats(as_column(as_labels(y), n))[:, None]
        return as_floats(as_rows(y, n, self.shape, self.columns))


def _normal_correlations(values: np.ndarray) -> np.ndarray:
    """Return the correlations of the columns' normal scores, `(d, d)`; 0 beside a column that does not vary."""
    scores = ndtri((rankdata(values, axis=0) - 0.5) / len(values))
    scores -= scores.mean(0)
    lengths = np.sqrt((scores**2).sum(0))
    scores /= np.where(lengths > 0, lengths, 1.0)
    correlations = scores.T @ scores
    np.fill_diagonal(correlations, 1.0)
    return correlations


def _root(correlations: np.ndarray) -> np.ndarray:
    """Return the symmetric root of a matrix without negative eigenvalues."""
    eigenvalues, vectors = np.linalg.eigh(correlations)
    return (vectors * np.sqrt(np.maximum(eigenvalues, 0))) @ vectors.T


def _within(values: np.ndarray, dtype: np.dtype) -> bool:
    limits = (0, 1) if dtype.kind == "b" else (float(np.iinfo(dtype).min), float(np.iinfo(dtype).max))
    return bool((values >= limits[0]).all() and (values <= limits[1]).all())
