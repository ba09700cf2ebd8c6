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
from skgan.encoding.columns import NUMBER, SPAN, TIME, Column, whole_limits
from skgan.exceptions import TrainingWarning
from skgan.interfaces import Encoder
from skgan.seeding import Key
from skgan.validation import Integer, listed, sentence, shown

if TYPE_CHECKING:
    from skgan.encoding.table import Table

#: what columns hold whose values can be asked for by a range
_RANGED = (NUMBER, TIME, SPAN)
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
        asked = _by_column(y)
        places = {name: table.place_of(name) for name in asked}
        for name, said in asked.items():
            if isinstance(said, tuple) and table.like[places[name]].holds not in _RANGED:
                asked[name] = list(said)
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
        if like.holds in _RANGED and isinstance(said, tuple):
            low, high = _range(said, like)
            self.ranges[place] = (np.full(self._n, low), np.full(self._n, high))
            return
        wanted = _for_each_row(said, self._n)
        if like.holds in _RANGED:
            told = np.array([_number(value, like) for value in wanted], np.float64)
            distinct, inverse = np.unique(told, return_inverse=True)
            _refuse_what_it_cannot_hold(distinct, like)
            wanted = [None if value != value else value for value in told.tolist()]
            numbers: np.ndarray | None = told
        else:
            numbers, distinct = None, as_objects(_distinct(wanted, name))
            place_of = {value: k for k, value in enumerate(distinct)}
            inverse = np.array([place_of[value] for value in wanted])
        source, mapping = self.table.follows.get(place, (place, None))
        span = self.table.span_of(source)
        codes = np.array([_code(encoder, value) for value in distinct], np.int64)[inverse]
        if numbers is not None and (codes < 0).any() and encoder.numbers and not np.isnan(numbers).any():
            self.ranges[place] = (numbers, numbers.copy())
            return
        if numbers is not None and np.isnan(numbers[codes < 0]).any():
            raise ValueError(
                sentence(
                    f"y must ask for values that column {str(name)[:60]!r} had in fit.",
                    "Got a missing one, and none was. Give a number, or leave the column out.",
                )
            )
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


def _by_column(y: Any) -> dict[Any, Any]:
    """Return what is asked for by column."""
    if not hasattr(y, "iloc"):
        return dict(y)
    if not y.columns.is_unique:
        twins = listed(y.columns[y.columns.duplicated()].unique(), 3)
        raise ValueError(f"y must name each column once. Got several called {twins}. Drop or rename them.")
    return {name: y[name] for name in y}


def _rows_of(asked: Mapping[Any, Any], n_samples: int | None) -> int:
    lengths = {}
    for name, said in asked.items():
        if isinstance(said, Mapping):
            _check_counts(name, said)
            lengths[name] = sum(map(int, said.values()))
        elif not isinstance(said, str | bytes | tuple) and np.ndim(said) == 1:
            lengths[name] = len(said)
    if n_samples is not None and not Integer(1).accepts(n_samples):
        return 1  # which is refused in its own words
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


def _check_counts(name: Any, counts: Mapping[Any, Any]) -> None:
    wrong = [count for count in counts.values() if not Integer(0).accepts(count)]
    if wrong:
        raise ValueError(
            sentence(
                f"y must say of each value of column {str(name)[:60]!r} in how many rows, as {Integer(0)}.",
                f"Got {shown(wrong[0])}. Give whole numbers, for example {{value: 3}}.",
            )
        )


def _for_each_row(said: Any, n: int) -> list[Any]:
    if isinstance(said, Mapping):
        return [_plain(value) for value, count in said.items() for _ in range(int(count))]
    if isinstance(said, str | bytes) or np.ndim(said) == 0:
        return [_plain(said)] * n
    values = said.tolist() if hasattr(said, "tolist") else list(said)
    return [_plain(value) for value in values]


def _distinct(wanted: list[Any], name: Any) -> dict[Any, None]:
    """Return each wanted value once; refuse what can be no value of a column."""
    try:
        return dict.fromkeys(wanted)
    except TypeError:
        came = next(type(value).__name__ for value in wanted if type(value).__hash__ is None)
        raise TypeError(
            sentence(
                f"y must ask for values in column {str(name)[:60]!r}. Got a {came}.",
                "Give one value, a list of one for each row, or {value: how many}.",
            )
        ) from None


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if type(value).__name__ in ("NAType", "NaTType") or value != value else value


def _number(value: Any, like: Column) -> float:
    """Return a number or a point in time as the column's values tell of it; NaN for a missing one."""
    if value is None or (isinstance(value, float) and value != value):
        return np.nan
    if like.holds in (TIME, SPAN):
        return _moment(value, like)
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise _no_number(value, like, "numbers", "a number") from None


def _moment(value: Any, like: Column) -> float:
    import pandas as pd

    time = like.holds == TIME
    try:
        if isinstance(value, bool):
            raise TypeError
        moment = (pd.Timestamp if time else pd.Timedelta)(value)
        if time and moment.tzinfo is not None:
            moment = moment.tz_localize(None)
        return float(np.asarray(moment.to_numpy(), "M8[us]" if time else "m8[us]").astype(np.int64))
    except (TypeError, ValueError, OverflowError):
        what = ("points in time", "a date") if time else ("lengths of time", "a Timedelta")
        raise _no_number(value, like, *what) from None


def _no_number(value: Any, like: Column, wanted: str, one: str) -> TypeError:
    return TypeError(
        sentence(
            f"y must ask for {wanted} in column {str(like.name)[:60]!r}. Got a {type(value).__name__}.",
            f"Give {one}, or a range (low, high).",
        )
    )


def _range(said: tuple, like: Column) -> tuple[float, float]:
    """Return the ends of a range; those of whole numbers are whole."""
    ends = [(end, _number(end, like)) for end in said]
    problem = ""
    if len(ends) != 2:
        problem = f"{len(ends)} numbers"
    elif any(end is not None and number != number for end, number in ends):
        problem = "NaN"
    else:
        (first, low), (last, high) = ends
        low, high = -np.inf if first is None else low, np.inf if last is None else high
        limits = whole_limits(like.dtype) if like.holds == NUMBER else None
        if limits is not None:
            low, high = max(np.ceil(low), limits[0]), min(np.floor(high), limits[1])
        if low <= high and low < np.inf and high > -np.inf:
            return float(low), float(high)
        problem = "one that holds no number of the column"
    raise ValueError(
        sentence(
            f"y must ask for a range (low, high) in column {str(like.name)[:60]!r}, low no larger than high.",
            f"Got {problem}. Give two numbers, None for no bound, or a list for one number in each row.",
        )
    )


def _refuse_what_it_cannot_hold(numbers: np.ndarray, like: Column) -> None:
    """Refuse infinity, and in a column of whole numbers what is no such number."""
    limits = whole_limits(like.dtype) if like.holds == NUMBER else None
    bad = np.isinf(numbers)
    if limits is not None:
        bad |= (numbers != np.rint(numbers)) & ~np.isnan(numbers) | (numbers < limits[0]) | (numbers > limits[1])
    if bad.any():
        raise ValueError(
            sentence(
                f"y must ask for numbers that column {str(like.name)[:60]!r} can hold, of the type {like.dtype[:40]}.",
                f"Got {listed(numbers[bad].tolist(), 3)}. Give another, or a range (low, high).",
            )
        )
