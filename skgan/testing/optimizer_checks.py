"""What an optimizer does to a bowl, and what it remembers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from skgan.interfaces import Optimizer
from skgan.testing._common import expect
from skgan.testing._worlds import normal

RATE = 0.02


def bowl(part: Optimizer, steps: int, optimizer_of: Tensor | None = None) -> tuple[list[Tensor], torch.optim.Optimizer]:
    """Return weights after some steps down a quadratic, and the optimizer."""
    weights = [normal((index,), shape, torch.float32).requires_grad_() for index, shape in enumerate([(3, 2), (2,)])]
    optimizer = part.make(weights, RATE)
    descend(optimizer, weights, steps)
    return weights, optimizer


def descend(optimizer: torch.optim.Optimizer, weights: list[Tensor], steps: int) -> None:
    """Take steps down a quadratic whose minimum is at zero."""
    for _ in range(steps):
        for index, weight in enumerate(weights):
            weight.grad = (index + 1) * weight.detach().clone()
        optimizer.step()


def height(weights: list[Tensor]) -> float:
    """Return the value of the quadratic."""
    return float(sum(weight.detach().square().sum() for weight in weights))


def check_quadratic_is_minimised(part: Optimizer) -> None:
    """500 steps with learning rate 0.02 take a quadratic below a tenth of where it began, and stay finite."""
    (start, _), (end, _) = bowl(part, 0), bowl(part, 500)
    finite = all(bool(torch.isfinite(weight).all()) for weight in end)
    expect(finite, "weights must stay finite on a quadratic")
    expect(
        height(end) < 0.1 * height(start),
        f"500 steps must take the quadratic from {height(start):.4g} below a tenth of it; got {height(end):.4g}",
    )


def check_learning_rate_is_the_one_given(part: Optimizer) -> None:
    """The learning rate of every group is the one handed over, and its size matters."""
    weights, optimizer = bowl(part, 1)
    rates = [group["lr"] for group in optimizer.param_groups]
    expect(all(rate == RATE for rate in rates), f"the learning rate must be {RATE}, as handed over; got {rates}")
    slower = part.make(weights, RATE / 10).param_groups[0]["lr"]
    expect(slower == RATE / 10, f"the learning rate must be {RATE / 10}; got {slower}")


def check_everything_it_remembers_is_a_tensor(part: Optimizer) -> None:
    """Its state for each weight is tensors: nothing else reaches a checkpoint."""
    _, optimizer = bowl(part, 2)
    for state in optimizer.state_dict()["state"].values():
        other = sorted(name for name, value in state.items() if not isinstance(value, Tensor))
        expect(not other, f"the optimizer's state must be tensors; {other} are not, and would be lost")


def check_it_goes_on_from_its_tensors(part: Optimizer) -> None:
    """20 steps equal 10, the tensors of its state in a new optimizer, and 10 more, bit for bit."""
    expected, _ = bowl(part, 20)
    weights, optimizer = bowl(part, 10)
    saved = optimizer.state_dict()["state"]
    again = [weight.detach().clone().requires_grad_() for weight in weights]
    fresh = part.make(again, RATE)
    tensors = {index: {k: v.clone() for k, v in state.items()} for index, state in saved.items()}
    fresh.load_state_dict({"state": tensors, "param_groups": fresh.state_dict()["param_groups"]})
    descend(fresh, again, 10)
    same = all(torch.equal(a, b) for a, b in zip(again, expected, strict=True))
    expect(same, "an optimizer that takes over another's state must go on as that one would, bit for bit")


def check_rate_is_a_positive_number(part: Optimizer) -> None:
    """`rate` is a finite positive number at every step, and the same when asked again."""
    for step in (0, 1, 10, 1000, 10**6):
        rate = part.rate(step)
        expect(
            isinstance(rate, float | int) and math.isfinite(rate), f"rate({step}) must be a finite number; got {rate!r}"
        )
        expect(rate > 0, f"rate({step}) must be above 0; got {rate}")
        expect(rate == part.rate(step), f"rate({step}) must follow from the step alone")
