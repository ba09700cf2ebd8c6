"""A pickle of the text protocol, written by hand."""

RULE, REFUSED = "M04", "UnsafeFileError"


def build(good, folder):
    (folder / "model").write_bytes(b"cos\nsystem\n(S'echo ran > ran'\ntR.")
    return folder / "model"
