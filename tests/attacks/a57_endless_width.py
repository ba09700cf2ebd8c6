"""A network wider than any memory."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part("architecture")["params"]["width"] = 10**9
    return forged.write()
