"""A network a little wider than the file, below what is always allowed."""

from attacks import Forgery

RULE, REFUSED = "M14", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part("architecture")["params"]["width"] = 2**20
    return forged.write()
