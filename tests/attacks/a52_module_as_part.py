"""A loss that is a function of the operating system."""

from attacks import Forgery

RULE, REFUSED = "M16", "ComponentNotFoundError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part()["part"] = "os:system"
    return forged.write()
