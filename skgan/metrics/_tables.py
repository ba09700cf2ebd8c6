"""What metrics share that look at columns: arrays and DataFrames of numbers and categories, column by column."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np

from skgan.interfaces import Metric, Score, sentence
from skgan.metrics._sets import Said

#: what float32 holds with room to calculate
_LARGEST = 1e37


class Column(NamedTuple):
    """One column of both sets: numbers in float64 with NaN for missing, or codes of categories counted from 0."""

    name: str
    numeric: bool
    real: np.ndarray
    fake: np.ndarray


class Tables(NamedTuple):
    """Both sets by column, each set in an order that follows from its values alone, and their labels."""

    columns: list[Column]
    y_real: np.ndarray | None
    y_fake: np.ndarray | None


class TableMetric(Metric):
    """A number for two tables: arrays of numbers, or DataFrames of numbers, text, dates, missing values."""

    takes_tables = True

    @abstractmethod
    def measure(self, tables: Tables) -> Said:
        """Return the number for both tables."""

    def __call__(
        self,
        X_real: Any,
        X_fake: Any,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
    ) -> Score:
        """Return the number with its protocol, for tables `(n, d)` and `(m, d)`; arrays of more axes are flattened."""
        said = self.measure(in_columns(X_real, X_fake, y_real, y_fake))
        return self.scored(said.value, X_real, X_fake, uncertainty=said.uncertainty, details=said.details)


def in_columns(X_real: Any, X_fake: Any, y_real: Any = None, y_fake: Any = None) -> Tables:
    """Return two tables column by column; what a column holds is decided by the real rows."""
    real, fake = _columns(X_real), _columns(X_fake)
    if list(real) != list(fake):
        raise ValueError(
            sentence(
                f"X_real and X_fake must have the same columns. Got {len(real)} and {len(fake)} of them",
                "or other names. Bring both into one layout.",
            )
        )
    for name, rows in (("X_real", real), ("X_fake", fake)):
        _check(name, rows)
    columns = [_column(name, real[name], fake[name]) for name in real]
    orders = [
        _order([(column.real, column.fake)[side] for column in columns], y) for side, y in enumerate((y_real, y_fake))
    ]
    return Tables(
        [each._replace(real=each.real[orders[0]], fake=each.fake[orders[1]]) for each in columns],
        *(None if y is None else np.asarray(y)[order] for y, order in zip((y_real, y_fake), orders, strict=True)),
    )


def _check(name: str, columns: dict[str, np.ndarray]) -> None:
    """Refuse a table of fewer than two rows, and numbers that float32 cannot hold; missing ones are let through."""
    n = len(next(iter(columns.values()), ()))
    if n < 2:
        raise ValueError(f"{name} must have at least 2 rows and a column to be compared. Got {n} rows. Give more rows.")
    for column, values in columns.items():
        large = np.abs(values.astype(np.float64)) > _LARGEST if values.dtype.kind in "iuf" else np.zeros(1, bool)
        if large.any():
            raise ValueError(
                sentence(
                    f"{name} must hold finite numbers. Got infinity or a value too large for float32 in column",
                    f"{column[:60]!r}: {int(large.sum())} times, first at row {int(large.argmax())}.",
                    "Replace or drop such values.",
                )
            )


def as_numbers(columns: list[Column]) -> tuple[np.ndarray, np.ndarray]:
    """Return both sets as matrices for a learner: numbers, and categories one-hot."""
    blocks: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for column in columns:
        if column.numeric:
            for block, values in zip(blocks, (column.real, column.fake), strict=True):
                block.append(values[:, None])
        else:
            width = int(max(column.real.max(), column.fake.max())) + 1
            for block, values in zip(blocks, (column.real, column.fake), strict=True):
                block.append(np.eye(width)[values])
    return tuple(np.concatenate(block, axis=1) for block in blocks)  # type: ignore[return-value]


def _columns(X: Any) -> dict[str, np.ndarray]:
    if hasattr(X, "columns"):
        return {str(name): _values(X.iloc[:, i]) for i, name in enumerate(X.columns)}
    X = np.asarray(X).reshape(len(X), -1)
    return {str(i): X[:, i] for i in range(X.shape[1])}


def _values(series: Any) -> np.ndarray:
    """Return a column's values: dates as numbers, text and categories as objects."""
    kind = getattr(series.dtype, "kind", "O")
    if kind in "mM":
        numbers = series.to_numpy().astype("datetime64[ns]" if kind == "M" else "timedelta64[ns]").astype("int64")
        return np.where(series.isna().to_numpy(), np.nan, numbers.astype(np.float64))
    if kind in "iuf":
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return series.to_numpy(dtype=object)


def _column(name: str, real: np.ndarray, fake: np.ndarray) -> Column:
    if real.dtype.kind in "iuf":
        return Column(name, True, real.astype(np.float64), np.asarray(fake, np.float64))
    told = [
        np.array(["\0missing" if value is None or value != value else str(value) for value in x]) for x in (real, fake)
    ]
    _, codes = np.unique(np.concatenate(told), return_inverse=True)
    return Column(name, False, codes[: len(real)], codes[len(real) :])


def _order(columns: list[np.ndarray], y: Any) -> np.ndarray:
    keys = [] if y is None else [np.unique(np.asarray(y), axis=0, return_inverse=True)[1].reshape(-1)]
    return np.lexsort([*keys, *columns[::-1]])
