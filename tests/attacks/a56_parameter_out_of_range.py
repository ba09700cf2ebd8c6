"""A width below one."""

from attacks import Forgery

RULE, REFUSED = "M17", "InvalidParameterError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part("architecture")["params"]["width"] = -1
    return forged.write()
