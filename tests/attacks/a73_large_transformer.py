"""A terabyte of a transformer's numbers that takes no room on the disk."""

import os

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    start = len(forged.data)
    forged.head["preprocessor.mean_"] = {"dtype": "F64", "shape": [2**37], "data_offsets": [start, start + 2**40]}
    forged.write()
    size = 2**40 + (forged.path / "state.safetensors").stat().st_size
    os.truncate(forged.path / "state.safetensors", size)
    forged.manifest["files"]["state.safetensors"]["size"] = size
    return forged.promise()
