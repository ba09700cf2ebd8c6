"""A configuration with a key that an older reader would skip."""

from attacks import Forgery

RULE, REFUSED = "M07", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["hooks"] = ["os:system"]
    return forged.write()
