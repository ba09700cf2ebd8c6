"""A weight of another shape."""

from attacks import Forgery

RULE, REFUSED = "M14", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    name = next(
        name for name in forged.head if name.startswith("model.average.") and len(forged.head[name]["shape"]) == 2
    )
    return forged.resize(name, [*forged.head[name]["shape"][::-1], 1]).write()
