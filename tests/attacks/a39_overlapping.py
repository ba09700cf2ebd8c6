"""Two tensors in one place."""

from attacks import Forgery

RULE, REFUSED = "M13", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    first, second = [
        name for name, entry in forged.head.items() if entry["data_offsets"][0] != entry["data_offsets"][1]
    ][:2]
    forged.head[first]["data_offsets"] = forged.head[second]["data_offsets"]
    return forged.write()
