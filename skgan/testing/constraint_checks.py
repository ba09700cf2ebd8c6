"""Rules for the rows of tables: they hold in what they return, and change nothing else."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from sklearn.base import clone

from skgan.interfaces import Constraint
from skgan.testing._common import expect, global_generators
from skgan.testing.term_checks import global_seed

ROWS = 80


def data() -> dict[str, np.ndarray]:
    """Return a table: ``a`` and ``b`` whole numbers from 0 to 9, a below b; ``c`` text; ``d`` numbers, none twice."""
    rng = np.random.default_rng(0)
    a = rng.integers(0, 5, ROWS).astype(float)
    c = rng.choice(np.array(["x", "y", "z"], object), ROWS)
    return {"a": a, "b": a + rng.integers(1, 5, ROWS), "c": c, "d": rng.permutation(ROWS) * 2.5}


def samples(n: int = ROWS) -> dict[str, np.ndarray]:
    """Return rows that a generator might draw: columns of their own, values out of range, twice, missing."""
    rng, known = np.random.default_rng(1), data()
    table = {name: column[rng.integers(0, ROWS, n)] for name, column in known.items()}
    for name in ("a", "b"):
        strange = rng.random(n)
        table[name] = np.where(strange < 0.1, -3.0, np.where(strange > 0.9, 14.0, table[name]))
        table[name][rng.random(n) < 0.05] = np.nan
    return table


def check_rule_holds_in_what_it_enforces(part: Constraint) -> None:
    """Every row of `enforce` keeps the rule, and every row of the data does."""
    made = clone(part)
    expect(made.fit(data()) is made, "fit must return the rule itself")
    for what, table in (("the data", data()), ("samples", made.enforce(samples(), np.random.default_rng(0)))):
        kept = made.kept(table)
        told = isinstance(kept, np.ndarray) and kept.shape == (ROWS,) and kept.dtype == bool
        expect(told, f"kept must be a boolean array of {ROWS}; got {getattr(kept, 'dtype', type(kept).__name__)}")
        expect(kept.all(), f"every row of {what} must keep the rule; {int((~kept).sum())} of {ROWS} do not")


def check_rows_that_keep_it_are_left_alone(part: Constraint) -> None:
    """`enforce` changes no row that kept the rule, and no column of data that do."""
    made = clone(part).fit(data())
    for table in (data(), samples()):
        kept, mended = made.kept(table), made.enforce(dict(table), np.random.default_rng(0))
        for name, column in table.items():
            equal = _told(mended[name])[kept] == _told(column)[kept]
            expect(
                equal.all(), f"rows that keep the rule must stay as they are; {int((~equal).sum())} differ in {name!r}"
            )


def check_no_row_is_dropped(part: Constraint) -> None:
    """`enforce` gives the same columns in the same types with as many rows, for no row, one and many."""
    made = clone(part).fit(data())
    for n in (0, 1, 7, ROWS):
        table = samples(n)
        mended = made.enforce(dict(table), np.random.default_rng(0))
        expect(set(mended) == set(table), f"the columns must stay {sorted(table)}; got {sorted(mended)}")
        for name, column in mended.items():
            expect(len(column) == n, f"column {name!r} must keep its {n} rows; got {len(column)}")
            kind = table[name].dtype.kind
            expect(column.dtype.kind == kind, f"column {name!r} must keep its type {kind!r}; got {column.dtype}")


def check_tables_are_left_as_they_are(part: Constraint) -> None:
    """`fit`, `kept` and `enforce` change nothing in the arrays that they are given."""
    made, rows, table = clone(part), data(), samples()
    made.fit(rows)
    made.kept(table)
    made.enforce(dict(table), np.random.default_rng(0))
    for given, fresh in ((rows, data()), (table, samples())):
        for name, column in fresh.items():
            expect((_told(given[name]) == _told(column)).all(), f"the array of column {name!r} must stay as it was")


def check_columns_that_are_not_there_are_refused(part: Constraint) -> None:
    """`fit` refuses a table without a column that it looks at, with a ValueError; others it does not ask for."""
    refused = 0
    for name in data():
        rest = {other: column for other, column in data().items() if other != name}
        try:
            made = clone(part).fit(rest)
        except ValueError:
            refused += 1
            continue
        smaller = {other: column for other, column in samples().items() if other != name}
        made.enforce(smaller, np.random.default_rng(0))
    expect(refused, "fit must refuse a table that lacks a column of the rule; it took every table")


def check_data_that_break_it_are_refused(part: Constraint) -> None:
    """`fit` refuses data of which a row breaks the rule, unless the rule is learned from them."""
    broken = samples()
    if clone(part).fit(data()).kept(broken).all():
        raise AssertionError("kept must find rows that break the rule among samples; it found none")
    try:
        made = clone(part).fit(broken)
    except ValueError:
        return
    expect(made.kept(broken).all(), "fit must refuse data with rows that break the rule, with a ValueError")


def check_arrays_rebuild_it(part: Constraint) -> None:
    """`learned` is arrays without objects; `restore` makes a rule of them that mends the same, bit for bit."""
    made, twin, file = clone(part).fit(data()), clone(part), io.BytesIO()
    learned = {name: np.asarray(array) for name, array in made.learned().items()}
    objects = [name for name, array in learned.items() if array.dtype.kind == "O"]
    expect(not objects, f"learned() must hold arrays of numbers, text or bytes; {objects} hold objects")
    np.savez(file, **learned)  # type: ignore[arg-type]
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        twin.restore(dict(arrays))
    one, other = (each.enforce(samples(), np.random.default_rng(0)) for each in (made, twin))
    _equal(one, other, "after restore()")


def check_it_follows_from_the_generator(part: Constraint) -> None:
    """One seed of `rng` mends the same again, whatever the global generators hold; they stay where they are."""
    made, mended = clone(part).fit(data()), []
    for seed in (1, 2):
        with global_seed(seed):
            before = global_generators()
            mended.append(made.enforce(samples(), np.random.default_rng(0)))
            moved = [name for name, was in global_generators().items() if before.get(name, was) != was]
        expect(not moved, f"the global generators of {moved} must stay where they are")
    _equal(mended[0], mended[1], "with the same rng")


def _told(column: np.ndarray) -> np.ndarray:
    """Return values so that missing ones are equal."""
    return np.array([repr(value) for value in column.tolist()], dtype=object)


def _equal(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], when: str) -> None:
    for name, column in one.items():
        expect((_told(column) == _told(other[name])).all(), f"column {name!r} must be the same {when}, bit for bit")
