"""More discriminators than there are tensors."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["model"]["numbers"]["n_discriminators"] = 10**6
    return forged.write()
