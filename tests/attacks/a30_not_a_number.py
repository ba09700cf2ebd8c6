"""A configuration with NaN for a learning rate."""

from attacks import Forgery

RULE, REFUSED = "M06", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["model"]["numbers"]["learning_rate"] = float("nan")
    return forged.write()
