"""Tensors that are a link to a file elsewhere."""

from attacks import Forgery

RULE, REFUSED = "M02", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    (folder / "outside").write_bytes((forged.path / "state.safetensors").read_bytes())
    (forged.path / "state.safetensors").unlink()
    (forged.path / "state.safetensors").symlink_to(folder / "outside")
    return forged.path
