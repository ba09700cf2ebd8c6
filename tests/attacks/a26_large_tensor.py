"""A terabyte of one tensor, with a head that says so, all digests but the last right."""

import os

from attacks import Forgery

RULE, REFUSED = "M14", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    name = max(forged.head, key=lambda name: forged.head[name]["data_offsets"])
    entry = forged.head[name]
    start = entry["data_offsets"][0]
    forged.data = forged.data[:start]
    entry.update(dtype="F32", shape=[2**38], data_offsets=[start, start + 2**40])
    forged.write()
    size = 2**40 + (forged.path / "state.safetensors").stat().st_size
    os.truncate(forged.path / "state.safetensors", size)
    forged.manifest["files"]["state.safetensors"]["size"] = size
    return forged.promise()
