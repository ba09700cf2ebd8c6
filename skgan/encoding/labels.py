"""Labels: any classes to codes, codes to what the networks see, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_consistent_length, column_or_1d
from torch import Tensor

from skgan.exceptions import CheckpointError
from skgan.validation import listed, sentence

UNLABELLED = -1


class NoLabels:
    """What y is when there is none: width 0 all the way."""

    kind = "none"
    dim = 0
    classes = np.empty(0)
    prior = np.empty(0)

    def draw(self, n: int, rng: np.random.Generator) -> Tensor:
        """Return the codes of n rows without labels."""
        return self.encode(None, n)

    def encode(self, y: Any, n: int) -> Tensor:
        """Return the codes of n rows without labels."""
        return torch.full((n,), UNLABELLED, dtype=torch.int32)

    def expand(self, codes: Tensor) -> Tensor:
        """Return labels of width 0, `(n, 0)`."""
        return torch.zeros(len(codes), 0, device=codes.device)


class Classes:
    """Classes of any label type, one-hot for the networks; NaN and None mean unlabelled.

    Parameters
    ----------
    y : array of shape (n,)
        Labels to learn the classes from.
    classes : array-like, optional
        All classes there will be; those of y by default.
    """

    kind = "classes"

    def __init__(self, y: np.ndarray, classes: Any = None):
        labels = y[~_missing(y)]
        if not len(labels):
            raise ValueError("y must have at least one label. Got only missing values. Leave y out instead.")
        self.classes = np.unique(labels if classes is None else np.asarray(classes))
        counts = np.bincount(self._codes_of(labels), minlength=self.dim)
        self.prior = counts / counts.sum()

    @property
    def dim(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def encode(self, y: Any, n: int) -> Tensor:
        """Return codes `(n,)`, int32; -1 for rows without a label."""
        missing = _missing(y)
        codes = np.full(len(y), UNLABELLED, np.int32)
        codes[~missing] = self._codes_of(y[~missing])
        return torch.from_numpy(codes)

    def expand(self, codes: Tensor) -> Tensor:
        """Return one-hot labels `(n, K)`; zeros for rows without a label."""
        every = torch.arange(self.dim, device=codes.device, dtype=codes.dtype)
        return (codes[:, None] == every).float()

    def draw(self, n: int, rng: np.random.Generator) -> Tensor:
        """Return n codes drawn as often as the classes were seen."""
        codes = np.searchsorted(np.cumsum(self.prior), rng.random(n), side="right")
        return torch.from_numpy(np.minimum(codes, self.dim - 1).astype(np.int32))

    def state(self) -> dict[str, Any]:
        """Return what was learned, as JSON can hold it."""
        kinds = {type(label) for label in self.classes.tolist()}
        if not kinds <= {str, int, float, bool}:
            raise CheckpointError(
                sentence(
                    "classes_ must be strings, numbers or booleans to be saved as data.",
                    f"Got {listed(sorted(kind.__name__ for kind in kinds))}. Use joblib.dump instead.",
                )
            )
        return {"classes": self.classes.tolist(), "dtype": self.classes.dtype.str, "prior": self.prior.tolist()}

    @classmethod
    def from_state(cls, config: dict[str, Any]) -> Classes:
        """Return the classes that `state` described."""
        self = cls.__new__(cls)
        self.classes = np.array(config["classes"], np.dtype(config["dtype"]))
        self.prior = np.array(config["prior"])
        return self

    def _codes_of(self, labels: np.ndarray) -> np.ndarray:
        known = {label: code for code, label in enumerate(self.classes.tolist())}
        try:
            return np.array([known[label] for label in labels.tolist()], np.int32)
        except (KeyError, TypeError):
            unknown = [label for label in labels.tolist() if label not in known]
            raise ValueError(
                sentence(
                    f"y must hold labels that were seen in fit: {listed(self.classes.tolist())}.",
                    f"Got {listed(dict.fromkeys(map(str, unknown)), 3)}. Ask for a known label.",
                )
            ) from None


Labels = NoLabels | Classes


def check_y(y: Any, n: int) -> np.ndarray:
    """Return y as an array `(n,)` of class labels, or refuse it."""
    if hasattr(y, "detach"):
        y = y.detach().cpu().numpy()
    if hasattr(y, "to_numpy"):
        y = y.to_numpy()
    y = column_or_1d(np.asarray(y), warn=True)
    check_consistent_length(np.empty((n, 0)), y)
    missing = _missing(y)
    labels = y[~missing]
    if y.dtype.kind == "O":
        kinds = {_kind_of(label) for label in labels}
        if len(kinds) > 1:
            raise ValueError(
                sentence(
                    f"y must hold labels of one type. Got {listed(sorted(kinds))}.",
                    "Convert them, for example with y.astype(str).",
                )
            )
        y = y.copy()
        y[missing] = None
    target = type_of_target(labels) if len(labels) and y.dtype.kind != "O" else "multiclass"
    if target not in ("binary", "multiclass"):
        raise ValueError(
            sentence(
                f"Unknown label type: {target}. y must hold class labels: strings, integers or booleans.",
                "Bin the numbers, or leave y out.",
            )
        )
    return y


def _missing(y: np.ndarray) -> np.ndarray:
    if y.dtype.kind == "f":
        return np.isnan(y)
    if y.dtype.kind == "O":
        return np.array([label is None or label != label for label in y], bool)
    return np.zeros(len(y), bool)


def _kind_of(label: Any) -> str:
    return "number" if isinstance(label, int | float | np.number | np.bool_) else type(label).__name__
