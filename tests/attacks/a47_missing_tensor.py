"""A generator without one of its tensors."""

from attacks import Forgery

RULE, REFUSED = "M14", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    name = next(name for name in forged.head if name.startswith("model.generator."))
    forged.head[name + "_"] = forged.head.pop(name)
    return forged.write()
