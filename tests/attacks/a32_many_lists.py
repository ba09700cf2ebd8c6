"""A configuration of as many empty objects as fit into it."""

import json

from attacks import Forgery

RULE, REFUSED = "M07", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    text = json.dumps(forged.config)[:-1] + ', "more": [' + "{}," * 600_000 + "{}]}"
    return forged.write(config=text.encode())
