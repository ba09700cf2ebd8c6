"""The first bytes of an HDF5 file, which may point to other files."""

RULE, REFUSED = "M05", "CheckpointCorruptError"


def build(good, folder):
    (folder / "model").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    return folder / "model"
