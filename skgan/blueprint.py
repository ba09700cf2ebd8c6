"""What tensors a training consists of, known from its settings before memory is taken for any of them.

Networks are built on torch's meta device, where tensors have a shape and no numbers. Whoever claims a
network far larger than the file that it came in is stopped on the way.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from skgan.interfaces import Optimizer
from skgan.model import Model
from skgan.seeding import global_generator

#: calls of torch that building may take: for each tensor in the file, and beside them
CALLS_FOR_EACH_TENSOR, CALLS = 50, 5_000


class Sketch(NamedTuple):
    """A tensor to be: its type as NumPy names it, its shape, or None where it has at most `most` numbers."""

    dtype: str
    shape: tuple[int, ...] | None
    most: int = 0

    def fits(self, dtype: str, shape: tuple[int, ...]) -> bool:
        """Say whether a tensor of this type and shape can be it."""
        return dtype == self.dtype and (
            shape == self.shape if self.shape is not None else math.prod(shape) <= self.most
        )

    def __str__(self) -> str:
        return f"{self.dtype} {'of any shape' if self.shape is None else self.shape}"


class _Budget(TorchFunctionMode):
    """Ends what makes more calls than it may."""

    def __init__(self, calls: int):
        super().__init__()
        self.left = calls

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.left -= 1
        if self.left < 0:
            raise ValueError("the settings ask for more layers than there are tensors")
        return func(*args, **(kwargs or {}))


def expected(model: Model, n_tensors: int, updates: Mapping[str, int]) -> dict[str, Sketch]:
    """Return every tensor that the state of `model` has, by name.

    Parameters
    ----------
    model : Model
        Its networks need not be built, and are not.
    n_tensors : int
        How many there are said to be; bounds the work.
    updates : mapping of str to int
        Updates so far of ``"generator"`` and ``"discriminator"``; before the first one an optimizer holds nothing.

    Raises
    ------
    ValueError
        When building takes far more than `n_tensors` tensors.
    """
    with _without_memory(CALLS + CALLS_FOR_EACH_TENSOR * n_tensors):
        generator, discriminator, modules = model.networks()
        states = {name: part.state(model.spec) for part, name in model.parts.names().items()}
    found = _of("generator", generator) | _of("average", generator) | _of("discriminator", discriminator)
    for part, own in modules.items():
        for player, module in own.items():
            found |= _of(f"modules.{part}.{player}", module)
    for part, tensors in states.items():
        found |= {f"parts.{part}.{name}": _sketch(tensor) for name, tensor in tensors.items()}
    found |= {f"statistics.{name}": Sketch("float32", ()) for name in model.counted()}
    for player, module in (("generator", generator), ("discriminator", discriminator)):
        trained = [*module.parameters()]
        trained += [p for own in modules.values() if player in own for p in own[player].parameters()]
        if updates[player]:
            for (index, name), sketch in _of_optimizer(model.parts.optimizer, trained).items():
                found[f"optimizer.{player}.{index}.{name}"] = sketch
    return found


@contextmanager
def _without_memory(calls: int) -> Iterator[None]:
    with torch.device("meta"), _Budget(calls):
        yield


def _of(owner: str, module: nn.Module) -> dict[str, Sketch]:
    return {f"{owner}.{name}": _sketch(tensor) for name, tensor in module.state_dict().items()}


def _sketch(tensor: Tensor) -> Sketch:
    return Sketch(str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape))


def _of_optimizer(part: Optimizer, parameters: list[nn.Parameter]) -> dict[tuple[int, str], Sketch]:
    """Return what an optimizer will hold of each parameter, from what it holds of small ones after a step."""
    small = [tuple(min(length, 2) for length in parameter.shape) for parameter in parameters]
    probes = {shape: nn.Parameter(torch.ones(shape)) for shape in dict.fromkeys(small)}
    for probe in probes.values():
        probe.grad = torch.ones_like(probe)
    with global_generator(("probe",)):
        optimizer = part.make(list(probes.values()), 1e-3)
        optimizer.step()
    held = dict(zip(probes, map(optimizer.state.get, probes.values()), strict=True))
    found = {}
    for index, (parameter, shape) in enumerate(zip(parameters, small, strict=True)):
        for name, value in (held[shape] or {}).items():
            if not isinstance(value, Tensor):
                continue
            elementwise = value.shape == shape
            known = tuple(parameter.shape) if elementwise else () if value.shape == () else None
            found[index, name] = Sketch(_sketch(value).dtype, known, parameter.numel())
    return found
