"""A callback that writes where the file says."""

from attacks import Forgery

RULE, REFUSED = "M20", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["params"]["callbacks"] = {"part": "sample-grid", "params": {"path": "/tmp/outside"}}
    return forged.write()
