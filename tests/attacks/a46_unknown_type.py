"""A type that NumPy does not have."""

from attacks import Forgery

RULE, REFUSED = "M12", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    next(iter(forged.head.values()))["dtype"] = "F8_E4M3"
    return forged.write()
