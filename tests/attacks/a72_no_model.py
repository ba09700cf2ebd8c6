"""A directory of something else."""

RULE, REFUSED = "M01", "CheckpointError"


def build(good, folder):
    (folder / "thesis.txt").write_text("two years")
    return folder
