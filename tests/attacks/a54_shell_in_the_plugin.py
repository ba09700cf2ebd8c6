"""A plugin whose name would be a command where it is pasted."""

from attacks import Forgery

RULE, REFUSED = "M16", "ComponentNotFoundError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part().update(part="x'; rm -rf ~; '/loss", version="1")
    return forged.write()
