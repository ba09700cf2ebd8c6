"""One table of constraints, one kind of sentence; and the checks of X that need no GAN.

A message says which argument, what came, what is allowed and what to do next, in at most 500
characters and without a value of the data.
"""

from __future__ import annotations

import difflib
import inspect
import math
import numbers
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

from skgan.exceptions import InvalidParameterError, TrainingWarning
from skgan.picked_rows import PickedRows

LONGEST_MESSAGE = 500


def sentence(*parts: str) -> str:
    """Join the parts of a message and keep it within `LONGEST_MESSAGE` characters."""
    text = " ".join(part for part in parts if part)
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 2].rstrip() + " …"


def warn(*parts: str) -> None:
    """Warn in one sentence, of the line that called skgan."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("skgan."):
        frame, level = frame.f_back, level + 1
    warnings.warn(sentence(*parts), TrainingWarning, stacklevel=level)


def listed(names: Iterable[Any], most: int = 10) -> str:
    """Return ``'a', 'b', … and 3 more``."""
    names = list(names)
    text = ", ".join(repr(name) for name in names[:most])
    return text if len(names) <= most else f"{text} … and {len(names) - most} more"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a hint at the nearest known word, or nothing."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}?" if near else ""


def short(name: Any, longest: int = 60) -> str:
    """Return a word that somebody else chose, cut where it would fill a message."""
    text = str(name)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def shown(value: Any) -> str:
    """Return a parameter's value as a message may show it: short, and never an array."""
    if isinstance(value, str):
        return repr(short(value))
    if isinstance(value, bool | numbers.Number) or value is None:
        return short(repr(value))
    return f"an object of type {type(value).__name__}"


@dataclass(frozen=True)
class Integer:
    """A whole number, at least `low` (bool is not one)."""

    low: int = 1
    high: int | None = None

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        if not isinstance(value, numbers.Integral) or isinstance(value, bool | np.bool_):
            return False
        return self.low <= int(value) and (self.high is None or int(value) <= self.high)

    def __str__(self) -> str:
        return f"an int in the range [{self.low}, {'inf)' if self.high is None else f'{self.high}]'}"


@dataclass(frozen=True)
class Real:
    """A finite number between `low` and `high`; `closed` says which ends belong to it."""

    low: float = -math.inf
    high: float = math.inf
    closed: str = "left"

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        if not isinstance(value, numbers.Real) or isinstance(value, bool | np.bool_):
            return False
        number = float(value)
        if not math.isfinite(number):
            return False
        above = number >= self.low if self.closed in ("left", "both") else number > self.low
        below = number <= self.high if self.closed in ("right", "both") else number < self.high
        return above and below

    def __str__(self) -> str:
        left = "[" if self.closed in ("left", "both") and math.isfinite(self.low) else "("
        right = "]" if self.closed in ("right", "both") and math.isfinite(self.high) else ")"
        return f"a finite float in the range {left}{self.low:g}, {self.high:g}{right}"


@dataclass(frozen=True)
class Boolean:
    """True or False."""

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return isinstance(value, bool | np.bool_)

    def __str__(self) -> str:
        return "a bool"


class Choice:
    """One of a few constants."""

    def __init__(self, *values: str | None):
        self.values = values

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return (value is None or isinstance(value, str)) and value in self.values

    def __str__(self) -> str:
        return listed(self.values) if len(self.values) == 1 else f"one of {listed(self.values)}"


@dataclass(frozen=True)
class Pair:
    """Two values, each under the same constraint."""

    of: Any

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return isinstance(value, tuple | list) and len(value) == 2 and all(map(self.of.accepts, value))

    def __str__(self) -> str:
        return f"a pair, each {self.of}"


class Sizes:
    """A tuple of lengths, each at least 1; `counts` says how many."""

    def __init__(self, *counts: int):
        self.counts = counts

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return isinstance(value, tuple | list) and len(value) in self.counts and all(map(Integer(1).accepts, value))

    def __str__(self) -> str:
        return f"a tuple of {' or '.join(map(str, self.counts))} ints, each at least 1"


class Device:
    """The name of a device."""

    values = ("auto", "cpu", "cuda", "mps")
    #: what others call them
    meant = {"gpu": "cuda", "nvidia": "cuda", "metal": "mps", "none": "auto"}

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return isinstance(value, str) and re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", value) is not None

    def __str__(self) -> str:
        return "'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'"


class Location:
    """The path of a file or directory."""

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return isinstance(value, str | os.PathLike)

    def __str__(self) -> str:
        return "a str or a path"


def as_path(value: Any, name: str) -> Path:
    """Return a path that a user gives, ``~`` for their home, or refuse what no file can be called."""
    came = shown(value)
    if Location().accepts(value):
        text = os.fspath(value)
        if isinstance(text, str) and text and "\0" not in text and _is_a_name(text):
            return Path(os.path.expanduser(value))
        came = "an empty one" if not text else "one that no file can have"
    raise InvalidParameterError(f"{name} must be a str or a path. Got {came}. Give the path of a file or a folder.")


def _is_a_name(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


class Name:
    """What a column of a table is called: text or a place."""

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return isinstance(value, str | int | float) and not isinstance(value, bool)

    def __str__(self) -> str:
        return "the name of a column, or its place"


class Kind:
    """An object known by the methods it has."""

    def __init__(self, description: str, *methods: str):
        self.description = description
        self.methods = methods

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return not isinstance(value, type) and all(hasattr(value, name) for name in self.methods)

    def __str__(self) -> str:
        return self.description


class Several:
    """A list, tuple or array of values, numbers where `numbers` says so."""

    def __init__(self, description: str, numbers: bool = False):
        self.description = description
        self.numbers = numbers

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        if not isinstance(value, list | tuple | np.ndarray):
            return False
        return not self.numbers or all(isinstance(each, int | float | np.number) for each in value)

    def __str__(self) -> str:
        return self.description


class RandomState:
    """A seed as scikit-learn takes it."""

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return value is None or isinstance(value, np.random.RandomState) or Integer(0, 2**32 - 1).accepts(value)

    def __str__(self) -> str:
        return "an int in the range [0, 4294967295], a numpy RandomState or None"


def check_value(owner: str, name: str, value: Any, allowed: Sequence[Any], default: Any = None) -> None:
    """Raise the one sentence when `value` meets none of the constraints `allowed`."""
    if any(constraint.accepts(value) for constraint in allowed):
        return
    choices = [c for constraint in allowed for c in getattr(constraint, "values", ())]
    guess = ""
    if isinstance(value, str):
        meant = [word for c in allowed for said, word in getattr(c, "meant", {}).items() if said == value.lower()]
        guess = f"Did you mean {meant[0]!r}?" if meant else did_you_mean(value, [c for c in choices if c])
    quotes = "Write the number without quotes." if isinstance(value, str) and _is_number(value) else ""
    raise InvalidParameterError(
        sentence(
            f"The {name!r} parameter of {owner} must be {' or '.join(map(str, allowed))}.",
            f"Got {shown(value)} instead.",
            guess or quotes or f"Leave {name} out to use its default, {shown(default)}.",
        )
    )


def check_table(owner: str, values: Mapping[str, Any], table: Mapping[str, Sequence[Any]], defaults: Mapping) -> None:
    """Check every value that has a row in `table`."""
    for name, allowed in table.items():
        check_value(owner, name, values[name], allowed, defaults.get(name))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


#: bytes of an array that are looked at together
BYTES_AT_ONCE = 2**26
_CONTAINERS = "a NumPy array, a tensor, a DataFrame or a list of rows"
_COLLECT = "Collect its rows into one array first. Load files with numpy.load(path)."
_LOAD = "Load an array with numpy.load(path), a folder of images with skgan.datasets.load_images(path)."


def as_array(X: Any, name: str = "X") -> Any:
    """Return X as an array (or the DataFrame it is), detached from torch; refuse what is no table of numbers."""
    if hasattr(X, "toarray"):
        raise TypeError(
            sentence(
                f"Sparse data was passed for {name}, but dense data is required.",
                f"Got {type(X).__name__}. Use {name}.toarray().",
            )
        )
    if is_tensor(X):
        return from_torch(X, name)
    X = as_pandas(X, name)
    if isinstance(X, np.matrix | np.ma.MaskedArray):
        return _unmasked(X, name)
    if hasattr(X, "iloc") or isinstance(X, np.ndarray | PickedRows) or hasattr(X, "chunks_of_rows"):
        return X
    # Only what says that it is an array: asking anything else for its items may never end.
    if not isinstance(X, list | tuple) and not hasattr(X, "__array__"):
        where = isinstance(X, str | os.PathLike)
        raise _no_array("None" if X is None else type(X).__name__, name, _LOAD if where else _COLLECT)
    try:
        return np.asarray(detached(X, name))
    except ValueError as error:
        raise ValueError(
            sentence(
                f"{name} must have rows of one length.",
                f"Got a {type(X).__name__} whose entries differ in shape.",
                "Resize or pad the rows to the same shape.",
            )
        ) from error


def is_tensor(value: Any) -> bool:
    """Say whether a value is a tensor, without importing torch."""
    return type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach")


def as_pandas(value: Any, name: str) -> Any:
    """Return a table of another library, such as polars or Arrow, as a DataFrame, and everything else as it is."""
    if not (hasattr(value, "to_pandas") and hasattr(value, "columns")) or hasattr(value, "iloc"):
        return value
    try:
        return value.to_pandas()
    except ImportError as error:
        came = (
            f"a {type(value).__name__} of {type(value).__module__.partition('.')[0]} without {error.name or 'pandas'}"
        )
        raise _no_array(came, name, 'Run pip install "skgan[tables]".') from error


def detached(values: Any, name: str) -> Any:
    """Return tensors in a list as NumPy has them, and everything else as it is."""
    if not isinstance(values, list | tuple) or not values or not is_tensor(values[0]):
        return values
    return [from_torch(value, name) if is_tensor(value) else value for value in values]


def _unmasked(X: Any, name: str) -> np.ndarray:
    """Return a masked array in which nothing is masked as a plain one; refuse what would lose its meaning as one."""
    if isinstance(X, np.matrix):
        raise TypeError(
            f"{name} must be an array: np.matrix is not supported. Got a matrix. Convert it with np.asarray({name})."
        )
    if np.ma.is_masked(X):
        row = int(np.argwhere(np.ma.getmaskarray(X))[0][0])
        raise ValueError(
            sentence(
                f"{name} must hold a number in each cell.",
                f"Got {int(np.ma.count_masked(X))} masked ones, first in row {row}.",
                f"Fill them with {name}.filled(value), or drop their rows.",
            )
        )
    return np.ma.getdata(X)


def from_torch(X: Any, name: str) -> np.ndarray:
    """Return a tensor as NumPy has it, without its gradient; refuse one that NumPy has no numbers for."""
    if X.is_meta:
        raise _no_array("a tensor without data, on the meta device", name)
    if str(X.layout) != "torch.strided":
        raise TypeError(
            sentence(
                f"Sparse data was passed for {name}, but dense data is required.",
                f"Got a tensor of layout {X.layout}. Use {name}.to_dense().",
            )
        )
    X = X.detach().cpu()
    try:
        return (X.float() if str(X.dtype) == "torch.bfloat16" else X).resolve_conj().resolve_neg().numpy()
    except (TypeError, RuntimeError) as error:  # of quantised numbers, of bits
        raise _no_array(f"a tensor of dtype {X.dtype}", name) from error


def _no_array(came: str, name: str, advice: str = _COLLECT) -> TypeError:
    return TypeError(sentence(f"{name} must be {_CONTAINERS}.", f"Got {came} instead.", advice))


def check_X(estimator: Any, X: Any, *, reset: bool) -> np.ndarray | PickedRows:
    """Return the rows of X, `(n, n_features)`, finite numbers, after scikit-learn's own checks.

    Sets (`reset=True`) or compares ``n_features_in_`` and ``feature_names_in_``. More than two
    dimensions are flattened for it, in C order.
    """
    X = as_array(X)
    if X.ndim < 2:
        raise ValueError(
            sentence(
                f"Expected 2D array, got {X.ndim}D array instead: X has shape",
                f"{X.shape}. Reshape your data: array.reshape(-1, 1) for one feature,",
                "array.reshape(1, -1) for one sample.",
            )
        )
    _check_dtype(getattr(X, "dtype", None))
    if hasattr(X, "iloc"):
        _check_names(X)
    if (X.ndim > 2 or hasattr(X, "iloc")) and 0 in X.shape[1:]:
        raise ValueError(
            f"X: Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required. Check its axes."
        )
    if X.ndim > 2:
        X = (X if isinstance(X, PickedRows) else np.asarray(X)).reshape(len(X), int(np.prod(X.shape[1:])))
    if isinstance(X, PickedRows) and X.dtype.kind in "biuf":
        _validated(estimator, X[:2], reset)  # which makes no numbers of numbers; the values are looked at below
    else:
        X = _validated(estimator, X, reset)
    check_finite(X)
    if reset:
        _warn_of_wide_integers(X)
    return X


def _check_dtype(dtype: Any) -> None:
    """Refuse an array of what are no real numbers."""
    kind = getattr(dtype, "kind", None)
    if kind in ("c", "M", "m", "V"):
        name = "Complex" if kind == "c" else f"dtype {dtype}"
        raise ValueError(
            f"{name} data not supported: X must hold real numbers. Got dtype {dtype}. Convert X, column by column."
        )
    if kind in ("S", "U"):
        raise ValueError(
            sentence(
                f"X must hold numbers: got dtype {dtype}, and dtype='numeric' is not compatible with arrays of",
                "bytes/strings. Convert your data to numeric values explicitly, for example with X.astype(float).",
            )
        )


def _validated(estimator: Any, X: Any, reset: bool) -> np.ndarray:
    """Return X after scikit-learn's checks, whose sentences get the next step where they lack it."""
    try:
        return validate_data(
            estimator,
            X,
            reset=reset,
            dtype="numeric",
            ensure_all_finite=False,
            ensure_min_samples=2 if reset else 1,
        )
    except ValueError as error:
        if "with a sequence" in str(error):
            raise ValueError(
                sentence(
                    "X must hold one number in each cell.", "Got a list or an array in one.", "Replace such cells."
                )
            ) from None
        if "could not convert string" not in str(error):
            raise ValueError(_with_advice(str(error))) from None
        raise ValueError(
            sentence("X must hold numbers.", "Got text in at least one cell.", "Encode text columns first.")
        ) from None
    except OverflowError:
        raise ValueError(
            sentence("X must hold numbers that float64 can hold.", "Got a larger one.", "Rescale such columns first.")
        ) from None
    except TypeError as error:
        if "argument must be" not in str(error):
            raise
        raise TypeError(
            sentence(
                "X must hold numbers: each cell's argument must be a string or a real number.",
                f"Got a cell that is {str(error).rpartition('not ')[2]}. Replace or drop such cells.",
            )
        ) from None


#: what scikit-learn's own sentences about X begin with, or hold, and what to do then
_ADVICE = {
    "must be in the same order": "Bring them into that order with X[gan.feature_names_in_].",
    "The feature names should match": "Choose them with X[gan.feature_names_in_], or fit again.",
    "features, but": "Bring X into the shape it had in fit, or fit again.",
    "sample(s)": "Give more rows.",
    "feature(s)": "Check the axes of X.",
}


def _with_advice(text: str) -> str:
    """Return a sentence of scikit-learn with the next step, within the length that ours have."""
    advice = next((advice for said, advice in _ADVICE.items() if said in text), "")
    text = text.strip()
    room = LONGEST_MESSAGE - len(advice) - 3
    return f"{text if len(text) <= room else text[:room] + ' …'} {advice}".rstrip()


def _warn_of_wide_integers(X: np.ndarray | PickedRows) -> None:
    """Warn of integers in so wide a range that float32 cannot tell neighbours apart."""
    if X.dtype.kind not in "iu" or X.dtype.itemsize < 4:
        return
    wide = X.max(axis=0).astype(float) - X.min(axis=0).astype(float) > 2**24
    if wide.any():
        warnings.warn(
            sentence(
                f"X holds whole numbers in {int(wide.sum())} of {X.shape[1]} columns, first in column",
                f"{int(wide.argmax())}, that differ by more than 2**24. The networks calculate in float32, which",
                "cannot tell neighbours so far out apart: samples are near such numbers, not among them.",
                "Drop columns that are identifiers, or scale them down.",
            ),
            UserWarning,
            stacklevel=2,
        )


def check_columns(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Return a table of mixed types as it came, after scikit-learn's checks of its names and width."""
    X = as_array(X)
    if X.ndim != 2:
        raise ValueError(f"Expected 2D array, got {X.ndim}D array instead. A table has rows and columns. Reshape X.")
    if X.shape[1] < 1 or len(X) < (2 if reset else 1):
        least = 2 if reset else 1
        raise ValueError(
            sentence(
                f"X must have at least {least} sample(s) and 1 feature(s). Got shape {tuple(X.shape)},",
                f"while a minimum of {least} is required. Give more rows, or columns.",
            )
        )
    _check_names(X)
    named = X.first if hasattr(X, "chunks_of_rows") else X
    try:
        validate_data(estimator, named, reset=reset, skip_check_array=True)
    except ValueError as error:
        raise ValueError(_with_advice(str(error))) from None
    return X


def _check_names(X: Any) -> None:
    """Refuse names of columns of which two are one, or that no text can hold."""
    names = list(getattr(X, "columns", ()))
    seen: set[Any] = set()
    twins = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
    if twins:
        raise ValueError(
            sentence(
                f"X must have columns of different names. Got several called {listed(map(short, twins), 3)}.",
                "Rename them, for example with X.columns = range(X.shape[1]).",
            )
        )
    for place, name in enumerate(names):
        try:
            str(name).encode()
        except UnicodeEncodeError:
            raise ValueError(
                sentence(
                    "X must have columns whose names are text as Unicode has it.",
                    f"Got one with half a character, in column {place}. Rename it, or read the file with its encoding.",
                )
            ) from None


def _is_too_large(X: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # float16 ends far below, and has infinity in the bound's place
        return ~(np.abs(X) < 1e37)


def pieces(X: np.ndarray | PickedRows) -> Iterator[np.ndarray]:
    """Yield an array some rows at a time, so that what is computed of all of it takes little memory."""
    rows = max(BYTES_AT_ONCE // max(X[:1].nbytes, 1), 1)
    for start in range(0, len(X), rows):
        yield X[start : start + rows]


def check_finite(X: np.ndarray | PickedRows) -> None:
    """Refuse NaN, infinity and what float32 cannot hold, naming the first place and no value."""
    if X.dtype.kind != "f":
        return
    # Two passes without a copy decide the common case; the places are looked for only when there are some.
    with np.errstate(over="ignore", invalid="ignore"):
        if X.max(initial=0) < 1e37 and X.min(initial=0) > -1e37:
            return
    for what, is_bad in (("NaN", np.isnan), ("infinity or a value too large for float32", _is_too_large)):
        bad = is_bad(np.asarray(X))
        if bad.any():
            row, column = divmod(int(np.ascontiguousarray(bad).argmax()), X.shape[1])
            raise ValueError(
                sentence(
                    f"Input X contains {what}: {np.count_nonzero(bad)} times, first at row {row}, column {column}.",
                    "GANEstimator needs finite numbers. Drop or impute them first, for example with",
                    "sklearn.impute.SimpleImputer.",
                )
            )
