"""More tensors than any model has, all of them empty."""

import json

from attacks import Forgery

RULE, REFUSED = "M12", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    empty = {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}
    forged.head |= {f"model.generator.{number}": empty for number in range(100_001)}
    return forged.write(head=json.dumps(forged.head, separators=(",", ":")).encode())
