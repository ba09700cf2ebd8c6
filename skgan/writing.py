"""What the files of a saved model hold: tensors where they lie in memory, and digests taken beside the writing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import skgan
from skgan.beside import beside
from skgan.exceptions import CheckpointError
from skgan.reading import CONFIG, FORMAT, HEAD_LENGTH, LARGEST_CONFIG, LARGEST_HEAD, MANIFEST, STATE, seal
from skgan.schema import TYPES
from skgan.validation import sentence

#: the content of a file, in pieces that follow each other
Piece = bytes | memoryview
Pieces = Sequence[Piece]

_ALIGNED = 8
_NAMES = {numpy: name for name, numpy in TYPES.items()}


def pieces_of(arrays: Mapping[str, np.ndarray]) -> Pieces:
    """Return a safetensors file of arrays: its head, then the memory of each array; nothing is copied.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        By name; not to be changed before the pieces were written.

    Returns
    -------
    sequence of bytes or memoryview
        The file; wider numbers come first, so that each lies at a multiple of its width.
    """
    entries: dict[str, Any] = {}
    pieces: list[Piece] = []
    place = 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):
        array = np.asarray(arrays[name], arrays[name].dtype.newbyteorder("<"), order="C")
        pieces.append(array.reshape(-1).view(np.uint8).data)
        offsets = [place, place := place + array.nbytes]
        entries[name] = {"dtype": _NAMES[array.dtype.name], "shape": list(array.shape), "data_offsets": offsets}
    head = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    head += b" " * (-len(head) % _ALIGNED)
    return [len(head).to_bytes(HEAD_LENGTH, "little") + head, *pieces]


def size_of(files: Mapping[str, Pieces]) -> int:
    """Return how many bytes the files have together."""
    return sum(_size(pieces) for pieces in files.values())


@contextmanager
def sealed(
    estimator: str, files: Mapping[str, Pieces], **more: Any
) -> Iterator[dict[str, Iterable[bytes | memoryview]]]:
    """Give `files` and their manifest, to be written in this order.

    The digests are computed beside the writing, by a thread; the manifest comes last, and waits for them.

    Parameters
    ----------
    estimator : str
        Class of the estimator.
    files : mapping of str to pieces
        `CONFIG` and `STATE`; the first piece of the state is its head.
    **more
        Further keys that `skgan.schema.MANIFEST` names.

    Raises
    ------
    CheckpointError
        When a file is larger than reading allows.
    """
    _refuse_what_reading_refuses(files)
    with beside() as begin:
        yield {**files, MANIFEST: _manifest(estimator, begin(_promises, files), more)}


def _refuse_what_reading_refuses(files: Mapping[str, Pieces]) -> None:
    for what, size, most in (
        ("settings and columns", _size(files[CONFIG]), LARGEST_CONFIG),
        ("names of tensors", len(files[STATE][0]), LARGEST_HEAD),
    ):
        if size > most:
            raise CheckpointError(
                sentence(
                    f"The {what} of a saved model must be at most {most} bytes as JSON. Got {size}.",
                    "Use joblib.dump, or shorter column and class names.",
                )
            )


def _promises(files: Mapping[str, Pieces]) -> dict[str, dict[str, Any]]:
    """Return the size and digest of each file, and the digest of the state's head."""
    promised: dict[str, dict[str, Any]] = {}
    for name, pieces in files.items():
        digest = hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
        promised[name] = {"size": _size(pieces), "sha256": digest.hexdigest()}
    promised[STATE]["head"] = hashlib.sha256(files[STATE][0]).hexdigest()
    return promised


def _manifest(
    estimator: str, promised: Callable[[], dict[str, dict[str, Any]]], more: Mapping[str, Any]
) -> Iterator[bytes]:
    """Yield the manifest, sealed by a digest of its own, once it is known what it promises."""
    manifest = {"format": FORMAT, "estimator": estimator, "skgan": skgan.__version__, "files": promised(), **more}
    yield json.dumps({**manifest, "sha256": seal(manifest)}, indent=1).encode()


def _size(pieces: Pieces) -> int:
    return sum(map(len, pieces))
