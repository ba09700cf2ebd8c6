"""Parts inside `GANEstimator`: it trains, resumes, saves, searches, and passes scikit-learn's checks."""

from __future__ import annotations

import contextlib
import copy
import pickle
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator

from skgan import nesting, registry
from skgan.compatibility import why_not, why_not_data
from skgan.estimator import GANEstimator
from skgan.exceptions import IncompatibleComponentError, TrainingWarning
from skgan.interfaces import Architecture, Callback, Component, Conditioning, DataSpec, Features, Loss, Metric, Sampler
from skgan.latents import Codes
from skgan.registry import name_of, normalised
from skgan.testing._common import expect
from skgan.testing._parts import SPECS, kind_of, other_values, registered, small
from skgan.testing.term_checks import global_seed

ROWS = 48
PARAMETER = {kind: name for name, kind in (nesting.ONE_PART | nesting.SEVERAL_PARTS).items()} | {"features": "scoring"}


class Data:
    """A few rows and labels, and the `DataSpec` that they lead to."""

    def __init__(self, name: str, X: np.ndarray, y: np.ndarray | None = None, **params: Any):
        self.name = name
        self.X = X
        self.y = y
        self.params = params
        self.spec: DataSpec = SPECS[name]

    def asked(self, n: int) -> np.ndarray | None:
        """Return labels for n samples where some must be given."""
        return self.y[:n] if self.y is not None and self.spec.label_kind == "image" else None


def data() -> list[Data]:
    """Return data of every kind, without and with labels."""
    rng = np.random.default_rng(0)
    rows, y = rng.standard_normal((ROWS, 4)), np.arange(ROWS) % 3
    images = rng.integers(0, 256, (ROWS, 8, 8)).astype(np.uint8)
    signals, volumes = rng.standard_normal((ROWS, 2, 9)), rng.standard_normal((ROWS, 1, 4, 5, 4))
    return [
        Data("vectors", rows),
        Data("labelled vectors", rows, y),
        Data("grey images", images),
        Data("labelled images", images, y),
        Data("images of images", images, images[:, None].repeat(2, 1)),
        Data("signals", signals, layout="ncl"),
        Data("volumes", volumes, layout="ncdhw"),
        Data("tables", _table(rng), columns={2: "discrete", 3: "discrete"}, conditioning="condition-vector"),
    ]


def _table(rng: np.random.Generator) -> np.ndarray:
    """Return rows of a number, a number that is often 0, and two categories."""
    numbers = np.stack([rng.standard_normal(ROWS), rng.random(ROWS) * (np.arange(ROWS) % 3)], 1)
    return np.column_stack([numbers, np.arange(ROWS) % 2, np.arange(ROWS) % 5 // 2])


def estimator_with(part: Component, spec: DataSpec, **params: Any) -> GANEstimator:
    """Return a tiny estimator that uses `part`, and other parts that go with it.

    Raises
    ------
    IncompatibleComponentError
        When no built-in part goes with it.
    """
    kind = kind_of(part)
    chosen: dict[str, Any] = {"max_iter": 5, "batch_size": 8, "latent_dim": 6, "random_state": 0, "device": "cpu"}
    chosen["optimizer"] = small("optimizer", "adam")
    loss = part if isinstance(part, Loss) else _loss_for(part)
    architecture = part if isinstance(part, Architecture) else _architecture_for(loss, part, spec)
    if loss is None or architecture is None:
        raise IncompatibleComponentError("no built-in loss or architecture goes with it")
    held = registry.resolve("metric", "fid")(features=part) if isinstance(part, Features) else part
    chosen |= {"loss": loss, "architecture": architecture, PARAMETER[kind]: held}
    if spec.categorical_codes or part.tags().reads_codes:
        chosen["prior"] = Codes((3,), 1)
    if not isinstance(part, Loss):
        chosen["n_critic"] = 1
        chosen.setdefault("regularizers", None)
    return GANEstimator(**chosen | params)


def _loss_for(part: Component) -> Any:
    return small("loss", "nonsaturating", of=part)


def _architecture_for(loss: Any, part: Component, spec: DataSpec) -> Any:
    for name in ("mlp", *_named(loss, spec)):
        architecture = small("architecture", name, of=part, spec=spec)
        if architecture is not None and loss is not None and not why_not(loss, architecture):
            return architecture
    return small("architecture", "unet", of=part, spec=spec) if spec.label_kind == "image" else None


def _named(loss: Any, spec: DataSpec) -> list[str]:
    named = loss.defaults(spec).get("architecture") if loss is not None else None
    return [named[0] if isinstance(named, tuple) else named] if named else ["autoencoder-d"]


def settings(part: Component, most: int | None = None, **params: Any) -> Iterator[tuple[Data, GANEstimator]]:
    """Yield data and an estimator for each kind of data that the part goes with; skip when there is none."""
    found = 0
    for each in data():
        unlabelled = isinstance(part, Conditioning) and each.y is None
        codes = part.tags().reads_codes
        refused = each.name != "vectors" if codes else bool(why_not_data(part, each.spec))
        refused = refused or (each.name == "tables") != part.tags().tables
        refused = refused or (isinstance(part, Callback) and each.spec.kind not in ("vector", "image"))
        if refused or unlabelled or found == most:
            continue
        try:
            gan = estimator_with(part, each.spec, **each.params | params)
        except IncompatibleComponentError:
            continue
        found += 1
        yield each, gan
    if not found:
        raise SkipTest("no other built-in part goes with it and with data that the estimator takes")


@contextlib.contextmanager
def _elsewhere() -> Iterator[Path]:
    """Work in a new folder, with warnings of parts as errors and those of few samples ignored."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), warnings.catch_warnings():
        warnings.simplefilter("error", TrainingWarning)
        warnings.filterwarnings("ignore", message=".*accepted.*of its drafts", category=TrainingWarning)
        yield Path(folder)


def check_five_steps_are_finite(part: Component) -> None:
    """Five steps on vectors, images, signals and volumes, with labels and without, give finite samples."""
    with registered(part), _elsewhere():
        for each, gan in settings(part):
            samples = gan.fit(each.X, each.y).sample(3, y=each.asked(3))
            expect(
                samples.shape == (3, *each.X.shape[1:]), f"samples of {each.name} must not have shape {samples.shape}"
            )
            expect(np.isfinite(samples.astype(float)).all(), f"samples must be finite after five steps on {each.name}")
            if isinstance(part, Metric | Features):
                expect(np.isfinite(gan.score(each.X, each.y)), f"the score must be finite on {each.name}")


def check_resumed_training_equals_uninterrupted(part: Component) -> None:
    """Four steps equal two, `save`, `load` and two more, bit for bit."""
    if isinstance(part, Metric | Features | Sampler | Callback):
        raise SkipTest("it takes no part in training")
    with registered(part), _elsewhere() as folder:
        for each, gan in settings(part, 2, warm_start=True, max_iter=2):
            expected = copy.deepcopy(gan).set_params(max_iter=4).fit(each.X, each.y)
            gan.fit(each.X, each.y).save(folder / each.name)
            again = GANEstimator.load(folder / each.name).set_params(max_iter=2).fit(each.X, each.y)
            _same_state(again, expected, "training that was saved and loaded in between")


def _same_state(gan: GANEstimator, expected: GANEstimator, what: str) -> None:
    tensors, wanted = (each._model_.stored() for each in (gan, expected))
    expect(tensors[1] == wanted[1], f"{what} must have the counters {wanted[1]}; got {tensors[1]}")
    expect(tensors[0].keys() == wanted[0].keys(), f"{what} must keep the same tensors")
    other = [name for name, array in wanted[0].items() if not np.array_equal(tensors[0][name], array, equal_nan=True)]
    expect(not other, f"{what} must give the same numbers, bit for bit; other are {other[:3]}")


def check_saved_model_draws_the_same(part: Component) -> None:
    """What `save` and `load`, and a pickle, bring back draws the same samples."""
    with registered(part), _elsewhere() as folder:
        for each, gan in settings(part, 1, max_iter=2):
            drawn: dict[str, Any] = {"n_samples": 5, "y": each.asked(5), "random_state": 0}
            expected = gan.fit(each.X, each.y).sample(**drawn)
            gan.save(folder / each.name)
            for way, twin in (
                ("save", GANEstimator.load(folder / each.name)),
                ("pickle", pickle.loads(pickle.dumps(gan))),
            ):
                same = np.array_equal(twin.sample(**drawn), expected)
                expect(same, f"samples after {way} must be the same, bit for bit")


def check_grid_search_over_a_parameter(part: Component) -> None:
    """`GridSearchCV` searches over one of its parameters, by the nested name."""
    names = [name for name in part.get_params(deep=False) if other_values(part, name)]
    if not names or isinstance(part, Callback):
        raise SkipTest("it has no parameters to search over")
    kind = kind_of(part)
    nested = PARAMETER[kind]
    path = f"{nested}__{normalised(name_of(kind, part))}" if nested in nesting.SEVERAL_PARTS else nested
    path = f"{path}__features" if kind == "features" else path
    with registered(part), _elsewhere():
        for each, gan in settings(part, 1, max_iter=1):
            values = [getattr(part, names[0]), other_values(part, names[0])[0]]
            grid = {f"{path}__{names[0]}": values}
            search = GridSearchCV(gan, grid, cv=2, error_score="raise").fit(each.X, each.y)
            expect(np.isfinite(search.best_score_), f"a search over {list(grid)} must find a finite score")


def check_training_is_not_changed(part: Callback) -> None:
    """Its methods are called in order, raise nothing, and training with it gives the numbers of training without."""
    calls: list[str] = []

    def noted(name: str) -> Any:
        def method(self: Any, *args: Any) -> Any:
            calls.append(name)
            return getattr(super(spy, self), name)(*args)

        return method

    names = ("on_fit_begin", "on_tick", "on_fit_end")
    methods = {"__init__": type(part).__init__, **{name: noted(name) for name in names}}
    spy = type(type(part).__name__, (type(part),), methods)
    images = next(each for each in data() if each.name == "grey images")
    with _elsewhere():
        gan = estimator_with(small("loss", "nonsaturating"), images.spec, max_iter=3)
        expected = copy.deepcopy(gan).fit(images.X)
        watched = copy.deepcopy(gan).set_params(callbacks=[spy(**part.get_params(deep=False))]).fit(images.X)
    expect(calls == list(names), f"a fit of three steps must call {list(names)}, in this order; it calls {calls}")
    _same_state(watched, expected, "training with the callback")


def check_estimator_passes_with_it(part: Component) -> None:
    """scikit-learn's ``check_estimator`` passes as a whole with the part plugged in."""
    with registered(part), _elsewhere():
        for each, gan in settings(part, 1, max_iter=2):
            if each.spec.kind != "vector" or each.spec.label_kind not in ("none", "classes"):
                raise SkipTest("check_estimator gives tables only")
            with warnings.catch_warnings(), global_seed(0):
                warnings.simplefilter("ignore")
                check_estimator(gan)
