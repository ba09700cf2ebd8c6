"""Reading what nobody vouches for: a saved model is refused before it can cost or do anything.

What a file promises is checked before it is believed - size before reading, digest before parsing, schema
before use, names and shapes before memory is taken. The rules are numbered in docs/format.md. Nothing is
looked for outside the directory, and nothing in it is ever run.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from safetensors.numpy import load as load_tensors

import skgan
from skgan import schema, strict_json
from skgan.exceptions import (
    CheckpointCorruptError,
    CheckpointError,
    CheckpointMismatchError,
    CheckpointVersionError,
    UnsafeFileError,
)
from skgan.validation import listed, sentence

FORMAT = 1
MANIFEST, CONFIG, STATE = "manifest.json", "config.json", "state.safetensors"

#: bytes, at most
LARGEST_MANIFEST, LARGEST_CONFIG, LARGEST_HEAD = 2**20, 2**21, 2**24
MOST_TENSORS, MOST_DIMENSIONS = 100_000, 8

#: bytes before the head of the tensors, which say how long it is
HEAD_LENGTH = 8

_CHUNK = 2**20
_START = 512  # bytes that show what a file is
_MOST_NAMES = 1000  # looked at, to show the first few of what is there instead of a model
_SAFETENSORS = rb".{8}\{\""
_KINDS = (
    (rb"version https://git-lfs", "looks like a Git LFS pointer: fetch the file itself with git lfs pull"),
    (rb"(?i)\s*<(!doctype|html|\?xml)", "looks like an HTML page: download the file itself"),
    (rb"\x89HDF\r\n", "is an HDF5 file"),
    (rb"PK[\x03\x05]", "is a zip archive"),
    (rb"\x93NUMPY", "is a NumPy array"),
    (_SAFETENSORS, "is a safetensors file without its manifest"),
    (rb"\s*\{", "is a JSON file"),
)
_PICKLES = (
    (rb"\x80[\x01-\x09]", "is a pickle"),
    (rb"[(\]}lpd\d\n]*c[A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n[(p.)N0q]", "is a pickle"),
    (rb"(?s)PK\x03\x04.{0,300}data\.pkl", "is a PyTorch file, which holds a pickle"),
    (rb"\x1f\x8b|BZh\d|\xfd7zXZ|x[\x01\x5e\x9c\xda]|\x5d\x00\x00|\x04\x22\x4d\x18", "is compressed as pickles are"),
)


@dataclass(frozen=True)
class Entry:
    """What the head of `state.safetensors` says of one tensor: the type as NumPy names it, and the shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Its bytes."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Saved:
    """A directory whose manifest, configuration and head of tensors were checked; the numbers are read last.

    Parameters
    ----------
    path : Path
        The directory.
    manifest, config : dict
        What they hold.
    head : dict of str to Entry
        What the tensors are.
    """

    path: Path
    manifest: dict[str, Any]
    config: dict[str, Any]
    head: dict[str, Entry]

    @property
    def size(self) -> int:
        """Bytes of all tensors."""
        return int(self.manifest["files"][STATE]["size"])

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the tensors, after checking every byte."""
        content = _promised(self.path, STATE, self.manifest)
        try:
            arrays = load_tensors(content)
        except Exception as error:
            raise corrupt(self.path, f"{STATE} is no safetensors file") from error
        if {name: Entry(array.dtype.name, array.shape) for name, array in arrays.items()} != self.head:
            raise corrupt(self.path, f"{STATE} was changed while it was read")
        return arrays


def read(path: Path, class_name: str) -> Saved:
    """Return what is in the directory `path` as far as it can be known without reading the tensors.

    Parameters
    ----------
    path : Path
        A directory that `save` wrote.
    class_name : str
        Of the estimator that it must hold.

    Raises
    ------
    FileNotFoundError
        When nothing is there.
    CheckpointError
        One of its subclasses when it is something else than `save` writes.
    """
    manifest = read_manifest(path)
    if manifest["estimator"] != class_name:
        raise CheckpointMismatchError(
            sentence(
                f"{str(path)!r} must hold an estimator of class {class_name!r}. Got {manifest['estimator'][:60]!r}.",
                "Load it with that class.",
            )
        )
    config = _parsed(path, CONFIG, _promised(path, CONFIG, manifest), schema.CONFIG)
    return Saved(path, manifest, config, _head(path, manifest))


def read_manifest(path: Path) -> dict[str, Any]:
    """Return what the manifest of the directory `path` promises; nothing else is looked at."""
    if not os.path.lexists(path):
        raise FileNotFoundError(
            f"path must be a directory that save wrote. Got {str(path)!r}, where nothing is. Call gan.save(path) first."
        )
    if not path.is_dir():
        raise _no_directory(path)
    if not os.path.lexists(path / MANIFEST):
        with os.scandir(path) as entries:
            found = sorted(entry.name[:60] for entry in itertools.islice(entries, _MOST_NAMES))
        more = " and more" if len(found) > 5 else ""
        raise CheckpointError(
            sentence(
                f"path must be a directory that save wrote, with {MANIFEST}.",
                f"Got {str(path)!r} with {listed(found[:5]) or 'nothing in it'}{more}.",
                "Give the directory of a saved model.",
            )
        )
    with _opened(path, MANIFEST) as file:
        size = os.fstat(file.fileno()).st_size
        content = _content(path, MANIFEST, file, size, LARGEST_MANIFEST)
    manifest = _parsed(path, MANIFEST, content)
    version = manifest.get("format")
    sealed = "sha256" in manifest and manifest["sha256"] != seal(manifest)
    if type(version) is int and version > FORMAT and not sealed:
        raise CheckpointVersionError(
            sentence(
                f"{str(path)!r} must have a format up to {FORMAT}, which skgan {skgan.__version__} reads.",
                f"Got format {version}, written by skgan {str(manifest.get('skgan', 'unknown'))[:40]!r}. Update skgan.",
            )
        )
    _held(path, MANIFEST, manifest, schema.MANIFEST)
    if sealed:
        raise corrupt(path, f"{MANIFEST} is not what was written")
    return manifest


def verify(path: Path) -> dict[str, Any]:
    """Return the manifest of the directory `path` when every byte of it is what was written; builds nothing.

    Raises
    ------
    FileNotFoundError, CheckpointError
        As `read` does.
    """
    manifest = read_manifest(path)
    for name, promised in manifest["files"].items():
        with _opened(path, name) as file:
            _check_size(path, name, file, promised["size"])
            found = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                found.update(chunk)
        if found.hexdigest() != promised["sha256"]:
            raise corrupt(path, f"{name} is not what was written")
    return manifest


def seal(manifest: Mapping[str, Any]) -> str:
    """Return the digest of a manifest without its own: of its JSON with sorted keys and no white space."""
    rest = {name: value for name, value in manifest.items() if name != "sha256"}
    return _digest(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode())


def corrupt(path: Path, reason: str) -> CheckpointCorruptError:
    """Return the error that says what is damaged."""
    return CheckpointCorruptError(
        sentence(
            f"{str(path)!r} must be a model as save wrote it.",
            f"Got one that is damaged: {reason[:250]}. Use another copy.",
        )
    )


# --- files ----------------------------------------------------------------------------------------


def _opened(path: Path, name: str) -> BinaryIO:
    """Return a file of the directory, which must be a file and no link to one; waits for nothing."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if (path / name).is_symlink():
        raise corrupt(path, f"{name} is a link, and saved models hold none")
    try:
        descriptor = os.open(path / name, flags)
    except FileNotFoundError as error:
        raise corrupt(path, f"{name} is missing") from error
    except OSError as error:
        raise corrupt(path, f"{name} cannot be opened ({error.strerror})") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise corrupt(path, f"{name} is no regular file")
    return os.fdopen(descriptor, "rb")


def _check_size(path: Path, name: str, file: BinaryIO, promised: int) -> None:
    size = os.fstat(file.fileno()).st_size
    if size != promised:
        _refuse_other_kinds(path, name, file)
        raise corrupt(path, f"{name} has {size} bytes, not {promised}")


def _content(path: Path, name: str, file: BinaryIO, size: int, most: int) -> bytes:
    if size > most:
        raise corrupt(path, f"{name} has {size} bytes, more than {most}")
    content = file.read(size + 1)
    if len(content) != size:
        raise corrupt(path, f"{name} changed its size while it was read")
    if not content:
        raise corrupt(path, f"{name} is empty: it has size 0")
    return content


def _promised(path: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    """Return the content of a file that is what the manifest promises."""
    promised = manifest["files"][name]
    with _opened(path, name) as file:
        _check_size(path, name, file, promised["size"])
        most = LARGEST_CONFIG if name == CONFIG else promised["size"]
        content = _content(path, name, file, promised["size"], most)
        if _digest(content) != promised["sha256"]:
            _refuse_other_kinds(path, name, file)
            raise corrupt(path, f"{name} is not what was written")
    return content


def _head(path: Path, manifest: Mapping[str, Any]) -> dict[str, Entry]:
    """Return what the state's head says, once it is what was written and fits the size of the file."""
    promised = manifest["files"][STATE]
    with _opened(path, STATE) as file:
        _check_size(path, STATE, file, promised["size"])
        start = file.read(HEAD_LENGTH)
        length = int.from_bytes(start, "little")
        if len(start) < HEAD_LENGTH or length > min(LARGEST_HEAD, promised["size"] - HEAD_LENGTH):
            _refuse_other_kinds(path, STATE, file)
            raise corrupt(path, f"{STATE} is no safetensors file")
        text = file.read(length)
    if _digest(start + text) != promised["head"]:
        raise corrupt(path, f"the head of {STATE} is not what was written")
    if (tensors := text.count(b"{") - 1) > MOST_TENSORS:  # before they take ten times their text in memory
        raise corrupt(path, f"{STATE}: it has {tensors} tensors, more than {MOST_TENSORS}")
    entries = _parsed(path, STATE, text.rstrip(b" "), schema.HEAD)
    try:
        return _tensors(entries, promised["size"] - HEAD_LENGTH - length)
    except ValueError as error:
        raise corrupt(path, f"{STATE}: {error}") from error


def _tensors(entries: dict[str, Any], size: int) -> dict[str, Entry]:
    """Return the tensors of a head whose places follow each other and fill `size` bytes."""
    found, place = {}, 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
        dtype = schema.TYPES.get(entry["dtype"])
        if dtype is None:
            raise ValueError(f"a tensor has the type {entry['dtype'][:20]!r}, which saved models do not have")
        if len(entry["shape"]) > MOST_DIMENSIONS:
            raise ValueError(f"a tensor has more than {MOST_DIMENSIONS} dimensions")
        tensor = Entry(dtype, tuple(entry["shape"]))
        if entry["data_offsets"] != [place, place + tensor.size]:
            raise ValueError("the places of the tensors do not follow each other")
        place += tensor.size
        if not re.fullmatch(r"[^\x00-\x1f/\\][^\x00-\x1f\\]{0,499}", name) or ".." in name:
            raise ValueError("a tensor has a name that could be a path")
        found[name] = tensor
    if place != size:
        raise ValueError(f"its tensors have {place} bytes, not {size}")
    return found


def _parsed(path: Path, name: str, content: bytes, rule: schema.Rule | None = None) -> dict[str, Any]:
    try:
        parsed = strict_json.parsed(content)
    except ValueError as error:
        _refuse_pickle(path, name, content[:_START])
        kind = "" if content.lstrip().startswith(b"{") else _kind(content[:_START])
        raise corrupt(path, f"{name} {kind or f'cannot be read: {error}'}") from error
    if rule is not None:
        _held(path, name, parsed, rule)
    return parsed


def _held(path: Path, name: str, parsed: dict[str, Any], rule: schema.Rule) -> None:
    try:
        rule(parsed, "")
    except ValueError as error:
        raise corrupt(path, f"in {name}, {error}") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- other files ----------------------------------------------------------------------------------


def _no_directory(path: Path) -> CheckpointError:
    """Return the refusal of a single file, by what is in it and never by what it is called."""
    if not path.is_file():
        return corrupt(path, "it is neither a directory nor a file")
    with path.open("rb") as file:
        start = file.read(_START)
    _refuse_pickle(path.parent, path.name, start)
    kind = _kind(start) or "is no file that skgan writes"
    return CheckpointCorruptError(
        sentence(f"path must be a directory that save wrote. Got {str(path)!r}, which {kind}. Give that directory.")
    )


def _refuse_other_kinds(path: Path, name: str, file: BinaryIO) -> None:
    """Refuse a file that is not what was promised, by what it seems to be instead."""
    file.seek(0)
    start = file.read(_START)
    _refuse_pickle(path, name, start)
    right = rb"\{" if name == CONFIG else _SAFETENSORS
    if not re.match(right, start, re.DOTALL) and (kind := _kind(start)):
        raise corrupt(path, f"{name} {kind}")


def _refuse_pickle(path: Path, name: str, start: bytes) -> None:
    if re.match(_SAFETENSORS, start, re.DOTALL):
        return  # whose first bytes are a length, which may be any
    for pattern, what in _PICKLES:
        if re.match(pattern, start):
            raise UnsafeFileError(
                sentence(
                    f"path must be a directory that save wrote. Got {str(path / name)!r}, which {what};",
                    "skgan never loads pickle. Load it with joblib or torch if you trust it, then call save.",
                )
            )


def _kind(start: bytes) -> str:
    if not start:
        return "is empty: it has size 0"
    return next((what for pattern, what in _KINDS if re.match(pattern, start, re.DOTALL)), "")
