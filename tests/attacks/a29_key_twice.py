"""A configuration with two losses, of which readers see one or the other."""

import json

from attacks import Forgery

RULE, REFUSED = "M06", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    text = json.dumps(forged.config).replace('"part": "nonsaturating"', '"part": "x", "part": "nonsaturating"')
    assert "x" in text
    return forged.write(config=text.encode())
