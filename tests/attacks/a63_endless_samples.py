"""Samples larger than any memory."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["model"]["spec"]["shape"] = [2**35]
    return forged.write()
