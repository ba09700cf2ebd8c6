"""Tensors changed without their digest."""

from attacks import Forgery

RULE, REFUSED = "M11", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    state = bytearray((forged.path / "state.safetensors").read_bytes())
    state[-1] ^= 1
    (forged.path / "state.safetensors").write_bytes(state)
    return forged.path
