"""A weight that is NaN, with the right digest."""

from attacks import Forgery

RULE, REFUSED = "M15", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    name = next(name for name in forged.head if name.startswith("model.generator."))
    start = forged.head[name]["data_offsets"][0]
    forged.data = forged.data[:start] + b"\x00\x00\xc0\x7f" + forged.data[start + 4 :]
    return forged.write()
