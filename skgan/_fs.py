"""The one place that writes files which must not be lost: all of a directory appears, or nothing does."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_directory(path: Path, files: Mapping[str, bytes]) -> None:
    """Put `files` into the directory `path` in one move, replacing what was there only when all is written.

    Files are flushed to disk before the move and the parent directory after it.
    """
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        for name, content in files.items():
            _write_through(draft / name, content)
        _flush(draft)
        draft.chmod(0o755)
        if path.exists():
            _exchange(draft, path)
        else:
            draft.rename(path)
        _flush(path.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _exchange(draft: Path, path: Path) -> None:
    """Move `path` out of the way, `draft` in its place, and what was there back when that fails."""
    old = draft.with_name(draft.name + ".old")
    path.rename(old)
    try:
        draft.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_through(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
