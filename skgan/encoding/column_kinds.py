"""What a column is, decided from its values: the kinds, the encoder each gets, and the report of them."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from skgan.encoding.columns import FLAG, NUMBER, SPAN, TIME, Column, as_cells
from skgan.encoding.constant import Constant
from skgan.encoding.identifier import Identifier
from skgan.encoding.one_hot import OneHot
from skgan.encoding.quantile_normal import QuantileNormal
from skgan.encoding.times import Datetime
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Encoder
from skgan.validation import did_you_mean, listed, sentence

KINDS = ("continuous", "integer", "spikes", "discrete", "boolean", "ordinal", "datetime", "id", "constant")

#: whole numbers with at most so many distinct ones, each in as many rows on average, are ordinal
FEW_LEVELS, ROWS_OF_EACH = 24, 20
#: categories from which a column is warned of
MANY_LEVELS = 500
#: rows from which a column of text that never repeats names its rows
FEWEST_NAMED = 50


class HighCardinalityWarning(UserWarning):
    """A column has so many categories that the rarest of them share one."""


class UnknownValuesWarning(UserWarning):
    """A column holds values that it did not hold in `fit`; the networks see others in their place."""


@dataclass(frozen=True)
class Told:
    """One line of the report of columns."""

    name: Any
    kind: str
    encoder: str
    distinct: int
    missing: float
    note: str


class Report(tuple[Told, ...]):
    """What was found of the columns, one line each; printed as a table."""

    def __repr__(self) -> str:
        rows = [("column", "kind", "encoder", "distinct", "missing", "")]
        rows += [(str(t.name)[:30], t.kind, t.encoder, str(t.distinct), f"{t.missing:.1%}", t.note) for t in self]
        widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join(lines)


def kind_of(column: Column) -> str:
    """Return the kind of a column, one of `KINDS`."""
    values = column.values
    if column.holds == FLAG:
        return "constant" if len(set(values)) < 2 else "boolean"
    if column.holds in (NUMBER, TIME, SPAN):
        return _kind_of_numbers(column)
    distinct = set(values)
    if len(distinct) < 2:
        return "constant"
    if column.dtype == "ordered":
        return "ordinal"
    if len(distinct) == len(values) >= FEWEST_NAMED:
        return "id"
    return "discrete"


def encoder_of(kind: str) -> Encoder:
    """Return the encoder that columns of a kind get."""
    if kind in ("discrete", "boolean", "ordinal"):
        return OneHot(most=MANY_LEVELS)
    if kind == "constant":
        return Constant()
    if kind == "id":
        return Identifier()
    if kind == "datetime":
        return Datetime()
    return QuantileNormal(uniform=True)


def chosen(column: Column, said: Any, every: Encoder | None = None) -> tuple[str, Encoder]:
    """Return kind and encoder, unfitted, of a column.

    Parameters
    ----------
    column : Column
        The column.
    said : str, Encoder or None
        A kind, an encoder, or None to look at the values.
    every : Encoder, optional
        Of all columns of the sort that it reads, of categories or of numbers, for which nobody said another one.
    """
    kind = said if isinstance(said, str) else kind_of(column)
    if kind not in KINDS:
        raise InvalidParameterError(
            sentence(
                f"The 'columns' parameter of GANEstimator must name kinds ({listed(KINDS)}) or encoders.",
                f"Got {kind!r}. {did_you_mean(kind, KINDS)}",
            )
        )
    if isinstance(said, Encoder):
        return kind, said
    encoder = encoder_of(kind)
    return kind, every if every is not None and every.reads == encoder.reads else encoder


def as_the_encoder_reads(column: Column, encoder: Encoder) -> np.ndarray:
    """Return the values of a column, numbers as objects where the encoder is one of categories."""
    numbers = column.values.dtype.kind == "f"
    if encoder.reads == "numbers" and not numbers:
        raise InvalidParameterError(
            sentence(
                f"The 'columns' parameter of GANEstimator must give {str(column.name)[:60]!r} an encoder",
                f"of categories, such as 'one-hot'. Got {type(encoder).__name__}, which encodes numbers.",
            )
        )
    if encoder.reads == "categories" and numbers:
        return as_cells(column.values)
    return column.values


def told(column: Column, kind: str, encoder: Encoder) -> Told:
    """Return the line of the report of a column with its fitted encoder."""
    values = column.values
    missing = np.isnan(values) if values.dtype.kind == "f" else np.array([value is None for value in values])
    distinct = len(np.unique(values[~missing])) if values.dtype.kind == "f" else len(set(values[~missing]))
    return line(column.name, kind, encoder, distinct, float(missing.mean()))


def line(name: Any, kind: str, encoder: Encoder, distinct: int, missing: float) -> Told:
    """Return the line of the report of a column, by what its fitted encoder has learned."""
    note = ""
    levels = getattr(encoder, "levels_", None)
    if levels is not None and len(levels.rare):
        note = f"{len(levels.rare)} rare values share a category"
    spikes = getattr(encoder, "spikes_", ())
    if len(spikes):
        note = f"{len(spikes)} spikes"
    domain = getattr(encoder, "domain_", None)
    if domain is not None and kind in ("integer", "continuous", "spikes"):
        step = f", step {domain.step:g}" if domain.step else ""
        note = ", ".join(part for part in (note, f"from {domain.low:g} to {domain.high:g}{step}") if part)
    return Told(name, kind, type(encoder).__name__, distinct, missing, note)


def warn_of_many(column: Column, distinct: int, most: int) -> None:
    """Warn that the rarest categories of a column share one."""
    warnings.warn(
        sentence(
            f"Column {str(column.name)[:60]!r} has {distinct} categories, and {most} get an entry of their own.",
            "The rarest share one and are drawn by their frequency.",
            "Say columns={name: 'embedding'} to keep them apart, or 'id' where it names the rows.",
        ),
        HighCardinalityWarning,
        stacklevel=2,
    )


def warn_of_unknown(name: Any, count: int, n: int) -> None:
    """Warn that the networks see other values than a column holds."""
    warnings.warn(
        sentence(
            f"Column {str(name)[:60]!r} has {count} values in {n} rows that are not among those learned in fit,",
            "which looks at 100,000 rows of a file. They are taken for values that are. Fit on rows with all values,",
            "or drop those rows.",
        ),
        UnknownValuesWarning,
        stacklevel=2,
    )


def _kind_of_numbers(column: Column) -> str:
    values = column.values[~np.isnan(column.values)]
    missing = len(values) < len(column.values)
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) + missing < 2:
        return "constant"
    if column.holds == TIME:
        return "datetime"
    whole = bool((distinct == np.rint(distinct)).all())
    n = len(values)
    if whole and not missing and len(distinct) == n >= FEWEST_NAMED and distinct[-1] - distinct[0] == n - 1:
        return "id"
    if whole and len(distinct) <= FEW_LEVELS and len(values) >= ROWS_OF_EACH * len(distinct):
        return "ordinal"
    spikes = QuantileNormal()._spikes_of(distinct, counts, len(column.values))
    if missing or len(spikes):
        return "spikes"
    return "integer" if whole else "continuous"
