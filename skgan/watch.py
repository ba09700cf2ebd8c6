"""Looking on while a fit runs: progress bar, time limit, ticks, callbacks, Ctrl-C.

None of it is needed for training. What fails here is left out with one warning.
"""

from __future__ import annotations

import signal
import threading
import time
import warnings
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from skgan import guard
from skgan.data import Dataset
from skgan.exceptions import TrainingWarning
from skgan.history import History
from skgan.interfaces import Callback, Stop
from skgan.model import Model
from skgan.training import TrainState
from skgan.validation import sentence

#: generator updates between two looks at the figures; the one constant
TICK = 100


class View:
    """What a callback may look at.

    Parameters
    ----------
    state : TrainState
        The training.
    history : History
        Figures of the ticks so far.
    last_step : int
        Where this fit ends if nothing stops it.
    sample : callable
        ``sample(n_samples, y=None)``: samples from the average as it stands, in the user's units; the
        same latents each time.
    """

    def __init__(self, state: TrainState, history: History, last_step: int, sample: Callable[..., np.ndarray]):
        self._state = state
        self.history = history
        self.last_step = last_step
        self.sample = sample

    @property
    def step(self) -> int:
        """Generator updates so far."""
        return self._state.step


class Watch:
    """Everything that `fit`'s loop does beside training, as one context manager.

    Parameters
    ----------
    model : Model
        What is being trained.
    data : Dataset
        On what.
    history : History or None
        What happened before; grows by one entry a tick.
    n_steps : int
        Generator updates of this fit.
    max_time : float or None
        Seconds after which to stop.
    callbacks : list of Callback
        Who else looks on.
    sample : callable
        Handed to callbacks.
    verbose : int
        Whether to show a progress bar.
    """

    def __init__(
        self,
        model: Model,
        data: Dataset,
        history: History | None,
        *,
        n_steps: int,
        max_time: float | None,
        callbacks: list[Callback],
        sample: Callable[..., np.ndarray],
        verbose: int,
    ):
        self.model = model
        self.state = state = model.state
        self.objective = model.objective()
        self.data = data
        self.batches = data.batches(state.step * (self.objective.n_critic + 1))
        self.history = History() if history is None else history
        self.interrupted = False
        self._last_step = state.step + n_steps
        self._max_time = max_time
        self._callbacks = list(callbacks)
        self._view = View(state, self.history, self._last_step, partial(sample, model))
        self._ticked = state.step
        self._before = self.history.last().get("seconds", 0.0)
        self._began = time.perf_counter()
        self._bar = tqdm(total=n_steps, unit="step", disable=not verbose, mininterval=0.2)
        self._handler: Any = None

    def __enter__(self) -> Watch:
        self._catch_interrupt()
        self.state.guard.reset()
        try:
            self._tell("on_fit_begin")
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._release_interrupt()
        self._bar.close()
        if error is not None:
            self._tell("on_exception", error)
        self.interrupted |= isinstance(error, KeyboardInterrupt)
        return isinstance(error, KeyboardInterrupt)  # `_finish` keeps what was trained and raises it again

    def sees_the_end(self, state: TrainState) -> bool:
        """Return whether to stop after this step; a tick is told of on the way."""
        self._bar.update()
        stop = state.step >= self._last_step or self.interrupted or self._out_of_time()
        if state.step % TICK == 0 or stop:
            stop = self.tick() or stop
        return stop

    def tick(self) -> bool:
        """Read the figures of the steps since the last tick and tell the callbacks; return whether one says stop."""
        guard.check(self.state, self.objective, self.data, self._ticked)
        if self.state.step == self._ticked:
            return False
        self._ticked = self.state.step
        entry: dict[str, float] = {"step": self.state.step, "seconds": self._before + time.perf_counter() - self._began}
        for player in self.state.players:
            entry |= {f"{player.name}/{name}": value for name, value in player.means.read().items()}
        if self.state.step % TICK == 0:  # a closing tick in between reports, and adapts nothing
            self.objective.adapt(self.state)
        entry |= _single_numbers(self.state)
        self.history.append(entry)
        self._bar.set_postfix(self._losses(entry), refresh=False)
        return any(isinstance(answer, Stop) for answer in self._tell("on_tick"))

    def close(self) -> None:
        """Bring the networks to rest after the last step and tell the callbacks that the fit has ended."""
        self.tick()
        for player in self.state.players:
            player.module.eval()
            for parameter in player.parameters:
                parameter.grad = None
        self._tell("on_fit_end")

    def _losses(self, entry: dict[str, float]) -> dict[str, str]:
        """Return the sum of each player's terms, as the bar shows it."""
        terms = self.objective.names.values()
        sums = {
            player.name[0].upper(): sum(entry.get(f"{player.name}/{term}", 0.0) for term in terms)
            for player in self.state.players
        }
        return {player: f"{value:.3g}" for player, value in sums.items()}

    def _out_of_time(self) -> bool:
        return self._max_time is not None and time.perf_counter() - self._began >= self._max_time

    def _tell(self, event: str, *details: Any) -> list[Any]:
        answers = []
        for callback in list(self._callbacks):
            try:
                answers.append(getattr(callback, event)(self._view, *details))
            except Exception as error:
                self._callbacks.remove(callback)
                warnings.warn(
                    sentence(
                        f"The callback {type(callback).__name__} failed in {event} with {type(error).__name__} and",
                        "is left out from now on. Training goes on; mend the callback for the next fit.",
                    ),
                    TrainingWarning,
                    stacklevel=4,
                )
        return answers

    def _catch_interrupt(self) -> None:
        """Put off Ctrl-C to the end of the step, unless somebody else handles it already."""
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._handler = signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: Any) -> None:
        if self.interrupted:  # the second time at once
            raise KeyboardInterrupt
        self.interrupted = True

    def _release_interrupt(self) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            self._handler = None


def _single_numbers(state: TrainState) -> dict[str, float]:
    """Return what parts keep as one number each: a probability that adapts, a running mean; one transfer."""
    kept = {
        f"{part}/{name}": tensor.double().reshape(())
        for part, tensors in state.parts.items()
        for name, tensor in tensors.items()
        if tensor.numel() == 1
    }
    return dict(zip(kept, torch.stack(list(kept.values())).tolist(), strict=True)) if kept else {}
