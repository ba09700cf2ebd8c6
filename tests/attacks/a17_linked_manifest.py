"""A manifest that is a link to itself."""

from attacks import Forgery

RULE, REFUSED = "M02", "CheckpointCorruptError"


def build(good, folder):
    forged = Forgery(good, folder)
    (forged.path / "manifest.json").unlink()
    (forged.path / "manifest.json").symlink_to("manifest.json")
    return forged.path
