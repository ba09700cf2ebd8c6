"""Data that lies in files: folders of images, tables larger than memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skgan.image_folders import load_images
from skgan.seeding import numpy_generator
from skgan.validation import as_path, listed, sentence

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ScannedTable", "load_images", "scan_table"]

#: rows that are read at once
ROWS_AT_ONCE = 65_536


def scan_table(path: str | Path, *, columns: list[str] | None = None) -> ScannedTable:
    """Return a table in a file, which `fit` reads a chunk at a time.

    Parameters
    ----------
    path : str or Path
        A Parquet, Feather, ORC or CSV file, or a directory of such files; what it is, its ending says.
    columns : list of str, optional
        The columns to read; None means all.

    Returns
    -------
    ScannedTable
        For ``GANEstimator().fit(table)``.

    Raises
    ------
    ImportError
        When pyarrow is not installed: ``pip install "skgan[tables]"``.
    FileNotFoundError, ValueError
        When there is no such file, or it is no table.

    Examples
    --------
    >>> from skgan.datasets import scan_table
    >>> scan_table("census.parquet")  # doctest: +SKIP
    ScannedTable('census.parquet', 1000000 rows, 30 columns)
    """
    return ScannedTable(path, columns)


class ScannedTable:
    """A table in a file: its shape and the types of its columns are known, rows are read when they are needed.

    Encoders learn from some of the rows. What training needs of every row is kept as a few bytes, in memory or, from
    a gigabyte on, in a temporary file that is read a batch at a time.

    Parameters
    ----------
    path : str or Path
        As for `scan_table`.
    columns : list of str, optional
        As for `scan_table`.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    columns : Index
        Names of the columns.
    dtypes : Series
        Their types, as far as the first rows tell.
    """

    ndim = 2

    def __init__(self, path: str | Path, columns: list[str] | None = None):
        place = as_path(path, "path")
        try:
            from pyarrow import dataset
        except ImportError:
            raise ImportError(
                "scan_table needs pyarrow, which is not installed. Install it: pip install 'skgan[tables]'."
            ) from None
        if not place.exists():
            raise FileNotFoundError(f"path must be a table in a file. Nothing is at {str(path)!r}. Check the path.")
        ending = place.suffix.lower().removeprefix(".")
        kind = ending if ending in ("csv", "feather", "orc", "arrow", "ipc") else "parquet"
        self.path = str(path)
        try:
            self._data = dataset.dataset(self.path, format=kind)
            n_rows = self._data.count_rows()
        except (OSError, ValueError) as error:
            raise ValueError(
                sentence(
                    f"path must be a table in a file. Got {self.path[-200:]!r}, which is no {kind}.",
                    "Give it the ending of its kind.",
                )
            ) from error
        known = self._data.schema.names
        unknown = [name for name in columns or [] if name not in known]
        if unknown:
            what = f"Got {unknown[0]!r}, which it lacks. Name some of {listed(known, 8)}."
            raise ValueError(f"columns must be of the file. {what}")
        self._names = list(columns or known)
        self.shape = (n_rows, len(self._names))
        #: the first rows, for their names and types
        self.first: pd.DataFrame = self._data.head(1000, columns=self._names).to_pandas()
        self.columns, self.dtypes = self.first.columns, self.first.dtypes

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"ScannedTable({self.path!r}, {self.shape[0]} rows, {self.shape[1]} columns)"

    def __getitem__(self, rows: Any) -> np.ndarray:
        """Return rows by their numbers, as objects."""
        rows = np.asarray(rows)
        order = np.argsort(rows, kind="stable")
        taken = self._taken(rows[order]).to_numpy(object)
        return taken[np.argsort(order, kind="stable")]

    def chunks_of_rows(self) -> Iterator[pd.DataFrame]:
        """Yield all rows in their order, at most 65,536 at a time."""
        for batch in self._data.to_batches(columns=self._names, batch_size=ROWS_AT_ONCE, use_threads=False):
            if len(batch):
                yield batch.to_pandas()

    def some_rows(self, most: int) -> pd.DataFrame:
        """Return at most so many rows, drawn at random from the whole file, always the same."""
        n = len(self)
        rows = np.arange(n)
        if n > most:
            rows = np.sort(numpy_generator(("some rows", n)).choice(n, most, replace=False))
        return self._taken(rows)

    def _taken(self, rows: np.ndarray) -> pd.DataFrame:
        """Return rows by their sorted numbers."""
        import pandas as pd

        pieces, start = [], 0
        for chunk in self.chunks_of_rows():
            low, high = np.searchsorted(rows, [start, start + len(chunk)])
            if high > low:
                pieces.append(chunk.iloc[rows[low:high] - start])
            start += len(chunk)
        return pd.concat(pieces, ignore_index=True) if pieces else self.first.iloc[:0]
