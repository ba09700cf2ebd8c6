"""A non-finite number is found in the update it appears in and never reaches a weight.

A flag on the device remembers the first bad update. While it is set every update of both players
is a no-op, so nothing has to be read on the step path; a tick reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor

from skgan._compat import flag_nonfinite_
from skgan.exceptions import TrainingDivergedError
from skgan.seeding import global_generator
from skgan.validation import listed, sentence

if TYPE_CHECKING:
    from skgan.data import Dataset
    from skgan.objective import Objective
    from skgan.training import Player, TrainState

#: size of the mean logit of a tick above which a training counts as diverged, though every number is still finite
LARGEST_LOGIT = 1e6
#: terms whose values a message shows
_SHOWN_TERMS = 5


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
        self._one = torch.ones((), device=device)
        #: whether the host may look at the flag between two updates: there is no device to wait for, and no recording
        self.reads = device.type == "cpu"

    def look(self, total: Tensor, gradients: Sequence[Tensor]) -> None:
        """Set the flag when the loss or a gradient of this update is not finite."""
        flag_nonfinite_([*gradients, total.detach()], self._tripped, self._one)
        self._sound_updates += 1 - self._tripped

    @contextmanager
    def holding(self, optimizer: torch.optim.Optimizer) -> Iterator[None]:
        """Make the step taken inside a no-op while the flag is set."""
        if optimizer.defaults.get("fused"):
            optimizer.found_inf = self._tripped  # type: ignore[attr-defined]
            yield
            return
        if self.reads and not self._tripped:
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


class Failure(NamedTuple):
    """What a tick found: whose update, of which step, what is wrong with it in words, and whether a term is named."""

    player: str
    step: int
    words: str
    is_named: bool = True

    def error(self, outcome: str) -> TrainingDivergedError:
        """Return the error to raise, with what became of the estimator."""
        advice = "Lower learning_rate, raise the penalty weight or choose another loss."
        return TrainingDivergedError(sentence(self.words, outcome, advice))


def find(state: TrainState, objective: Objective, data: Dataset, start: int) -> Failure | None:
    """Return what went wrong when an update since step `start` met a non-finite number, and count anew otherwise.

    The update is repeated from its key, term by term, to name what went wrong.
    """
    first = state.guard.first_bad_update()
    if first is None:
        state.guard.reset()
        return None
    turns = objective.n_critic + 1
    step, turn = start + first // turns, first % turns
    name = "generator" if turn == objective.n_critic else "discriminator"
    state.generator.updates, state.discriminator.updates = step, step * objective.n_critic + turn  # who was due
    with global_generator(objective.key_of_global(step), data.x.device):
        player: Player = getattr(state, name)
        for make in objective.pieces(state, data.batch(start * turns + first), player=name).batches:
            terms = getattr(objective, name)(make()).losses
            gradients = {term: _first_bad_gradient(value, player, state) for term, value in terms.items()}
            values = dict(zip(terms, torch.stack([v.detach().double() for v in terms.values()]).tolist(), strict=True))
            if any(gradients.values()) or not np.isfinite(list(values.values())).all():
                break
    culprits = [term for term, value in terms.items() if gradients[term] or not torch.isfinite(value)]
    weight = next((gradients[term] for term in culprits if torch.isfinite(terms[term])), None)
    shown = ", ".join(f"{term[:40]!r} {value:.4g}" for term, value in list(values.items())[:_SHOWN_TERMS])
    words = sentence(
        f"A non-finite number appeared in the {name}'s update of step {step}",
        f"in {listed(culprits, 3)}." if culprits else "(not reproduced term by term).",
        f"Values of its terms: {shown}.",
        f"The first gradient that is not finite is that of {weight!r}." if weight else "",
    )
    return Failure(name, step, words, bool(culprits))


def exploded(means: dict[str, float], step: int) -> Failure | None:
    """Return what went wrong when the logits of a tick, by name in its means, have grown without bound."""
    largest = max((abs(means.get(f"discriminator/{which}_logit", 0.0)) for which in ("real", "fake")), default=0.0)
    if largest <= LARGEST_LOGIT:
        return None
    words = (
        f"The discriminator's logits have grown to {largest:.2g} on average at step {step}, past {LARGEST_LOGIT:.0e}."
    )
    return Failure("discriminator", step, words)


def overflowed(state: TrainState) -> Failure | None:
    """Return what went wrong when a number kept beside the weights is not finite: squares in an optimizer, a buffer."""
    found = {name: tensor.detach() for name, tensor in state.tensors().items() if tensor.is_floating_point()}
    flags: dict[torch.dtype, Tensor] = {}
    for dtype in {tensor.dtype for tensor in found.values()}:
        same = [tensor for tensor in found.values() if tensor.dtype == dtype]
        flags[dtype] = torch.zeros((), device=same[0].device)
        flag_nonfinite_(same, flags[dtype])
    if not flags or not torch.stack(list(flags.values())).any():
        return None
    name = next(name for name, tensor in found.items() if not torch.isfinite(tensor).all())
    player = "generator" if "generator" in name or name.startswith("average") else "discriminator"
    return Failure(player, state.step, f"Numbers of {name[:100]!r} are not finite any more at step {state.step}.")


def _first_bad_gradient(value: Tensor, player: Player, state: TrainState) -> str | None:
    """Return the name of the first weight that a term has a non-finite gradient to."""
    if not value.requires_grad:
        return None
    names = {parameter: name for name, parameter in player.module.named_parameters()}
    for part, modules in state.modules.items():
        if player.name in modules:
            names |= {parameter: f"{part}.{name}" for name, parameter in modules[player.name].named_parameters()}
    gradients = torch.autograd.grad(value, player.parameters, retain_graph=True, materialize_grads=True)
    pairs = zip(player.parameters, gradients, strict=True)
    return next((names[p][:80] for p, gradient in pairs if not torch.isfinite(gradient).all()), None)


def _tensors_of(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments = [value for state in optimizer.state.values() for value in state.values() if isinstance(value, Tensor)]
    return parameters + moments
