"""A pickle in the place of the configuration, promised by the manifest."""

import os
import pickle

from attacks import Forgery


class Payload:
    def __reduce__(self):
        return os.system, ("echo ran > ran",)


RULE, REFUSED = "M04", "UnsafeFileError"


def build(good, folder):
    return Forgery(good, folder).replace("config.json", pickle.dumps(Payload()))
