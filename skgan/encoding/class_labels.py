"""Classes of any label type, and no labels at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from skgan.encoding.label_base import Labels, as_column, as_labels, drawn, kind_of, missing, no_label_at_all
from skgan.exceptions import CheckpointError
from skgan.validation import listed, sentence

UNLABELLED = -1
#: types of labels of which two can be compared always
_ORDERED = {"number", "str", "bytes"}
#: that the names of all classes of a saved model may take
MOST_BYTES = 2**25
#: classes from which on they are compared with the number of rows, as scikit-learn does
MANY = 20


class NoLabels(Labels):
    """What y is when there is none: width 0 all the way."""

    kind = "none"
    shape = (0,)

    def count(self, y: Any) -> None:
        """Return None: whatever y holds will be refused."""

    def values(self, y: Any, n: int) -> np.ndarray:
        """Return the values of n rows without labels; refuse labels."""
        if y is not None:
            raise ValueError(
                "y must be left out: GANEstimator was fitted without labels. Got y. Fit with y to condition on it."
            )
        return np.full(n, UNLABELLED, np.int32)

    def encode(self, values: np.ndarray) -> Tensor:
        """Return the values."""
        return torch.from_numpy(values)

    def expand(self, stored: Tensor) -> Tensor:
        """Return labels of width 0, `(n, 0)`."""
        return torch.zeros(len(stored), 0, device=stored.device)

    def known(self, stored: Tensor) -> Tensor:
        """Return that no row has a label."""
        return torch.zeros(len(stored), dtype=torch.bool, device=stored.device)

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return the values of n rows without labels."""
        return self.values(None, n)

    def restore(self, values: np.ndarray) -> Any:
        """Refuse: there is nothing to return."""
        raise ValueError("return_y must be False: GANEstimator was fitted without labels. Got True. Fit with y.")

    def mean(self) -> Tensor:
        """Return the label of width 0."""
        return torch.zeros(1, 0)

    def typical(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """Return the label of width 0, with weight 1."""
        return np.ones(1), self.mean()

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return nothing."""
        return {}

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> NoLabels:
        """Return a new one."""
        return cls()


class Classes(Labels):
    """Classes, one-hot for the networks; their values are codes, -1 for rows without a label.

    Parameters
    ----------
    y : array-like of shape (n,)
        Labels to learn the classes from; NaN and None mean unlabelled.
    n : int
        How many.
    classes : array-like, optional
        All classes there will be; those of y by default.
    """

    kind = "classes"

    def __init__(self, y: Any, n: int, classes: Any = None):
        labels = _present(_checked(y, n))
        if not len(labels):
            raise no_label_at_all()
        self.classes = np.unique(labels if classes is None else _named(classes))
        counts = np.bincount(self._codes_of(labels), minlength=len(self.classes))
        self.prior = counts / counts.sum()
        self.shape = (len(self.classes),)

    def values(self, y: Any, n: int) -> np.ndarray:
        """Return codes `(n,)`, int32."""
        array = _checked(y, n)
        codes = np.full(n, UNLABELLED, np.int32)
        codes[~missing(array)] = self._codes_of(_present(array))
        return codes

    def encode(self, values: np.ndarray) -> Tensor:
        """Return the codes."""
        return torch.from_numpy(values)

    def remark(self, n: int) -> str:
        """Return what is odd about so many classes in n rows, which may mean that y says something else."""
        if len(self.classes) == 1:
            return sentence(
                "y holds one class only, so samples can be of no other.",
                "Leave y out, or give rows of all classes.",
            )
        if len(self.classes) > MANY and len(self.classes) > n / 2:
            return sentence(
                f"y holds {len(self.classes)} classes in {n} rows, as if it were a number.",
                "Whole numbers are classes: divide y by its standard deviation when it is a quantity.",
            )
        return ""

    def check_classes(self, classes: Any) -> None:
        """Refuse classes that are not those of the first call."""
        if not np.array_equal(np.unique(_named(classes)), self.classes):
            raise ValueError(
                sentence(
                    f"classes must be those of the first call, {listed(self.classes.tolist())}, or left out.",
                    f"Got {listed(np.unique(_named(classes)).tolist(), 5)}. Call fit to begin again with others.",
                )
            )

    def expand(self, stored: Tensor) -> Tensor:
        """Return one-hot labels `(n, K)`; zeros for rows without a label."""
        every = torch.arange(len(self.classes), device=stored.device, dtype=stored.dtype)
        return (stored[:, None] == every).float()

    def known(self, stored: Tensor) -> Tensor:
        """Return which codes stand for a class."""
        return stored >= 0

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return n codes drawn as often as the classes were seen."""
        return drawn(self.prior, n, rng)

    def restore(self, values: np.ndarray) -> np.ndarray:
        """Return the classes of codes, in the dtype of `classes`."""
        return self.classes[values]

    def mean(self) -> Tensor:
        """Return how often each class was, `(1, K)`."""
        return torch.tensor(self.prior, dtype=torch.float32)[None]

    def typical(self, rng: np.random.Generator) -> tuple[np.ndarray, Tensor]:
        """Return every class and how often it was."""
        return self.prior, torch.eye(len(self.classes))

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return classes and prior; they are in JSON, for they are few and often text."""
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
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Classes:
        """Return the classes that `state` described."""
        self = cls.__new__(cls)
        dtype = np.dtype(config["dtype"])
        if dtype.kind not in "biufUO" or dtype.itemsize * len(config["classes"]) > MOST_BYTES:
            raise ValueError("the classes have a type that is none of labels, or take too much memory")
        self.classes = np.array(config["classes"], dtype)
        self.prior = np.array(config["prior"], np.float64)
        self.shape = (len(self.classes),)
        if self.prior.shape != self.shape or not np.isclose(self.prior.sum(), 1) or self.prior.min() < 0:
            raise ValueError(f"{self.shape[0]} classes cannot have a prior of shape {self.prior.shape}")
        if len(set(self.classes.tolist())) != len(self.classes):
            raise ValueError("a class is there twice")
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


def _checked(y: Any, n: int) -> np.ndarray:
    """Return y as an array `(n,)` of labels of one type, or refuse it."""
    array = as_column(as_labels(y), n)
    kinds = {kind_of(label) for label in _present(array)} if array.dtype.kind == "O" else set()
    if len(kinds) > 1:
        raise ValueError(
            sentence(
                f"y must hold labels of one type. Got {listed(sorted(kinds))}.",
                "Convert them, for example with y.astype(str).",
            )
        )
    if kinds - _ORDERED:
        _refuse_without_order(_present(array))
    return array


def _refuse_without_order(labels: np.ndarray) -> None:
    """Refuse labels of a type in which none is less than another, or that are not the same as their copies."""
    came = type(labels[0])
    try:
        set(labels.tolist())
        sorted(labels.tolist())
        ordered = not issubclass(came, set | frozenset)
    except TypeError:
        ordered = False
    if not ordered:
        raise TypeError(
            sentence(
                "y must hold labels that can be put in order, such as text or numbers.",
                f"Got labels of type {came.__name__[:60]}. Give their names or numbers instead.",
            )
        )


def _named(classes: Any) -> np.ndarray:
    """Return the classes that the user names, or refuse them."""
    array = as_labels(classes)
    if array.ndim != 1 or not len(array) or missing(array).any():
        raise ValueError(
            sentence(
                "classes must be a list of all labels that there will be, none of them missing.",
                f"Got shape {array.shape}{' with missing ones' if array.ndim == 1 and len(array) else ''}.",
                "Name each class once, or leave classes out.",
            )
        )
    return _checked(array, len(array))


def _present(array: np.ndarray) -> np.ndarray:
    return array[~missing(array)]
