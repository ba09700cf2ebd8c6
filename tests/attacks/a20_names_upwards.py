"""A manifest that promises a file above the directory."""

from attacks import Forgery

RULE, REFUSED = "M07", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.manifest["files"]["../outside"] = {"size": 0, "sha256": "0" * 64}
    return forged.promise()
