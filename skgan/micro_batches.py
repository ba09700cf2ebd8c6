"""A batch in pieces that fit into memory: gradients are added up, and the sum is that of the whole batch.

What looks at a batch as a whole cannot be cut, and is refused. Batch normalisation in the generator sees one piece at
a time, which a warning says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from skgan import memory
from skgan.exceptions import IncompatibleComponentError, InvalidParameterError
from skgan.interfaces import Component, Loss, Regularizer
from skgan.layers import BATCH_NORMS
from skgan.validation import sentence, warn

if TYPE_CHECKING:
    from skgan.data import Dataset
    from skgan.objective import Batch, Objective, Terms
    from skgan.resolution import Parts
    from skgan.training import TrainState

#: share of the free memory that a turn may take, where "auto" chooses; the rest is for what grows
SHARE_OF_FREE = 0.5
#: bytes that a turn takes for each byte that it keeps for its backward: gradients, temporaries, a second backward
_OVER_KEPT = 3


class Accumulated:
    """The terms of a turn that is taken piece by piece; what `Terms` offers.

    Parameters
    ----------
    pieces : sequence of callable
        Each makes the batch of one piece.
    terms_of : callable
        The terms of a batch.
    """

    def __init__(self, pieces: Sequence[Callable[[], Batch]], terms_of: Callable[[Batch], Terms]):
        self._pieces = pieces
        self._terms_of = terms_of
        self.losses: dict[str, Tensor] = {}
        self.watched: dict[str, Tensor] = {}

    @property
    def total(self) -> Tensor:
        """The sum that the playing network minimises; after `gradients`."""
        return torch.stack(list(self.losses.values())).sum()

    def gradients(self, parameters: Sequence[Tensor]) -> list[Tensor]:
        """Return the gradient of the total to each parameter; only one piece is in memory at a time."""
        sums: list[Tensor] = []
        for make in self._pieces:
            batch = make()
            terms, share = self._terms_of(batch), batch.share
            gradients = torch.autograd.grad(terms.total * share, parameters, materialize_grads=True)
            if sums:
                torch._foreach_add_(sums, list(gradients))
            else:
                sums = [gradient.clone() if 0 in gradient.stride() else gradient for gradient in gradients]
            _add(self.losses, terms.losses, share)
            _add(self.watched, terms.watched, share)
        return sums


def cut(n: int, size: int) -> list[slice]:
    """Return slices of n rows, `size` each but the last."""
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]


def check(parts: Parts, micro_batch: int | str | None, batch_size: int, compiled: bool = False) -> None:
    """Refuse parts for which the pieces of a batch do not add up to the whole of it, and compiled turns."""
    if micro_batch is None or (micro_batch != "auto" and int(micro_batch) >= batch_size):
        return
    if compiled:
        raise InvalidParameterError(
            f"The 'micro_batch' parameter of GANEstimator must be None with compile=True. Got {micro_batch!r}. "
            "Use a smaller batch_size, or leave compile=False."
        )
    whole = [part for part in _terms(parts) if _looks_at_whole_batch(part)]
    if parts.architecture.tags().batch_statistics:
        whole.append(parts.architecture)
    if whole:
        raise IncompatibleComponentError(
            sentence(
                f"The 'micro_batch' parameter of GANEstimator must be None with {type(whole[0]).__name__}, which",
                f"looks at the batch as a whole, so that pieces of it do not add up. Got {micro_batch!r}.",
                "Use a smaller batch_size, or another part.",
            )
        )


def decide(micro_batch: int | str | None, state: TrainState, data: Dataset, objective: Objective) -> int | None:
    """Return how many rows of a batch to take at a time, None for all; a warning says when that changes a number."""
    if micro_batch == "auto":
        size = choose(state, data, objective, memory.free_bytes(data.device))
    else:
        size = None if micro_batch is None or int(micro_batch) >= data.batch_size else int(micro_batch)
    if size is not None and any(isinstance(layer, BATCH_NORMS) for layer in state.generator.module.modules()):
        warn(
            f"The generator's batch normalisation sees {size} rows at a time instead of {data.batch_size},",
            "so training differs a little from that with micro_batch=None. Without batch normalisation it does not.",
        )
    return size


def choose(state: TrainState, data: Dataset, objective: Objective, free: int) -> int | None:
    """Return how many rows of a batch to take at a time so that a turn fits into `free` bytes; None for all.

    It is measured how many bytes a turn of few rows keeps for its backward; nothing is changed.
    """
    few, at_few, per_row = _measured(state, data, objective)
    size = data.batch_size
    while size > 1 and _OVER_KEPT * (at_few + per_row * (size - few)) > SHARE_OF_FREE * free:
        size = -(-size // 2)
    return None if size == data.batch_size else size


def kept_by_a_turn(state: TrainState, data: Dataset, objective: Objective) -> int:
    """Return the bytes that a turn takes beside networks and rows, from what turns of few rows keep."""
    few, at_few, per_row = _measured(state, data, objective)
    rows = objective.micro_batch or data.batch_size
    return round(_OVER_KEPT * (at_few + per_row * max(rows - few, 0)))


def _measured(state: TrainState, data: Dataset, objective: Objective) -> tuple[int, float, float]:
    """Return a few rows, the bytes that a turn of them keeps, and those that each further row adds."""
    few = max(min(data.batch_size // 2, 4), 1)
    kept = {n: _kept(state, data, objective, n) for n in (few, 2 * few)}
    return few, kept[few], max((kept[2 * few] - kept[few]) / few, 1.0)


def _kept(state: TrainState, data: Dataset, objective: Objective, n: int) -> int:
    """Return the bytes that both turns on n rows keep for their backward, at the most."""
    seen: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    sizes = []
    for player in state.players:
        player.module.train()
    weights = {p.untyped_storage().data_ptr() for player in state.players for p in player.parameters}
    with state.put_back(), torch.autograd.graph.saved_tensors_hooks(note, lambda kept: kept):
        for player in state.players:
            seen.clear()
            rows = data.at(data.places(0)[:n], 0, _first(data.fetched(0), n))
            make = objective.pieces(state, rows, player.name).batches[0]
            getattr(objective, player.name)(make()).gradients(player.parameters)
            sizes.append(sum(size for place, size in seen.items() if place not in weights))
    return max(sizes)


def _first(x: Tensor | None, n: int) -> Tensor | None:
    return None if x is None else x[:n]


def _terms(parts: Parts) -> list[Component]:
    return [parts.loss, *parts.regularizers, parts.conditioning]


def _looks_at_whole_batch(part: Component) -> bool:
    tags = part.tags()
    relative = isinstance(part, Loss) and tags.meaning == "relative" and not tags.pairing
    counts = isinstance(part, Loss | Regularizer) and type(part).state is not Component.state
    return tags.whole_batch or tags.weighs or relative or counts


def _add(sums: dict[str, Tensor], values: dict[str, Any], share: float) -> None:
    for name, value in values.items():
        sums[name] = sums[name] + value.detach() * share if name in sums else value.detach() * share
