"""A PyTorch file of the old format."""

import os

import torch


class Payload:
    def __reduce__(self):
        return os.system, ("echo ran > ran",)


RULE, REFUSED = "M04", "UnsafeFileError"


def build(good, folder):
    torch.save([Payload()], folder / "model", _use_new_zipfile_serialization=False)
    return folder / "model"
