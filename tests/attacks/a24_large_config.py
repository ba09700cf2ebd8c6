"""A configuration of gigabytes that take no room on the disk, as promised."""

import os

from attacks import Forgery

RULE, REFUSED = "M03", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    os.truncate(forged.path / "config.json", 2**33)
    forged.manifest["files"]["config.json"]["size"] = 2**33
    return forged.promise()
