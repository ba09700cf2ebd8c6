"""The one file-system seam: what must not be lost is written, moved and removed by these functions only.

All of a directory appears, or nothing does. Tests replace the small functions one by one, to see what is left
when a call fails or is the last one that happens.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import itertools
import operator
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import ModuleType

from skgan.beside import beside

try:
    import fcntl as _fcntl
except ImportError:  # Windows
    fcntl: ModuleType | None = None
else:
    fcntl = _fcntl

_CHUNK = 2**24
_SMALL = 2**12
_SWAP = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
_HERE = -100  # AT_FDCWD
_CANNOT = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
_NO_LOCKS = {errno.ENOLCK, *_CANNOT}
_FAR = 2**30  # Windows locks bytes against reading too: one where no file of ours has any


def write_directory(path: Path, files: Mapping[str, Iterable[bytes | memoryview]], *, replace: bool = False) -> None:
    """Put `files` into the directory `path` in one move, once all of them are on the disk.

    The order is that which survives a loss of power: the files are written, they and the directory are flushed, then
    it is moved to its name, then its parent is flushed. Whatever fails, no draft stays behind.

    Parameters
    ----------
    path : Path
        Where to; its parent is there.
    files : mapping of str to iterable of bytes or memoryview
        Names, and contents in pieces, which are asked for when they are to be written, in this order.
    replace : bool, default=False
        Whether `path` is there already and is to be replaced.
    """
    draft = aside(path, "draft")
    mkdir(draft, 0o700)
    try:
        _write_through(draft, files)
        chmod(draft, 0o755)
        if not replace:
            _put(draft, path, rename)
        elif exchange(draft, path):
            _put(draft, path, exchange, done=True)
        else:
            _replace(draft, path)
    finally:
        rmtree(draft)


def _put(draft: Path, path: Path, move: Callable[[Path, Path], object], done: bool = False) -> None:
    """Move `draft` to `path` and see to it that the disk knows; move it back when the disk does not."""
    if not done:
        move(draft, path)
    try:
        sync_directory(path.parent)
    except OSError:
        move(path, draft)
        raise


def aside(path: Path, what: str) -> Path:
    """Return a hidden name beside `path` that nothing has: where it is drafted, or lies until it is removed."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.{what}")


def _replace(draft: Path, path: Path) -> None:
    """Move `path` out of the way, `draft` in its place, and what was there back when that fails."""
    old = aside(path, "old")
    rename(path, old)
    try:
        _put(draft, path, rename)
    except BaseException:
        rename(old, path)
        raise
    rmtree(old)


def _write_through(folder: Path, files: Mapping[str, Iterable[bytes | memoryview]]) -> None:
    """Write `files` into `folder` and wait until the disk has all of it, which it brings about together."""
    with ExitStack() as opened, beside() as begin:
        flushed = []
        for name, pieces in files.items():
            descriptor = create(folder / name)
            opened.callback(close, descriptor)
            for chunk in _chunks(pieces):
                rest = memoryview(chunk)
                while rest:
                    rest = rest[write(descriptor, rest[:_CHUNK]) :]
            flushed.append(begin(sync, descriptor))
        flushed.append(begin(sync_directory, folder))
        for wait in flushed:
            wait()


def _chunks(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Yield the pieces, small neighbours as one: a call of the system for each takes longer than a copy."""
    for small, neighbours in itertools.groupby(pieces, lambda piece: len(piece) < _SMALL):
        if small:
            yield b"".join(neighbours)
        else:
            yield from neighbours


# --- one call of the system each ------------------------------------------------------------------


def create(path: Path) -> int:
    """Open a file that is not there yet, for writing."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)


def write(descriptor: int, content: memoryview) -> int:
    """Write the head of `content`; return how many bytes that were."""
    return os.write(descriptor, content)


def sync(descriptor: int) -> None:
    """Wait until the disk has the file."""
    if fcntl is not None and hasattr(fcntl, "F_FULLFSYNC"):  # where fsync stops at the disk's own memory
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def close(descriptor: int) -> None:
    """Close a file."""
    os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Wait until the disk has the names in a directory, where directories can be flushed."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    finally:
        os.close(descriptor)


def mkdir(path: Path, mode: int = 0o777) -> None:
    """Make one directory."""
    os.mkdir(path, mode)


def chmod(path: Path, mode: int) -> None:
    """Set who may read a directory."""
    os.chmod(path, mode)


def rename(old: Path, new: Path) -> None:
    """Move a directory to a name that is free."""
    os.rename(old, new)


def exchange(one: Path, other: Path) -> bool:
    """Swap two directories in one move; return False, and do nothing, where the system cannot."""
    if sys.platform not in ("linux", "darwin"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(library, "renameat2"):
        failed = library.renameat2(_HERE, names[0], _HERE, names[1], ctypes.c_uint(_SWAP))
    elif hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, ctypes.c_uint(_SWAP))
    else:
        return False
    number = ctypes.get_errno()
    if failed and number not in _CANNOT:
        raise OSError(number, os.strerror(number), str(other))
    return not failed


def rmtree(path: Path) -> None:
    """Remove a directory as far as that works, of a link only itself; what stays has a hidden name."""
    if path.is_symlink():
        with suppress(OSError):
            path.unlink()
    shutil.rmtree(path, ignore_errors=True)


def listdir(path: Path) -> list[str]:
    """Return the names in a directory; none when it is not there."""
    try:
        return os.listdir(path)
    except FileNotFoundError:
        return []


# --- locks ----------------------------------------------------------------------------------------


def open_lock(path: Path) -> int:
    """Open the file of a lock, for reading and writing; never what a link leads to, and no pipe that would wait."""
    careful = (getattr(os, name, 0) for name in ("O_BINARY", "O_NOFOLLOW", "O_NONBLOCK"))
    return os.open(path, os.O_RDWR | os.O_CREAT | functools.reduce(operator.or_, careful), 0o666)


def is_regular(descriptor: int) -> bool:
    """Say whether an open file is one with bytes on a disk: no pipe, no device."""
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def lock(descriptor: int) -> bool | None:
    """Take a lock that ends with this process; return False when another has it, None where there are no locks."""
    try:
        if fcntl is not None:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _FAR, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            return True
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return None
