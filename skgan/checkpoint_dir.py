"""A directory of checkpoints: numbered, with one owner, the newest intact ones kept.

Every checkpoint is a directory of its own, ``00000007-step600``, which is never changed. The number decides
which is newer; no clock is asked.
"""

from __future__ import annotations

import os
import platform
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from skgan import _fs
from skgan.exceptions import (
    CheckpointCorruptError,
    CheckpointError,
    CheckpointExistsError,
    CheckpointNotFoundError,
    CheckpointPlaceError,
    CheckpointWriteError,
    SkganError,
    UnsafeFileError,
)
from skgan.reading import MANIFEST, corrupt, read_manifest, verify
from skgan.validation import sentence, warn
from skgan.writing import Pieces, sealed, size_of

#: intact checkpoints that stay, newest first; the one constant
KEPT = 3
LOCK = ".lock"
#: what its file begins with, so that no other is written over
_SAID_BY_OWNERS = b"pid "

_NAME = re.compile(r"(\d{8,18})-step(\d{1,18})")
_LEFTOVER = re.compile(rf"\.{_NAME.pattern}\.[0-9a-f]{{8}}\.(draft|old)")
#: what a checkpoint that is not what was written raises; all else is said, not worked around
_DAMAGE = (CheckpointCorruptError, UnsafeFileError, OSError)

_Found = TypeVar("_Found")
#: locks of this process by the place of their files, and the process: a fork has this table, but not the locks
_OWNED: dict[tuple[int, int], int] = {}
_OWNING = threading.Lock()


class Entry(NamedTuple):
    """A checkpoint by its name."""

    sequence: int
    step: int
    path: Path


class CheckpointDirectory:
    """Where the checkpoints of one fit go.

    Parameters
    ----------
    path : str or Path
        The directory; made when the first checkpoint needs it.

    Examples
    --------
    >>> from skgan.checkpoint_dir import CheckpointDirectory
    >>> CheckpointDirectory("runs/new").entries()
    []
    """

    def __init__(self, path: str | Path):
        self.said = str(path)
        self.path = Path(os.path.abspath(os.path.expanduser(path)))
        self._lock: int | None = None
        self._place: tuple[int, int] | None = None
        self._sound: set[int] = set()

    def entries(self) -> list[Entry]:
        """Return the checkpoints that are there, intact or not, oldest first."""
        matches = [_NAME.fullmatch(name) for name in _fs.listdir(self.path)]
        return sorted(Entry(int(match[1]), int(match[2]), self.path / match[0]) for match in matches if match)

    def check(self, resume: Any) -> None:
        """Refuse a place that does not go with `resume`; nothing is written.

        Parameters
        ----------
        resume : bool or "auto"
            As of `GANEstimator`.
        """
        there = next((path for path in (self.path, *self.path.parents) if os.path.lexists(path)), self.path)
        if not self.said or (os.path.lexists(there) and not there.is_dir()):
            raise CheckpointPlaceError(
                sentence(
                    f"checkpoint_dir must be a directory of its own, or new. Got {self.said!r}, which is not.",
                    "Give another path, for example 'runs/a'.",
                )
            )
        entries = self.entries()
        if entries and resume is False:
            raise CheckpointExistsError(
                sentence(
                    f"checkpoint_dir must hold no checkpoints unless resume says so. Got {self.said!r} with",
                    f"{len(entries)}, the newest of step {entries[-1].step}.",
                    "Set resume=True to go on from it, or give another directory.",
                )
            )
        if not entries and resume is True:
            raise CheckpointNotFoundError(
                sentence(
                    f"checkpoint_dir must hold a checkpoint for resume=True. Got {self.said!r}, which has none.",
                    "Set resume='auto' to begin from the start where there is nothing to resume.",
                )
            )

    # --- the owner ------------------------------------------------------------------------------

    def had_an_owner(self) -> bool:
        """Say whether a fit has written here before, or does so now."""
        return (self.path / LOCK).exists()

    def acquire(self) -> None:
        """Make this process the owner, and clear up after one that was killed.

        The lock is the operating system's, so it ends with the process; the file says who has it.
        """
        if self._lock is not None:
            return
        try:
            for missing in reversed([p for p in (self.path, *self.path.parents) if not p.exists()]):
                _fs.mkdir(missing)
                _fs.sync_directory(missing.parent)
            self._take_lock()
            for name in _fs.listdir(self.path):
                if _LEFTOVER.fullmatch(name):
                    _fs.rmtree(self.path / name)
        except SkganError:
            raise
        except OSError as error:
            self.release()
            raise write_error("checkpoint_dir", Path(self.said), error) from error
        if len(self.entries()) > KEPT:
            self._prune()

    def release(self) -> None:
        """Let another process have the directory."""
        with _OWNING:
            if self._place is not None:
                _OWNED.pop(self._place, None)
            if self._lock is not None:
                _fs.close(self._lock)
            self._lock = self._place = None

    def _take_lock(self) -> None:
        path = self.path / LOCK
        with _OWNING:
            # Closing any descriptor of a locked file ends the lock: one that this process has is not opened again.
            if path.exists() and _OWNED.get(_place_of(path.stat())) == os.getpid():
                raise self._taken(f"this process, {os.getpid()},")
            if path.is_symlink():
                raise self._no_lock("a link")
            descriptor = _fs.open_lock(path)
            try:
                if not _fs.is_regular(descriptor):
                    raise self._no_lock("no regular file")
                said = os.pread(descriptor, 200, 0) if hasattr(os, "pread") else b""
                got = _fs.lock(descriptor)
                if got is False:
                    raise self._taken(_owner_said(said))
                if said and not said.startswith(_SAID_BY_OWNERS):
                    raise self._no_lock("a file of something else")
                os.ftruncate(descriptor, 0)
                _fs.write(descriptor, memoryview(_SAID_BY_OWNERS + f"{os.getpid()} on {platform.node()}\n".encode()))
            except BaseException:
                _fs.close(descriptor)
                raise
            self._lock, self._place = descriptor, _place_of(os.fstat(descriptor))
            _OWNED[self._place] = os.getpid()
        if got is None:
            warn(
                f"The file system of checkpoint_dir {self.said!r} has no locks.",
                "See to it that no other fit writes there.",
            )

    def _no_lock(self, what: str) -> CheckpointWriteError:
        return CheckpointWriteError(
            sentence(
                f"checkpoint_dir must be a directory whose {LOCK!r} is skgan's own.",
                f"Got {self.said!r}, where it is {what}. Remove that, or give another directory.",
            )
        )

    def _taken(self, owner: str) -> CheckpointWriteError:
        return CheckpointWriteError(
            sentence(
                f"checkpoint_dir must belong to one fit at a time. Got {self.said!r}, where {owner} is writing.",
                "Wait for it to end, or give another directory.",
            )
        )

    # --- writing --------------------------------------------------------------------------------

    def write(self, step: int, estimator: str, files: Mapping[str, Pieces]) -> Path:
        """Write a new checkpoint, and only then remove the oldest.

        Parameters
        ----------
        step : int
            Generator updates so far, for people.
        estimator : str
            Class of the estimator.
        files : mapping of str to pieces
            As `skgan.checkpoint` describes the model.

        Returns
        -------
        Path
            The checkpoint.

        Raises
        ------
        CheckpointWriteError
            When it could not be written; those before are untouched.
        """
        entries = self.entries()
        sequence = entries[-1].sequence + 1 if entries else 1
        path = self.path / f"{sequence:08d}-step{step}"
        try:
            with sealed(estimator, files, sequence=sequence) as whole:
                self._check_place()
                _fs.write_directory(path, whole)
        except OSError as error:
            since = f"The newest one is of step {entries[-1].step}." if entries else "There is none yet."
            raise write_error("checkpoint_dir", Path(self.said) / path.name, error, size_of(files), since) from error
        self._sound.add(sequence)
        self._prune()
        return path

    def _check_place(self) -> None:
        """Raise when the directory was removed or replaced, so that the lock says nothing about it."""
        if self._place is not None and _place_of((self.path / LOCK).stat()) != self._place:
            raise FileNotFoundError(2, "the directory was replaced by another")

    def _prune(self) -> None:
        """Remove what is older than the newest intact ones; each is hidden first, then removed."""
        intact = 0
        for entry in reversed(self.entries()):
            if intact < KEPT:
                intact += self._intact(entry)
                continue
            hidden = _fs.aside(entry.path, "old")
            try:
                _fs.rename(entry.path, hidden)
            except OSError as error:
                warn(
                    f"The old checkpoint {entry.path.name!r} in {self.said!r} could not be removed",
                    f"({error.strerror}).",
                    "Training goes on; remove it by hand.",
                )
                return
            _fs.rmtree(hidden)

    def _intact(self, entry: Entry) -> bool:
        """Say whether a checkpoint is what was written; every byte is read once, later on the sizes only."""
        try:
            if entry.sequence not in self._sound:
                check_sequence(entry, verify(entry.path))
                self._sound.add(entry.sequence)
            files = read_manifest(entry.path)["files"]
            return all((entry.path / name).stat().st_size == promised["size"] for name, promised in files.items())
        except (CheckpointError, OSError):
            return False

    # --- reading --------------------------------------------------------------------------------

    def newest(self, read: Callable[[Entry], _Found]) -> _Found:
        """Return what `read` makes of the newest intact checkpoint, with a warning about damaged newer ones.

        Raises
        ------
        CheckpointError
            When all are damaged, with the reason of each.
        """
        damaged: list[str] = []
        entries = self.entries()
        if not entries:
            raise CheckpointNotFoundError(
                f"checkpoint_dir must hold a checkpoint. Got {self.said!r} with none. Give the directory of a run."
            )
        for entry in reversed(entries):
            try:
                if not os.path.lexists(entry.path / MANIFEST):
                    raise corrupt(entry.path, f"{MANIFEST} is missing")
                found = read(entry)
            except _DAMAGE as error:
                damaged.append(f"{entry.path.name} ({_reason(error)})")
                continue
            for name in damaged:
                warn(
                    f"A checkpoint in {self.said!r} is damaged and left out: {name}.",
                    f"Training goes on from step {entry.step}.",
                )
            return found
        raise CheckpointError(
            sentence(
                f"checkpoint_dir must hold an intact checkpoint. Got {self.said!r} with {len(damaged)}, all damaged.",
                "Use another copy, or give another directory to begin from the start.",
                f"In detail: {'; '.join(damaged)}.",
            )
        )


def check_sequence(entry: Entry, manifest: Mapping[str, Any]) -> None:
    """Refuse a checkpoint whose name is not the one it was written under."""
    if manifest.get("sequence") != entry.sequence:
        raise corrupt(entry.path, f"its name says {entry.sequence}, its manifest {manifest.get('sequence')}")


def write_error(
    argument: str, path: Path, error: OSError, size: int | None = None, more: str = ""
) -> CheckpointWriteError:
    """Return the error that says what could not be written where, why, and how many bytes it needs."""
    needed = f"It needs {size} bytes." if size else ""
    reason = error.strerror or str(error) or "no reason given"
    failure = CheckpointWriteError(
        sentence(
            f"{argument} must be writable. Writing {str(path)[-200:]!r} failed with {type(error).__name__}: {reason}.",
            f"{needed} What was there before is untouched. {more}".strip(),
            "Free some space or give another path.",
        )
    )
    failure.errno = error.errno
    return failure


def _place_of(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _owner_said(content: bytes) -> str:
    """Return who has the lock, as far as its file says it in our words."""
    match = re.match(rb"pid (\d{1,10}) on ([\w.-]{1,100})\n", content)
    return f"process {match[1].decode()} on {match[2].decode()}" if match else "another process"


def _reason(error: Exception) -> str:
    """Return what is damaged, without the sentence around it."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return (str(error).partition("damaged: ")[2] or str(error)).removesuffix(" Use another copy.").rstrip(".")[:80]
