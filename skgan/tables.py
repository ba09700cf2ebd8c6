"""Files for the command line: arrays in ``.npy`` and ``.npz``, tables in ``.csv``; others are refused in a sentence."""

from __future__ import annotations

import csv
import importlib.util
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from skgan.validation import did_you_mean, listed, sentence

SUFFIXES = (".npy", ".npz", ".csv")
#: cells that hold nothing
_MISSING = ("", "nan")


def read(path: Path, label: str | None) -> tuple[Any, Any]:
    """Return X and y of a file.

    Parameters
    ----------
    path : Path
        Ends in .npy (an array), .npz (arrays ``X`` and perhaps ``y``) or .csv (cells with commas between them, the
        first line names of columns; numbers alone may do without). A column is of text where most of its cells are no
        numbers; empty cells and ``nan`` are missing.
    label : str or None
        A column of the .csv, or a .npy file with labels.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_samples, ...)
        A DataFrame for a .csv with names of columns, where pandas is installed; text and missing cells need it.
    y : ndarray of shape (n_samples, ...) or None
        The labels.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file or it holds something else.
    """
    suffix = path.suffix.lower()
    y = None
    _check_there("the data", path)
    if label is not None and label.lower().endswith(".npy"):
        _check_there("--label", Path(label))
        y = _array(Path(label))
        label = None
    if suffix == ".csv":
        X, column = _table(path, label)
        return X, column if y is None else y
    if label is not None:
        raise ValueError(
            sentence(
                f"--label must be a .npy file for a {suffix} file. Got {label[:60]!r}.",
                "Save the labels with numpy.save, or use a .csv.",
            )
        )
    if suffix == ".npy":
        return _array(path), y
    with _archive(path) as archive:
        if "X" not in archive.files:
            raise ValueError(
                sentence(
                    f"{str(path)!r} must hold an array 'X'. Got {listed((name[:60] for name in archive.files), 5)}.",
                    "Write it with numpy.savez(path, X=X, y=y).",
                )
            )
        if y is None and "y" in archive.files:
            y = _member(path, archive, "y")
        return _member(path, archive, "X"), y


def _check_there(what: str, path: Path) -> None:
    if path.is_file():
        return
    came = "nothing" if not path.exists() else "a folder" if path.is_dir() else "no ordinary file"
    error = FileNotFoundError if came == "nothing" else ValueError
    raise error(f"{what} must be a file. Got {str(path)[-200:]!r}, where {came} is. Give another path.")


# --- arrays ---------------------------------------------------------------------------------------


def _array(path: Path) -> np.ndarray:
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _no_array(path, ".npy") from error
    if not isinstance(found, np.ndarray):
        found.close()
        raise _no_array(path, ".npy")
    return found


def _archive(path: Path) -> Any:
    import zipfile

    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise _no_array(path, ".npz") from error
    if isinstance(found, np.ndarray):
        raise _no_array(path, ".npz")
    return found


def _member(path: Path, archive: Any, name: str) -> np.ndarray:
    try:
        return archive[name]
    except Exception as error:  # of zip, of zlib or of NumPy
        raise _no_array(path, ".npz") from error


def _no_array(path: Path, suffix: str) -> ValueError:
    return ValueError(
        sentence(
            f"{str(path)!r} must be a {suffix} file of numbers or text. Got something else, or Python objects.",
            f"Write it with numpy.save{'z' if suffix == '.npz' else ''}.",
        )
    )


# --- tables ---------------------------------------------------------------------------------------


def _table(path: Path, label: str | None) -> tuple[Any, Any]:
    """Return the columns of a .csv as X, and the one of labels as y."""
    rows = _rows(path)
    try:
        _, first = next(rows)
    except StopIteration:
        raise ValueError(f"{str(path)!r} must hold a table. Got an empty file. Use another one.") from None
    named = not all(map(_is_number, first))
    names = first if named else [str(place) for place in range(len(first))]
    if label is not None and label not in names:
        raise ValueError(
            sentence(
                f"--label must be a column of {str(path)!r}, or a .npy file. Got {label[:60]!r}.",
                did_you_mean(label, names) or f"The columns are {listed((name[:30] for name in names), 5)}.",
            )
        )
    columns: list[list[str]] = [[] for _ in names]
    lines = []
    for line, cells in _chained(None if named else first, rows):
        if len(cells) != len(names):
            raise ValueError(
                sentence(
                    f"{str(path)!r} must have {len(names)} cells in each line. Got {len(cells)} in line {line}.",
                    "Separate cells by commas, and quote those with commas in them.",
                )
            )
        lines.append(line)
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
    y = None if label is None else _labels(columns.pop(names.index(label)))
    names = [name for name in names if name != label]
    found = [_column(path, name, lines, cells) for name, cells in zip(names, columns, strict=True)]
    return _frame(path, names, found, named), y


def _chained(first: list[str] | None, rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    if first is not None:
        yield 1, first
    yield from rows


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, with their numbers."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for cells in reader:
                if cells:
                    yield reader.line_num, [cell.strip() for cell in cells]
        except (csv.Error, UnicodeDecodeError) as error:
            raise ValueError(
                sentence(
                    f"{str(path)!r} must be a table as text in UTF-8, with commas between cells.",
                    f"Line {reader.line_num + 1} is not. Save it as .csv again.",
                )
            ) from error


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _column(path: Path, name: str, lines: list[int], cells: list[str]) -> np.ndarray:
    """Return a column of numbers, or of text where most cells are none; a message never says what a cell holds."""
    missing = [cell.lower() in _MISSING for cell in cells]
    text = [not (gap or _is_number(cell)) for gap, cell in zip(missing, cells, strict=True)]
    if 2 * sum(text) > len(cells) - sum(missing):
        return np.array([None if gap else cell for gap, cell in zip(missing, cells, strict=True)], object)
    for line, cell, strange in zip(lines, cells, text, strict=True):
        if strange or (_is_number(cell) and math.isinf(float(cell))):
            raise ValueError(
                sentence(
                    f"{str(path)!r} must hold finite numbers in a column where most cells are numbers.",
                    f"Got {'no number' if strange else 'infinity'} in line {line}, column {name[:60]!r}.",
                    "Mend that cell, empty it if it is missing, or name the column with --label if it holds labels.",
                )
            )
    try:
        return np.array([int(cell) for cell in cells], np.int64)
    except (ValueError, OverflowError):
        return np.array([math.nan if gap else float(cell) for gap, cell in zip(missing, cells, strict=True)])


def _labels(cells: list[str]) -> np.ndarray:
    """Return labels: whole numbers or numbers where all are, otherwise text."""
    for kind in (int, float):
        try:
            return np.array([kind(cell) for cell in cells])
        except ValueError:
            continue
    return np.array(cells)


def _frame(path: Path, names: list[str], columns: list[np.ndarray], named: bool) -> Any:
    mixed = [name for name, column in zip(names, columns, strict=True) if column.dtype == object or _has_gaps(column)]
    whole = named and len(set(names)) == len(names)
    pandas = importlib.util.find_spec("pandas") is not None
    if mixed and not (whole and pandas and len(names) > 1):
        needed = "pandas: pip install 'skgan[tables]'" if whole and not pandas else "a first line with a name for each"
        raise ValueError(
            sentence(
                f"{str(path)!r} must be a table of several columns, or hold numbers only.",
                f"Got text or missing cells from line {2 if named else 1} on, column {mixed[0][:60]!r},",
                f"which need {needed}. Separate cells by commas, and encode or drop what is no number otherwise.",
            )
        )
    if whole and pandas:
        import pandas as pd

        return pd.DataFrame(dict(zip(names, columns, strict=True)))
    return np.stack([column.astype(np.float64) for column in columns], axis=1)


def _has_gaps(column: np.ndarray) -> bool:
    return bool(np.isnan(column).any())
