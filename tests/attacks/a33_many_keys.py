"""A configuration of as many keys as fit into it."""

import json

from attacks import Forgery

RULE, REFUSED = "M07", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    more = ",".join(f'"{number:x}":1' for number in range(170_000))
    return forged.write(config=(json.dumps(forged.config)[:-1] + ', "more": {' + more + "}}").encode())
