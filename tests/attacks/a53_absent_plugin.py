"""A loss of a plugin that is not installed."""

from attacks import Forgery

RULE, REFUSED = "M16", "PluginError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.part().update(part="skgan-evil/loss", version="6.6.6")
    return forged.write()
