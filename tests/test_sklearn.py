"""scikit-learn's own suite, whole, and GANEstimator inside its pipelines and searches."""

import functools
import importlib.util

import numpy as np
import pytest
import sklearn
import torch
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from sklearn.utils.fixes import parse_version
from sklearn.utils.validation import check_is_fitted

from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.exceptions import InvalidParameterError
from skgan.losses.wgan_gp import WGANGP
from skgan.regularizers.r1 import R1
from skgan.regularizers.spectral_norm import SpectralNorm

TINY = {"architecture": MLP(width=16, depth=2), "max_iter": 5}
CONFIGURATIONS = [
    GANEstimator(max_iter=5),
    GANEstimator(**TINY, loss="wgan-gp"),
    GANEstimator(**TINY, conditioning=None),
    GANEstimator(**TINY, loss="minimax", prior="sphere", ema_decay=None),
    GANEstimator(**TINY, preprocessor=MinMaxScaler()),
    GANEstimator(**TINY, loss="nonsaturating", regularizers=["spectral-norm", "r1"]),
    GANEstimator(**TINY, conditioning="concat", optimizer="rmsprop"),
]
# What scikit-learn asks of its own estimators only.
PRIVATE_PREFIXES = ("check_set_output_", "check_global_", "check_transformer_get_feature_names_out")
PRIVATE = [
    "check_dataframe_column_names_consistency",
    "check_get_feature_names_out_error",
    "check_inplace_ensure_writeable",
    *(name for name in vars(estimator_checks) if name.startswith(PRIVATE_PREFIXES)),
]
PRIVATE = [
    name
    for name in PRIVATE
    if hasattr(estimator_checks, name) and ("polars" not in name or importlib.util.find_spec("polars"))
]
CV = KFold(2, shuffle=True, random_state=0)

X, y = load_iris(return_X_y=True)
X, y = X[::3], y[::3]


def name_of(check):
    return check.func.__name__


def tiny(**parameters):
    return GANEstimator(**TINY | {"random_state": 0, "batch_size": 16} | parameters)


@pytest.mark.goal("G1")
@pytest.mark.moves_global_state  # some checks seed NumPy's generator
@parametrize_with_checks(CONFIGURATIONS)
def test_scikit_learn_suite(estimator, check):
    check(estimator)


@pytest.mark.goal("G1")
@pytest.mark.slow
@pytest.mark.moves_global_state
@parametrize_with_checks([GANEstimator()])
def test_scikit_learn_suite_with_defaults(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", CONFIGURATIONS, ids=repr)
def test_whole_suite_is_collected(estimator):
    names = [name_of(check) for _, check in estimator_checks_generator(estimator)]
    if parse_version(sklearn.__version__) >= parse_version("1.9"):
        assert len(names) >= 47
    assert set(names) >= {"check_pipeline_consistency", "check_fit_idempotent", "check_methods_subset_invariance"}


@pytest.mark.parametrize("estimator", CONFIGURATIONS, ids=repr)
def test_no_tag_takes_checks_away(estimator):
    tags = get_tags(estimator)
    assert not tags._skip_test
    assert not tags.non_deterministic
    assert not tags.no_validation
    assert tags.input_tags.two_d_array


def test_private_checks_are_found():
    assert len(PRIVATE) >= 7


@pytest.mark.moves_global_state
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")  # they mix frames and arrays
@pytest.mark.parametrize("name", PRIVATE)
@pytest.mark.parametrize("estimator", [CONFIGURATIONS[1], CONFIGURATIONS[4]], ids=["wgan-gp", "preprocessor"])
def test_private_check(name, estimator):
    getattr(estimator_checks, name)("GANEstimator", clone(estimator))


# --- searches -------------------------------------------------------------------------------------

search = functools.partial(GridSearchCV, cv=CV, error_score="raise")
GRIDS = {
    "loss": ({}, {"loss": ["rpgan", "wgan-gp", "nonsaturating"]}),
    "a parameter of a loss by name": ({"loss": "wgan-gp"}, {"loss__gp_weight": [0.0, 1000.0]}),
    "a parameter of a loss as an object": ({"loss": WGANGP()}, {"loss__gp_weight": [0.0, 1000.0]}),
    "max_iter": ({}, {"max_iter": [1, 20]}),
    "a parameter of one regularizer of two": (
        {"regularizers": ["r1", "r2"], "learning_rate": 0.01},
        {"regularizers__r1__weight": [0.0, 1000.0]},
    ),
    "a parameter of the preprocessor": ({"preprocessor": PCA()}, {"preprocessor__n_components": [1, 3]}),
    "several grids": (
        {"max_iter": 20},
        [{"loss": ["wgan-gp"], "loss__gp_weight": [0.0, 1000.0]}, {"loss": ["rpgan"], "n_critic": [1, 2]}],
    ),
}


@pytest.mark.parametrize(("parameters", "grid"), GRIDS.values(), ids=GRIDS)
def test_grid_search_tries_what_the_grid_says(parameters, grid):
    found = search(tiny(**parameters), grid).fit(X, y)
    scores = found.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert len(set(scores)) == len(scores), "candidates that score alike were not trained differently"


def test_grid_search_in_two_processes_scores_as_in_one():
    grid = {"loss": ["rpgan", "wgan-gp"]}
    scores = [search(tiny(), grid, n_jobs=n_jobs).fit(X, y).cv_results_["mean_test_score"] for n_jobs in (None, 2)]
    np.testing.assert_array_equal(*scores)


def test_grid_search_refits_the_best():
    found = search(tiny(loss="wgan-gp"), {"loss__gp_weight": [0.5, 20.0]}).fit(X, y)
    assert found.best_estimator_.loss_.gp_weight == found.best_params_["loss__gp_weight"]
    assert found.best_estimator_.sample(3).shape == (3, 4)
    assert found.estimator.loss == "wgan-gp"


def test_halving_search_spends_generator_updates():
    grid = {"loss": ["rpgan", "minimax", "wgan-gp"]}
    found = HalvingGridSearchCV(
        tiny(), grid, resource="max_iter", min_resources=2, max_resources=6, cv=CV, error_score="raise"
    ).fit(X, y)
    assert found.n_resources_ == [2, 6]
    assert found.best_estimator_.n_iter_ == 6


# --- pipelines ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["transform", "decision_function"])
def test_last_in_a_pipeline(method):
    scaled = StandardScaler().fit_transform(X)
    pipeline = make_pipeline(StandardScaler(), tiny()).fit(X, y)
    np.testing.assert_array_equal(getattr(pipeline, method)(X), getattr(tiny().fit(scaled, y), method)(scaled))


def test_score_of_a_pipeline():
    scaled = StandardScaler().fit_transform(X)
    assert make_pipeline(StandardScaler(), tiny()).fit(X, y).score(X, y) == tiny().fit(scaled, y).score(scaled, y)


def test_amid_a_pipeline():
    features = tiny().fit(X, y).transform(X)
    expected = GaussianNB().fit(features, y).predict_proba(features)
    found = make_pipeline(tiny(), GaussianNB()).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "combine",
    [
        lambda gan: ColumnTransformer([("gan", gan, ["c", "a"]), ("rest", "passthrough", ["b"])]),
        lambda gan: FeatureUnion([("gan", gan), ("rest", "passthrough")]),
    ],
    ids=["ColumnTransformer", "FeatureUnion"],
)
def test_beside_other_columns_in_pandas(combine):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    combined = combine(tiny()).set_output(transform="pandas")
    out = combined.fit_transform(frame)
    names = [f"gan__ganestimator{i}" for i in range(16)]
    seen = frame[["c", "a"]] if isinstance(combined, ColumnTransformer) else frame
    assert list(out.columns[:16]) == names
    np.testing.assert_array_equal(out[names], tiny().fit(seen).transform(seen))
    np.testing.assert_array_equal(out["rest__b"], frame["b"])


# --- parameters -----------------------------------------------------------------------------------


def test_clone_of_a_fitted_one_is_unfitted_and_equal():
    fitted = tiny(regularizers=[R1(weight=3.0), "r2"], preprocessor=MinMaxScaler()).fit(X, y)
    twin = clone(fitted)
    with pytest.raises(NotFittedError):
        check_is_fitted(twin)
    check_is_fitted(fitted)
    assert repr(twin.get_params()) == repr(fitted.get_params())
    np.testing.assert_array_equal(twin.fit(X, y).sample(5, random_state=1), fitted.sample(5, random_state=1))


PARAMETERS = {
    "defaults": {},
    "names": {"loss": "wgan-gp", "regularizers": ["r1", "spectral-norm"], "scoring": "coverage"},
    "objects": {"loss": WGANGP(gp_weight=2.0), "regularizers": [R1(weight=3.0), SpectralNorm()]},
    "both": {"regularizers": (R1(weight=3.0), "r2"), "preprocessor": MinMaxScaler(), "optimizer": "rmsprop"},
}


@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
def test_setting_the_parameters_it_has_changes_nothing(parameters):
    gan = GANEstimator(**parameters)
    before = gan.get_params()
    gan.set_params(**before)
    after = gan.get_params()
    assert repr(after) == repr(before)
    assert all(type(after[name]) is type(before[name]) for name in before)


@pytest.mark.parametrize(
    "given", ["r1", R1(), ["r1", "spectral-norm"], [R1(), SpectralNorm()], ("spectral-norm", R1())], ids=repr
)
def test_nested_parameter_of_a_regularizer_counts(given):
    gan = tiny(regularizers=clone(given, safe=False)).set_params(regularizers__r1__weight=7.5).fit(X)
    assert [part.weight for part in gan.regularizers_ if isinstance(part, R1)] == [7.5]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("regularizers__r11__weight", "Did you mean 'r1'"),
        ("regularizers__r1__wieght", "Did you mean 'weight'"),
        ("optimizer__lr", "must be given one of its parameters"),
        ("augmentation__flip__p", "must name a part before"),
        ("los", "Invalid parameter 'los'"),
    ],
)
def test_nested_parameter_that_is_not_there_is_refused(name, says):
    with pytest.raises(ValueError, match=says):
        GANEstimator(regularizers=["r1", "r2"], optimizer="adam").set_params(**{name: 1.0})


def test_nested_parameter_out_of_its_range_is_refused_at_fit():
    gan = tiny(regularizers="r1").set_params(regularizers__r1__weight=-1.0)
    with pytest.raises(InvalidParameterError, match="The 'weight' parameter of R1 must be"):
        gan.fit(X)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "GANEstimator()"),
        ({"loss": "wgan-gp", "max_iter": 7}, "GANEstimator(loss='wgan-gp', max_iter=7)"),
        ({"loss": WGANGP(gp_weight=1.0)}, "GANEstimator(loss=WGANGP(gp_weight=1.0))"),
        ({"regularizers": [R1(weight=2.0), "r2"]}, "GANEstimator(regularizers=[R1(weight=2.0), 'r2'])"),
    ],
)
def test_repr_says_what_differs_from_the_defaults_and_evaluates(parameters, expected):
    gan = GANEstimator(**parameters)
    assert repr(gan) == expected
    assert repr(eval(repr(gan)).get_params()) == repr(gan.get_params())


def test_repr_in_a_notebook_names_the_parts():
    assert "WGANGP" in GANEstimator(loss=WGANGP())._repr_html_()


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_fit_where_gradients_are_off_trains_the_same(mode):
    expected = tiny().fit(X, y).sample(5, random_state=0)
    with mode():
        samples = tiny().fit(X, y).sample(5, random_state=0)
    np.testing.assert_array_equal(samples, expected)


def test_a_fit_without_labels_leaves_none_of_the_last_fit():
    gan = tiny().fit(X, y)
    assert list(gan.classes_) == [0, 1, 2]
    gan.fit(X)
    assert not hasattr(gan, "classes_")
    assert not hasattr(gan, "class_prior_")
