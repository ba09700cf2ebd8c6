"""A parameter that is an attribute of every class."""

from attacks import Forgery

RULE, REFUSED = "M17", "InvalidParameterError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part()["params"] = {"__class__": "os:system"}
    return forged.write()
