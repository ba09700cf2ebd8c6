"""The user's arrays, images and labels to what the networks see, and back.

Each step remembers how to go back: `layout` (container, axes, dtype), the user's preprocessor,
`scaling` (numbers to a range networks like), `labels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone
from torch import Tensor

from skgan.encoding import labels as label_encoding
from skgan.encoding import preprocessors
from skgan.encoding import scaling as scalings
from skgan.encoding.labels import Classes, Labels, NoLabels
from skgan.encoding.layout import Layout
from skgan.encoding.scaling import Scaling
from skgan.interfaces import DataSpec
from skgan.validation import sentence

__all__ = ["Encoding"]


class Encoding:
    """Everything learned from X and y about how they look.

    Parameters
    ----------
    layout : Layout
        The outside of X.
    rows : array of shape (n, n_features)
        X, flat and checked.
    y : array of shape (n,) or None
        Labels.
    classes : array-like or None
        All classes there will be, when they are known beforehand.
    preprocessor : transformer or None
        Applied first and undone last; fitted here, on a clone.
    """

    def __init__(self, layout: Layout, rows: np.ndarray, y: Any, classes: Any, preprocessor: Any):
        self.layout = layout
        self.preprocessor = None if preprocessor is None else clone(preprocessor)
        self.labels: Labels = NoLabels()
        if y is not None:
            known = label_encoding.check_y(y, len(rows))
            self.labels = Classes(known, classes)
        if self.preprocessor is not None:
            width = rows.shape[1]
            rows = np.asarray(self.preprocessor.fit_transform(rows))
            self._keeps_shape = rows.shape[1] == width
        else:
            self._keeps_shape = True
        samples = self._samples(rows)
        self.kind = layout.kind if self._keeps_shape else "vector"
        self.shape = samples.shape[1:]
        self.scaling: Scaling = scalings.make(self.kind, samples)

    def spec(self, latent_dim: int) -> DataSpec:
        """Return what the networks must know."""
        return DataSpec(self.kind, self.shape, self.scaling.bounded, self.labels.kind, self.labels.dim, latent_dim)

    def encode(self, rows: np.ndarray) -> Tensor:
        """Return flat, checked rows as samples to keep, `(n, *shape)`."""
        if self.preprocessor is not None:
            rows = np.asarray(self.preprocessor.transform(rows))
        return self.scaling.encode(self._samples(rows))

    def encode_labels(self, y: Any, n: int) -> Tensor:
        """Return the codes of labels, `(n,)`; y must be there exactly when it was there in fit."""
        if isinstance(self.labels, NoLabels):
            if y is not None:
                raise ValueError(
                    "y must be left out: GANEstimator was fitted without labels. Got y. Fit with y to condition on it."
                )
            return self.labels.encode(None, n)
        if y is None:
            raise ValueError(
                sentence(
                    "y must be given: GANEstimator was fitted with labels. Got None.",
                    "Pass y, or fit with conditioning=None.",
                )
            )
        return self.labels.encode(label_encoding.check_y(y, n), n)

    def decode(self, x: Tensor) -> Any:
        """Return the networks' samples `(n, *shape)` the way X came."""
        samples = self.scaling.decode(x)
        rows = self.layout.flatten(samples) if self._keeps_shape else samples.reshape(len(samples), -1)
        if self.preprocessor is not None:
            rows = np.asarray(self.preprocessor.inverse_transform(rows))
        return self.layout.restore(rows)

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return what was learned, as JSON can hold it; arrays go into `arrays`."""
        config: dict[str, Any] = {
            "layout": self.layout.state(),
            "kind": self.kind,
            "shape": list(self.shape),
            "keeps_shape": self._keeps_shape,
            "scaling": scalings.dump(self.scaling, "scaling", arrays),
            "labels": None if isinstance(self.labels, NoLabels) else self.labels.state(),
            "preprocessor": None,
        }
        if self.preprocessor is not None:
            config["preprocessor"] = preprocessors.dump(self.preprocessor, "preprocessor", arrays)
        return config

    @classmethod
    def from_state(cls, config: dict[str, Any], arrays: dict[str, np.ndarray]) -> Encoding:
        """Return the encoding that `state` described."""
        self = cls.__new__(cls)
        self.layout = Layout.from_state(config["layout"])
        self.kind = config["kind"]
        self.shape = tuple(config["shape"])
        self._keeps_shape = config["keeps_shape"]
        self.scaling = scalings.load(config["scaling"], "scaling", arrays)
        self.labels = NoLabels() if config["labels"] is None else Classes.from_state(config["labels"])
        described = config["preprocessor"]
        self.preprocessor = None if described is None else preprocessors.load(described, "preprocessor", arrays)
        return self

    def _samples(self, rows: np.ndarray) -> np.ndarray:
        return self.layout.take_off(rows) if self._keeps_shape else rows
