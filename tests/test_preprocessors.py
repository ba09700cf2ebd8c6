"""A preprocessor that breaks its word is named in one sentence, in fit where that can be known, else when it does."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import FunctionTransformer

from skgan import GANEstimator
from skgan.exceptions import InvalidParameterError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 3))


class Sabotaged(TransformerMixin, BaseEstimator):
    """Multiplies by 2, and does in one method as it is told."""

    def __init__(self, method=None, does=None):
        self.method = method
        self.does = does

    def _made(self, method, X, factor):
        return self.does(X) if method == self.method else X * factor

    def fit_transform(self, X, y=None):
        return self._made("fit_transform", X, 2)

    def transform(self, X):
        return self._made("transform", X, 2)

    def inverse_transform(self, X):
        return self._made("inverse_transform", X, 0.5)


def with_nan(rows):
    return np.where(np.arange(rows.size).reshape(rows.shape) < 2, np.nan, rows)


def raising(rows):
    raise KeyError(f"a secret: {rows[0, 0]}")


#: what a method may do wrong -> what the sentence says of it, given the number of rows that it got
WRONG = {
    "None": (lambda rows: None, lambda n: "None, returned"),
    "a text": (lambda rows: "rows", lambda n: "a str, returned"),
    "rows of text": (lambda rows: [*rows.astype(str).tolist(), ["a"]], lambda n: "a list, returned"),
    "a row too few": (lambda rows: rows[1:], lambda n: f"a ndarray of shape {(n - 1, 3)}, returned"),
    "one dimension": (lambda rows: rows[:, 0], lambda n: f"a ndarray of shape {(n,)}, returned"),
    "three dimensions": (lambda rows: rows[:, :, None], lambda n: f"a ndarray of shape {(n, 3, 1)}, returned"),
    "NaN": (with_nan, lambda n: "2 times NaN or infinity, returned"),
    "infinity": (lambda rows: rows / 0.0, lambda n: f"{3 * n} times NaN or infinity, returned"),
    "an error": (raising, lambda n: "KeyError, raised"),
}
NO_COLUMN = {"no column": (lambda rows: rows[:, :0], lambda n: f"a ndarray of shape {(n, 0)}, returned")}
A_COLUMN_LESS = {"a column less": (lambda rows: rows[:, 1:], lambda n: f"a ndarray of shape {(n, 2)}, returned")}


def sentence(method, got, n, width=None):
    numbers = "finite numbers" if width is None else f"{width} finite numbers each"
    return (
        f"The 'preprocessor' parameter of GANEstimator must be a transformer whose {method} makes {n} rows of "
        f"{numbers} of as many rows. Got {got} by Sabotaged. Correct its {method}, or transform X yourself and leave "
        "preprocessor=None."
    )


def tiny(**params):
    return GANEstimator(max_iter=1, random_state=0, **params)


def said_by(call):
    with np.errstate(all="ignore"), pytest.raises(InvalidParameterError) as caught:
        call()
    return str(caught.value)


@pytest.mark.goal("G2")
@pytest.mark.parametrize("what", {**WRONG, **NO_COLUMN})
def test_fit_names_a_preprocessor_that_does_not_transform(what):
    does, got = {**WRONG, **NO_COLUMN}[what]
    gan = tiny().fit(X)
    before = dict(vars(gan))
    gan.set_params(preprocessor=Sabotaged("fit_transform", does))
    assert said_by(lambda: gan.fit(X)) == sentence("fit_transform", got(20), 20)
    assert {name: vars(gan)[name] for name in before if name != "preprocessor"} == {
        name: value for name, value in before.items() if name != "preprocessor"
    }
    assert vars(gan).keys() == before.keys()


@pytest.mark.goal("G2")
@pytest.mark.parametrize("what", {**WRONG, **A_COLUMN_LESS})
def test_fit_names_a_preprocessor_that_has_no_way_back(what):
    does, got = {**WRONG, **A_COLUMN_LESS}[what]
    gan = tiny(preprocessor=Sabotaged("inverse_transform", does))
    assert said_by(lambda: gan.fit(X)) == sentence("inverse_transform", got(2), 2, 3)
    assert not hasattr(gan, "n_iter_")


@pytest.mark.goal("G2")
@pytest.mark.parametrize("what", {**WRONG, **A_COLUMN_LESS})
@pytest.mark.parametrize("method", ["inverse_transform", "transform"])
def test_a_fitted_preprocessor_that_breaks_later_is_named(method, what):
    does, got = {**WRONG, **A_COLUMN_LESS}[what]
    gan = tiny(preprocessor=Sabotaged()).fit(X)
    drawn = gan.sample(5, random_state=0)
    gan.preprocessor_.set_params(method=method, does=does)
    call = (lambda: gan.sample(20)) if method == "inverse_transform" else (lambda: gan.transform(X))
    n = int(said_by(call).partition(" makes ")[2].partition(" ")[0])  # samples come in blocks
    assert said_by(call) == sentence(method, got(n), n, 3)
    assert n >= 20
    gan.preprocessor_.set_params(does=None, method=None)
    assert np.array_equal(gan.sample(5, random_state=0), drawn)


def test_no_number_of_the_data_is_told():
    text = said_by(lambda: tiny(preprocessor=Sabotaged("fit_transform", raising)).fit(X))
    assert str(X[0, 0])[:6] not in text
    assert len(text) <= 500


def test_lists_frames_and_objects_of_numbers_are_arrays_too():
    drawn = tiny().fit(X).sample(4, random_state=1)
    for made in (np.ndarray.tolist, lambda rows: rows.astype(object)):
        gan = tiny(preprocessor=FunctionTransformer(made, made, check_inverse=False)).fit(X)
        assert np.allclose(gan.sample(4, random_state=1), drawn)
