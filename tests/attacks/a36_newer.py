"""A format of the future."""

from attacks import Forgery

RULE, REFUSED = "M08", "CheckpointVersionError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.manifest.update(format=2, skgan="9.0", surprise=True)
    return forged.promise()
