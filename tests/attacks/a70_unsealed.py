"""A manifest changed without its own digest."""

import json

from attacks import Forgery

RULE, REFUSED = "M09", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.manifest["skgan"] = "0.0"
    return forged.promise(json.dumps(forged.manifest).encode())
