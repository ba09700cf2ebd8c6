"""What a training costs: before it begins, while it runs, and what of it goes where."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from skgan import engine, micro_batches
from skgan.training import train

if TYPE_CHECKING:
    from skgan.data import Dataset
    from skgan.estimator import GANEstimator
    from skgan.objective import Objective
    from skgan.training import TrainState

#: steps that are not timed, and steps that are, at the least and until so many seconds have passed
_WARM_UP, _TIMED, _SECONDS = 5, 5, 1.0


@dataclass(frozen=True)
class Cost:
    """What a fit will take.

    Parameters
    ----------
    n_steps : int
        Generator updates.
    seconds_per_step : float
        Of each, measured here and now.
    data_bytes : int
        Of the rows as they are kept.
    training_bytes : int
        Of networks, optimizers, the average and what a step keeps, estimated from few rows.

    Examples
    --------
    >>> from skgan.costs import Cost
    >>> Cost(n_steps=2000, seconds_per_step=0.0125, data_bytes=2**20, training_bytes=2**26)
    Cost: 2,000 steps of 12.5 ms, 25 seconds; 64 MiB for training and 1 MiB for the rows
    """

    n_steps: int
    seconds_per_step: float
    data_bytes: int
    training_bytes: int

    @property
    def seconds(self) -> float:
        """Of the whole fit."""
        return self.n_steps * self.seconds_per_step

    @property
    def bytes(self) -> int:
        """Of memory on the device."""
        return self.data_bytes + self.training_bytes

    def __repr__(self) -> str:
        whole = self.seconds
        span = f"{whole:.0f} seconds" if whole < 300 else f"{whole / 60:.0f} minutes"
        span = span if whole < 3 * 3600 else f"{whole / 3600:.1f} hours"
        each = f"{self.n_steps:,} steps of {self.seconds_per_step * 1e3:.3g} ms, {span}"
        memory = f"{_mebibytes(self.training_bytes)} for training and {_mebibytes(self.data_bytes)} for the rows"
        return f"Cost: {each}; {memory}"


def estimate(estimator: GANEstimator, X: Any, y: Any) -> Cost:
    """Return what ``estimator.fit(X, y)`` will take, from a few steps of an estimator like it, which is thrown away."""
    with ExitStack() as held:
        watch = estimator._begin(X, y, held, continues=False)
        state, data, objective = watch.state, watch.data, watch.objective
        kept = micro_batches.kept_by_a_turn(state, data, objective)
        steps = engine.run(train, state, data, objective)
        for _ in range(_WARM_UP):
            next(steps)
        seconds = _seconds_of(lambda: next(steps), state.device)
        tensors = {tensor.data_ptr(): tensor.nbytes for tensor in state.tensors().values()}
        gradients = sum(p.nbytes for player in state.players for p in player.parameters)
        of_rows = data.x.nbytes + data.labels.nbytes
        return Cost(watch.n_steps, seconds, of_rows, sum(tensors.values()) + gradients + kept)


def parts_of_a_step(state: TrainState, data: Dataset, objective: Objective) -> dict[str, float]:
    """Return the seconds that a step spends on data, on each player without its penalties, and on penalties.

    Both turns of the next step are computed, one kernel at a time and without an update, and everything that they
    change is put back. A warmed-up step that is repeated from a recording takes less in all; the shares are told.
    """
    number, device = state.step * (objective.n_critic + 1), data.device
    rows = data.batch(number)

    def turn(player: str, regularizers: list[Any]) -> Callable[[], object]:
        def run() -> None:
            with _only(objective, regularizers):
                terms = getattr(objective, player)(objective.batch(state, rows, player))
                terms.gradients(getattr(state, player).parameters)

        return run

    every = objective.regularizers
    without = [part for part in every if not _adds_a_penalty(part)]
    with state.put_back():
        fetching = _seconds_of(lambda: data.batch(number), device, timed=3, seconds=0.0) * (objective.n_critic + 1)
        plain, whole = (
            {
                player: _seconds_of(turn(player, chosen), device, timed=2, seconds=0.0) * times
                for player, times in (("discriminator", objective.n_critic), ("generator", 1))
            }
            for chosen in (without, every)
        )
    penalties = max(sum(whole.values()) - sum(plain.values()), 0.0) if len(without) < len(every) else 0.0
    return {"data": fetching, **plain, "penalties": penalties}


def _adds_a_penalty(part: Any) -> bool:
    from skgan.interfaces import Regularizer

    return type(part).penalty is not Regularizer.penalty


@contextmanager
def _only(objective: Objective, regularizers: list[Any]) -> Iterator[None]:
    every, objective.regularizers = objective.regularizers, regularizers
    try:
        yield
    finally:
        objective.regularizers = every


def _seconds_of(
    function: Callable[[], object], device: torch.device, timed: int = _TIMED, seconds: float = _SECONDS
) -> float:
    """Return the mean seconds of a call, of at least so many calls and seconds."""
    _wait_for(device)
    began, calls = time.perf_counter(), 0
    while calls < timed or time.perf_counter() - began < seconds:
        function()
        calls += 1
    _wait_for(device)
    return (time.perf_counter() - began) / calls


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _mebibytes(n: int) -> str:
    return f"{n / 2**20:,.0f} MiB" if n >= 2**20 else f"{n / 2**10:,.0f} KiB"
