"""A manifest of brackets alone."""

from attacks import Forgery

RULE, REFUSED = "M06", "CheckpointCorruptError"


def build(good, folder):
    return Forgery(good, folder).promise(b"[" * 2**20)
