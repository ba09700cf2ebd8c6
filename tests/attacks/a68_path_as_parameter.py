"""A directory that the next fit would write to."""

from attacks import Forgery

RULE, REFUSED = "M20", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["params"]["checkpoint_dir"] = "/tmp/outside"
    return forged.write()
