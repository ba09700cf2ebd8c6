"""A head longer than the file."""

from attacks import Forgery

RULE, REFUSED = "M12", "CheckpointCorruptError"


def build(good, folder):
    return Forgery(good, folder).write(length=2**63)
