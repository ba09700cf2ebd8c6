"""A network so deep that the list of its widths alone takes gigabytes."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part("architecture")["params"]["depth"] = 10**9
    return forged.write()
