"""A page of a web server instead of the manifest."""

from attacks import Forgery

RULE, REFUSED = "M05", "CheckpointCorruptError"


def build(good, folder):
    return Forgery(good, folder).promise(b"<!DOCTYPE html><title>404</title>")
