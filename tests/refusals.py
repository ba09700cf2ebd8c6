"""What every refusal must be: short, without data, before anything is built or written, changing nothing."""

import os
import pickle
import sys
from contextlib import contextmanager

import joblib
import pytest
import torch

from skgan.validation import LONGEST_MESSAGE

MARK = 98765.4321  # in all data, so that a message with data in it is found out
LEAKS = ("98765", "9.8765", "9.877")


def snapshot(gan):
    try:
        return dict(vars(gan)), joblib.hash(gan)
    except (pickle.PicklingError, AttributeError):  # classes made inside a test
        return dict(vars(gan)), None


def refused(gan, call, error):
    """Return the message of the refusal, after seeing that nothing changed."""
    attributes, content = snapshot(gan)
    with pytest.raises(error) as caught:
        call(gan)
    now, content_now = snapshot(gan)
    assert now.keys() == attributes.keys()
    assert [name for name in now if now[name] is not attributes[name]] == []
    assert content_now == content
    return str(caught.value)


def number_of(batch):
    """Return the number of a turn in the training, and how often training went back before it."""
    key = batch._draws.func.__self__.key
    return batch._draws.args[0], key[key.index("rollback") + 1] if "rollback" in key else 0


def check_words(message, words):
    assert len(message) <= LONGEST_MESSAGE, message
    assert [word for word in words if word not in message] == [], message
    assert [leak for leak in LEAKS if leak in message] == [], message


# --- before anything is built or written ----------------------------------------------------------

_written: list | None = None
_CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "os.chmod")


def _hook(event, arguments):
    if _written is None:
        return
    if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
        path, mode, flags = os.fsdecode(arguments[0]), arguments[1], arguments[2]
        writes = set(mode or "") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes and "__pycache__" not in path and path != os.devnull:
            _written.append(path)
    elif event in _CHANGES and "__pycache__" not in str(arguments[0]):
        _written.append(f"{event} {arguments[0]}")


sys.addaudithook(_hook)


@contextmanager
def watched(monkeypatch):
    """Yield what a call does that a refusal must come before: networks it builds, files it writes or removes."""
    global _written
    done, original = [], torch.nn.Module.__init__

    def building(self, *details, **settings):
        original(self, *details, **settings)
        done.append(type(self).__name__)

    with monkeypatch.context() as patch:
        patch.setattr(torch.nn.Module, "__init__", building)
        _written = done
        try:
            yield done
        finally:
            _written = None
