"""What the relativistic losses share: the price of a difference of logits that should be large."""

from torch import Tensor
from torch.nn.functional import relu, softplus

FORMS = ("logistic", "least-squares", "hinge")


def price(form: str, difference: Tensor) -> Tensor:
    """Return what a difference t costs: sp(-t), (t - 1)^2 or max(1 - t, 0)."""
    if form == "logistic":
        return softplus(-difference)
    return (difference - 1).square() if form == "least-squares" else relu(1 - difference)
