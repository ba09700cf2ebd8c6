"""A configuration in another encoding."""

import json

from attacks import Forgery

RULE, REFUSED = "M06", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    return forged.write(config=json.dumps(forged.config).encode("utf-16"))
