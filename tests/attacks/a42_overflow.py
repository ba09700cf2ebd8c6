"""A shape whose product is beyond 64 bits."""

from attacks import Forgery

RULE, REFUSED = "M13", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    next(iter(forged.head.values()))["shape"] = [2**40] * 8
    return forged.write()
