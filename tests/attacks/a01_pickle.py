"""A pickle that runs a command, with the name of a model."""

import os
import pickle


class Payload:
    def __reduce__(self):
        return os.system, ("echo ran > ran",)


RULE, REFUSED = "M04", "UnsafeFileError"


def build(good, folder):
    (folder / "model").write_bytes(pickle.dumps(Payload()))
    return folder / "model"
