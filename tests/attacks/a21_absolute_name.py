"""A manifest that promises an absolute path instead of the tensors."""

from attacks import Forgery

RULE, REFUSED = "M07", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.manifest["files"]["/etc/passwd"] = forged.manifest["files"].pop("state.safetensors")
    return forged.promise()
