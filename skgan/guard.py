"""A non-finite number is found in the update it appears in and never reaches a weight.

A flag on the device remembers the first bad update. While it is set every update of both players
is a no-op, so nothing has to be read on the step path; a tick reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from skgan._compat import flag_nonfinite_
from skgan.exceptions import TrainingDivergedError
from skgan.validation import listed, sentence

if TYPE_CHECKING:
    from skgan.data import Dataset
    from skgan.objective import Objective
    from skgan.training import TrainState


class Guard:
    """The sticky flag.

    Parameters
    ----------
    device : torch.device
        Where the players are.
    """

    def __init__(self, device: torch.device):
        self._tripped = torch.zeros((), device=device)
        self._sound_updates = torch.zeros((), device=device)

    def look(self, total: Tensor, gradients: Sequence[Tensor]) -> None:
        """Set the flag when the loss or a gradient of this update is not finite."""
        flag_nonfinite_([*gradients, total.detach()], self._tripped)
        self._sound_updates += 1 - self._tripped

    @contextmanager
    def holding(self, optimizer: torch.optim.Optimizer) -> Iterator[None]:
        """Make the step taken inside a no-op while the flag is set."""
        if optimizer.defaults.get("fused"):
            optimizer.found_inf = self._tripped  # type: ignore[attr-defined]
            yield
            return
        before = {tensor: tensor.clone() for tensor in _tensors_of(optimizer)}
        yield
        with torch.no_grad():
            for tensor in _tensors_of(optimizer):
                kept = before.get(tensor, torch.zeros_like(tensor))
                tensor.copy_(torch.where(self._tripped > 0, kept, tensor))

    def first_bad_update(self) -> int | None:
        """Return how many updates, of either player, came before the first bad one; reads from the device."""
        tripped, sound = torch.stack([self._tripped, self._sound_updates]).tolist()
        return int(sound) if tripped else None

    def reset(self) -> None:
        """Begin to count anew."""
        self._tripped.zero_()
        self._sound_updates.zero_()


def check(state: TrainState, objective: Objective, data: Dataset, start: int) -> None:
    """Raise `TrainingDivergedError` when an update since step `start` met a non-finite number.

    The update is repeated from its key, term by term, to name what went wrong.
    """
    first = state.guard.first_bad_update()
    if first is None:
        state.guard.reset()
        return
    turns = objective.n_critic + 1
    step, turn = start + first // turns, first % turns
    player = "generator" if turn == objective.n_critic else "discriminator"
    state.generator.updates, state.discriminator.updates = step, step * objective.n_critic + turn  # who was due
    batch = objective.batch(state, data.batch(start * turns + first), player=player)
    terms = getattr(objective, player)(batch)
    culprits = [name for name, value in terms.losses.items() if not _sound(value, getattr(state, player).parameters)]
    named = f"in {listed(culprits)}" if culprits else "(not reproduced term by term)"
    raise TrainingDivergedError(
        sentence(
            f"A non-finite number appeared in the {player}'s update of step {step} {named}.",
            "The weights never saw it; the estimator is as it was before this call.",
            "Lower learning_rate, raise the penalty weight or choose another loss.",
        )
    )


def _sound(value: Tensor, parameters: list[Tensor]) -> bool:
    if not torch.isfinite(value):
        return False
    if not value.requires_grad:
        return True
    gradients = torch.autograd.grad(value, parameters, retain_graph=True, materialize_grads=True)
    return all(bool(torch.isfinite(gradient).all()) for gradient in gradients)


def _tensors_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments = [value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor)]
    return parameters + moments
