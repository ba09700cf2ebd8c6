"""How a step is executed: device, memory format, borrowed generators. Never what it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import torch
from torch import nn

from skgan.exceptions import DeviceError
from skgan.seeding import global_generator
from skgan.validation import sentence

if TYPE_CHECKING:
    from skgan.data import Rows
    from skgan.objective import Objective
    from skgan.training import TrainState

Loop = Callable[["TrainState", "Iterator[Rows]", "Objective"], "Iterator[TrainState]"]


def run(train: Loop, state: TrainState, batches: Iterator[Rows], objective: Objective) -> Iterator[TrainState]:
    """Yield from ``train(state, batches, objective)``, executed eagerly.

    Networks that may draw from torch's global generator borrow it for the length of a step, seeded by
    the step: those with dropout, and those with layers of which skgan knows nothing.
    """
    networks = [player.module for player in state.players]
    for network in networks:
        network.train()
    steps = train(state, batches, objective)
    if not any(_may_draw(layer) for network in networks for layer in network.modules()):
        yield from steps
    while True:
        with global_generator((*objective.key, "global", state.step), device_of(networks[0])):
            next(steps)
        yield state


def _may_draw(layer: nn.Module) -> bool:
    home = type(layer).__module__.partition(".")[0]
    return home not in ("torch", "skgan") or "dropout" in type(layer).__module__ or isinstance(layer, nn.RReLU)


def place(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to the device, in the memory format its convolutions are fastest in."""
    convolutional = any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in module.modules())
    module = module.to(device)
    return module.to(memory_format=torch.channels_last) if convolutional else module


def device_of(module: nn.Module) -> torch.device:
    """Return where a network's parameters are."""
    return next(module.parameters()).device


def resolve_device(device: str) -> torch.device:
    """Return the torch device that a user's word stands for; "auto" is a GPU where there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    wanted = torch.device(device)
    if wanted.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (wanted.index or 0) >= count:
            raise DeviceError(
                sentence(
                    f"The 'device' parameter must name a device of this machine. Got {device!r}",
                    f"but torch finds {count} CUDA devices. Use 'cpu' or 'auto'.",
                )
            )
    if wanted.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(f"The 'device' parameter must name a device of this machine. Got {device!r}. Use 'cpu'.")
    return wanted
