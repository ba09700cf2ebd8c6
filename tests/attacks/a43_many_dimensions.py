"""A tensor of a thousand dimensions."""

from attacks import Forgery

RULE, REFUSED = "M12", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    next(iter(forged.head.values()))["shape"] = [1] * 1000
    return forged.write()
