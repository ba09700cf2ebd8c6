"""The outside of X: container, order of axes, dtype - taken off on the way in, put back on the way out."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np
from torch import Tensor

from skgan.encoding.columns import as_index, check_names, names_read
from skgan.encoding.preprocessors import plain
from skgan.exceptions import InvalidParameterError
from skgan.validation import pieces, sentence

#: layout -> (kind of data, where the axes of a sample go in channels-first order)
LAYOUTS: dict[str, tuple[str, tuple[int, ...]]] = {
    "nf": ("vector", (0,)),
    "nhw": ("image", (0, 1)),
    "nhwc": ("image", (2, 0, 1)),
    "nchw": ("image", (0, 1, 2)),
    "ncl": ("signal", (0, 1)),
    "ncdhw": ("volume", (0, 1, 2, 3)),
}
MOST_CHANNELS = 4


class Layout:
    """How the user's X is laid out, learned from X in fit; values that are whole numbers in X stay whole.

    Parameters
    ----------
    X : array or DataFrame
        The data, `(n, ...)`.
    rows : array of shape (n, n_features)
        The same, flat and checked.
    layout : str
        "auto" or one of `LAYOUTS`.
    image_shape : tuple of int, optional
        `(c, h, w)` or `(h, w)` of images that come flat.
    """

    def __init__(self, X: Any, rows: np.ndarray, layout: str = "auto", image_shape: tuple[int, ...] | None = None):
        shape = tuple(int(length) for length in X.shape[1:])
        self.layout = _named_layout(layout, shape)
        self.data_shape = shape
        self.kind, self._axes = LAYOUTS[self.layout]
        self.sample_shape = tuple(shape[axis] for axis in self._axes)
        if self.layout == "nhw":
            self.sample_shape = (1, *self.sample_shape)
        if image_shape is not None:
            self.kind, self.sample_shape = "image", _checked_image_shape(image_shape, shape)
        self.columns: list[Any] | None = list(X.columns) if hasattr(X, "columns") else None
        own = list(X.dtypes) if self.columns is not None else [X.dtype]
        self.dtypes = [_numpy_dtype(dtype).name for dtype in own]
        #: what pandas calls its columns' types: Int64 and boolean are int64 and bool within
        self.frame_dtypes = [str(dtype) if str(dtype) != "object" else "float64" for dtype in own]
        whole = np.ones(rows.shape[1], bool)
        for piece in pieces(rows) if rows.dtype.kind == "f" else ():
            whole &= (piece == np.rint(piece)).all(0)
        # The pixels of an image are whole all together or not at all.
        self.whole = whole if self.kind != "image" else np.full_like(whole, whole.all())

    def check(self, X: Any) -> None:
        """Refuse X whose samples have other axes than in fit; flat rows are left to scikit-learn's own check."""
        shape = tuple(getattr(X, "shape", ()))[1:]
        if shape != self.data_shape and (len(shape), len(self.data_shape)) != (1, 1) and shape:
            raise ValueError(
                sentence(
                    f"X must have samples of shape {self.data_shape}, as in fit. Got samples of shape {shape}.",
                    "Bring X into that shape, or fit again.",
                )
            )

    def take_off(self, rows: np.ndarray) -> np.ndarray:
        """Return flat rows `(n, n_features)` as samples `(n, *sample_shape)`, channels first."""
        samples = rows.reshape(len(rows), *self.data_shape)
        if len(self.data_shape) > 1:
            samples = samples.transpose(0, *(axis + 1 for axis in self._axes))
        return samples.reshape(len(rows), *self.sample_shape)

    def flatten(self, samples: np.ndarray) -> np.ndarray:
        """Return samples `(n, *sample_shape)` as flat rows in the order of X: the way back from `take_off`."""
        if len(self.data_shape) > 1:
            axes_in = tuple(self.data_shape[axis] for axis in self._axes)
            back = np.argsort(self._axes)
            samples = samples.reshape(len(samples), *axes_in).transpose(0, *(axis + 1 for axis in back))
        return samples.reshape(len(samples), -1)

    @property
    def holds_bytes(self) -> bool:
        """Whether X was an array of bytes."""
        return self.columns is None and self.dtypes == ["uint8"]

    def restore_bytes(self, samples: Tensor) -> np.ndarray:
        """Return samples of bytes `(n, *sample_shape)`, on any device, the way X came, when it held such."""
        if len(self.data_shape) > 1:  # put in order where they are: a device moves them faster than the host
            samples = samples.reshape(len(samples), *(self.data_shape[axis] for axis in self._axes))
            samples = samples.permute(0, *(int(axis) + 1 for axis in np.argsort(self._axes)))
        return samples.reshape(len(samples), *self.data_shape).contiguous().cpu().numpy()

    def joined(self, pieces: list[Any]) -> Any:
        """Return what `restore` made of several blocks of rows as one."""
        if len(pieces) == 1:
            return pieces[0]
        if self.columns is None:
            return np.concatenate(pieces)
        import pandas as pd

        return pd.concat(pieces, ignore_index=True)

    def restore(self, rows: np.ndarray) -> Any:
        """Return flat rows the way X came: axes, dtype, DataFrame."""
        rows = np.where(self.whole, np.rint(rows), rows) if self.whole.any() else rows
        rows = rows.reshape(len(rows), *self.data_shape)
        if self.columns is None:
            return np.ascontiguousarray(_cast(rows, self.dtypes[0]))
        import pandas as pd

        columns = [
            pd.Series(_cast(rows[:, i], dtype)).astype(cast(Any, own))
            for i, (dtype, own) in enumerate(zip(self.dtypes, self.frame_dtypes, strict=True))
        ]
        return pd.concat(columns, axis=1, keys=range(len(columns))).set_axis(as_index(self.columns), axis=1)

    def state(self, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
        """Return what was learned, as JSON can hold it; arrays go into `arrays`."""
        arrays["layout.whole"] = self.whole
        return {
            "layout": self.layout,
            "kind": self.kind,
            "data_shape": list(self.data_shape),
            "sample_shape": list(self.sample_shape),
            "columns": plain(self.columns),
            "dtypes": self.dtypes,
            "frame_dtypes": self.frame_dtypes,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], arrays: dict[str, np.ndarray]) -> Layout:
        """Return the layout that `state()` described."""
        self = cls.__new__(cls)
        self.layout = state["layout"]
        self.kind = state["kind"]
        self._axes = LAYOUTS[self.layout][1]
        self.data_shape = tuple(state["data_shape"])
        self.sample_shape = tuple(state["sample_shape"])
        self.columns = None if state["columns"] is None else names_read(state["columns"])
        self.dtypes = [_numpy_dtype(np.dtype(name)).name for name in state["dtypes"]]
        self.frame_dtypes = state["frame_dtypes"]
        self.whole = arrays["layout.whole"]
        return self

    def check_columns(self) -> None:
        """Refuse what was learned of the columns when it differs in number or is not of its type."""
        n, frame = math.prod(self.data_shape), self.columns is not None
        lengths = {len(self.dtypes), len(self.frame_dtypes), len(self.columns or [None])}
        if (self.whole.shape, self.whole.dtype) != ((n,), bool) or lengths != {n if frame else 1}:
            raise ValueError("the columns differ in number")
        if len(self._axes) != len(self.data_shape) or math.prod(self.sample_shape) != n:
            raise ValueError("the axes differ in number")
        check_names(self.columns or [])
        if not all(isinstance(name, str) and len(name) <= 100 for name in self.frame_dtypes):
            raise ValueError("a column has a type that is not named")


def _named_layout(layout: str, shape: tuple[int, ...]) -> str:
    dimensions = len(shape) + 1
    if layout != "auto":
        if len(layout) != dimensions:
            raise InvalidParameterError(
                sentence(
                    f"The 'layout' parameter of GANEstimator must fit X. Got {layout!r} for X of {dimensions}",
                    f"dimensions, each sample {shape}. Use layout='auto' or one letter for each axis.",
                )
            )
        return layout
    if dimensions == 4:
        first, last = shape[0] <= MOST_CHANNELS, shape[-1] <= MOST_CHANNELS
        if first == last:
            raise ValueError(
                sentence(
                    f"X must have one channel axis of at most {MOST_CHANNELS}, first or last. Got samples of shape",
                    f"{shape}, where {'both' if first else 'neither'} could be. Say layout='nchw' or layout='nhwc'.",
                )
            )
        return "nchw" if first else "nhwc"
    by_dimensions = {2: "nf", 3: "nhw", 5: "ncdhw"}
    if dimensions not in by_dimensions:
        raise ValueError(
            sentence(
                f"X must have 2 to 5 dimensions. Got {dimensions}: each sample has shape {shape}.",
                "Reshape your data: rows `(n, features)` or images `(n, height, width, channels)`.",
            )
        )
    return by_dimensions[dimensions]


def _checked_image_shape(image_shape: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    full = tuple(image_shape) if len(image_shape) == 3 else (1, *image_shape)
    if len(shape) != 1 or int(np.prod(full)) != shape[0]:
        raise InvalidParameterError(
            sentence(
                f"The 'image_shape' parameter of GANEstimator must multiply to the {shape} values of a flat sample.",
                f"Got {tuple(image_shape)}. Give (channels, height, width), or leave it out for X that has axes.",
            )
        )
    return full


def _numpy_dtype(dtype: Any) -> np.dtype:
    """Return the native NumPy type of a column's type; float64 for objects and what NumPy does not know."""
    dtype = getattr(dtype, "numpy_dtype", dtype)
    known = isinstance(dtype, np.dtype) and dtype.kind in "biuf"
    return dtype.newbyteorder("=") if known else np.dtype("float64")


def _cast(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return the values in the dtype of X: rounded and kept in range for integers."""
    wanted = np.dtype(dtype)
    if wanted.kind == "b":
        return values >= 0.5
    if wanted.kind in "iu":
        limits = np.iinfo(wanted)
        # The largest float below the limit: float64 cannot hold 2**63 - 1.
        high = float(limits.max) if wanted.itemsize < 8 else np.nextafter(float(limits.max), 0)
        return np.clip(np.rint(values), limits.min, high).astype(wanted)
    return values.astype(wanted, copy=False)
