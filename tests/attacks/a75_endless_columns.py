"""A table whose one column has so many categories that the places of them alone take terabytes."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["model"]["spec"]["columns"] = [[0, 2**39, 0]]
    return forged.write()
