"""Checkpoints of a few bytes, without any network, for tests of the directory that they are in."""

import os
import warnings

import numpy as np

from skgan.checkpoint_dir import CheckpointDirectory
from skgan.exceptions import CheckpointWriteError
from skgan.reading import verify
from skgan.writing import pieces_of


def files(number, size=4):
    """Return what a checkpoint of a training of one number holds."""
    state = pieces_of({"number": np.full(size, number)})
    return {"config.json": [b'{"number": %d}' % number], "state.safetensors": state}


def opened(path):
    directory = CheckpointDirectory(path)
    directory.acquire()
    return directory


def write(directory, number, size=4):
    return directory.write(number, "Test", files(number, size))


def newest(path):
    """Return the number of the newest intact checkpoint, as somebody else reads it."""

    def read(entry):
        verify(entry.path)
        return int((entry.path / "config.json").read_bytes()[11:-1])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CheckpointDirectory(path).newest(read)


def names(path):
    return sorted(entry.name for entry in path.iterdir())


def flip(path, place=-1):
    """Change one bit of a file."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def in_child(act):
    """Run `act` in a forked process and return its pid; what it raises ends it with status 70."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
        pid = os.fork()
    if pid:
        return pid
    try:
        act()
    except CheckpointWriteError:
        os._exit(71)
    except BaseException:
        os._exit(70)
    os._exit(0)
