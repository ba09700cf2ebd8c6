"""More classes than the file could hold."""

from attacks import Forgery

RULE, REFUSED = "M18", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.config["model"]["spec"].update(label_dim=2**39, label_shape=[2**39])
    return forged.write()
