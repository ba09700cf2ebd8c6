"""The user's arrays, images and labels to what the networks see, and back.

Each step remembers how to go back: `layout` (container, axes, dtype), the user's preprocessor,
`scaling` (numbers to a range networks like), `labels`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor

from skgan.encoding import labels as label_encoding
from skgan.encoding import preprocessors
from skgan.encoding import scaling as scalings
from skgan.encoding.labels import Labels
from skgan.encoding.layout import Layout
from skgan.encoding.scaling import Range, Scaling
from skgan.interfaces import Asking, DataSpec
from skgan.seeding import Key
from skgan.validation import sentence

__all__ = ["Encoding"]

#: rows that a preprocessor must bring back in fit, so that it does not fail in sample
_TRIED = 2


class Encoding:
    """Everything learned from X and y about how they look.

    Parameters
    ----------
    layout : Layout
        The outside of X.
    rows : array of shape (n, n_features)
        X, flat and checked.
    y : array-like or None
        Labels of any kind.
    classes : array-like or None
        All classes there will be, when they are known beforehand.
    preprocessor : transformer or None
        Applied first and undone last; fitted here, on a clone.
    kinds : tuple of str, optional
        Kinds of labels that the conditioning works with; None for any.
    """

    def __init__(
        self,
        layout: Layout,
        rows: np.ndarray,
        y: Any,
        classes: Any,
        preprocessor: Any,
        kinds: tuple[str, ...] | None = None,
    ):
        self.layout = layout
        self.preprocessor = None if preprocessor is None else clone(preprocessor)
        self.labels: Labels = label_encoding.learn(y, len(rows), classes, kinds)
        if self.preprocessor is not None:
            width = rows.shape[1]
            rows = preprocessors.applied(self.preprocessor, "fit_transform", rows)
            preprocessors.applied(self.preprocessor, "inverse_transform", rows[:_TRIED], width)
            self._keeps_shape = rows.shape[1] == width
        else:
            self._keeps_shape = True
        samples = self._samples(rows)
        self.kind = layout.kind if self._keeps_shape else "vector"
        self.shape = samples.shape[1:]
        self._to_scale: Any = samples
        self._scaling: Scaling | None = None

    @property
    def scaling(self) -> Scaling:
        """Numbers to the range of the networks; learned when first asked for, since that looks at every number."""
        if self._scaling is None:
            self._scaling, self._to_scale = scalings.make(self.kind, self._to_scale), None
        return self._scaling

    def spec(self, latent_dim: int, codes: dict[str, Any]) -> DataSpec:
        """Return what the networks must know."""
        labels = self.labels
        return DataSpec(
            self.kind,
            self.shape,
            self.kind == "image",
            labels.kind,
            labels.dim,
            latent_dim,
            label_shape=labels.shape,
            **codes,
        )

    def encode(self, rows: np.ndarray) -> Tensor:
        """Return flat, checked rows as samples to keep, `(n, *shape)`."""
        if self.preprocessor is not None:
            rows = preprocessors.applied(self.preprocessor, "transform", rows, math.prod(self.shape))
        return self.scaling.encode(self._samples(rows))

    def encode_labels(self, y: Any, n: int) -> Tensor:
        """Return n labels as they are kept, `(n, ...)`."""
        return self.labels.encode(self.label_values(y, n))

    def label_values(self, y: Any, n: int) -> np.ndarray:
        """Return n labels, checked; y must be there exactly when it was there in fit."""
        if y is None and self.labels.dim:
            raise ValueError(
                sentence(
                    "y must be given: GANEstimator was fitted with labels. Got None.",
                    "Pass y, or fit with conditioning=None.",
                )
            )
        return self.labels.values(y, n)

    def stored_bytes(self, rows: np.ndarray) -> int | None:
        """Return the bytes that all rows take as they are kept."""
        whole = isinstance(self.scaling, Range) and self.scaling.whole_bytes and rows.dtype == np.uint8
        return len(rows) * math.prod(self.shape) * (1 if whole else 4)

    def encode_some(self, rows: np.ndarray, places: np.ndarray) -> Tensor:
        """Return the rows at some places as samples to keep."""
        return self.encode(rows[places])

    def stored(self, rows: np.ndarray, y: Any, key: Key) -> tuple[Tensor, Tensor]:
        """Return samples and labels to train on, as they are kept."""
        return self.encode(rows), self.encode_labels(y, len(rows))

    def order(self, labels: Tensor, asking: Asking, batch_size: int, key: Key, device: torch.device) -> Any:
        """Return None: rows go round in ever new permutations."""
        return None

    def wish(self, y: Any, n_samples: int | None) -> Any:
        """Return None where y is a label, or refuse values of columns, which only tables have."""
        if hasattr(y, "items") and not hasattr(y, "iloc") and not hasattr(y, "dtype"):
            raise ValueError(
                sentence(
                    "y must be labels: X was no table of mixed types. Got a dict.",
                    "Fit on a DataFrame with columns={} to ask for values of its columns.",
                )
            )
        return None

    def drawn(self, x: Tensor) -> Any:
        """Return what is kept of a block of the networks' samples until all are there."""
        return self.decode(x)

    def finished(self, blocks: list[Any], stored: Tensor, key: Key) -> Any:
        """Return all blocks of samples the way X came."""
        return self.layout.joined(blocks)

    def decode(self, x: Tensor) -> Any:
        """Return the networks' samples `(n, *shape)`, on any device, the way X came."""
        scaling = self.scaling
        if isinstance(scaling, Range) and scaling.whole_bytes and self.layout.holds_bytes and self.preprocessor is None:
            return self.layout.restore_bytes(scaling.to_bytes(x))
        samples = self.scaling.decode(x.cpu())
        rows = self.layout.flatten(samples) if self._keeps_shape else samples.reshape(len(samples), -1)
        if self.preprocessor is not None:
            rows = preprocessors.applied(self.preprocessor, "inverse_transform", rows, self.n_features)
        return self.layout.restore(rows)

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return what was learned, as JSON can hold it; arrays go into `arrays`."""
        config: dict[str, Any] = {
            "layout": self.layout.state(arrays),
            "kind": self.kind,
            "shape": list(self.shape),
            "keeps_shape": self._keeps_shape,
            "scaling": scalings.dump(self.scaling, "scaling", arrays),
            "labels": label_encoding.dump(self.labels, arrays),
            "preprocessor": None,
        }
        if self.preprocessor is not None:
            config["preprocessor"] = preprocessors.dump(self.preprocessor, "preprocessor", arrays)
        return config

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Encoding:
        """Return the encoding that `state` described."""
        self = cls.__new__(cls)
        self.layout = Layout.from_state(config["layout"], arrays)
        self.kind = config["kind"]
        self.shape = tuple(config["shape"])
        self._keeps_shape = bool(config["keeps_shape"])
        self._scaling = scalings.load(config["scaling"], "scaling", arrays)
        self.labels = label_encoding.load(config["labels"], arrays)
        described = config["preprocessor"]
        self.preprocessor = None if described is None else preprocessors.load(described, "preprocessor", arrays)
        return self

    @property
    def n_features(self) -> int:
        """Numbers in one flat row."""
        return math.prod(self.layout.data_shape)

    def check(self) -> None:
        """Refuse what was learned when its pieces do not fit: a sample must find its way out and in again."""
        if self.scaling.bounded != (self.kind == "image") or not all(length > 0 for length in self.shape):
            raise ValueError("the scaling is not one for such data")
        if not self._keeps_shape and (self.preprocessor is None or self.kind != "vector"):
            raise ValueError("only a preprocessor changes the shape, into vectors")
        if self._keeps_shape and (self.kind, self.shape) != (self.layout.kind, self.layout.sample_shape):
            raise ValueError("the samples have another shape than the data")
        samples = self.scaling.decode(torch.zeros(1, *self.shape))
        rows = self.layout.flatten(samples) if self._keeps_shape else samples.reshape(1, -1)
        again = rows
        if self.preprocessor is not None:
            rows = np.asarray(self.preprocessor.inverse_transform(rows))
            again = np.asarray(self.preprocessor.transform(rows))
        encoded = self.scaling.encode(self._samples(again))
        if rows.shape != (1, self.n_features) or tuple(encoded.shape[1:]) != self.shape:
            raise ValueError("the steps of the encoding differ in shape")
        self.layout.check_columns()

    def _samples(self, rows: np.ndarray) -> np.ndarray:
        return self.layout.take_off(rows) if self._keeps_shape else rows
