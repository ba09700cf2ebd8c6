"""A tensor that nothing asks for."""

from attacks import Forgery

RULE, REFUSED = "M14", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.head["payload"] = {"dtype": "U8", "shape": [4], "data_offsets": [len(forged.data), len(forged.data) + 4]}
    forged.data += b"MZ!!"
    return forged.write()
