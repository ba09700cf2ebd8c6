"""Judging a training on held-out rows while it runs: when, by what, when to stop, and what to go back to.

It draws from the generator's average with random numbers of its own, so training is the same with it as without.
How often is decided before the first step from counted work, never from a clock: two runs of one program are judged
at the same steps on any machine.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from skgan import judging, resolution, sampling, seeding, streaming
from skgan.distributed import Alone
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Features, Metric
from skgan.layers.counting import multiplications
from skgan.model import Model
from skgan.picked_rows import PickedRows
from skgan.training import TrainState
from skgan.validation import as_array, sentence, warn

if TYPE_CHECKING:
    from skgan.estimator import GANEstimator

#: rows held out, at most and at least
MOST_ROWS, FEWEST_ROWS = 1000, 5
#: share of the work of training that judging it may take; half of what is promised, since work is counted roughly
SHARE = 0.025
#: multiplications that a step, a call of a network and a look at all cost beside those of their layers
_STEP, _CALL, _LOOK = 3e7, 5e6, 2e8
#: multiplications in networks on a GPU that take the time of one on a CPU core, where metrics compute: steps of dcgan
#: and wgan-gp took 1/160 and 1/146 on an H100 of what they took on two cores (docs/benchmarks.md). On slower GPUs
#: steps take longer than counted here, so that looking takes a smaller share still
_GPU = 300.0


class Held(NamedTuple):
    """Rows and labels to train on, and those held out."""

    X: Any
    y: Any
    X_held_out: Any
    y_held_out: Any


def hold_out(X: Any, y: Any, fraction: float, seed: int | None) -> Held:
    """Return the data in two parts, the second a share of it of at most `MOST_ROWS` rows, class by class.

    Parameters
    ----------
    X, y : array-like
        As `fit` takes them; what it refuses comes back whole, to be refused there.
    fraction : float
        Share of the rows, in (0, 1).
    seed : int or None
        Of the choice; the same for the same seed and number of rows.

    Raises
    ------
    InvalidParameterError
        When less than `FEWEST_ROWS` would be held out.
    """
    X = as_array(X)
    n = len(X) if getattr(X, "ndim", 0) else 0
    labels = None if y is None else as_array(y, "y")
    if n < 2 or (labels is not None and (getattr(labels, "ndim", 0) < 1 or len(labels) != n)):
        return Held(X, y, None, None)
    wanted = min(round(fraction * n), MOST_ROWS)
    order = seeding.numpy_generator(("held out", seed or 0, n)).permutation(n)
    chosen = _chosen(order, labels, wanted)
    if len(chosen) < FEWEST_ROWS or n - len(chosen) < 2:
        raise InvalidParameterError(
            sentence(
                f"The 'validation_fraction' parameter of GANEstimator must leave {FEWEST_ROWS} rows or more held out,",
                f"and some to train on. Got {fraction:g} of {n} rows. Change it, give more rows,",
                "or set early_stopping=False.",
            )
        )
    rest = np.setdiff1d(np.arange(n), chosen)
    of_rest, of_chosen = (None if y is None else judging.rows_at(labels, places) for places in (rest, chosen))
    return Held(_left_where_they_are(X, rest), of_rest, judging.rows_at(X, chosen), of_chosen)


def _left_where_they_are(X: Any, places: np.ndarray) -> Any:
    """Return the rows of a container at some places; those of a file stay there."""
    return PickedRows(X, places) if streaming.in_file(X) else judging.rows_at(X, places)


def _chosen(order: np.ndarray, labels: Any, wanted: int) -> np.ndarray:
    """Return the places of rows to hold out, in order: of each class its share, and none of its last row."""
    if labels is None or labels.ndim != 1:
        return np.sort(order[:wanted])
    values = np.asarray(labels, object)
    known = np.array([value is not None and value == value for value in values.tolist()])
    if getattr(labels, "dtype", np.dtype(object)).kind == "f" and len(set(values[known].tolist())) > wanted:
        return np.sort(order[known[order]][:wanted])
    names: dict[Any, list[int]] = {}
    for place in order[known[order]].tolist():
        names.setdefault(str(values[place]), []).append(place)
    total = sum(map(len, names.values()))
    found = []
    for places in names.values():
        share = min(round(wanted * len(places) / max(total, 1)), len(places) - 1)
        found += places[:share]
    return np.sort(np.array(found, int))


class Judge:
    """Looks at samples beside held-out rows every so many ticks, and keeps a copy of the best training state.

    Parameters
    ----------
    estimator : GANEstimator
        Whose encoding and scoring are used.
    model : Model
        What is being trained.
    X, y : array-like
        The held-out rows and their labels.
    stops : bool
        Whether to stop, and to go back to the best; otherwise only to record.

    Attributes
    ----------
    ranks : Alone
        Of which the first looks, and all decide by its figures.
    """

    def __init__(self, estimator: GANEstimator, model: Model, X: Any, y: Any, stops: bool = True):
        self.ranks = Alone()
        self._twin = copy.copy(estimator)
        self._twin._model_ = model
        self._twin.sampler = None
        self._scorers = judging.scorers(estimator.scoring)
        self._X, self._y = X, y
        self._model = model
        self._patience, self._tol, self._stops = estimator.n_iter_no_change, estimator.tol, stops
        self.every_ticks = ticks_between(model, self._scorers, len(X), estimator.batch_size)
        self._free_ticks = ticks_of_learning(model, self._scorers, X, y, estimator.batch_size)
        self.best: float | None = None
        self._told = False
        self._kept: tuple[dict[str, Any], dict[str, int]] | None = None
        self._waited = 0
        self._looked_at = -1

    def begin(self, state: TrainState) -> None:
        """Look at a training that goes on, so that the end is not worse than the beginning."""
        if state.step and self._looked_at < 0:
            self.look(state)

    def due(self, step: int, tick: int) -> bool:
        """Return whether to look at this tick."""
        every = self.every_ticks * tick
        return step % every == 0 and step >= every + self._free_ticks * tick

    def look(self, state: TrainState) -> dict[str, float]:
        """Return the figures of all metrics, and keep the state when the first one never was better."""
        figures = self.ranks.first_does("the look at held-out rows", self._figures)
        score = figures["validation/score"]
        self._looked_at = state.step
        if math.isnan(score):  # of what cannot be measured yet, which is neither better nor worse than anything
            self._waited += 1
            self._tell_of_nan()
            return figures
        self._waited = 0 if self.best is None or score >= self.best + self._tol else self._waited + 1
        if self._stops and (self.best is None or score > self.best):
            self._kept = {n: tensor.detach().clone() for n, tensor in state.tensors().items()}, state.counters()
            self.best = score
        elif not self._stops:
            self.best = score if self.best is None else max(self.best, score)
        return figures

    def _tell_of_nan(self) -> None:
        if not self._told:
            self._told = True
            warn(
                f"The metric {self._name()[:60]!r} is NaN on the held-out rows, which counts as no rise.",
                "Choose another scoring if it stays so.",
            )

    def _figures(self) -> dict[str, float]:
        figures: dict[str, float] = {}
        score = math.nan
        for place, (name, scorer) in enumerate(self._scorers.items()):
            value = judging.judge(self._twin, scorer, self._X, self._y)
            figures[f"validation/{name}"] = judging.number_of(scorer, value)
            score = judging.higher_is_better(scorer, value) if place == 0 else score
        return figures | {"validation/score": float(score)}

    def says_stop(self) -> bool:
        """Return whether the score has not risen for too long."""
        return self._stops and self._waited >= self._patience

    def close(self, state: TrainState) -> dict[str, float]:
        """Look once more at the end, and put the best state back; return the last figures."""
        figures = {} if self._looked_at == state.step else self.look(state)
        if self._stops and self._kept is not None and self._kept[1]["step"] != state.step:
            tensors, counters = self._kept
            rollbacks = state.rollbacks + 1  # whoever trains on from here meets other random numbers than before
            state.load({name: tensor.clone() for name, tensor in tensors.items()}, counters)
            state.rollbacks = rollbacks
        return figures

    def stored(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what a checkpoint holds of this: a record for JSON, and the arrays of the best state."""
        tensors, counters = self._kept or ({}, {})
        record = {
            "scoring": self._name(),
            "best": None if self.best is None else self.best.hex(),
            "waited": self._waited,
            "looked_at": self._looked_at,
            "counters": dict(counters),
        }
        return record, {name: tensor.cpu().contiguous().numpy() for name, tensor in tensors.items()}

    def store(self, record: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Take over what `stored` gave, when it was judged by the same metric."""
        if record["scoring"] != self._name() or record["best"] is None:
            return
        self.best = float.fromhex(record["best"])
        self._waited, self._looked_at = record["waited"], record["looked_at"]
        if arrays:
            self._kept = (
                {name: torch.from_numpy(array.copy()) for name, array in arrays.items()},
                dict(record["counters"]),
            )

    def _name(self) -> str:
        name, scorer = next(iter(self._scorers.items()))
        return repr(scorer)[:200] if isinstance(scorer, Metric) else name


# --- counted work ---------------------------------------------------------------------------------


def ticks_between(model: Model, scorers: dict[str, Any], n_rows: int, batch_size: int) -> int:
    """Return the ticks between two looks that take at most `SHARE` of the work of the steps between them."""
    of_generator, _ = _counted(model)
    rows = n_rows * (of_generator / _speed(model) + _CALL / sampling.CHUNK)
    width = math.prod(model.spec.shape)
    look = _LOOK + sum(
        rows + (scorer.work(n_rows, n_rows, width) if isinstance(scorer, Metric) else 10.0 * n_rows**2 * width)
        for scorer in scorers.values()
    )
    return max(math.ceil(look / (SHARE * _of_a_tick(model, batch_size))), 1)


def ticks_of_learning(model: Model, scorers: dict[str, Any], X: Any, y: Any, batch_size: int) -> int:
    """Return the ticks that pay for what is learned once from the held-out rows, before the first look."""
    labelled, learned = y is not None and model.spec.label_dim > 0, 0.0
    for scorer in scorers.values():
        if isinstance(scorer, Metric) and not scorer.takes_tables:
            features = resolution.metric(scorer, model.spec, labelled).get_params(deep=False).get("features")
            learned += features.work(len(X), model.spec.shape) if isinstance(features, Features) else 0.0
    return math.ceil(learned / (SHARE * _of_a_tick(model, batch_size)))


def _of_a_tick(model: Model, batch_size: int) -> float:
    """Return the multiplications, on a CPU, that take the time of the steps of one tick."""
    from skgan.watch import TICK

    of_generator, of_discriminator = _counted(model)
    critic = model.parts.n_critic
    of_step = batch_size * (critic * (of_generator + 6 * of_discriminator) + 3 * of_generator + 3 * of_discriminator)
    return TICK * (of_step / _speed(model) + _STEP * (1 + critic) / 2)


def _speed(model: Model) -> float:
    """Return how much faster networks are than metrics."""
    return _GPU if model.device.startswith("cuda") else 1.0


def _counted(model: Model) -> tuple[float, float]:
    """Return the multiplications of one sample in the generator and in the discriminator, which see whole chunks."""
    spec, state = model.spec, model.state
    y = torch.zeros(1, *spec.label_shape)
    of_chunks = (
        multiplications(state.average.module, _generated, torch.zeros(1, spec.latent_dim), y),
        multiplications(state.discriminator.module, sampling.logits, torch.zeros(1, *spec.shape), y),
    )
    return of_chunks[0] / sampling.CHUNK, of_chunks[1] / sampling.CHUNK


def _generated(generator: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    return sampling.generate(generator, z, y, generator, sampling.CHUNK)
