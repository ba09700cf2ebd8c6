"""The conformance kit: GANEstimator and a stranger pass it, and each check notices the fault it is there for."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.testing import check_generative_estimator, generative_checks

CHECKS = {check.__name__: check for check in generative_checks()}
TINY = {"architecture": MLP(width=16, depth=2), "max_iter": 3}
CONFIGURATIONS = {
    "default loss": {},
    "no labels, preprocessor": {"conditioning": None, "preprocessor": MinMaxScaler()},
    "wgan-gp, concat, rmsprop": {"loss": "wgan-gp", "conditioning": "concat", "optimizer": "rmsprop"},
    "warm start, spectral norm": {"warm_start": True, "regularizers": ["spectral-norm", "r1"], "prior": "sphere"},
}


class NormalByClass(BaseEstimator):
    """A stranger to skgan: one normal distribution for each class."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y=None):
        rows = check_array(X, dtype=np.float64)
        check_consistent_length(rows, y)
        key = int(check_random_state(self.random_state).randint(2**31))
        if y is not None:
            self.classes_, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
            self.class_prior_ = counts / counts.sum()
        means = [rows.mean(axis=0)] if y is None else [rows[codes == c].mean(axis=0) for c in range(len(counts))]
        self.means_, self.spread_ = np.array(means), rows.std(axis=0)
        self.like_ = X[:1] if hasattr(X, "iloc") else np.asarray(X)[:1]
        self._key, self._draws = key, 0
        return self

    def sample(self, n_samples=None, y=None, *, random_state=None, return_y=False):
        check_is_fitted(self, "means_")
        labelled = hasattr(self, "classes_")
        if not labelled and (y is not None or return_y):
            raise ValueError("fitted without labels")
        n = n_samples if n_samples is not None else max(np.size(y), 1 if np.ndim(y) == 0 else 0)
        if not isinstance(n, int) or n < 1 or (np.ndim(y) == 1 and len(y) != n):
            raise ValueError("n_samples must be an int of at least 1, and the length of y")
        seed = self._draws if random_state is None else check_random_state(random_state).randint(2**31)
        key = (self._key, random_state is None, int(seed))
        self._draws += random_state is None
        drawn = np.random.default_rng((*key, 1)).choice(len(self.means_), n, p=getattr(self, "class_prior_", None))
        labels = self.classes_[drawn] if labelled and y is None else np.resize([0] if y is None else y, n)
        if labelled and not np.isin(labels, self.classes_).all():
            raise ValueError("unknown label")
        means = self.means_[np.searchsorted(self.classes_, labels) if labelled else np.zeros(n, int)]
        rows = means + self.spread_ * np.random.default_rng((*key, 2)).standard_normal(means.shape)
        if hasattr(self.like_, "iloc"):
            X = type(self.like_)(rows, columns=self.like_.columns).astype(self.like_.dtypes)
        else:
            X = rows.astype(self.like_.dtype)
        return (X, np.array(labels)) if return_y else X


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
@pytest.mark.parametrize("parameters", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_gan_passes(check, parameters):
    check(GANEstimator(**TINY | parameters))


def test_stranger_passes():
    records = check_generative_estimator(NormalByClass())
    assert [record["status"] for record in records] == ["passed"] * len(CHECKS)


def test_unlabelled_gan_that_swallows_labels_is_noticed():
    swallowing = twin(sample=lambda self, n_samples=None, y=None, **how: sample(self, n_samples, **how))
    with pytest.raises(AssertionError, match="it has no classes_ to sample by"):
        CHECKS["check_labels_matter"](swallowing.set_params(conditioning=None))


# --- one twin with one fault for each check -------------------------------------------------------

fit, sample = GANEstimator.fit, GANEstimator.sample


def twin(**methods):
    return type("Twin", (GANEstimator,), methods)(**TINY)


def sampling(fault):
    """Return a twin whose sample is ``fault(self, n_samples, y, **how)``."""
    return twin(sample=lambda self, n_samples=None, y=None, **how: fault(self, n_samples, y, **how))


def changing(fault):
    """Return a twin whose samples are ``fault(X)``."""

    def changed(self, n, y, return_y=False, **how):
        drawn = sample(self, n, y, return_y=return_y, **how)
        return (fault(drawn[0]), drawn[1]) if return_y else fault(drawn)

    return sampling(changed)


def not_fitted(self, n, y, **how):
    self._model_  # noqa: B018  an AttributeError before fit
    return sample(self, n, y, **how)


def moved_global_generator(self, n, y, random_state=None, **how):
    random_state = np.random.randint(1000) if random_state is None else random_state
    return sample(self, n, y, random_state=random_state, **how)


def seed_from_length(self, n, y, random_state=None, **how):
    return sample(self, n, y, random_state=random_state if random_state is None else n, **how)


def one_seed(self, n, y, random_state=None, **how):
    return sample(self, n, y, random_state=random_state or 0, **how)


def sorted_labels(self, n, y, return_y=False, **how):
    X, drawn = sample(self, n, y, return_y=True, **how)
    return (X, np.sort(drawn)) if return_y else X


def even_classes(self, n, y, **how):
    return sample(self, n, np.resize(self.classes_, n) if y is None else y, **how)


def first_class_for_unknown(self, n, y, **how):
    known = [label if label in self.classes_ else self.classes_[0] for label in np.resize(y, n or np.size(y))]
    return sample(self, n, known, **how)


def scalar_labels_only_once(self, n, y, **how):
    y = [y, *np.resize(self.classes_, n - 1)] if n and y is not None and np.ndim(y) == 0 else y
    return sample(self, n, y, **how)


def trained_discriminator(self, n, y, **how):
    for weights in self.discriminator_.parameters():
        weights.data.mul_(1.01)
    return sample(self, n, y, **how)


def fit_from_global_generator(self, X, y=None):
    seed = int(np.random.get_state()[1][0])
    return fit(self.set_params(random_state=seed), X, y)


def fit_in_place(self, X, y=None):
    if isinstance(X, np.ndarray) and X.flags.writeable:
        X -= X.mean(axis=0)
    return fit(self, X, y)


def fit_with_traces(self, X, y=None):
    self.n_features_in_ = X.shape[1]
    return fit(self, X, y)


def fit_only_with_labels(self, X, y=None):
    if y is None:
        raise ValueError("y is required")
    return fit(self, X, y)


def fit_text_labels(self, X, y=None):
    return fit(self, X, None if y is None else np.asarray(y).astype(str))


class ForgetsItsPlace(GANEstimator):
    """Its copies begin the stream of samples again."""

    def __getstate__(self):
        return {**super().__getstate__(), "_draws_": 0}


FAULTS = {
    "check_sample_before_fit": (sampling(not_fitted), AttributeError, "_model_"),
    "check_sample_has_shape_of_data": (changing(lambda X: X[1:]), AssertionError, "must have shape"),
    "check_sample_keeps_dtype": (changing(lambda X: X * 1.0), AssertionError, "int64 data must not be float64"),
    "check_sample_keeps_units": (changing(lambda X: X / 1000), AssertionError, "must lie near"),
    "check_sample_keeps_images": (changing(lambda X: X.reshape(len(X), -1)), AssertionError, "must not have shape"),
    "check_sample_keeps_dataframe": (changing(np.asarray), AssertionError, "must not be a ndarray"),
    "check_sample_refuses_bad_numbers": (
        sampling(lambda self, n, y, **how: sample(self, n or 1, y, **how)),
        AssertionError,
        "because n_samples is 0",
    ),
    "check_short_sample_is_head_of_long_one": (sampling(seed_from_length), AssertionError, "short sample"),
    "check_seed_decides_sample": (
        sampling(lambda self, n, y, random_state=None, **how: sample(self, n, y, **how)),
        AssertionError,
        "rows of one seed must be the same",
    ),
    "check_calls_without_seed_differ": (
        sampling(
            lambda self, n, y, random_state=None, **how: sample(self, n, y, random_state=random_state or 0, **how)
        ),
        AssertionError,
        "two calls without a seed must differ",
    ),
    "check_global_generators_untouched": (sampling(moved_global_generator), AssertionError, "of NumPy must stay"),
    "check_global_generators_unread": (twin(fit=fit_from_global_generator), AssertionError, "another global seed"),
    "check_fit_without_labels": (twin(fit=fit_only_with_labels), ValueError, "y is required"),
    "check_ways_to_give_labels_agree": (sampling(scalar_labels_only_once), AssertionError, "a scalar label"),
    "check_labels_matter": (
        sampling(lambda self, n, y, **how: sample(self, n or np.size(y), **how)),
        AssertionError,
        "rows of two labels must differ",
    ),
    "check_bad_labels_refused": (sampling(first_class_for_unknown), AssertionError, "because y is -999"),
    "check_return_y": (sampling(sorted_labels), AssertionError, "labels returned must be the same"),
    "check_labels_of_any_type": (twin(fit=fit_text_labels), AssertionError, "classes_ of labels of type int"),
    "check_labels_drawn_as_often_as_seen": (sampling(even_classes), AssertionError, "classes must be drawn like"),
    "check_sample_changes_nothing": (sampling(trained_discriminator), AssertionError, "transform after sample"),
    "check_fit_leaves_data_alone": (twin(fit=fit_in_place), AssertionError, "X after fit"),
    "check_failed_fit_changes_nothing": (twin(fit=fit_with_traces), AssertionError, r"leave \['n_features_in_'\]"),
    "check_copies_sample_alike": (ForgetsItsPlace(**TINY), AssertionError, "rows that the pickle draws next"),
    "check_score_prefers_data_to_noise": (
        twin(score=lambda self, X, y=None: -GANEstimator.score(self, X, y)),
        AssertionError,
        "score must be higher",
    ),
}


@pytest.mark.goal("G25")
def test_every_check_has_its_fault():
    assert FAULTS.keys() == CHECKS.keys()


@pytest.mark.goal("G25")
@pytest.mark.moves_global_state
@pytest.mark.parametrize("name", CHECKS)
def test_fault_is_noticed(name):
    faulty, error, message = FAULTS[name]
    with pytest.raises(error, match=message):
        CHECKS[name](faulty)


def test_record_tells_which_check_failed_and_why():
    records = check_generative_estimator(changing(np.asarray), on_fail=None)
    failed = {record["check_name"]: str(record["exception"]) for record in records if record["status"] == "failed"}
    assert failed.pop("check_sample_keeps_dataframe") == "samples of a DataFrame must not be a ndarray"
    assert failed.keys() == {"check_copies_sample_alike"}  # a class made on the fly cannot be pickled


def test_first_failure_is_raised():
    with pytest.raises(AssertionError, match="must have shape"):
        check_generative_estimator(changing(lambda X: X[1:]))
