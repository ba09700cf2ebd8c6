"""A tensor that ends after the file does."""

from attacks import Forgery

RULE, REFUSED = "M13", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    entry = max(forged.head.values(), key=lambda entry: entry["data_offsets"])
    entry["data_offsets"][1] += 2**50
    return forged.write()
