"""The columns of a user's table as arrays, and arrays as columns of such a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skgan.encoding._texts import as_objects
from skgan.validation import sentence

#: what a column holds, beside the kinds that only the user can tell
NUMBER, FLAG, TIME, SPAN, OTHER = "number", "flag", "time", "span", "other"
MICROSECONDS = "datetime64[us]"
#: how the type of a column of objects is written that are whole numbers
WHOLE_OBJECTS = "whole objects"


@dataclass(frozen=True)
class Column:
    """One column as the encoders see it.

    Parameters
    ----------
    name : object
        What the user calls it.
    values : array of shape (n,)
        float64 with NaN for numbers and times (in microseconds); else objects, with None.
    holds : str
        Numbers, booleans, points in time, lengths of time, or others.
    dtype : str
        How its table writes its type.
    categories : list or None
        All categories of a categorical column, in order.
    """

    name: Any
    values: np.ndarray
    holds: str
    dtype: str
    categories: list | None = None


@dataclass(frozen=True)
class Coded:
    """Values of a column by their codes: few values, and which of them each row has."""

    values: np.ndarray
    codes: np.ndarray

    def spread(self) -> np.ndarray:
        """Return the value of each row, `(n,)`."""
        return self.values[self.codes]


def is_table(X: Any, columns: Any) -> bool:
    """Say whether X is a table of mixed types: a DataFrame that holds more than numbers, or whose columns are given."""
    if getattr(X, "ndim", 0) != 2:
        return False
    if columns is not None or hasattr(X, "chunks_of_rows"):
        return True
    if not hasattr(X, "iloc"):
        return False
    return any(not _is_plain(dtype) for dtype in X.dtypes) or bool(X.isna().to_numpy().any())


def names_of(X: Any) -> list[Any]:
    """Return the names of X's columns; places where there are none."""
    return list(X.columns) if hasattr(X, "columns") else list(range(X.shape[1]))


def as_index(names: list[Any]) -> Any:
    """Return names as the axis of a DataFrame: tuples as levels."""
    import pandas as pd

    return pd.Index(names)


def names_read(names: list[Any]) -> list[Any]:
    """Return names of columns as they were before JSON made lists of tuples, which columns of several levels have."""
    return [tuple(name) if isinstance(name, list) else name for name in names]


def check_names(names: list[Any]) -> None:
    """Raise ValueError for a name that is neither text nor a number, nor a tuple of them."""
    parts = [part for name in names for part in (name if isinstance(name, tuple) else [name])]
    if not all(isinstance(part, str | int | float | None) for part in parts):
        raise ValueError("a column has a name that is neither text nor a number")


def as_cells(numbers: np.ndarray) -> np.ndarray:
    """Return numbers as the cells of a column of several types, None where one is missing."""
    return as_objects(None if value != value else value for value in numbers.tolist())


def read(X: Any) -> list[Column]:
    """Return the columns of a DataFrame or a two-dimensional array.

    Raises
    ------
    ValueError
        When a column holds complex numbers, or infinite ones.
    """
    if hasattr(X, "iloc"):
        return [_of_series(name, X.iloc[:, i]) for i, name in enumerate(X.columns)]
    return [_of_objects(i, X[:, i], X.dtype) for i in range(X.shape[1])]


def written(names: list[Any], columns: Mapping[int, np.ndarray | Coded], like: list[Column], frame: bool) -> Any:
    """Return columns as a table: a DataFrame with the types they had, or an array.

    Parameters
    ----------
    names : list
        Of the columns.
    columns : mapping of int to array or Coded
        As `Column.values` has them, by their place.
    like : list of Column
        What they are; the values are not looked at.
    frame : bool
        Whether the table is a DataFrame.
    """
    if not frame:
        whole = {i: values.spread() if isinstance(values, Coded) else values for i, values in columns.items()}
        return _array(whole, like)
    import pandas as pd

    series = [_series(columns[i], like[i]) for i in range(len(names))]
    return pd.concat(series, axis=1, keys=range(len(series))).set_axis(as_index(names), axis=1)


def _is_plain(dtype: Any) -> bool:
    kind = getattr(getattr(dtype, "numpy_dtype", dtype), "kind", "O")
    return kind in "biuf"


def _of_series(name: Any, series: Any) -> Column:
    import pandas as pd

    dtype = str(series.dtype)
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories, ordered = series.dtype.categories, bool(series.dtype.ordered)
        # A categorical comes back with all its categories, in their order.
        dtype = "ordered" if ordered else "category"
        values = _objects(series.astype(object))
        return Column(name, values, OTHER, dtype, [_plain(v) for v in categories])
    if isinstance(series.dtype, pd.SparseDtype):  # comes back dense
        return _of_series(name, series.sparse.to_dense())
    if isinstance(series.dtype, pd.PeriodDtype):
        return Column(name, _microseconds(series.dt.to_timestamp().to_numpy(MICROSECONDS)), TIME, dtype)
    kind = getattr(getattr(series.dtype, "numpy_dtype", series.dtype), "kind", "O")
    if kind == "M" or isinstance(series.dtype, pd.DatetimeTZDtype):
        if getattr(series.dtype, "tz", None) is not None:
            series = series.dt.tz_localize(None)  # what the clock says, so that midnight stays midnight
        return Column(name, _microseconds(series.to_numpy(MICROSECONDS)), TIME, dtype)
    if kind == "m":
        return Column(name, _microseconds(series.to_numpy("timedelta64[us]")), SPAN, dtype)
    if kind == "b":
        return Column(name, _objects(series.astype(object)), FLAG, dtype)
    if kind in "iuf":
        return Column(name, _finite(name, series.to_numpy(np.float64, na_value=np.nan)), NUMBER, dtype)
    if kind == "c":
        raise ValueError(
            sentence(
                "Complex data not supported: X must hold real numbers, text, dates or booleans.",
                f"Got dtype {dtype} in column {str(name)[:60]!r}. Split it into two columns.",
            )
        )
    _refuse_unnamed(name, dtype)
    return _of_objects(name, series.to_numpy(object), dtype)


def _refuse_unnamed(name: Any, dtype: str) -> None:
    """Refuse a type that cannot be made again by how it is written, so that samples could not come back in it."""
    import pandas as pd

    try:
        pd.api.types.pandas_dtype(dtype)
    except (TypeError, ValueError, NotImplementedError):
        raise TypeError(
            sentence(
                f"X must have columns of types that pandas makes by their names. Got {dtype[:60]!r} in column",
                f"{str(name)[:60]!r}. Convert it, for example with astype('category') or astype(float).",
            )
        ) from None


def _of_objects(name: Any, cells: np.ndarray, dtype: Any) -> Column:
    """Return a column of any cells: of numbers when all of them are some."""
    if cells.dtype.kind in "iuf":
        return Column(name, _finite(name, cells.astype(np.float64)), NUMBER, str(dtype))
    values = _objects(cells)
    kinds = {type(value) for value in values} - {type(None)}
    _refuse_unhashable(name, kinds)
    if kinds and all(issubclass(kind, bool) for kind in kinds):
        return Column(name, values, FLAG, str(dtype))
    if kinds and all(issubclass(kind, int | float) and not issubclass(kind, bool) for kind in kinds):
        numbers = np.array([np.nan if value is None else value for value in values], np.float64)
        whole = all(issubclass(kind, int) for kind in kinds) and str(dtype) == "object"
        return Column(name, _finite(name, numbers), NUMBER, WHOLE_OBJECTS if whole else str(dtype))
    return Column(name, values, OTHER, str(dtype))


def _objects(cells: Any) -> np.ndarray:
    """Return cells as plain objects, None where one is missing."""
    array = as_objects(cells)
    missing = np.fromiter((_is_missing(value) for value in array), bool, len(array))
    array[missing] = None
    if any(isinstance(value, np.generic) for value in array[:1]) or any(isinstance(v, np.generic) for v in array):
        array = as_objects(_plain(value) for value in array)
    return array


def _refuse_unhashable(name: Any, kinds: set[type]) -> None:
    strange = sorted(kind.__name__ for kind in kinds if kind.__hash__ is None)
    if strange:
        raise TypeError(
            sentence(
                f"X must hold text, numbers, dates or booleans in column {str(name)[:60]!r}.",
                f"Got cells of type {strange[0]}. Spread them over columns of their own, or drop the column.",
            )
        )


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_missing(value: Any) -> bool:
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _microseconds(times: np.ndarray) -> np.ndarray:
    return np.where(np.isnat(times), np.nan, times.astype(np.int64).astype(np.float64))


def _finite(name: Any, numbers: np.ndarray) -> np.ndarray:
    bad = np.abs(numbers) > 1e37
    if bad.any():
        raise ValueError(
            sentence(
                f"Input X contains infinity or a value too large for float32 in column {str(name)[:60]!r}:",
                f"{int(bad.sum())} times, first at row {int(bad.argmax())}. Replace or drop such values.",
            )
        )
    return numbers


# --- back -----------------------------------------------------------------------------------------


def _series(values: np.ndarray | Coded, like: Column) -> Any:
    import pandas as pd

    if isinstance(values, Coded):
        return _series(values.values, like).take(values.codes).reset_index(drop=True)
    holds, dtype = like.holds, like.dtype
    if holds in (TIME, SPAN):
        return _times(values, holds, dtype)
    if holds == NUMBER:
        return _numbers(values, dtype)
    if holds == FLAG:
        missing = any(value is None for value in values)
        return pd.Series(values, dtype=object).astype("boolean" if missing and dtype == "bool" else dtype)
    if dtype in ("category", "ordered"):
        return pd.Series(pd.Categorical(values, categories=like.categories, ordered=dtype == "ordered"))
    series = pd.Series(values, dtype=object)
    return series if dtype == "object" else series.astype(dtype)


def _numbers(values: np.ndarray, dtype: str) -> Any:
    import pandas as pd

    if dtype in ("object", WHOLE_OBJECTS):
        return pd.Series(_number_objects(values, dtype), dtype=object)
    kind = pd.api.types.pandas_dtype(dtype)
    plain = np.dtype(getattr(kind, "numpy_dtype", kind))
    if plain.kind in "iu":
        values = np.clip(np.rint(values), *_limits(plain))
        missing = np.isnan(values)
        whole = np.where(missing, 0, values).astype(plain)
        series = pd.Series(whole)
        if not missing.any():
            return series.astype(dtype)
        return series.astype(dtype if dtype != plain.name else "Int64").mask(missing)
    return pd.Series(values).astype(dtype)


def _times(values: np.ndarray, holds: str, dtype: str) -> Any:
    import pandas as pd

    missing = np.isnan(values)
    whole = np.where(missing, 0, np.rint(values)).astype(np.int64)
    times = whole.astype(MICROSECONDS if holds == TIME else "timedelta64[us]")
    times[missing] = np.datetime64("NaT") if holds == TIME else np.timedelta64("NaT")
    series = pd.Series(times)
    kind = pd.api.types.pandas_dtype(dtype)
    if getattr(kind, "tz", None) is not None:
        first = np.ones(len(series), bool)
        return series.dt.tz_localize(kind.tz, ambiguous=first, nonexistent="shift_forward").astype(dtype)
    return series.astype(dtype)


def _array(columns: Mapping[int, np.ndarray], like: list[Column]) -> np.ndarray:
    dtype = np.dtype("object" if like[0].dtype == WHOLE_OBJECTS else like[0].dtype)
    if dtype.kind in "iuf":
        table = np.stack([columns[i] for i in range(len(like))], 1)
        return np.rint(table).astype(dtype) if dtype.kind in "iu" else table.astype(dtype)
    table = np.empty((len(columns[0]), len(like)), object)
    for i, column in enumerate(like):
        table[:, i] = columns[i]
        if column.holds == NUMBER:
            table[:, i] = _number_objects(columns[i], column.dtype)
    return table if dtype.kind == "O" else table.astype(dtype)


def whole_limits(dtype: str) -> tuple[float, float] | None:
    """Return the least and the largest number of a column of whole numbers, by how its type is written; else None."""
    if dtype == WHOLE_OBJECTS:
        return -np.inf, np.inf
    try:
        plain = np.dtype(dtype.partition("[")[0].lower())
    except TypeError:
        return None
    return _limits(plain) if plain.kind in "iu" else None


def _limits(plain: np.dtype) -> tuple[float, float]:
    """Return the least and the largest number of a type of whole numbers that float64 says and the type holds."""
    ends = np.iinfo(plain)
    return float(ends.min), float(ends.max) if plain.itemsize < 8 else float(np.nextafter(float(ends.max), 0))


def _number_objects(values: np.ndarray, dtype: str) -> list[Any]:
    """Return numbers as objects: whole where they were, None where one is missing among whole ones."""
    if dtype != WHOLE_OBJECTS:
        return [float(value) for value in values]
    return [None if value != value else int(value) for value in values]
