"""A transformer whose method is replaced."""

from attacks import Forgery

RULE, REFUSED = "M19", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    fitted = {"inverse_transform": 1, "__class__": "os"}
    forged.config["encoding"]["preprocessor"] = {"class": "StandardScaler", "params": {}, "fitted": fitted}
    return forged.write()
