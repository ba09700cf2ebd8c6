"""A transformer that runs a function."""

from attacks import Forgery

RULE, REFUSED = "M19", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["encoding"]["preprocessor"] = {"class": "FunctionTransformer", "params": {}, "fitted": {}}
    return forged.write()
