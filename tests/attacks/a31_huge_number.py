"""A configuration with a whole number of a million digits."""

import json

from attacks import Forgery

RULE, REFUSED = "M06", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    text = json.dumps(forged.config).replace('"draws": 0', '"draws": ' + "9" * 10**6)
    return forged.write(config=text.encode())
