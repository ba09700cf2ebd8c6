"""A Git LFS pointer instead of the tensors."""

from attacks import Forgery

RULE, REFUSED = "M05", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    (forged.path / "state.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    return forged.path
