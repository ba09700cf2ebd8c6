"""A compressed joblib file."""

import os

import joblib


class Payload:
    def __reduce__(self):
        return os.system, ("echo ran > ran",)


RULE, REFUSED = "M04", "UnsafeFileError"


def build(good, folder):
    joblib.dump([Payload()], folder / "model.json", compress=("zlib", 3))
    return folder / "model.json"
