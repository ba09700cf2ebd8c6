"""A network deeper than its tensors."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part("architecture")["params"]["depth"] = 10**6
    return forged.write()
