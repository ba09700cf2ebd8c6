"""A NumPy file that holds pickled objects."""

import os

import numpy as np


class Payload:
    def __reduce__(self):
        return os.system, ("echo ran > ran",)


RULE, REFUSED = "M05", "CheckpointCorruptError"


def build(good, folder):
    np.save(folder / "model.npy", np.array([Payload()], object), allow_pickle=True)
    return folder / "model.npy"
