"""How a step is executed: eagerly or recorded once and repeated; device, memory format. Never what it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from skgan.declarations import is_foreign
from skgan.exceptions import DeviceError
from skgan.layers import Dropout, convolves
from skgan.seeding import global_generator
from skgan.validation import sentence, warn

if TYPE_CHECKING:
    from skgan.data import Dataset, Rows
    from skgan.interfaces import Tags
    from skgan.objective import Objective
    from skgan.recording import Recorder
    from skgan.training import TrainState

Loop = Callable[["TrainState", "Iterator[Rows]", "Objective"], "Iterator[TrainState]"]


@dataclass(frozen=True)
class Techniques:
    """What makes a step faster and changes no number; each can be switched off.

    Parameters
    ----------
    record : bool
        On a GPU: record a step as one CUDA graph and repeat it. Without it every kernel is launched by itself.
    channels_last : bool
        Keep images with their channels innermost.
    join : bool
        Show real and fake samples to the discriminator in one pass, where that means the same and pays. Products of
        twice as many rows may round otherwise in the last digits.
    search_convolutions : bool
        On a GPU: let cuDNN time its algorithms for each convolution when it first meets it. The fastest ones need
        not add up in one order, so two fits may then differ in the last digits.
    stream : bool, optional
        Leave rows in their file or in the host's memory and fetch those of coming batches; None where the device has
        no room for them.
    recorder : callable, optional
        Makes what records a step on a device, in place of CUDA graphs; for tests.
    """

    record: bool = True
    channels_last: bool = True
    join: bool = True
    search_convolutions: bool = True
    stream: bool | None = None
    recorder: Callable[[torch.device], Recorder] | None = None


_ALL = Techniques()
#: meanings of a logit of which only differences count
_DIFFERENCES = ("critic", "relative")
_TECHNIQUES: ContextVar[Techniques] = ContextVar("skgan_techniques", default=_ALL)


def techniques_chosen() -> Techniques:
    """Return the techniques in use."""
    return _TECHNIQUES.get()


@contextmanager
def techniques(**changed: Any) -> Iterator[Techniques]:
    """Use other `Techniques` for what is done inside.

    Examples
    --------
    >>> from skgan import engine
    >>> with engine.techniques(record=False) as chosen:
    ...     chosen.record
    False
    """
    token = _TECHNIQUES.set(replace(_TECHNIQUES.get(), **changed))
    try:
        yield _TECHNIQUES.get()
    finally:
        _TECHNIQUES.reset(token)


def run(train: Loop, state: TrainState, data: Dataset, objective: Objective) -> Iterator[TrainState]:
    """Yield from ``train(state, batches(...), objective)``, or the same from a recording of its step.

    Where something may draw from torch's global generator, it is lent for the length of a step, seeded by
    the step: to networks with dropout or with layers of which skgan knows nothing, and to parts of others. A step
    that does draw from it is not recorded.
    """
    networks = [player.module for player in state.players]
    for network in networks:
        network.train()
    strange = any(_may_draw(layer) for network in networks for layer in network.modules())
    strange = strange or any(map(is_foreign, objective.names))
    recorder = _recorder(data.device)
    if recorder is not None:
        from skgan.recording import Recording

        yield from Recording(train, state, data, objective, recorder, strange).steps()
    steps = train(state, batches(state, data, objective), objective)
    if not strange:
        yield from steps
    while True:
        with global_generator(objective.key_of_global(state.step), data.device):
            next(steps)
        yield state


def batches(state: TrainState, data: Dataset, objective: Objective) -> Iterator[Rows]:
    """Yield the batches of the state's next step, and of those after it, without end."""
    turns = objective.n_critic + 1
    while True:
        first = state.step * turns
        for turn in range(turns):
            yield data.batch(first + turn)


def _recorder(device: torch.device) -> Recorder | None:
    """Return what records steps on a device, if anything does."""
    chosen = techniques_chosen()
    if not chosen.record:
        return None
    if chosen.recorder is not None:
        return chosen.recorder(device)
    if device.type != "cuda":
        return None
    from skgan.recording import CudaGraphs

    return CudaGraphs(device, chosen.search_convolutions)


def warn_slow(reason: str) -> None:
    """Say once a fit why its steps are not recorded."""
    warn(
        f"The step is not recorded as a CUDA graph because of {reason}.",
        "It computes the same, but each kernel is launched by itself, which is slower for small networks.",
        "Nothing needs to be done; engine.techniques(record=False) silences this.",
    )


def may_join(discriminator: nn.Module, architecture: Tags, loss: Tags) -> bool:
    """Return whether real and fake samples are to pass a discriminator together: where that is the same and pays.

    With convolutions it does not: what twice as many samples make of themselves leaves the processor's caches.
    """
    pays = techniques_chosen().join and not convolves(discriminator)
    return pays and is_same_joined(discriminator, architecture, loss)


def is_same_joined(discriminator: nn.Module, architecture: Tags, loss: Tags) -> bool:
    """Return whether one pass of real and fake samples means what two do.

    The discriminator must look at each sample by itself, as its architecture's tags say; no pass may move a buffer, as
    spectral normalisation and running statistics do; no layer may draw random numbers, which would be others then; and
    the loss must say more than differences of logits. Those leave the last bias alone, whose gradient two passes
    cancel to the bit and one leaves at the size of rounding, which Adam makes whole steps of.
    """
    draws = any(isinstance(layer, Dropout) or _draws_in_torch(layer) for layer in discriminator.modules())
    moves = next(discriminator.buffers(), None) is not None
    return not (draws or moves or architecture.batch_statistics or loss.meaning in _DIFFERENCES)


def _may_draw(layer: nn.Module) -> bool:
    home = type(layer).__module__.partition(".")[0]
    return home not in ("torch", "skgan") or _draws_in_torch(layer)


def _draws_in_torch(layer: nn.Module) -> bool:
    return ".dropout" in type(layer).__module__ or isinstance(layer, nn.RReLU)


def place(module: nn.Module, device: torch.device) -> nn.Module:
    """Move a network to the device, in the memory format its convolutions are fastest in."""
    of_images = convolves(module) and any(weight.ndim == 4 for weight in module.parameters())
    module = module.to(device)
    if of_images and techniques_chosen().channels_last:
        return module.to(memory_format=torch.channels_last)
    return module


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
