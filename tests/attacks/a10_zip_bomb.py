"""A small zip archive of 64 MiB of zeros, to be written above the directory."""

import zipfile

RULE, REFUSED = "M05", "CheckpointCorruptError"


def build(good, folder):
    with zipfile.ZipFile(folder / "model", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../state.safetensors", bytes(2**26))
    return folder / "model"
