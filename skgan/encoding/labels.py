"""What y is: nothing, classes, several labels at once, numbers, or images.

It is decided as by scikit-learn's ``type_of_target``: numbers that are not all whole are numbers, everything else
in one dimension is classes, however many - integers too, which are read as numbers only under a conditioning that
is made for numbers and not for classes. Two dimensions of 0 and 1 are several labels at once, other numbers in two
dimensions are numbers, and three or four dimensions are images. NaN and None mean unlabelled; -1 is a class.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skgan.encoding.class_labels import Classes, NoLabels
from skgan.encoding.image_labels import Images
from skgan.encoding.label_base import Labels, as_floats, as_labels, kind_of, missing
from skgan.encoding.multilabel import Multilabel
from skgan.encoding.number_labels import Numbers
from skgan.encoding.preprocessors import plain
from skgan.validation import sentence

__all__ = ["Classes", "Images", "Labels", "Multilabel", "NoLabels", "Numbers", "dump", "learn", "load"]

_KINDS: dict[str, type[Labels]] = {cls.kind: cls for cls in (NoLabels, Classes, Multilabel, Numbers, Images)}


def learn(y: Any, n: int, classes: Any = None, kinds: tuple[str, ...] | None = None) -> Labels:
    """Return what y is, learned from the labels of n rows.

    Parameters
    ----------
    y : array-like, tensor, Series, DataFrame or None
        The labels.
    n : int
        How many there must be.
    classes : array-like, optional
        All classes there will be.
    kinds : tuple of str, optional
        Kinds of labels that the conditioning works with; where y can be read in two ways, the first of them counts.
    """
    if y is None:
        return NoLabels()
    kind = _kind_of(as_labels(y), kinds)
    if classes is not None and kind != "classes":
        raise ValueError(
            f"classes must be left out where y holds no classes. Got classes, and y is {kind!r}. Leave classes out."
        )
    if kind == "classes":
        return Classes(y, n, classes)
    if kind == "image":
        return Images(y, n)
    return Multilabel(y, n) if kind == "multilabel" else Numbers(y, n)


def dump(labels: Labels, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return what labels have learned, as JSON can hold it; arrays go into `arrays` under ``labels``."""
    return {"kind": labels.kind, **plain(labels.state(arrays))}


def load(config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Labels:
    """Return the labels that `dump` described."""
    return _KINDS[config["kind"]].from_state(config, arrays)


def _kind_of(array: np.ndarray, kinds: tuple[str, ...] | None) -> str:
    """Return the kind of labels in an array, the first of those possible that is among `kinds`."""
    if 0 in array.shape[1:]:
        raise ValueError(f"y must hold something in each row. Got shape {array.shape}. Check its axes, or leave y out.")
    if array.ndim in (3, 4):
        return "image"
    if array.ndim > 4:
        raise ValueError(
            sentence(
                f"y must have 1 to 4 dimensions. Got {array.ndim}: shape {array.shape}.",
                "Give labels (n,), several numbers (n, d), or images (n, height, width), with or without channels.",
            )
        )
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    possible = _in_two_dimensions(array) if array.ndim == 2 else _in_one_dimension(array)
    return next((kind for kind in possible if kinds is None or kind in kinds), possible[0])


def _in_two_dimensions(array: np.ndarray) -> tuple[str, ...]:
    numbers = as_floats(array)
    labelled = numbers[~np.isnan(numbers).any(1)]
    return ("multilabel", "continuous") if ((labelled == 0) | (labelled == 1)).all() else ("continuous",)


def _in_one_dimension(array: np.ndarray) -> tuple[str, ...]:
    if not array.ndim:  # to be refused as classes
        return ("classes",)
    labels = array[~missing(array)]
    if labels.dtype.kind == "O" and {kind_of(label) for label in labels} == {"number"}:
        labels = labels.astype(np.float64)
    if not len(labels) or labels.dtype.kind not in "biuf":
        return ("classes",)
    numbers = as_floats(labels)
    return ("classes", "continuous") if (numbers == np.rint(numbers)).all() else ("continuous",)
