"""A manifest of gigabytes that take no room on the disk."""

import os

from attacks import Forgery

RULE, REFUSED = "M03", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    os.truncate(forged.path / "manifest.json", 2**33)
    return forged.path
