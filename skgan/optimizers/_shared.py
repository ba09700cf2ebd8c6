"""What the optimizers share: a schedule without an end, and whether one kernel can do the step."""

from torch import Tensor

from skgan.interfaces import Choice, Integer

#: what `slowing_steps` may be
SLOWING = (Integer(1), Choice(None))


def slowed(step: int, slowing_steps: int | None) -> float:
    """Return the factor on the learning rate at generator update `step`."""
    return 1.0 if slowing_steps is None else (1 + step / slowing_steps) ** -0.5


def fusible(parameters: list[Tensor]) -> bool:
    """Return whether torch has one kernel for the step of all these parameters."""
    return all(p.device.type in ("cpu", "cuda") and p.is_floating_point() for p in parameters)
