"""Encoders of columns: what they declare is what they give, and a column comes back."""

from __future__ import annotations

import io
from unittest import SkipTest

import numpy as np
from sklearn.base import clone

from skgan.interfaces import Encoder
from skgan.testing._common import expect, global_generators, same
from skgan.testing.term_checks import global_seed

ROWS = 240


def columns_of(part: Encoder) -> dict[str, np.ndarray]:
    """Return columns of the kind that an encoder reads, by what they are."""
    rng = np.random.default_rng(0)
    gaps = rng.random(ROWS) < 0.3
    found: dict[str, np.ndarray] = {}
    if part.reads in ("numbers", "any"):
        numbers = np.round(rng.gamma(2.0, 50.0, ROWS), 1)
        spiky = np.where(rng.random(ROWS) < 0.5, 0.0, numbers)
        found |= {"numbers": numbers, "numbers with gaps": np.where(gaps, np.nan, numbers), "a spike": spiky}
        found |= {"few whole numbers": rng.integers(0, 6, ROWS).astype(float)}
    if part.reads in ("categories", "any"):
        texts = rng.choice(np.array(["north", "south", "east", "west"], object), ROWS, p=[0.5, 0.3, 0.15, 0.05])
        found |= {
            "texts": texts,
            "texts with gaps": _objects([None if gap else text for gap, text in zip(gaps, texts, strict=True)]),
        }
        found |= {"flags": (rng.random(ROWS) < 0.4).astype(object)}
    return found


def odd_columns_of(part: Encoder) -> dict[str, np.ndarray]:
    """Return columns with nothing, or hardly anything, to learn from."""
    found: dict[str, np.ndarray] = {}
    if part.reads in ("numbers", "any"):
        found |= {"one number": np.full(30, 3.5), "no number": np.full(30, np.nan), "one row": np.array([2.0])}
        found |= {"a number and gaps": np.where(np.arange(9) % 3 > 0, 3.5, np.nan)}
    if part.reads in ("categories", "any"):
        found |= {"one text": _objects(["x"] * 9), "no text": _objects([None] * 9), "one row of text": _objects(["x"])}
        found |= {"a text and gaps": _objects(["x", None, None] * 3)}
    return found


def check_fit_declares_what_it_learned(part: Encoder) -> None:
    """`fit` returns the encoder and sets `numbers`, `width` and `alone`; column and parameters stay as they are."""
    for what, column in (columns_of(part) | odd_columns_of(part)).items():
        before, made = column.copy(), clone(part)
        expect(made.fit(column) is made, "fit must return the encoder itself")
        same(list(map(repr, column)), list(map(repr, before)), f"the column of {what} given to fit")
        declared = made.numbers, made.width, made.alone
        whole = all(isinstance(n, int | np.integer) and n >= 0 for n in declared)
        expect(whole, f"numbers, width and alone must be whole numbers from 0 on; got {declared} for {what}")
        expect(made.alone <= made.width, f"alone must be at most width, {made.width}; got {made.alone} for {what}")
        kept = made.get_params().keys() == part.get_params().keys() and repr(made) == repr(part)
        expect(kept, f"the parameters must stay as they are in fit; got {made!r}")


def check_encode_gives_what_was_declared(part: Encoder) -> None:
    """`encode` gives float32 in [-1, 1] `(n, numbers)`, int32 codes `(n,)` below `width`, and 0 beside codes alone."""
    for what, column in (columns_of(part) | odd_columns_of(part)).items():
        made = clone(part).fit(column)
        for rng in (None, np.random.default_rng(0)):
            _as_declared(made, what, len(column), *made.encode(column, rng))


def check_values_that_fit_did_not_see_are_encoded(part: Encoder) -> None:
    """A value that `fit` did not see, or a missing one where none was, has numbers and a code in the declared range."""
    for what, column in (columns_of(part) | odd_columns_of(part)).items():
        made = clone(part).fit(column)
        number = column.dtype.kind == "f"
        strange = np.array([-1e6, 1e6, np.nan, 0.123]) if number else _objects(["never seen", None, 17, True])
        for rng in (None, np.random.default_rng(0)):
            _as_declared(made, f"unseen values in {what}", len(strange), *made.encode(strange, rng))


def check_decode_gives_a_value_for_each_row(part: Encoder) -> None:
    """`decode` gives one value a row, float64 for numbers and objects otherwise, for no row, one and many."""
    for what, column in (columns_of(part) | odd_columns_of(part)).items():
        made = clone(part).fit(column)
        numbers, codes = made.encode(column)
        for n in (0, 1, min(7, len(column))):
            back = made.decode(numbers[:n], codes[:n], np.random.default_rng(0))
            expect(
                isinstance(back, np.ndarray) and back.shape == (n,),
                f"decode must give an array of {n} values for {n} rows of {what}; got {getattr(back, 'shape', back)}",
            )
            kind = "f" if column.dtype.kind == "f" else "O"
            allowed = kind + "O" if part.reads != "numbers" else kind
            expect(back.dtype.kind in allowed, f"decode must give {kind!r} values for {what}; got {back.dtype}")


def check_samples_stay_in_the_domain(part: Encoder) -> None:
    """Whatever the networks say, values lie in the range of the column, or among its categories; none goes missing."""
    for what, column in columns_of(part).items():
        made = clone(part).fit(column)
        _seen_by_networks(made)
        rng = np.random.default_rng(1)
        codes = rng.integers(0, max(made.width, 1), 400).astype(np.int32)
        numbers = (rng.uniform(-1, 1, (400, made.numbers)) * (codes[:, None] >= made.alone)).astype(np.float32)
        back = made.decode(numbers, codes, np.random.default_rng(0))
        if column.dtype.kind == "f":
            known, gaps = column[~np.isnan(column)], np.isnan(back)
            expect(np.isnan(column).any() or not gaps.any(), f"no value of {what} may be missing where none was")
            inside = (back[~gaps] >= known.min()) & (back[~gaps] <= known.max())
            expect(inside.all(), f"values of {what} must lie between {known.min()} and {known.max()}")
        else:
            strange = set(back.tolist()) - set(column.tolist())
            expect(not strange, f"values of {what} must be among those of fit; {len(strange)} others came")


def check_column_comes_back(part: Encoder) -> None:
    """Encoded and decoded, most values are what they were: categories the same, numbers near; gaps stay gaps."""
    for what, column in columns_of(part).items():
        made = clone(part).fit(column)
        _seen_by_networks(made)
        back = made.decode(*made.encode(column), np.random.default_rng(0))
        if column.dtype.kind == "f":
            gaps = np.isnan(column)
            same(np.isnan(back), gaps, f"which values of {what} are missing")
            near = np.abs(back - column)[~gaps] <= 0.05 * np.ptp(column[~gaps])
            expect(
                near.mean() >= 0.9,
                f"nine in ten of {what} must come back within 5 % of the range; {near.mean():.0%} do",
            )
        else:
            equal = np.array([one == other for one, other in zip(back, column, strict=True)])
            expect(equal.mean() >= 0.5, f"most of {what} must come back; {equal.mean():.0%} do")


def check_odd_columns_come_back(part: Encoder) -> None:
    """A column of one value, of one row or of nothing but gaps is learned, and comes back."""
    for what, column in odd_columns_of(part).items():
        made = clone(part).fit(column)
        if not made.numbers + made.width and len(set(map(repr, column))) > 1:
            continue  # the networks see nothing of it
        back = made.decode(*made.encode(column), np.random.default_rng(0))
        if not made.numbers + made.width and list(map(repr, back)) != list(map(repr, column)):
            raise SkipTest("it makes values of its own")
        if column.dtype.kind == "f":
            close = np.allclose(back.astype(float), column, equal_nan=True)
            expect(close, f"the column of {what} must come back; got other values")
        elif getattr(part, "least", 0) == 0:
            same(list(map(repr, back)), list(map(repr, column)), f"the column of {what} that comes back")


def check_arrays_rebuild_it(part: Encoder) -> None:
    """`learned` is arrays without objects; `restore` makes an encoder of them that answers the same, bit for bit."""
    for what, column in (columns_of(part) | odd_columns_of(part)).items():
        made, file = clone(part).fit(column), io.BytesIO()
        learned = made.learned()
        objects = [name for name, array in learned.items() if np.asarray(array).dtype.kind == "O"]
        expect(not objects, f"learned() must hold arrays of numbers, text or bytes; {objects} hold objects")
        np.savez(file, **{name: np.asarray(array) for name, array in learned.items()})  # type: ignore[arg-type]
        file.seek(0)
        twin = clone(part)
        with np.load(file, allow_pickle=False) as arrays:
            twin.restore(dict(arrays))
        declared = [(each.numbers, each.width, each.alone) for each in (made, twin)]
        expect(
            declared[0] == declared[1], f"numbers, width and alone of {what} must be {declared[0]}; got {declared[1]}"
        )
        for seed in (None, 0):
            given = [
                each.encode(column, seed if seed is None else np.random.default_rng(seed)) for each in (made, twin)
            ]
            for one, other, name in zip(*given, ("numbers", "codes"), strict=True):
                same(one, other, f"the {name} of {what} after restore()")
        backs = [each.decode(*given[0], np.random.default_rng(1)) for each in (made, twin)]
        same(list(map(repr, backs[1])), list(map(repr, backs[0])), f"the values of {what} after restore()")


def check_codes_are_those_of_their_values(part: Encoder) -> None:
    """`code_of` a value is the code that `encode` gives and `decode` takes; `values_of_codes` says so of all codes."""
    for what, column in columns_of(part).items():
        made = clone(part).fit(column)
        nothing = np.zeros((1, made.numbers), np.float32)
        for value in {repr(each): each for each in column}.values():
            code = made.code_of(value)
            if code < 0:
                continue
            expect(code < made.width, f"code_of must be below width, {made.width}; got {code} for {what}")
            given = np.array([value], column.dtype)
            expect(
                made.encode(given)[1][0] == code, f"code_of must be the code that encode gives; it is not for {what}"
            )
            if code < made.alone or not made.numbers:
                back = made.decode(nothing, np.array([code], np.int32), np.random.default_rng(0))[0]
                expect(
                    repr(back) == repr(given[0]), f"decode must give the value whose code_of it is; not so for {what}"
                )
        values = made.values_of_codes()
        if values is not None:
            expect(
                len(values) == made.width, f"values_of_codes must be {made.width} values; got {len(values)} for {what}"
            )
            every = np.arange(made.width, dtype=np.int32)
            back = made.decode(np.zeros((made.width, made.numbers), np.float32), every, np.random.default_rng(0))
            same(list(map(repr, back)), list(map(repr, values)), f"values_of_codes and what decode gives for {what}")


def check_it_follows_from_the_generator(part: Encoder) -> None:
    """One seed of `rng` encodes and decodes the same again, whatever the global generators hold; they stay there."""
    for what, column in columns_of(part).items():
        made, answers = clone(part).fit(column), []
        for seed in (1, 2):
            with global_seed(seed):
                before = global_generators()
                numbers, codes = clone(part).fit(column).encode(column, np.random.default_rng(0))
                back = made.decode(numbers, codes, np.random.default_rng(0))
                moved = [name for name, was in global_generators().items() if before.get(name, was) != was]
            expect(not moved, f"the global generators of {moved} must stay where they are")
            answers.append((numbers.tolist(), codes.tolist(), list(map(repr, back))))
        expect(answers[0] == answers[1], f"what is drawn for {what} must follow from rng alone")


def _as_declared(made: Encoder, what: str, n: int, numbers: np.ndarray, codes: np.ndarray) -> None:
    expect(
        numbers.shape == (n, made.numbers) and numbers.dtype == np.float32,
        f"encode must give float32 numbers {(n, made.numbers)} for {what}; got {numbers.dtype} {numbers.shape}",
    )
    inside = np.isfinite(numbers).all() and np.abs(numbers).max(initial=0) <= 1
    expect(inside, f"numbers must be finite and lie in [-1, 1]; those of {what} do not")
    expect(
        codes.shape == (n,) and codes.dtype == np.int32,
        f"encode must give int32 codes {(n,)} for {what}; got {codes.dtype} {codes.shape}",
    )
    known = codes.min(initial=0) >= 0 and codes.max(initial=0) < max(made.width, 1)
    expect(known, f"codes must lie in [0, {max(made.width, 1)}); those of {what} do not")
    beside = numbers[codes < made.alone] if made.numbers else np.zeros(0)
    expect((beside == 0).all(), f"numbers must be 0 beside codes that stand alone; those of {what} are not")


def _seen_by_networks(made: Encoder) -> None:
    if not made.numbers + made.width:
        raise SkipTest("the networks see nothing of its columns")


def _objects(values: list) -> np.ndarray:
    column = np.empty(len(values), object)
    column[:] = values
    return column
