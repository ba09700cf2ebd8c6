"""Columns in another number than the networks have."""

from attacks import Forgery

RULE, REFUSED = "M19", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["encoding"]["layout"]["data_shape"] = [2**38]
    return forged.write()
