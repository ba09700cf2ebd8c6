"""Bytes that no tensor owns, where something could be hidden."""

from attacks import Forgery

RULE, REFUSED = "M13", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.data += b"hidden"
    return forged.write()
