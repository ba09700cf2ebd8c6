"""Judging on held-out rows while training: which rows, when, what it changes (nothing), and what it goes back to."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.model_selection import GridSearchCV, KFold

from skgan import GANEstimator, early_stopping, judging, watch
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.architectures.tabular import Tabular
from skgan.callbacks import Evaluation
from skgan.early_stopping import Judge, hold_out
from skgan.exceptions import IncompatibleComponentError, InvalidParameterError
from skgan.features.own_autoencoder import OwnAutoencoder
from skgan.features.own_classifier import OwnClassifier
from skgan.interfaces import Callback, Metric, Score
from skgan.metrics.frechet import FID

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((120, 3)), np.arange(120) % 3
TICK = 4


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch):
    """Make ticks short, and look at each."""
    monkeypatch.setattr(watch, "TICK", TICK)
    monkeypatch.setattr(early_stopping, "SHARE", 1e9)


def tiny(**params):
    settings = {"architecture": MLP(8, 1), "latent_dim": 4, "batch_size": 8, "random_state": 0, "max_iter": 24}
    return GANEstimator(**settings | {"early_stopping": True} | params)


class Planned(Metric):
    """Scores by plan: the first evaluation gets the first number."""

    plan: tuple = ()
    seen: list = []

    def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
        self.seen.append(X_fake.copy())
        return Score(self.plan[len(self.seen) - 1], protocol={"metric": "planned"})


@pytest.fixture
def planned():
    def make(*scores):
        return type("Planned", (Planned,), {"plan": scores, "seen": [], "__module__": __name__})

    return make


def arrays(gan):
    return {name: array.tobytes() for name, array in gan._model_.stored()[0].items()}


def parts_of_a_fit():
    """Return what `tiny` trains on and what it holds out."""
    return hold_out(X, Y, 0.1, tiny()._seed_asked_for())


# --- which rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
@pytest.mark.parametrize(
    "container",
    [np.asarray, pd.DataFrame, torch.from_numpy, lambda X: X.tolist()],
    ids=["array", "frame", "tensor", "list"],
)
def test_rows_are_trained_on_or_held_out(container, fraction):
    held = hold_out(container(X), Y, fraction, 0)
    parts = [np.asarray(part) for part in (held.X, held.X_held_out)]
    assert len(parts[1]) == pytest.approx(fraction * len(X), abs=3)
    together = np.concatenate(parts)
    np.testing.assert_array_equal(together[np.lexsort(together.T)], X[np.lexsort(X.T)])
    for rows, labels in zip(parts, (held.y, held.y_held_out), strict=True):
        for row, label in zip(rows, labels, strict=True):
            assert Y[(row == X).all(axis=1)] == label


def test_every_class_has_its_share_and_stays_in_training():
    y = np.array(["rare"] + ["few"] * 10 + ["many"] * 109)
    held = hold_out(X, y, 0.2, 0)
    counts = dict(zip(*np.unique(held.y_held_out, return_counts=True), strict=True))
    assert counts == {"few": 2, "many": 22}
    assert set(held.y) == {"rare", "few", "many"}


def test_rows_without_a_label_are_trained_on():
    y = np.where(np.arange(120) < 60, np.nan, Y)
    assert not np.isnan(hold_out(X, y, 0.2, 0).y_held_out).any()


def test_the_choice_follows_from_seed_and_number():
    first, again, other = (hold_out(X, Y, 0.2, seed).X_held_out for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_at_most_a_thousand_rows_are_held_out():
    many = np.zeros((30_000, 1))
    assert len(hold_out(many, None, 0.5, 0).X_held_out) == 1000


def test_too_few_rows_are_refused():
    with pytest.raises(InvalidParameterError, match=r"'validation_fraction'.*5 rows or more.*0\.1 of 20"):
        tiny().fit(X[:20])


# --- nothing changes ------------------------------------------------------------------------------


@pytest.mark.parametrize("scoring", ["auto", ["energy", "coverage", "fid"]])
@pytest.mark.parametrize(
    "params", [{}, {"loss": "nonsaturating", "regularizers": ["sn"]}, {"on_divergence": "rollback"}]
)
def test_training_is_the_same_to_the_bit(params, scoring):
    held = parts_of_a_fit()
    alone = tiny(early_stopping=False, **params).fit(held.X, held.y)
    judged = tiny(scoring=scoring, n_iter_no_change=10**6, **params)
    judged._judge = lambda model, X, y, *, stops, run: Judge(judged, model, X, y, stops=False)
    judged.fit(X, Y)
    assert arrays(judged) == arrays(alone)
    assert len(judged.history_["validation/score"]) == 24 / TICK


def test_held_out_rows_are_not_looked_at_in_training():
    held = parts_of_a_fit()
    others = X.copy()
    for row in held.X_held_out:
        others[(row == X).all(axis=1)] = 1e6
    first, second = (tiny(n_iter_no_change=10**6, scoring=lambda gan, X, y: 0.0).fit(rows, Y) for rows in (X, others))
    assert arrays(first) == arrays(second)


# --- stopping and going back ----------------------------------------------------------------------


def test_restored_weights_are_those_of_the_best_evaluation(planned):
    part = planned(0.1, 0.5, 0.9, 0.4, 0.3, 0.2)
    gan = tiny(scoring=part()).fit(X, Y)
    held = parts_of_a_fit()
    alone = tiny(early_stopping=False, max_iter=3 * TICK).fit(held.X, held.y)
    assert arrays(gan) == arrays(alone)
    assert (gan.n_iter_, gan.best_validation_score_) == (3 * TICK, 0.9)
    assert gan.history_.best()["step"] == 3 * TICK
    assert gan.history_.last()["step"] == 24
    np.testing.assert_array_equal(gan.history_["validation/score"], part.plan)


def test_the_best_is_a_copy_that_training_does_not_reach(planned):
    part = planned(0.9, *[0.1] * 5)
    gan = tiny(scoring=part(), n_iter_no_change=6).fit(X, Y)
    twin = judging.judge(gan, lambda estimator, X, y: estimator.sample(5, random_state=3), X, Y)
    held = parts_of_a_fit()
    alone = tiny(early_stopping=False, max_iter=TICK).fit(held.X, held.y)
    np.testing.assert_array_equal(twin, alone.sample(5, random_state=3))


def mixed(n=160):
    """Return a table of numbers with gaps and spikes, text, flags and dates."""
    rng = np.random.default_rng(5)
    gaps, spikes = rng.random((2, n)) < 0.3
    return pd.DataFrame(
        {
            "pay": np.where(gaps, np.nan, np.where(spikes, 0.0, rng.gamma(2, 50, n).round(1))),
            "city": rng.choice(["Rome", "Oslo", None], n),
            "old": rng.random(n) < 0.4,
            "born": pd.Timestamp("1990-01-01") + pd.to_timedelta(rng.integers(0, 999, n), unit="D"),
        }
    )


TABLE = {"architecture": Tabular(width=8, depth=1), "validation_fraction": 0.25}


@pytest.mark.parametrize("scoring", ["planned", "detection", "tstr", "column-shapes", "pair-trends", "dcr"])
def test_of_a_mixed_table_the_best_weights_come_back_to_the_bit(scoring, planned):
    frame = mixed()
    part = planned(0.1, 0.5, 0.9, 0.4, 0.3, 0.2)() if scoring == "planned" else scoring
    gan = tiny(scoring=part, **TABLE).fit(frame)
    best = gan.history_.best()["step"]
    assert gan.n_iter_ == best
    assert gan.history_.last()["step"] == 24
    scores = gan.history_["validation/score"]
    assert len(scores) == 6
    assert np.isfinite(scores).all()
    seed = tiny()._seed_asked_for()
    held = hold_out(frame, None, 0.25, seed)
    alone = tiny(early_stopping=False, max_iter=int(best), **TABLE | {"validation_fraction": 0.1}).fit(held.X)
    assert arrays(gan) == arrays(alone)
    pd.testing.assert_frame_equal(gan.sample(20, random_state=0), alone.sample(20, random_state=0))
    if scoring == "planned":
        assert best == 3 * TICK


@pytest.mark.parametrize(
    ("scores", "params", "stopped"),
    [
        ([0.5, 0.4, 0.3, 0.9, 0.9, 0.9], {"n_iter_no_change": 2}, 3),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], {"n_iter_no_change": 2}, 6),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], {"n_iter_no_change": 2, "tol": 0.15}, 3),
        ([0.1, 0.1, 0.1, 0.1, 0.1, 0.1], {"n_iter_no_change": 3}, 6),
    ],
)
def test_it_stops_when_the_score_has_not_risen_for_so_many_evaluations(scores, params, stopped, planned):
    gan = tiny(scoring=planned(*scores)(), **params).fit(X, Y)
    assert gan.history_["step"][-1] == stopped * TICK


def test_direction_of_the_metric_is_respected(planned):
    part = planned(0.5, 0.1, 0.9, 0.9, 0.9, 0.9)
    part.greater_is_better = False
    gan = tiny(scoring=part()).fit(X, Y)
    assert (gan.n_iter_, gan.best_validation_score_) == (2 * TICK, -0.1)


def test_a_training_that_goes_on_is_not_worse_than_where_it_began(planned):
    part = planned(0.9, *[0.1] * 5, 0.9, *[0.2] * 6)
    gan = tiny(scoring=part(), warm_start=True).fit(X, Y)
    before = arrays(gan)
    gan.fit(X, Y)
    assert gan.n_iter_ == TICK
    assert arrays(gan) == before


def test_whoever_trains_on_from_the_best_meets_other_random_numbers(planned):
    part = planned(0.9, *[0.1] * 5, *[0.2 + 0.1 * i for i in range(7)])
    gan = tiny(scoring=part(), warm_start=True).fit(X, Y)
    first, gone = part.seen[1], gan.set_params(max_iter=TICK).fit(X, Y)
    assert gone.n_iter_ == 2 * TICK
    assert not np.array_equal(part.seen[-1], first)


def test_partial_fit_is_judged_and_neither_ends_nor_goes_back(planned):
    gan = tiny(scoring=planned(*np.linspace(0.9, 0.1, 12))(), n_iter_no_change=1)
    gan.partial_fit(X, Y)
    assert gan.n_iter_ == math.ceil(108 / 8)
    assert len(gan.history_["validation/score"]) == 4
    gan.partial_fit(X, Y)
    assert gan.n_iter_ == 2 * math.ceil(108 / 8)


def test_several_metrics_and_a_function_are_recorded_and_the_first_decides():
    def closeness(gan, X, y):
        return -abs(gan.sample(len(X), random_state=0).mean() - X.mean())

    gan = tiny(scoring=["energy", closeness, "label-fidelity"], max_iter=8).fit(X, Y)
    history = gan.history_
    assert {"validation/energy", "validation/closeness", "validation/label-fidelity"} < set(history)
    np.testing.assert_array_equal(history["validation/score"], [-value for value in history["validation/energy"]])
    by_hand = tiny(scoring=closeness, max_iter=8).fit(X, Y)
    assert by_hand.score(X, Y) == closeness(by_hand, X, Y)


def test_a_metric_that_does_not_go_with_the_data_is_refused_and_nothing_is_left():
    gan = tiny(scoring="ms-ssim")
    with pytest.raises(IncompatibleComponentError, match="'ms-ssim' does not go with this data"):
        gan.fit(X, Y)
    assert not hasattr(gan, "history_")


# --- checkpoints, roll-back, saving ---------------------------------------------------------------


@pytest.mark.parametrize("cut", [2 * TICK, 3 * TICK + 1, 5 * TICK])
def test_cut_and_resumed_is_without_a_break(cut, tmp_path):
    settings = {"scoring": "sliced-wasserstein", "n_iter_no_change": 4, "max_iter": 40}
    whole = tiny(**settings).fit(X, Y)
    kept = {"checkpoint_dir": tmp_path, "checkpoint_every_ticks": 1, "resume": "auto"}
    tiny(**settings | {"max_iter": cut} | kept).fit(X, Y)
    resumed = tiny(**settings | kept).fit(X, Y)
    assert arrays(resumed) == arrays(whole)
    assert resumed.history_["validation/score"] == pytest.approx(whole.history_["validation/score"], nan_ok=True, abs=0)
    assert resumed.best_validation_score_ == whole.best_validation_score_
    again = tiny(**settings | kept).fit(X, Y)
    assert arrays(again) == arrays(whole)


def test_a_checkpoint_of_a_judged_fit_loads_and_a_saved_model_keeps_the_best(tmp_path, planned):
    gan = tiny(checkpoint_dir=tmp_path / "run", checkpoint_every_ticks=1).fit(X, Y)
    gan.save(tmp_path / "model")
    loaded = GANEstimator.load(tmp_path / "model")
    assert arrays(loaded) == arrays(gan)
    assert loaded.best_validation_score_ == gan.best_validation_score_
    newest = sorted((tmp_path / "run").glob("0*"))[-1]
    assert GANEstimator.load(newest).n_iter_ == 24


def test_it_works_in_a_grid_search():
    grid = {"tol": [0.0, 0.1], "loss": ["rpgan", "nonsaturating"]}
    search = GridSearchCV(tiny(max_iter=8), grid, cv=KFold(2, shuffle=True, random_state=0), error_score="raise")
    assert math.isfinite(search.fit(X, Y).best_score_)


# --- how often ------------------------------------------------------------------------------------


def test_the_interval_follows_from_counted_work_only(monkeypatch):
    monkeypatch.setattr(early_stopping, "SHARE", 0.025)
    gan = tiny(early_stopping=False, max_iter=1).fit(X, Y)

    def ticks(n_rows, batch_size=8, scoring="energy", model=gan._model_):
        return early_stopping.ticks_between(model, judging.scorers(scoring), n_rows, batch_size)

    assert ticks(100) == ticks(100)
    assert ticks(1000) > ticks(100)
    assert ticks(1000, batch_size=4096) < ticks(1000)
    assert ticks(1000, scoring=["energy", "detection"]) > ticks(1000)
    monkeypatch.setattr(gan._model_.parts, "n_critic", 50)
    assert ticks(1000) < ticks(1000, model=tiny(early_stopping=False, max_iter=1).fit(X, Y)._model_)


def test_what_is_learned_once_puts_off_the_first_look(monkeypatch):
    monkeypatch.setattr(early_stopping, "SHARE", 0.025)
    images = np.random.default_rng(0).integers(0, 256, (60, 8, 8), dtype=np.uint8)
    labels = np.arange(60) % 3
    gan = GANEstimator(architecture=DCGAN(4, 8), early_stopping=False, max_iter=1, random_state=0).fit(images, labels)

    def ticks(part, y=labels):
        return early_stopping.ticks_of_learning(gan._model_, judging.scorers(part), images[:40], y, 64)

    assert ticks("energy") == ticks(FID("raw")) == ticks(FID("random-convolutions")) == 0
    assert 0 < ticks(FID(OwnClassifier(steps=2000))) < ticks(FID(OwnClassifier(steps=20_000)))
    assert ticks("fid") == ticks(FID(OwnClassifier()))
    assert ticks("fid", None) == ticks(FID(OwnAutoencoder()))
    judge = Judge(gan.set_params(scoring=FID(OwnClassifier(steps=20_000))), gan._model_, images[:40], labels[:40])
    first = next(step for step in range(1, 10**6) if judge.due(step, 1))
    assert first >= judge.every_ticks + ticks(FID(OwnClassifier(steps=20_000)))
    assert first < 2 * judge.every_ticks + ticks(FID(OwnClassifier(steps=20_000)))


def test_learning_is_counted_as_it_is_written():
    # 1x8x8 -> 16x4x4 by 3x3 -> 4; three ways through it for each of 40 rows in each of 5 steps
    once = 16 * 9 * 16 + 256 * 4
    assert OwnClassifier(width=4, steps=5).work(40, (1, 8, 8)) == 3 * 5 * 40 * once
    assert OwnAutoencoder(width=4, steps=5).work(40, (1, 8, 8)) == 3 * 5 * 40 * (once + 4 * 16 + 16 * 64)


def test_layers_are_counted_as_they_are_written():
    gan = GANEstimator(architecture=MLP(16, 2), latent_dim=5, early_stopping=False, max_iter=1, random_state=0).fit(X)
    of_generator, of_discriminator = early_stopping._counted(gan._model_)
    assert of_generator == 5 * 16 + 16 * 16 + 16 * 3
    assert of_discriminator == sum(w.numel() for w in gan.discriminator_.parameters() if w.dim() == 2)


# --- a callback with rows of its own --------------------------------------------------------------


def test_a_callback_judges_the_rows_that_it_was_given():
    held = hold_out(X, Y, 0.2, 0)
    watching = Evaluation(held.X_held_out, held.y_held_out, scoring=["energy", "coverage"], every_ticks=2)
    alone, gan = (tiny(early_stopping=False, callbacks=each).fit(held.X, held.y) for each in (None, watching))
    assert arrays(gan) == arrays(alone)
    seen = np.isfinite(gan.history_["evaluation/energy"])
    assert seen.tolist() == [False, True] * 3
    last = judging.judge(gan, judging.scorers("energy")["energy"], held.X_held_out, held.y_held_out)
    assert gan.history_["evaluation/energy"][-1] == last


def test_a_callback_may_stop_the_fit(planned):
    watching = Evaluation(X, Y, scoring=planned(0.5, *[0.1] * 5)(), every_ticks=1, n_iter_no_change=2)
    assert tiny(early_stopping=False, callbacks=[watching]).fit(X, Y).n_iter_ == 3 * TICK


def test_callbacks_are_handed_the_judge():
    found = []

    class Asks(Callback):
        def on_fit_end(self, view):
            found.append(view.judge("energy", X))

    gan = tiny(early_stopping=False, callbacks=Asks()).fit(X, Y)
    assert -found[0]["energy"] == gan.score(X)
