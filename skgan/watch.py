"""Looking on while a fit runs: progress bar, time limit, ticks, callbacks, checkpoints, Ctrl-C.

None of it is needed for training. What fails here is left out with one warning; but a checkpoint that cannot be
written ends the fit, since somebody relies on it.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from skgan import costs, detectors, guard, plugins, rollback
from skgan.data import Dataset
from skgan.declarations import described
from skgan.distributed import Alone
from skgan.early_stopping import Judge
from skgan.exceptions import CheckpointWriteError, TrainingWarning
from skgan.history import History
from skgan.interfaces import Callback, Stop
from skgan.model import Model
from skgan.resuming import Keeper, Run, give_back
from skgan.seeding import Key, numpy_generator
from skgan.signals import TERMINATED, Signals
from skgan.training import TrainState
from skgan.validation import sentence, warn

#: generator updates between two looks at the figures; the one constant
TICK = 100
#: step of a fit from which on its pace is measured, when what is made once has been made
PACED_FROM = 20
#: updates of a fit for which it pays to measure what a step spends on what
WORTH_MEASURING = 1000
#: ticks between two looks at the samples, beside the one at the end
LOOK_TICKS = 25


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
    judge : callable
        ``judge(scoring, X, y=None)``: figures by metric of samples from the average beside rows; random numbers
        of their own, so that training does not change.
    """

    def __init__(
        self,
        state: TrainState,
        history: History,
        last_step: int,
        sample: Callable[..., np.ndarray],
        judge: Callable[..., dict[str, float]] | None = None,
    ):
        self._state = state
        self.history = history
        self.last_step = last_step
        self.sample = sample
        self._paced: tuple[int, float] | None = None
        self.judge = judge

    @property
    def step(self) -> int:
        """Generator updates so far."""
        return self._state.step

    @property
    def seconds_left(self) -> float | None:
        """Seconds until `last_step` at the pace so far; None before the twentieth step of this fit."""
        if self._paced is None:
            return None
        since, began = self._paced
        pace = (time.perf_counter() - began) / max(self.step - since, 1)
        return max(self.last_step - self.step, 0) * pace

    def pace(self) -> None:
        """Begin to measure the pace."""
        self._paced = self.step, time.perf_counter()


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
        Generator updates of this fit; none when a resumed one is at its end.
    max_time : float or None
        Seconds after which to stop.
    callbacks : list of Callback
        Who else looks on.
    sample : callable
        Handed to callbacks.
    redraw : callable
        ``redraw(model, labels)``: samples for stored labels, as the networks see what a user gets.
    on_divergence : {"raise", "rollback"}
        What to do when a number stops being finite.
    verbose : int
        Whether to show a progress bar.
    keeper : Keeper or None
        Who writes checkpoints.
    resumed : dict or None
        What the checkpoint that this fit goes on from says of its run.
    judge : Judge or None
        Who looks at held-out rows and may end the fit.
    judged : callable
        ``judged(model, scoring, X, y)``: figures of samples beside rows, for callbacks.
    ranks : Alone
        Who else trains the same. With several ranks, wishes to stop are looked at every tick, and rank 0 alone
        does what is not training.
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
        redraw: Callable[[Model, torch.Tensor], torch.Tensor],
        on_divergence: str,
        verbose: int,
        keeper: Keeper | None = None,
        resumed: Run | None = None,
        judge: Judge | None = None,
        judged: Callable[..., dict[str, float]] | None = None,
        ranks: Alone | None = None,
    ):
        self.model = model
        self.state = state = model.state
        self.objective = model.objective()
        self.ranks = Alone() if ranks is None else ranks
        self.ranks.attach(state)
        self.objective.shard = (self.ranks.rank, self.ranks.size)
        self.data = data
        self.history = History() if history is None else history
        self.n_steps = n_steps
        self._ended_by: BaseException | None = None
        self._first_step, self._last_step = state.step, state.step + n_steps
        if resumed is not None:
            self._first_step = resumed["began"]
        self._max_time = max_time
        self._callbacks = list(callbacks) if self.ranks.leads else []
        self._view = View(
            state, self.history, self._last_step, partial(sample, model), judged and partial(judged, model)
        )
        self._judge = judge
        if judge is not None:
            judge.ranks = self.ranks
        self._redraw = redraw
        self._ticked = 0
        self._is_told = False
        self._last_good = rollback.LastGood(state) if on_divergence == "rollback" else None
        self._start_from_here()
        self._paced_at = state.step + PACED_FROM
        self._of_a_step: dict[str, float] = {}
        self._looking = 0.0
        self._before = self.history.last().get("seconds", 0.0)
        self._began = time.perf_counter()
        self._failed: set[str] = set()
        self._bar = tqdm(disable=True)
        if verbose and self.ranks.leads:
            done = {"total": self._last_step - self._first_step, "initial": state.step - self._first_step}
            self._bar = self._beside("The progress bar", _Bar, **done, unit="step", mininterval=0.2) or self._bar
        self._signals = Signals(all_of_them=keeper is not None)
        self._keeper = keeper
        if resumed is not None and n_steps:
            give_back(resumed, state, self.history)
        self._unclosed = self._before_closing({})

    def __enter__(self) -> Watch:
        self._signals.catch()
        self.state.guard.reset()
        try:
            if self._judge is not None:
                self._judge.begin(self.state)
            self._tell("on_fit_begin")
            if self._keeper is not None and self._keeper.begins():
                self._write()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self._signals.release()
        self._show("close")
        if error is not None:
            self._tell("on_exception", error)
        if isinstance(error, KeyboardInterrupt) and self.ranks.alone:  # raised again once what was trained is kept
            self._ended_by = error.with_traceback(None)
            return True
        if error is not None:
            plugins.blame(error, self.state.step)
        return False

    def raise_what_waited(self) -> None:
        """Raise what ended the fit early and had to wait until what was trained is kept."""
        error = self._ended_by or self._signals.error
        if error is not None:
            raise error

    def sees_the_end(self, state: TrainState) -> bool:
        """Return whether to stop after this step; a tick is told of on the way."""
        self._show("update")
        if state.step == self._paced_at:
            self._view.pace()
        if state.step % TICK and not self._is_over():
            return False
        self._hear()
        stop = self.tick()
        stop = self._is_over() or stop  # asked again, since a tick may go back
        return self._keep(stop) or stop

    def tick(self) -> bool:
        """Read the figures of the steps since the last tick and tell the callbacks; return whether one says stop."""
        began = time.perf_counter()
        try:
            return self._tick()
        finally:
            self._looking += time.perf_counter() - began

    def _clock(self) -> dict[str, float]:
        """Return the seconds of this training, and those that went to data, players, penalties and looking on."""
        whole = time.perf_counter() - self._began
        seconds = {"seconds": self._before + whole}
        if self.n_steps < WORTH_MEASURING:
            return seconds
        if not self._of_a_step:
            measuring = costs.parts_of_a_step, self.state, self.data, self.objective
            self._of_a_step = self._beside("The measurement of a step", *measuring) or {}
        total = sum(self._of_a_step.values())
        spent = {name: (whole - self._looking) * each / total for name, each in self._of_a_step.items()}
        return seconds | {f"seconds/{name}": each for name, each in (spent | {"evaluation": self._looking}).items()}

    def _tick(self) -> bool:
        failure = self._failure()
        if self.state.step == self._ticked and failure is None:
            return False
        self.ranks.level(self.state)
        players = self.state.players
        open_means = {player.name: player.means.stored() for player in players} if self._keeper is not None else {}
        means = {f"{player.name}/{name}": mean for player in players for name, mean in player.means.read().items()}
        failure = failure or guard.exploded(means, self.state.step) or guard.overflowed(self.state)
        if failure is not None:
            self._go_back(failure)
            return False
        self._ticked = self.state.step
        entry: dict[str, float] = {"step": self.state.step}
        entry |= self.ranks.first_does("the clock", self._clock) | means
        if between := self.state.step % TICK > 0:  # a closing tick in between reports, and adapts nothing
            self._unclosed = self._before_closing(open_means)
        else:
            self.objective.adapt(self.state)
        entry |= _single_numbers(self.state)
        if self._last_good is not None:
            self._last_good.keep()
            entry["rollbacks"] = self.state.rollbacks
        if self.state.step % (LOOK_TICKS * TICK) == 0:
            entry |= self.ranks.first_does("the look at the samples", self._seen)
        stop = False
        if self._judge is not None and not between and self._judge.due(self.state.step, TICK):
            entry |= self._judge.look(self.state)
            stop = self._judge.says_stop()
        self._beside("The history", self.history.append, entry)
        if not between:
            self._unclosed = self._before_closing({})
        self._show("set_postfix", self._losses(entry), refresh=False)
        asked = self.ranks.first_does("the callbacks of a tick", self._callbacks_say_stop)
        return bool(asked) or stop

    def close(self) -> None:
        """Bring the networks to rest after the last step and tell the callbacks that the fit has ended."""
        self.tick()
        if self._judge is not None:
            self.history.amend(self._judge.close(self.state))
        figures, complaints = self.ranks.first_does("the look at the end", self._last_look)
        self.history.amend(figures)
        for complaint in complaints:
            warn(complaint)
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

    def _is_over(self) -> bool:
        wished = self._was_told_to_stop() or self._out_of_time() if self.ranks.alone else self._is_told
        return self.state.step >= self._last_step or wished

    def _hear(self) -> None:
        """Learn which ranks were told to stop, or are out of time; what one was told, all were."""
        waits = self._ended_by or self._signals.error
        wishes = self.ranks.gather(
            f"the tick at step {self.state.step}", [waits and type(waits).__name__, self._out_of_time()]
        )
        told = [name for name, _ in wishes if name]
        self._is_told = any(name or late for name, late in wishes)
        if told and waits is None:
            self._ended_by = SystemExit(TERMINATED) if "SystemExit" in told else KeyboardInterrupt()

    def _was_told_to_stop(self) -> bool:
        return self._ended_by is not None or self._signals.error is not None

    def _out_of_time(self) -> bool:
        return self._max_time is not None and time.perf_counter() - self._began >= self._max_time

    def _keep(self, closing: bool) -> bool:
        """Write a checkpoint when one is due; return whether that failed, so that training must not go on."""
        if self._keeper is None or not (closing or self.state.step % (TICK * self._keeper.every_ticks) == 0):
            return False
        try:
            self._write()
        except CheckpointWriteError as error:
            self._ended_by = error
        return self._ended_by is not None

    def _write(self) -> None:
        if self._keeper is not None:
            run = {"began": self._first_step, **self._unclosed}
            self._keeper.write(self.model, self.history, run, None if self._judge is None else self._judge.stored())

    def _before_closing(self, means: dict[str, Any]) -> dict[str, Any]:
        """Return what takes a closing tick back: the history's size before it, and the means that it reads."""
        return {
            "ticks": len(next(iter(self.history.values()), [])),
            "columns": len(self.history),
            "means": {player.name: {} for player in self.state.players} | means,
        }

    def _start_from_here(self) -> None:
        """Let batches and random numbers follow from the state's step and from how often it was put back."""
        key: Key = self.model.key
        if self.state.rollbacks:
            key = (*key, "rollback", self.state.rollbacks)
        self.objective.key = key
        self.data.go_on(key)
        self._ticked = self.state.step

    def _failure(self) -> guard.Failure | None:
        """Return what went wrong since the last tick: the same on all ranks, from one that met it if one can tell."""
        failure = guard.find(self.state, self.objective, self.data, self._ticked)
        found = self.ranks.gather(f"the numbers of step {self.state.step}", failure)
        failures = {rank: guard.Failure(*each) for rank, each in enumerate(found) if each is not None}
        if self.ranks.alone or not failures:
            return failure
        rank = next((rank for rank, each in failures.items() if each.is_named), 0)
        return failures[rank]._replace(words=sentence(failures[rank].words, f"Rank {rank} met it."))

    def _go_back(self, failure: guard.Failure) -> None:
        """Put everything back to the last good tick, as often as that may help; raise the failure otherwise."""
        good = self._last_good
        if good is None:
            raise failure.error("The weights never saw it; the estimator is as it was before this call.")
        if good.tries == rollback.MOST:
            raise failure.error(
                f"Going back to step {self._ticked} did not help {good.tries} times; the estimator is as it was before."
            )
        good.back()
        self._start_from_here()
        self._show("reset")
        self._show("update", self.state.step - self._first_step)
        warn(
            failure.words,
            f"Training goes back to step {self._ticked} and takes other random numbers, for the {good.tries}. time",
            f"of at most {rollback.MOST}. If it goes on so, lower learning_rate or raise the penalty weight.",
        )

    def _looked_at(self) -> torch.Tensor:
        """Return which rows samples are compared with: always the same."""
        order = numpy_generator((*self.model.key, "watch")).permutation(len(self.data))
        return torch.from_numpy(order[: detectors.MOST_ROWS]).to(self.data.device)

    def _real_and_fake(self, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return rows and samples with their labels."""
        real = self.data.samples(places)
        return real, self._redraw(self.model, self.data.labels[places].cpu()).to(real.device)

    def _seen(self) -> dict[str, float]:
        return _watched(self._beside("The look at the samples", self._collapse) or {})

    def _collapse(self) -> dict[str, float]:
        if len(self.data) < detectors.FEWEST_ROWS:
            return {}
        return detectors.collapse(*self._real_and_fake(self._looked_at()))

    def _judged(self) -> tuple[dict[str, float], detectors.Copies]:
        """Return all that can be said of the samples of a training that has ended."""
        places = self._looked_at()
        real, fake = self._real_and_fake(places)
        pieces = detectors.in_chunks(len(self.data))
        chunks = (self.data.samples(torch.arange(piece.start, piece.stop)) for piece in pieces)
        return detectors.collapse(real, fake), detectors.copying(real, places, fake, chunks)

    def _last_look(self) -> tuple[dict[str, float], list[str]]:
        """Return figures of the samples, when training was long enough, and what of them deserves a warning."""
        short = self.state.step - self._first_step < detectors.FEWEST_UPDATES
        if short or len(self.data) < detectors.FEWEST_ROWS or self._was_told_to_stop():
            return {}, []
        judged = self._beside("The look at the samples", self._judged)
        if judged is None:
            return {}, []
        figures, found = judged
        complaints = [detectors.complaint_of_collapse(figures), detectors.complaint_of_copying(found)]
        figures = _watched(figures | {"copies": found.copies, "duplicates": found.duplicates})
        return figures, [complaint for complaint in complaints if complaint is not None]

    def _show(self, action: str, *details: Any, **settings: Any) -> None:
        """Let the progress bar do something; one that cannot be written to is replaced by none."""
        self._beside("The progress bar", getattr(self._bar, action), *details, **settings)
        if "The progress bar" in self._failed and not self._bar.disable:
            self._bar = tqdm(disable=True)

    def _beside(self, what: str, function: Callable[..., Any], *details: Any, **settings: Any) -> Any:
        """Do what training can do without; when it fails, say so once and leave it out from then on."""
        if what in self._failed:
            return None
        try:
            return function(*details, **settings)
        except Exception as error:
            self._failed.add(what)
            warn(
                f"{what} failed with {type(error).__name__} and is left out from now on.",
                "Training goes on as with it; mend it for the next fit.",
            )
        return None

    def _callbacks_say_stop(self) -> bool:
        return any(isinstance(answer, Stop) for answer in self._tell("on_tick"))

    def _tell(self, event: str, *details: Any) -> list[Any]:
        answers = []
        for callback in list(self._callbacks):
            try:
                with plugins.put_back_modes():
                    answer = getattr(callback, event)(self._view, *details)
                strange = event == "on_tick" and not isinstance(answer, Stop | None)
                wrong = f"returned {described(answer)} from {event}" if strange else ""
            except Exception as error:
                answer, wrong = None, f"failed in {event} with {type(error).__name__}"
            answers.append(answer)
            if wrong:
                self._callbacks.remove(callback)
                warnings.warn(
                    sentence(
                        f"The callback {type(callback).__name__} {wrong} and is left out from now on.",
                        "Training goes on; mend the callback, which returns Stop or None, for the next fit.",
                    ),
                    TrainingWarning,
                    stacklevel=4,
                )
        return answers


class _Bar(tqdm):
    """A progress bar that is silent when it goes, even if it could not be written to."""

    def refresh(self, *_: Any, **__: Any) -> Any:
        """Draw the bar; a write that fails gives the lock of all bars back, which tqdm itself would keep."""
        with self.get_lock():
            return super().refresh(nolock=True)

    def __del__(self) -> None:
        with suppress(Exception):
            super().__del__()


def _watched(figures: dict[str, float]) -> dict[str, float]:
    return {f"watch/{name}": value for name, value in figures.items()}


def _single_numbers(state: TrainState) -> dict[str, float]:
    """Return what parts keep as one number each: a probability that adapts, a running mean; one transfer."""
    kept = {
        f"{part}/{name}": tensor.double().reshape(())
        for part, tensors in state.parts.items()
        for name, tensor in tensors.items()
        if tensor.numel() == 1
    }
    return dict(zip(kept, torch.stack(list(kept.values())).tolist(), strict=True)) if kept else {}
