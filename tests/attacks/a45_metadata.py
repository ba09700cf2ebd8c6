"""Text beside the tensors."""

from attacks import Forgery

RULE, REFUSED = "M12", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.head["__metadata__"] = {"format": "pt"}
    return forged.write()
