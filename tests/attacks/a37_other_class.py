"""Another estimator."""

from attacks import Forgery

RULE, REFUSED = "M10", "CheckpointMismatchError"


def build(good, folder):
    forged = Forgery(good, folder)
    forged.manifest["estimator"] = "OtherEstimator"
    return forged.promise()
