"""Seeds, intervals, scorers by name, search spaces; and scikit-learn's own searches over all of it."""

import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingRandomSearchCV, KFold, ParameterSampler, cross_validate

from skgan import GANEstimator, judging, metrics, model_selection, registry
from skgan.architectures.mlp import MLP
from skgan.estimator import CONSTRAINTS
from skgan.exceptions import IncomparableScoresError, InvalidParameterError
from skgan.interfaces import Score
from skgan.metrics.pair_distances import EnergyDistance
from skgan.model_selection import Interval, best_of, evaluate, get_scorer, interval, param_space
from skgan.nesting import ONE_PART
from skgan.optimizers.adam import Adam
from skgan.regularizers.r1 import R1
from skgan.regularizers.r1r2 import R1R2
from skgan.resolution import FAMILIES
from skgan.testing._parts import objects_of
from skgan.validation import check_table

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((90, 3)), np.arange(90) % 3


def tiny(loss="rpgan", **params):
    settings = {"architecture": MLP(8, 1), "latent_dim": 4, "batch_size": 8, "random_state": 0, "max_iter": 3}
    return GANEstimator(loss, **settings | params)


# --- searches of scikit-learn ---------------------------------------------------------------------


def test_a_grid_over_losses_and_architectures_in_two_processes():
    digits, y = load_digits(return_X_y=True)
    grid = {"loss": ["rpgan", "hinge", "wgan-gp"], "architecture": ["mlp", MLP(16, 1)]}
    gan = GANEstimator(max_iter=2, batch_size=16, latent_dim=8, random_state=0)
    cv = KFold(2, shuffle=True, random_state=0)
    search = GridSearchCV(gan, grid, cv=cv, n_jobs=2, error_score="raise").fit(digits[:200], y[:200])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(best.sample(4, random_state=0), search.best_estimator_.sample(4, random_state=0))
    assert search.best_score_ == search.cv_results_["mean_test_score"].max()


def test_a_halving_search_over_spaces_of_parts():
    spaces = param_space(GANEstimator("wgan-gp", optimizer="adam"))
    chosen = {name: spaces[name] for name in ("loss__gp_weight", "learning_rate", "batch_size")}
    search = HalvingRandomSearchCV(
        tiny("wgan-gp"), chosen, resource="max_iter", max_resources=4, min_resources=1, cv=2, random_state=0,
        error_score="raise",
    ).fit(X, Y)  # fmt: skip
    assert np.isfinite(search.best_score_)


def test_several_metrics_at_once():
    scoring = {name: get_scorer(name) for name in ("energy", "label-fidelity", "fid")}
    found = cross_validate(tiny(), X, Y, cv=2, scoring=scoring, error_score="raise")
    assert {f"test_{name}" for name in scoring} <= set(found)
    fitted = tiny().fit(X, Y)
    assert scoring["energy"](fitted, X, Y) == fitted.score(X, Y)
    assert pickle.loads(pickle.dumps(scoring["fid"]))(fitted, X, Y) == scoring["fid"](fitted, X, Y)


@pytest.mark.parametrize("scoring", ["coverage", EnergyDistance(), lambda gan, X, y: 7.0, ["coverage", "energy"]])
def test_score_follows_scoring(scoring):
    gan = tiny(scoring=scoring).fit(X, Y)
    first = next(iter(judging.scorers(scoring).values()))
    expected = first(gan, X, Y) if not hasattr(first, "greater_is_better") else judging.judge(gan, first, X, Y)
    assert gan.score(X, Y) == (expected if getattr(first, "greater_is_better", True) else -expected)
    assert type(gan.score(X, Y)) is float


@pytest.mark.parametrize(
    ("scoring", "words"),
    [
        ("enrgy", "Did you mean 'energy'"),
        (["energy", "energy"], "each once"),
        ([], "one metric or more"),
        (3, "'scoring'"),
    ],
)
def test_bad_scoring_is_refused(scoring, words):
    with pytest.raises(InvalidParameterError, match=words):
        tiny(scoring=scoring).fit(X)


# --- intervals ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["energy", "coverage", "column-shapes", "fid"])
def test_the_interval_is_as_wide_as_fresh_draws_scatter(name):
    def sets(seed):
        rng = np.random.default_rng(seed)
        return rng.standard_normal((200, 2)), rng.standard_normal((200, 2)) + np.array([0.7, 0.0])

    part = registry.resolve("metric", name)()
    fresh = np.array([float(judging.compare(clone(part), *sets(seed))) for seed in range(60)])
    found = [interval(name, *sets(seed), n_resamples=40) for seed in range(6)]
    widths = [(each.high - each.low) / (2 * stats.norm.ppf(0.975)) for each in found]
    assert np.mean(widths) == pytest.approx(fresh.std(), rel=0.5)


def test_an_interval_is_around_the_score_of_all_rows():
    found = interval("energy", X, X[::-1] + 1, n_resamples=10)
    assert found.score == metrics.energy(X, X[::-1] + 1)
    assert found.low < found.score < found.high
    assert found == interval("energy", X, X[::-1] + 1, n_resamples=10)
    assert (
        found.high - found.low
        < (wide := interval("energy", X, X[::-1] + 1, n_resamples=10, level=0.999)).high - wide.low
    )


@pytest.mark.parametrize("name", ["precision", "copies", "label-fidelity", "fid-mean"])
def test_no_interval_passes_the_ends_of_its_metric(name):
    part = registry.resolve("metric", name)
    X, Z = RNG.standard_normal((2, 40, 3))
    found = interval(name, X, Z + (9 if name == "precision" else 0), Y[:40], Y[:40], n_resamples=5)
    assert part.bounds[0] <= found.low <= found.score <= found.high <= part.bounds[1]


def test_intervals_are_apart_when_they_share_no_number():
    one, two, other = (Score(0.5, protocol={"metric": name}) for name in "aab")
    assert Interval(one, 0.4, 0.6).apart_from(Interval(two, 0.7, 0.8))
    assert not Interval(one, 0.4, 0.6).apart_from(Interval(two, 0.6, 0.8))
    with pytest.raises(IncomparableScoresError, match="metric: 'a' and 'b'"):
        Interval(one, 0.4, 0.6).apart_from(Interval(other, 0.7, 0.8))


def test_evaluate_gives_scores_with_their_protocol():
    gan = tiny(scoring=["energy", "coverage"]).fit(X, Y)
    found = evaluate(gan, X, Y)
    assert list(found) == ["energy", "coverage"]
    assert found["coverage"].protocol["n_real"] == 90
    assert evaluate(gan, X, Y)["energy"] <= found["energy"]
    with pytest.raises(IncomparableScoresError, match="n_real: 80 and 90"):
        _ = evaluate(gan, X[:80], Y[:80])["energy"] < found["energy"]


# --- several seeds --------------------------------------------------------------------------------


def test_the_best_of_some_seeds_is_kept():
    best = best_of(tiny(), 3, random_state=0).fit(X, Y)
    assert best.scores_.shape == best.seeds_.shape == (3,)
    place = int(best.scores_.argmax())
    held = model_selection.hold_out(X, Y, 0.1, int(best.seeds_[0]))
    alone = tiny(random_state=int(best.seeds_[place])).fit(held.X, held.y)
    np.testing.assert_array_equal(best.sample(5, random_state=0), alone.sample(5, random_state=0))
    assert best.scores_[place] == alone.score(held.X_held_out, held.y_held_out)
    assert best.score(X, Y) == alone.score(X, Y)
    assert best.transform(X).shape == (90, 8)
    assert best.decision_function(X, Y).shape == (90,)


def test_the_best_of_is_an_estimator():
    best = best_of(tiny(), 2, scoring="coverage", random_state=0)
    with pytest.raises(NotFittedError):
        best.sample(3)
    twin = clone(best).set_params(estimator__max_iter=2).fit(X)
    assert twin.best_estimator_.n_iter_ == 2
    assert not hasattr(best, "predict")
    with pytest.raises(InvalidParameterError, match="'n' parameter of BestOf"):
        best_of(tiny(), 0).fit(X)


# --- spaces ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in FAMILIES if kind != "callback"])
def test_every_space_of_every_part_holds_allowed_values(kind):
    for part_class in {registry.resolve(kind, name) for name in registry.names(kind)}:
        for part in objects_of(part_class):
            for name, space in part.param_space().items():
                values = space if isinstance(space, list) else space.rvs(20, random_state=0).tolist()
                for value in values:
                    clone(part).set_params(**{name: value}).validate()
                assert len({repr(value) for value in values}) > 1


SEARCHED = {**ONE_PART, "regularizers": "regularizer", "augmentation": "augmentation"}


@pytest.mark.parametrize("parameter", [name for name in SEARCHED if name != "scoring"])
def test_a_random_search_over_the_shipped_space_draws_allowed_values_only(parameter):
    kind = SEARCHED[parameter]
    for part_class in {registry.resolve(kind, name) for name in registry.names(kind)}:
        for part in objects_of(part_class):
            several = parameter not in ONE_PART
            gan = GANEstimator(**{parameter: [part] if several else part})
            space = param_space(gan)
            own = {name for name in space if name.startswith(f"{parameter}__")}
            assert len(own) == len(part.param_space())
            for drawn in ParameterSampler(space, 10, random_state=0):
                tried = clone(gan).set_params(**drawn)
                now = getattr(tried, parameter)
                now = now[0] if several else now
                now.validate()
                for name in own:
                    assert now.get_params()[name.rpartition("__")[2]] == drawn[name]
                check_table("GANEstimator", tried.get_params(deep=False), CONSTRAINTS, {})
                assert set(drawn) >= {"batch_size", "ema_decay", "latent_dim", "learning_rate", "n_critic"}


@pytest.mark.parametrize(
    ("part", "name", "ends"),
    [(R1(), "weight", (0.01, 100.0)), (R1(7.0), "weight", (0.01, 100.0)), (R1R2(), "weight", (0.005, 150.0))],
)
def test_what_papers_tried_is_searched_on_a_logarithmic_scale(part, name, ends):
    space = part.param_space()[name]
    assert space.support() == pytest.approx(ends)
    assert space.cdf((ends[0] * ends[1]) ** 0.5) == pytest.approx(0.5)
    assert (0.0, 0.99) in Adam().param_space()["betas"]


def test_a_space_surrounds_the_present_value():
    space = param_space(GANEstimator("wgan-gp").set_params(loss__gp_weight=3.0))["loss__gp_weight"]
    assert space.cdf(3.0) == pytest.approx(0.5)
