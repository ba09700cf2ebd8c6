"""Oversampling: how many rows of which class, in the kinds that X and y came in."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.utils import get_tags

from skgan import GANEstimator
from skgan.exceptions import DeviceMemoryError
from skgan.imblearn import GANOverSampler

X, Y = make_classification(120, 4, n_informative=3, n_redundant=1, n_classes=3, weights=[0.6, 0.3], random_state=0)
COUNTS = np.bincount(Y)
SMALL = GANEstimator(max_iter=2, batch_size=16)


def resampled(strategy, X=X, y=Y):
    return GANOverSampler(SMALL, sampling_strategy=strategy, random_state=0).fit_resample(X, y)


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("auto", [COUNTS.max()] * 3),
        ("all", [COUNTS.max()] * 3),
        ("not majority", [COUNTS.max()] * 3),
        ("minority", [*COUNTS[:2], COUNTS.max()]),
        ("not minority", [COUNTS.max(), COUNTS.max(), COUNTS[2]]),
        ({2: 50}, [*COUNTS[:2], 50]),
        (lambda y: {1: 60}, [COUNTS[0], 60, COUNTS[2]]),
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_every_class_gets_the_rows_asked_for(strategy, wanted):
    more_X, more_y = resampled(strategy)
    assert np.bincount(more_y).tolist() == list(wanted)
    np.testing.assert_array_equal(more_X[: len(X)], X)
    np.testing.assert_array_equal(more_y[: len(Y)], Y)
    assert len(more_X) == len(more_y)


def test_a_ratio_is_of_the_smaller_class_to_the_larger():
    two = Y != 2
    more_y = resampled(0.9, X[two], Y[two])[1]
    counts = np.bincount(more_y)
    assert counts.min() == round(0.9 * counts.max())


def test_tables_of_mixed_types_come_back_as_such():
    table = pd.DataFrame(X, columns=list("abcd")).assign(kind=np.where(X[:, 0] > 0, "up", "down"))
    labels = pd.Series(np.array(["one", "two", "three"])[Y], name="label")
    more_X, more_y = resampled("auto", table, labels)
    assert more_X.dtypes.equals(table.dtypes)
    assert more_y.name == "label"
    assert more_y.value_counts().nunique() == 1
    assert set(more_X["kind"]) == {"up", "down"}


def test_nothing_to_add_trains_nothing():
    sampler = GANOverSampler(SMALL, sampling_strategy={0: int(COUNTS[0])})
    more_X, more_y = sampler.fit_resample(X, Y)
    assert more_X is X
    assert more_y is Y
    assert not hasattr(sampler, "estimator_")


@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        ({7: 100}, "which y lacks"),
        ({0: 1}, "fewer rows"),
        (0.5, "can be a float only when the type of target is binary"),
        ("majority", "Did you mean"),
        (1.5, "must be one of.*its default, 'auto'"),
        ({1: "many"}, "whole numbers of rows"),
        ({1: 80.5}, "whole numbers of rows"),
        (lambda y: [80], "returns a dict"),
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_what_cannot_be_is_refused_in_words(strategy, told):
    with pytest.raises(ValueError, match=told):
        resampled(strategy)


@pytest.mark.parametrize(
    ("X", "y", "told"),
    [
        (X * np.nan, Y, "Input X contains NaN"),
        (X[:, 0], Y, "Reshape"),
        (X.astype(complex), Y, "Complex data not supported: X must hold"),
        (pd.concat([pd.DataFrame(X), pd.DataFrame(X)], axis=1), Y, "columns of different names"),
        (X, Y[:-1], "inconsistent numbers"),
        (X, np.where(Y, Y, np.nan), "a class for each row. Got .* of 120"),
        (X, np.array([label or None for label in Y], object), "a class for each row"),
        (X, np.array([label or "none" for label in Y], object), "labels of one type"),
        (X, X[:, 0], "continuous"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_call_that_raises_leaves_it_as_it_was(X, y, told):
    sampler = GANOverSampler(SMALL).fit(*make_classification(30, random_state=0))
    before = dict(vars(sampler))
    with pytest.raises(ValueError, match=told) as error:
        sampler.fit_resample(X, y)
    assert vars(sampler) == before
    assert len(str(error.value)) <= 500
    new = GANOverSampler(SMALL)
    with pytest.raises(ValueError, match=told):
        new.fit_resample(X, y)
    assert vars(new) == new.get_params(deep=False)


def test_more_rows_than_memory_holds_are_refused_before_training():
    sampler = GANOverSampler(SMALL, sampling_strategy={0: 2**50})
    with pytest.raises(DeviceMemoryError, match=r"not enough memory for \d+ new rows"):
        sampler.fit_resample(X, Y)
    assert not hasattr(sampler, "estimator_")


def test_images_stay_images():
    images = np.random.default_rng(0).integers(0, 256, (len(Y), 6, 5, 3), np.uint8)
    more, labels = resampled("auto", images)
    assert more.shape == (len(labels), 6, 5, 3)
    assert more.dtype == np.uint8
    np.testing.assert_array_equal(more[: len(Y)], images)


def test_an_estimator_of_an_earlier_call_does_not_stay_where_none_was_trained():
    sampler = GANOverSampler(SMALL, random_state=0)
    more_X, more_y = sampler.fit_resample(X, Y)
    assert hasattr(sampler, "estimator_")
    sampler.fit_resample(more_X, more_y)
    assert not hasattr(sampler, "estimator_")


def test_its_tags_are_those_of_a_sampler():
    tags = get_tags(GANOverSampler())
    assert tags.estimator_type == "sampler"
    assert tags.target_tags.required


@pytest.mark.moves_global_state  # those checks draw from NumPy's own generator
def test_it_passes_the_checks_of_imbalanced_learn():
    checks = pytest.importorskip("imblearn.utils.estimator_checks")
    sampler = GANOverSampler(SMALL, random_state=0)
    for check in checks._yield_sampler_checks(sampler):
        try:
            check("GANOverSampler", sampler)
        except checks.SkipTest:
            continue


def test_it_goes_into_a_pipeline_of_imbalanced_learn():
    pipeline = pytest.importorskip("imblearn.pipeline")
    from sklearn.linear_model import LogisticRegression

    made = pipeline.make_pipeline(GANOverSampler(SMALL, random_state=0), LogisticRegression())
    assert made.fit(X, Y).predict(X).shape == Y.shape
