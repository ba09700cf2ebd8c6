"""Two classes in a type that takes gigabytes for each."""

from attacks import Forgery

RULE, REFUSED = "M19", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["encoding"]["labels"]["dtype"] = "<U500000000"
    return forged.write()
