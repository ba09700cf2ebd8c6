"""A terabyte of tensors that takes no room on the disk, as promised."""

import os

from attacks import Forgery

RULE, REFUSED = "M13", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    os.truncate(forged.path / "state.safetensors", 2**40)
    forged.manifest["files"]["state.safetensors"]["size"] = 2**40
    return forged.promise()
