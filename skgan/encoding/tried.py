"""Encoders and rules of others, tried on the data once they have learned, and looked at where samples are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skgan.declarations import asked, broken, described, expect, is_foreign
from skgan.interfaces import Constraint, Encoder
from skgan.validation import Integer, shown

#: rows that are encoded and decoded for it
FEW = 64


def encoder(part: Encoder, column: np.ndarray) -> Encoder:
    """Return an encoder that has learned a column, `(n,)`, once it has kept its word on the first rows of it.

    Parameters
    ----------
    part : Encoder
        One that has learned nothing.
    column : ndarray of shape (n,)
        As it reads it.

    Returns
    -------
    Encoder
        The same.

    Raises
    ------
    PluginError
        With the encoder, what it must return and what it returned.
    ValueError
        What it says itself of the column.
    """
    if not is_foreign(part):
        return part.fit(column)
    learned = asked(part, "fit", column, step=None, own=ValueError)
    expect(learned is part, part, "fit", "itself", learned)
    for name in ("numbers", "width", "alone"):
        count = getattr(part, name)
        expect(Integer(0).accepts(count), part, f"fit as {name}", str(Integer(0)), said=shown(count))
    few = column[:FEW]
    pair = asked(part, "encode", few, np.random.default_rng(0), step=None)
    expect(isinstance(pair, tuple) and len(pair) == 2, part, "encode", "numbers and codes", pair)
    numbers, codes = (np.asarray(each) for each in pair)
    shape = (len(few), part.numbers)
    fine = numbers.shape == shape and numbers.dtype.kind == "f"
    expect(fine, part, "encode", f"real numbers of shape {shape}", numbers)
    inside = bool((np.abs(numbers) <= 1).all())
    expect(inside, part, "encode", "numbers between -1 and 1", said="others")
    whole = codes.shape == few.shape and codes.dtype.kind in "iu"
    expect(whole, part, "encode", f"whole numbers of shape {few.shape}", codes)
    codes_until = max(part.width, 1)
    inside = bool(((codes >= 0) & (codes < codes_until)).all())
    expect(inside, part, "encode", f"codes in [0, {codes_until})", said="others")
    again = decoded(part, asked(part, "decode", numbers, codes, np.random.default_rng(0), step=None), len(few))
    if few.dtype.kind == "f":
        _check_numbers(part, again, few)
    arrays = asked(part, "learned", step=None)
    expect(isinstance(arrays, Mapping), part, "learned", "a dict of arrays", arrays)
    return part


def rule(part: Constraint, table: Mapping[Any, np.ndarray]) -> Constraint:
    """Return a rule that has learned from a table, once it has kept its word on it.

    Parameters
    ----------
    part : Constraint
        One that has learned nothing.
    table : mapping of ndarray of shape (n,)
        The columns by name.

    Returns
    -------
    Constraint
        The same.

    Raises
    ------
    PluginError
        With the rule, what it must return and what it returned.
    ValueError
        What it says itself of the table.
    """
    if not is_foreign(part):
        return part.fit(table)
    learned = asked(part, "fit", table, step=None, own=ValueError)
    expect(learned is part, part, "fit", "itself", learned)
    few = {name: column[:FEW].copy() for name, column in table.items()}
    n = min(FEW, len(next(iter(table.values()))))
    kept = asked(part, "kept", few, step=None)
    fine = isinstance(kept, np.ndarray) and kept.shape == (n,) and kept.dtype == bool
    expect(fine, part, "kept", f"booleans of shape ({n},)", kept)
    enforced(part, asked(part, "enforce", dict(few), np.random.default_rng(0), step=None), few)
    arrays = asked(part, "learned", step=None)
    expect(isinstance(arrays, Mapping), part, "learned", "a dict of arrays", arrays)
    return part


def decoded(part: Encoder, column: Any, n: int) -> np.ndarray:
    """Return what an encoder decoded, where it is a column of n values; else refuse it."""
    if isinstance(column, np.ndarray) and column.shape == (n,):
        return column
    raise broken(part, "decode", f"an array of shape ({n},)", described(column))


def enforced(part: Constraint, table: Any, before: Mapping[Any, np.ndarray]) -> dict[Any, np.ndarray]:
    """Return what a rule made of the columns of samples, where all are there and whole; else refuse it."""
    if not isinstance(table, dict) or table.keys() != before.keys():
        raise broken(part, "enforce", "a dict of the columns it was given", described(table))
    for name, column in before.items():
        if not isinstance(table[name], np.ndarray) or table[name].shape != column.shape:
            came = f"{described(table[name])} for one of them"
            raise broken(part, "enforce", f"every column as an array of shape {column.shape}", came)
    return table


def _check_numbers(part: Encoder, again: np.ndarray, column: np.ndarray) -> None:
    """Refuse what was decoded of numbers and is none, or is missing where nothing was."""
    try:
        numbers = again.astype(np.float64)
    except (TypeError, ValueError):
        raise broken(part, "decode", "numbers for a column of numbers", described(again)) from None
    if np.isnan(numbers).any() and not np.isnan(column).any():
        raise broken(part, "decode", "numbers for a column without gaps", "some that are none")
