"""A PyTorch file."""

import os

import torch


class Payload:
    def __reduce__(self):
        return os.system, ("echo ran > ran",)


RULE, REFUSED = "M04", "UnsafeFileError"


def build(good, folder):
    torch.save([Payload()], folder / "model")
    return folder / "model"
