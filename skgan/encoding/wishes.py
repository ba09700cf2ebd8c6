"""What a user asks of samples of a table: values of its columns, and ranges of its numbers.

Categories are told to the networks and written into the sample: every row has what was asked. Numbers and ranges are
looked for among a bounded number of draws; the nearest is taken, and moved to what was asked where no draw had it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from skgan.encoding._texts import as_objects
from skgan.encoding.columns import NUMBER, SPAN, TIME, Column
from skgan.exceptions import TrainingWarning
from skgan.interfaces import Encoder
from skgan.seeding import Key
from skgan.validation import listed, sentence

if TYPE_CHECKING:
    from skgan.encoding.table import Table

#: draws of a row that lacks a number it was asked to have
ROUNDS = 12
#: share of rows that had to be moved from which a warning tells of it
WORTH_TELLING = 0.05


def names_columns(y: Any) -> bool:
    """Say whether y asks for values of columns: a dict, or a DataFrame."""
    return isinstance(y, Mapping) or (hasattr(y, "iloc") and getattr(y, "ndim", 0) == 2)


class Wish:
    """Values asked for, by column and row.

    Parameters
    ----------
    table : Table
        What the columns are.
    y : mapping or DataFrame
        Column to a value, to one value for each row, to ``{value: count}``, or to a range ``(low, high)`` of numbers,
        None for no bound.
    n_samples : int, optional
        How many rows.
    """

    def __init__(self, table: Table, y: Any, n_samples: int | None):
        self.table = table
        asked = {name: y[name] for name in (y.columns if hasattr(y, "iloc") else y)}
        places = {name: table.place_of(name) for name in asked}
        self._n = _rows_of(asked, n_samples)
        self.codes = np.full((self._n, len(table.widths)), -1, np.int32)
        #: what only a look at the samples can tell: place -> lowest and highest, or the values wanted
        self.ranges: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self.values: dict[int, np.ndarray] = {}
        for name, said in asked.items():
            self._take(places[name], name, said)

    def __len__(self) -> int:
        return self._n

    def fulfilled(self, values: np.ndarray, generated: Callable[..., list[Tensor]], key: Key) -> Any:
        """Return samples as a table; `generated(n, stored, key=...)` draws them for the networks.

        Parameters
        ----------
        values : array of shape (n, ...)
            Drawn labels, whose codes are those asked for from now on.
        generated : callable
            ``generated(n, stored, key=...)``: blocks of records.
        key : tuple
            Of the random numbers.
        """
        labels = self.table.labels
        if labels.condition_dim:
            codes = values[:, labels.n_values :]
            any_asked = (self.codes >= 0).any(1, keepdims=True)
            values = labels.joined(values, np.where(any_asked, self.codes, codes))
        columns = self._drawn(values, generated, key, np.arange(self._n))
        wanting = self._wanting(columns)
        for attempt in range(1, ROUNDS):
            rows = np.nonzero(wanting > 0)[0]
            if not len(rows):
                break
            again = self._drawn(values[rows], generated, (*key, "again", attempt), rows)
            better = self._wanting(again, rows) < wanting[rows]
            for place, column in columns.items():
                column[rows[better]] = again[place][better]
            wanting[rows[better]] = self._wanting(again, rows)[better]
        self._tell(float((wanting > 0).mean()))
        return self.table.assembled(self._moved(columns))

    def _drawn(self, values: np.ndarray, generated: Callable[..., list[Tensor]], key: Key, rows: np.ndarray) -> dict:
        stored = self.table.labels.encode(values)
        records = torch.cat(generated(len(rows), stored, key=key))
        return self.table.decoded(records, key, self.codes[rows])

    def _wanting(self, columns: Mapping[int, np.ndarray], rows: np.ndarray | None = None) -> np.ndarray:
        """Return how far each row is from what was asked, 0 where it has it."""
        rows = np.arange(self._n) if rows is None else rows
        far = np.zeros(len(rows))
        for place, (low, high) in self.ranges.items():
            own = columns[place].astype(np.float64)
            scale = self._scale(place)
            outside = np.maximum(np.maximum(low[rows] - own, own - high[rows]), 0) / scale
            far += np.where(np.isnan(own), 1e9, outside)
        for place, wanted in self.values.items():
            far += np.array([a != b for a, b in zip(columns[place], wanted[rows], strict=True)], float)
        return far

    def _moved(self, columns: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
        """Return the columns with every row moved to what was asked."""
        for place, (low, high) in self.ranges.items():
            own = columns[place].astype(np.float64)
            middle = np.where(np.isfinite(low), low, high)
            columns[place] = np.clip(np.where(np.isnan(own), middle, own), low, high)
        return columns | self.values

    def _scale(self, place: int) -> float:
        domain = getattr(self.table.encoders[place], "domain_", None)
        return (domain.high - domain.low) or 1.0 if domain is not None else 1.0

    def _tell(self, share: float) -> None:
        if share > WORTH_TELLING:
            warnings.warn(
                sentence(
                    f"Of the rows asked for, {1 - share:.1%} had the numbers asked for within {ROUNDS} draws.",
                    "The others are the nearest ones, moved to them. Ask for a wider range to move fewer.",
                ),
                TrainingWarning,
                stacklevel=4,
            )

    def _take(self, place: int, name: Any, said: Any) -> None:
        like, encoder = self.table.like[place], self.table.encoders[place]
        if like.holds in (NUMBER, TIME, SPAN) and isinstance(said, tuple):
            low, high = (_number(bound, like) for bound in said)
            self.ranges[place] = (np.full(self._n, _or(low, -np.inf)), np.full(self._n, _or(high, np.inf)))
            return
        wanted = _for_each_row(said, self._n)
        if like.holds in (NUMBER, TIME, SPAN):
            told = np.array([_number(value, like) for value in wanted], np.float64)
            distinct, inverse = np.unique(told, return_inverse=True)
            wanted = [None if value != value else value for value in told.tolist()]
            numbers: np.ndarray | None = told
        else:
            numbers, distinct = None, as_objects(dict.fromkeys(wanted))
            place_of = {value: k for k, value in enumerate(distinct)}
            inverse = np.array([place_of[value] for value in wanted])
        source, mapping = self.table.follows.get(place, (place, None))
        span = self.table.span_of(source)
        codes = np.array([_code(encoder, value) for value in distinct], np.int64)[inverse]
        if numbers is not None and (codes < 0).any() and encoder.numbers and not np.isnan(numbers).any():
            self.ranges[place] = (numbers, numbers.copy())
            return
        if (codes < 0).any() and encoder.width:
            raise ValueError(
                sentence(
                    f"y must ask for values that column {str(name)[:60]!r} had in fit, and that share no category.",
                    f"Got {listed([str(value)[:40] for value in distinct if _code(encoder, value) < 0], 3)}.",
                    "Ask for another of its values.",
                )
            )
        if span < 0:
            self.values[place] = as_objects(wanted) if numbers is None else numbers
            return
        if mapping is not None:
            codes = self._sources(source, mapping, codes)
        clash = (self.codes[:, span] >= 0) & (self.codes[:, span] != codes)
        if clash.any():
            raise ValueError(
                sentence(
                    f"y must ask for values that go together. Got column {str(name)[:60]!r}, which follows from",
                    f"{str(self.table.names[source])[:60]!r}, with another value. Leave one of them out.",
                )
            )
        self.codes[:, span] = codes

    def _sources(self, source: int, mapping: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """Return for each wanted code the most frequent code of the column that it follows from."""
        span = self.table.span_of(source)
        counts = self.table.labels.counts[span] if self.table.labels.condition_dim else np.ones(len(mapping))
        best = {int(code): max(np.nonzero(mapping == code)[0], key=lambda k: counts[k]) for code in np.unique(codes)}
        return np.array([best[int(code)] for code in codes])


def _code(encoder: Encoder, value: Any) -> int:
    """Return the code of a value; a missing number is None to encoders of categories."""
    return encoder.code_of(None if value != value and not encoder.numbers else value)


def _rows_of(asked: Mapping[Any, Any], n_samples: int | None) -> int:
    lengths = {}
    for name, said in asked.items():
        if isinstance(said, Mapping):
            lengths[name] = int(sum(said.values()))
        elif not isinstance(said, str | bytes | tuple) and np.ndim(said) == 1:
            lengths[name] = len(said)
    told = set(lengths.values()) | ({int(n_samples)} if n_samples is not None else set())
    if len(told) > 1:
        raise ValueError(
            sentence(
                f"n_samples and y must agree in length. Got {sorted(told)}.",
                "Leave n_samples out to get one row for each value.",
            )
        )
    n = told.pop() if told else 1
    if n < 1:
        raise ValueError("y must ask for at least one row. Got none. Give counts that add up to one or more.")
    return n


def _for_each_row(said: Any, n: int) -> list[Any]:
    if isinstance(said, Mapping):
        return [value for value, count in said.items() for _ in range(int(count))]
    if isinstance(said, str | bytes) or np.ndim(said) == 0:
        return [_plain(said)] * n
    values = said.tolist() if hasattr(said, "tolist") else list(said)
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if type(value).__name__ in ("NAType", "NaTType") or value != value else value


def _number(value: Any, like: Column) -> float | None:
    """Return a number or a point in time as the column's values tell of it; None and NaN as they are in a range."""
    if value is None or (isinstance(value, float) and value != value):
        return np.nan
    if like.holds in (TIME, SPAN):
        import pandas as pd

        kind = pd.Timestamp if like.holds == TIME else pd.Timedelta
        moment = kind(value)
        if like.holds == TIME and moment.tzinfo is not None:
            moment = moment.tz_localize(None)
        return float(np.asarray(moment.to_numpy(), "M8[us]" if like.holds == TIME else "m8[us]").astype(np.int64))
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(
            sentence(
                f"y must ask for numbers in column {str(like.name)[:60]!r}. Got a {type(value).__name__}.",
                "Give a number, or a range (low, high).",
            )
        ) from None


def _or(bound: float | None, otherwise: float) -> float:
    return otherwise if bound is None or bound != bound else bound
