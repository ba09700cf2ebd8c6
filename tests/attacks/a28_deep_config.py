"""A configuration nested a hundred levels deep."""

import json

from attacks import Forgery

RULE, REFUSED = "M06", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    text = json.dumps(forged.config)[:-1] + ', "deep": ' + "[" * 100 + "]" * 100 + "}"
    return forged.write(config=text.encode())
