"""A directory in the place of the tensors."""

from attacks import Forgery

RULE, REFUSED = "M02", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    (forged.path / "state.safetensors").unlink()
    (forged.path / "state.safetensors").mkdir()
    return forged.path
