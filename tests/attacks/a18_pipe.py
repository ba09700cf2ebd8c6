"""A pipe that nobody writes to, where reading would wait for ever."""

import os

from attacks import Forgery

RULE, REFUSED = "M02", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    (forged.path / "config.json").unlink()
    os.mkfifo(forged.path / "config.json")
    return forged.path
