"""A manifest that promises a name with NUL in it."""

from attacks import Forgery

RULE, REFUSED = "M07", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.manifest["files"]["state.safetensors\0.txt"] = forged.manifest["files"].pop("state.safetensors")
    return forged.promise()
