"""A conditioning wider than any memory."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part("conditioning")["params"]["hidden"] = 10**12
    return forged.write()
