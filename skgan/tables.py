"""Files of numbers for the command line: ``.npy``, ``.npz`` and ``.csv``, refused in one sentence when they are not."""

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


def read(path: Path, label: str | None) -> tuple[Any, Any]:
    """Return X and y of a file.

    Parameters
    ----------
    path : Path
        Ends in .npy (an array), .npz (arrays ``X`` and perhaps ``y``) or .csv (numbers with commas between them, the
        first line perhaps names of columns).
    label : str or None
        A column of the .csv, or a .npy file with labels.

    Returns
    -------
    X : ndarray or DataFrame of shape (n_samples, ...)
        A DataFrame for a .csv with names of columns, where pandas is installed.
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
    columns: list[list[Any]] = [[] for _ in names]
    text = names.index(label) if label is not None else None
    for line, cells in _chained(None if named else first, rows):
        if len(cells) != len(names):
            raise ValueError(
                sentence(
                    f"{str(path)!r} must have {len(names)} cells in each line. Got {len(cells)} in line {line}.",
                    "Separate cells by commas, and quote those with commas in them.",
                )
            )
        for place, cell in enumerate(cells):
            columns[place].append(cell if place == text else _number(path, line, names[place], cell))
    y = None if text is None else _labels(columns.pop(text))
    return _frame([name for place, name in enumerate(names) if place != text], columns, named), y


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


def _number(path: Path, line: int, name: str, cell: str) -> int | float:
    """Return what a cell says; never what it holds when that is no number."""
    try:
        return int(cell)
    except ValueError:
        pass
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        return number
    what = "an empty cell" if not cell else "no number" if math.isnan(number) else "infinity"
    raise ValueError(
        sentence(
            f"{str(path)!r} must hold finite numbers. Got {what} in line {line}, column {name[:60]!r}.",
            "Name it with --label if it holds labels; otherwise encode, fill in or drop it first.",
        )
    )


def _labels(cells: list[str]) -> np.ndarray:
    """Return labels: whole numbers or numbers where all are, otherwise text."""
    for kind in (int, float):
        try:
            return np.array([kind(cell) for cell in cells])
        except ValueError:
            continue
    return np.array(cells)


def _frame(names: list[str], columns: list[list[Any]], named: bool) -> Any:
    if named and len(set(names)) == len(names) and importlib.util.find_spec("pandas") is not None:
        import pandas as pd

        return pd.DataFrame({name: np.array(column) for name, column in zip(names, columns, strict=True)})
    return np.stack([np.array(column, np.float64) for column in columns], axis=1)
