"""A configuration that is a link to a file of the system."""

from attacks import Forgery

RULE, REFUSED = "M02", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    (forged.path / "config.json").unlink()
    (forged.path / "config.json").symlink_to("/etc/passwd")
    return forged.path
