"""Tables of mixed types: what comes back, what is asked for, what is kept, against truths computed another way."""

import json
import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import chisquare, ks_2samp
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import BayesianGaussianMixture

from skgan import GANEstimator, recipes, registry
from skgan.architectures.tabular import Tabular
from skgan.constraints import FixedCombinations, LessThan, Unique, Within
from skgan.encoding import columns as table_columns
from skgan.encoding.column_kinds import HighCardinalityWarning, UnknownValuesWarning
from skgan.encoding.mixture import Mixture
from skgan.encoding.one_hot import OneHot
from skgan.encoding.quantile_normal import QuantileNormal
from skgan.encoding.table import Table
from skgan.exceptions import IncompatibleComponentError, InvalidParameterError, TrainingWarning
from skgan.interfaces import Asking
from skgan.row_orders import AskedRows

SMALL = {"architecture": Tabular(width=16), "latent_dim": 4, "batch_size": 20, "max_iter": 3, "random_state": 0}


def frame(n=200, seed=0):
    rng = np.random.default_rng(seed)
    city = rng.choice(["Rome", "Oslo", "Lima"], n, p=[0.6, 0.3, 0.1])
    table = pd.DataFrame(
        {
            "age": rng.integers(18, 90, n),
            "height": rng.normal(170, 10, n).round(1),
            "gain": np.where(rng.random(n) < 0.7, 0, rng.integers(1, 50, n) * 100),
            "city": city,
            "country": np.select([city == "Rome", city == "Oslo"], ["Italy", "Norway"], "Peru"),
            "smokes": rng.random(n) < 0.3,
            "born": pd.Timestamp("1980-01-01") + pd.to_timedelta(rng.integers(0, 9000, n), unit="D"),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n), categories=["S", "M", "L"], ordered=True),
            "score": np.where(rng.random(n) < 0.25, np.nan, rng.random(n).round(2)),
            "count": pd.array(rng.integers(0, 5, n), "Int64"),
            "row": [f"r{i:04d}" for i in range(n)],
            "same": "x",
        }
    )
    table.loc[rng.random(n) < 0.1, "count"] = pd.NA
    return table


@pytest.fixture(scope="module")
def fitted():
    return GANEstimator(**SMALL).fit(frame())


# --- what comes back --------------------------------------------------------------------------------


def assert_in_the_domain(samples, data):
    assert list(samples.columns) == list(data.columns)
    assert samples.dtypes.astype(str).tolist() == data.dtypes.astype(str).tolist()
    for name in data:
        own, known = samples[name].dropna(), data[name].dropna()
        if not data[name].isna().any():
            assert not samples[name].isna().any(), name
        if name == "row":
            assert not set(own) & set(known)
            assert own.is_unique
        elif (pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known)) or name == "born":
            assert own.between(known.min(), known.max()).all(), name
        else:
            assert set(own) <= set(known), name


def test_samples_stay_in_the_domain_of_every_column(fitted):
    samples, data = fitted.sample(300), frame()
    assert_in_the_domain(samples, data)
    np.testing.assert_array_equal(samples["height"], samples["height"].round(1))
    assert set(samples["gain"] % 100) == {0}
    assert (samples["born"].dt.normalize() == samples["born"]).all()


def test_samples_are_those_of_the_whole_network(fitted):
    """Codes, products with marks and columns by their codes are ways to the same table."""
    slow = pickle.loads(pickle.dumps(fitted))
    network = slow._model_.state.average.module
    network.marks = 0
    network.decided = None
    for y in (None, {"city": "Oslo", "gain": 0}):
        quick = fitted.sample(600, y, random_state=3)
        pd.testing.assert_frame_equal(quick, slow.sample(600, y, random_state=3))
        pd.testing.assert_frame_equal(quick.head(5), fitted.sample(5, y, random_state=3))


def test_what_follows_from_another_column_always_does(fitted):
    known = set(map(tuple, frame()[["city", "country"]].to_numpy()))
    assert set(map(tuple, fitted.sample(300)[["city", "country"]].to_numpy())) <= known


cells = {
    "numbers": st.floats(-1e6, 1e6, width=32),
    "whole": st.integers(-1000, 1000),
    "text": st.sampled_from(["a", "b", "ç", ""]),
    "flags": st.booleans(),
    "holes": st.one_of(st.none(), st.floats(0, 1)),
    "texts with holes": st.one_of(st.none(), st.sampled_from(["u", "v"])),
}


@st.composite
def frames(draw):
    n = draw(st.integers(4, 40))
    names = draw(st.lists(st.sampled_from(sorted(cells)), min_size=1, max_size=5, unique=True))
    data = {name: draw(st.lists(cells[name], min_size=n, max_size=n)) for name in names}
    table = pd.DataFrame(data)
    table["mark"] = list("xy" * n)[:n]  # one column that varies and is no number
    return table


@given(frames())
@settings(max_examples=25)
def test_any_table_comes_back_as_it_was(data):
    gan = GANEstimator(**SMALL | {"max_iter": 1}).fit(data)
    assert_in_the_domain(gan.sample(30), data)
    assert gan.sample(30, random_state=1).iloc[:7].equals(gan.sample(7, random_state=1))


def test_encoding_a_table_and_back_is_the_table():
    data = frame().drop(columns=["row"])
    table = Table(data, {}, None, None, None, Asking(), [])
    records = table.drawn(table.expand(table.encode(data)))
    back = table.finished([records], torch.zeros(len(data), 0, dtype=torch.int32), ("back",))
    pd.testing.assert_frame_equal(back, data)


def test_an_array_stays_one_and_columns_make_it_a_table():
    data = np.column_stack([frame()["age"], frame()["city"]]).astype(object)
    gan = GANEstimator(columns={1: "discrete"}, **SMALL).fit(data)
    samples = gan.sample(20)
    assert type(samples) is np.ndarray
    assert samples.dtype == object
    assert {type(value) for value in samples[:, 0]} == {int}
    assert set(samples[:, 1]) <= {"Rome", "Oslo", "Lima"}
    numbers = np.random.default_rng(0).random((40, 2)).astype(np.float32)
    assert GANEstimator(columns={}, **SMALL).fit(numbers).sample(3).dtype == np.float32


def test_frames_of_numbers_alone_are_vectors_as_before():
    data = frame()[["age", "height"]]
    assert not table_columns.is_table(data, None)
    assert GANEstimator(max_iter=1, random_state=0).fit(data).sample(2).dtypes.equals(data.dtypes)


@pytest.mark.parametrize("columns", [["age", "height"], ["age", "city"]], ids=["numbers", "mixed"])
def test_levels_of_names_come_back(columns):
    data = frame()[columns].set_axis(pd.MultiIndex.from_tuples([("body", "a"), ("body", "b")]), axis=1)
    samples = GANEstimator(**SMALL | {"architecture": "auto"}).fit(data).sample(5)
    pd.testing.assert_index_equal(samples.columns, data.columns)
    assert list(samples["body"].columns) == ["a", "b"]


class OfAnotherLibrary:
    """A table as polars and Arrow have it: columns, a way to pandas, an array of objects, and no `iloc`."""

    def __init__(self, data):
        self.data, self.columns = data, list(data.columns)

    def to_pandas(self):
        return self.data

    def __array__(self, dtype=None, copy=None):
        return self.data.to_numpy(object)


@pytest.mark.parametrize("columns", [["age", "height"], ["age", "city"]], ids=["numbers", "mixed"])
def test_a_table_of_another_library_is_read_as_one_of_pandas(columns):
    data = frame()[columns]
    gan, other = (
        GANEstimator(**SMALL | {"architecture": "auto"}).fit(table) for table in (data, OfAnotherLibrary(data))
    )
    assert list(other.feature_names_in_) == columns
    pd.testing.assert_frame_equal(gan.sample(5, random_state=1), other.sample(5, random_state=1))
    np.testing.assert_array_equal(gan.transform(data), other.transform(OfAnotherLibrary(data)))


def test_rows_may_be_asked_for_by_a_table_of_another_library():
    gan = GANEstimator(**SMALL | {"architecture": "auto"}).fit(frame())
    asked = pd.DataFrame({"city": ["Lima", "Oslo", "Lima"]})
    samples = gan.sample(y=OfAnotherLibrary(asked), random_state=0)
    assert list(samples["city"]) == list(asked["city"])
    pd.testing.assert_frame_equal(samples, gan.sample(y=asked, random_state=0))


def test_a_table_of_another_library_that_pandas_cannot_have_is_refused_in_words(monkeypatch):
    def lacks(self):
        raise ModuleNotFoundError("No module named 'pyarrow'", name="pyarrow")

    monkeypatch.setattr(OfAnotherLibrary, "to_pandas", lacks)
    with pytest.raises(TypeError, match=r"X must be .* Got a OfAnotherLibrary of test_tables without pyarrow instead"):
        GANEstimator(**SMALL).fit(OfAnotherLibrary(frame()))


# --- what is asked for ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"city": "Lima"},
        {"country": "Peru"},
        {"smokes": True},
        {"gain": 0},
        {"size": "S"},
        {"count": 3},
        {"count": None},
        {"score": np.nan},
        {"city": "Oslo", "smokes": False, "gain": 0},
        {"same": "x"},
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_every_row_has_the_value_asked_for(fitted, asked):
    samples = fitted.sample(150, y=asked)
    for name, value in asked.items():
        missing = value is None or value != value
        assert (samples[name].isna() if missing else samples[name] == value).all()
    assert_in_the_domain(samples.drop(columns="row"), frame().drop(columns="row"))


def test_values_can_be_counted_or_listed(fitted):
    samples = fitted.sample(y={"city": {"Rome": 3, "Lima": 5}, "smokes": True})
    assert samples["city"].value_counts().to_dict() == {"Rome": 3, "Lima": 5}
    assert samples["smokes"].all()
    asked = pd.DataFrame({"city": ["Lima", "Rome"], "size": ["L", "S"]})
    pd.testing.assert_frame_equal(fitted.sample(y=asked)[["city", "size"]].astype(object), asked.astype(object))


@pytest.mark.parametrize("rows", [40, 400])
def test_ranges_are_kept_by_a_bounded_number_of_draws(fitted, rows, monkeypatch):
    drawn = []
    original = type(fitted)._blocks

    def counted(self, model, n, *args, **kwargs):
        drawn.append(n)
        return original(self, model, n, *args, **kwargs)

    monkeypatch.setattr(type(fitted), "_blocks", counted)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        samples = fitted.sample(rows, y={"age": (30, 40), "born": ("1990-01-01", None)})
    assert samples["age"].between(30, 40).all()
    assert (samples["born"] >= "1990-01-01").all()
    assert sum(drawn) <= 12 * rows


def test_what_no_draw_has_is_moved_and_told(fitted):
    with pytest.warns(TrainingWarning, match=r"Of the rows asked for, .* had the numbers asked for within 12 draws"):
        samples = fitted.sample(50, y={"height": 171.3, "age": 55})
    assert (samples["height"] == 171.3).all()
    assert (samples["age"] == 55).all()


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"town": "Rome"}, "y must name columns of X"),
        ({"city": "Paris"}, "y must ask for values that column 'city' had in fit"),
        ({"city": "Rome", "country": "Peru"}, "y must ask for values that go together"),
        ({"age": "old"}, "y must ask for numbers in column 'age'"),
        ({"city": ["Rome", "Rome"]}, "n_samples and y must agree in length"),
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_what_cannot_be_had_is_refused_in_words(fitted, asked, told):
    with pytest.raises((ValueError, TypeError), match=told) as caught:
        fitted.sample(3, y=asked)
    assert len(str(caught.value)) <= 500


def test_labels_go_beside_the_columns():
    data = frame()
    y = np.where(data["age"] > 50, "old", "young")
    gan = GANEstimator(**SMALL).fit(data.drop(columns="age"), y)
    samples, labels = gan.sample(y=["old", "young", "old"], return_y=True)
    assert labels.tolist() == ["old", "young", "old"]
    assert list(gan.classes_) == ["old", "young"]
    assert (gan.sample(9, y={"city": "Oslo"})["city"] == "Oslo").all()
    assert gan.decision_function(data.drop(columns="age")[:4], y[:4]).shape == (4,)
    assert len(samples) == 3


def test_without_conditions_values_are_looked_for():
    gan = GANEstimator(conditioning=None, **SMALL).fit(frame())
    assert gan.label_kind_ == "none"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        assert (gan.sample(20, y={"smokes": True})["smokes"]).all()


# --- training by sampling ---------------------------------------------------------------------------

CODES = torch.tensor(np.column_stack([np.repeat([0, 1, 2], [70, 25, 5]), np.tile([0, 1], 50)]), dtype=torch.int16)


@pytest.mark.parametrize(("frequency", "weight"), [("log", np.log1p), ("uniform", np.sign)])
def test_rows_are_drawn_after_their_value(frequency, weight):
    asked = AskedRows(CODES, [3, 2], Asking(1.0, frequency), 0, 100, ("key",), torch.device("cpu"))
    seen = np.zeros(3)
    for number in range(60):
        places = asked.rows(number)
        rows = asked.row(places)
        told = asked.told(CODES[rows], places)
        assert ((told >= 0).sum(1) == 1).all()
        assert (told[told >= 0] == CODES[rows][told >= 0]).all()
        first = told[:, 0][told[:, 0] >= 0]
        seen += np.bincount(first.numpy(), minlength=3)
    expected = weight(np.array([70.0, 25.0, 5.0]))
    assert chisquare(seen, expected / expected.sum() * seen.sum()).pvalue > 1e-3
    assert abs(seen.sum() / 6000 - 0.5) < 0.03


def test_with_true_frequencies_rows_go_round_and_a_share_is_told():
    asked = AskedRows(CODES, [3, 2], Asking(0.25, "true"), 0, 50, ("key",), torch.device("cpu"))
    places = asked.rows(0, 100)
    rows = asked.row(places)
    assert (rows.bincount(minlength=100) == 50).all()
    assert torch.equal(places, torch.cat([asked.rows(number) for number in range(100)]))
    told = asked.told(CODES[rows], places)
    assert abs(float((told >= 0).any(1).float().mean()) - 0.25) < 0.03


def test_batches_depend_on_seed_and_number_alone():
    one, two = (GANEstimator(**SMALL | {"max_iter": 7}).fit(frame()).sample(20, random_state=0) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


# --- encoders ---------------------------------------------------------------------------------------

NUMBERS = np.round(np.random.default_rng(1).gamma(2, 50, 400), 1)
NUMBERS[::5], NUMBERS[3::7] = 0.0, np.nan
TEXTS = np.array([*"aab" * 100, *"cdef" * 20, *[None] * 20], object)
ENCODERS = [
    registry.resolve("encoder", name)(**params)
    for name in registry.names("encoder")
    for params in registry.resolve("encoder", name).get_test_params()
]


def columns_for(encoder):
    from skgan.encoding._numeric import Numeric

    if type(encoder).__name__ == "Constant":
        return [np.array(["x"] * 30, object), np.full(30, np.nan)]
    if type(encoder).__name__ == "Identifier":
        return [np.arange(50.0), np.array([f"n{i}" for i in range(50)], object)]
    return [NUMBERS, NUMBERS[~np.isnan(NUMBERS)]] if isinstance(encoder, Numeric) else [TEXTS]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda value: str(value).partition(" at 0x")[0])
@pytest.mark.parametrize("seed", [None, 0])
def test_what_an_encoder_makes_of_a_column_it_makes_a_column_of_again(encoder, seed):
    for column in columns_for(encoder):
        encoder.fit(column)
        rng = None if seed is None else np.random.default_rng(seed)
        numbers, codes = encoder.encode(column, rng)
        assert numbers.dtype == np.float32
        assert numbers.shape == (len(column), encoder.numbers)
        assert codes.max(initial=0) < max(encoder.width, 1)
        assert np.abs(numbers).max(initial=0) <= 1
        back = encoder.decode(numbers, codes, np.random.default_rng(0))
        if type(encoder).__name__ == "Identifier":
            assert len(set(back.tolist()) | set(column.tolist())) == 2 * len(column)
        elif column.dtype.kind == "f":
            np.testing.assert_array_equal(np.isnan(back), np.isnan(column))
            reach = getattr(encoder, "mixture_", None)
            near = 0.1 + (1e-9 if reach is None else 0.02 * float(np.nanmax(column)))
            exact = getattr(encoder, "exact_", True)
            assert np.nanmax(np.abs(back - column), initial=0) <= (near if exact else 5)
        elif not getattr(encoder, "levels_", None) or (
            not len(encoder.levels_.rare) and not getattr(encoder, "least", 0)
        ):
            assert back.tolist() == column.tolist()


@pytest.mark.parametrize("uniform", [False, True])
@pytest.mark.parametrize("n", [2, 60, 512, 513])
def test_numbers_that_hardly_repeat_are_followed_by_others_like_them(n, uniform):
    column = np.random.default_rng(0).lognormal(size=n)
    encoder = QuantileNormal(uniform=uniform).fit(column)
    places = (np.arange(2000) + 0.5) / 2000
    numbers = (2 * places - 1 if uniform else np.clip(ndtri(places) / 3, -1, 1)).astype(np.float32)[:, None]
    drawn = encoder.decode(numbers, np.zeros(2000, np.int32), np.random.default_rng(0))
    assert column.min() <= drawn.min() <= drawn.max() <= column.max()
    assert ks_2samp(drawn, column).statistic <= 0.51 / n + 0.01
    assert np.isin(drawn, column).mean() <= 2 / n  # the two ends, which nothing goes beyond
    back = encoder.decode(*encoder.encode(column), np.random.default_rng(0))
    assert np.median(np.abs(back - column)) <= (1e-6 if n <= 512 else 1e-2)


@pytest.mark.parametrize(("repeats", "same"), [([2, 2, 2, 2], True), ([2, 2, 2, 1], False)])
def test_numbers_that_repeat_are_followed_by_the_same_ones(repeats, same):
    prices = np.array([0.99, 4.95, 9.99, 19.99])
    encoder = QuantileNormal().fit(np.repeat(prices, repeats))
    numbers = np.linspace(-1, 1, 101, dtype=np.float32)[:, None]
    drawn = encoder.decode(numbers, np.zeros(101, np.int32), np.random.default_rng(0))
    assert (set(drawn) == set(prices)) is same
    np.testing.assert_array_equal(drawn, drawn.round(2))


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda value: str(value).partition(" at 0x")[0])
def test_an_encoder_is_what_its_arrays_say(encoder):
    for column in columns_for(encoder):
        twin = type(encoder)(**encoder.get_params())
        encoder.fit(column)
        arrays = {name: np.asarray(array) for name, array in encoder.learned().items()}
        assert all(array.dtype.kind in "biuf" for array in arrays.values())
        twin.restore(arrays)
        rng = np.random.default_rng
        for one, other in zip(encoder.encode(column, rng(0)), twin.encode(column, rng(0)), strict=True):
            np.testing.assert_array_equal(one, other)
        assert (encoder.numbers, encoder.width, encoder.alone) == (twin.numbers, twin.width, twin.alone)


def test_the_mixture_is_as_likely_as_scikit_learns():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(0, 1, 3000), rng.normal(8, 2, 1500), rng.normal(30, 1, 500)]).round(2)
    distinct, counts = np.unique(values, return_counts=True)
    mixture = Mixture(distinct, counts, 10)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of theirs
        theirs = BayesianGaussianMixture(
            n_components=10, weight_concentration_prior=1e-3, max_iter=100, tol=1e-3, random_state=0
        ).fit(values[:, None])
    logs = -0.5 * ((values[:, None] - mixture.means) / mixture.deviations) ** 2
    densities = np.exp(logs) / (np.sqrt(2 * np.pi) * mixture.deviations) @ mixture.weights
    assert np.log(densities).mean() > theirs.score(values[:, None]) - 0.03


def test_components_are_drawn_by_their_probability():
    mixture = Mixture(np.array([0.0, 1.0, 2.0, 3.0]), np.array([5000, 3000, 3000, 5000]), 2)
    values = np.full(4000, 1.4)
    kinds = mixture.encode(values, np.random.default_rng(0))[1]
    expected = mixture.posterior(values[:1])[0] * len(values)
    assert chisquare(np.bincount(kinds, minlength=len(mixture)), expected).pvalue > 1e-3


def test_many_categories_share_one_and_a_warning_says_so():
    data = pd.DataFrame({"zip": np.repeat([f"z{i}" for i in range(700)], 2), "x": np.arange(1400.0) % 7})
    with pytest.warns(HighCardinalityWarning, match=r"Column 'zip' has 700 categories, and 499 get an entry"):
        gan = GANEstimator(**SMALL).fit(data)
    assert set(gan.sample(50)["zip"]) <= set(data["zip"])
    assert gan.generator_.out.out_features < 520
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GANEstimator(columns={"zip": "embedding"}, **SMALL).fit(data)


# --- terms ------------------------------------------------------------------------------------------


def a_batch(gan, data, player):
    model = gan._model_
    x, labels = gan._encoding_.stored(data, None, model.key)
    from skgan.data import Dataset

    encoding = gan._encoding_
    order = encoding.order(labels, model.parts.conditioning.asking(), 20, model.key, x.device)
    rows = Dataset(
        x, labels, encoding.expand, encoding.labels.expand, encoding.labels.known, 20, model.key, order
    ).batch(0)
    state = model.state
    for network in (state.generator.module, state.discriminator.module):
        network.train()
    return model.objective().batch(state, rows, player)


def test_the_conditional_cross_entropy_is_torchs_of_the_column_asked_for():
    gan = recipes.make("ctgan", **SMALL | {"architecture": Tabular(width=16, write=False, pac=10)}).fit(frame())
    batch = a_batch(gan, frame(), "generator")
    part = next(p for p in gan.regularizers_ if type(p).__name__ == "ConditionalCrossEntropy")
    found = part.penalty(batch)
    spans, widths = batch.module.spans, gan._encoding_.widths
    logits, asked = spans.logits.split(widths, 1), batch.y.split(widths, 1)
    for row in range(len(found)):
        column = next(k for k, own in enumerate(asked) if own[row].any())
        expected = torch.nn.functional.cross_entropy(logits[column][row], asked[column][row].argmax())
        torch.testing.assert_close(found[row], expected)


def test_the_packed_penalty_takes_one_slope_for_a_pack():
    gan = recipes.make("ctgan", **SMALL | {"architecture": Tabular(width=16, pac=10)}).fit(frame())
    batch = a_batch(gan, frame(), "discriminator")
    part = next(p for p in gan.regularizers_ if type(p).__name__ == "PackedGradientPenalty")
    found = part.penalty(batch)
    again = a_batch(gan, frame(), "discriminator").rng(part)  # from its beginning
    a = torch.rand(2, generator=again).repeat_interleave(10)[:, None]
    between = (a * batch.real + (1 - a) * batch.fake).detach().requires_grad_()
    logits = batch.module(between, batch.y).logits
    assert logits.shape == found.shape == (2,)
    for pack in range(2):
        slope = torch.autograd.grad(logits[pack], between, retain_graph=True)[0]
        torch.testing.assert_close(found[pack], 10 * (slope.norm() - 1) ** 2)


OF_TABLES = [name for name, said in recipes.RECIPES.items() if said.get("architecture", ("tabular",))[0] == "tabular"]


@pytest.mark.parametrize("recipe", sorted(OF_TABLES))
def test_every_recipe_trains_is_saved_and_answers(recipe, tmp_path):
    gan = recipes.make(recipe, max_iter=2, batch_size=20, random_state=0)
    if recipe != "skgan":
        gan.set_params(architecture__width=16)
    gan.fit(frame())
    gan.save(tmp_path / "model")
    again = GANEstimator.load(tmp_path / "model")
    pd.testing.assert_frame_equal(gan.sample(30, random_state=1), again.sample(30, random_state=1))
    assert (again.sample(20, y={"city": "Lima"})["city"] == "Lima").all()
    assert np.isfinite(list(gan.history_.last().values())).all()


def test_a_batch_must_hold_whole_packs():
    with pytest.raises(IncompatibleComponentError, match=r"multiple of the 10 rows .* Got 16\. Set it to 10 or 20\."):
        recipes.make("ctgan", batch_size=16).fit(frame())


def test_a_recipe_that_there_is_not_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'ctgan'"):
        recipes.make("ctgam")


# --- rules ------------------------------------------------------------------------------------------


def orders(n=120):
    rng = np.random.default_rng(3)
    start = rng.integers(0, 50, n)
    return pd.DataFrame(
        {
            "start": start,
            "end": start + rng.integers(0, 30, n),
            "make": rng.choice(["a", "b"], n),
            "model": "",
            "number": rng.permutation(1000)[:n] * 3.5,
        }
    ).assign(model=lambda t: t["make"] + rng.choice(["1", "2"], n))


def test_rules_hold_in_every_sample_and_no_row_is_dropped(tmp_path):
    data = orders()
    rules = [LessThan("start", "end"), FixedCombinations(["make", "model"]), Within("end", 0, 79), Unique("number")]
    gan = GANEstimator(constraints=rules, **SMALL).fit(data)
    gan.save(tmp_path / "model")
    for model in (gan, GANEstimator.load(tmp_path / "model"), pickle.loads(pickle.dumps(gan))):
        samples = model.sample(300, random_state=0)
        assert len(samples) == 300
        assert (samples["start"] <= samples["end"]).all()
        assert set(zip(samples["make"], samples["model"], strict=True)) <= set(
            zip(data["make"], data["model"], strict=True)
        )
        assert samples["number"].is_unique


def test_without_the_rules_they_are_broken():
    samples = GANEstimator(**SMALL).fit(orders()).sample(300, random_state=0)
    assert (samples["start"] > samples["end"]).any()


def test_a_rule_that_the_data_break_is_refused():
    data = orders()
    data.loc[5, "end"] = -1
    with pytest.raises(ValueError, match=r"must hold in every row of X\. Got 1 rows that break it, first row 5"):
        GANEstimator(constraints=LessThan("start", "end"), **SMALL).fit(data)


# --- a file to share --------------------------------------------------------------------------------


def test_a_saved_model_holds_no_row_and_no_suppressed_category(tmp_path):
    data = frame(400)
    data["secret"] = np.where(np.arange(400) == 7, "only one person", "common")
    gan = GANEstimator(columns={"secret": OneHot(least=0.01)}, **SMALL).fit(data)
    gan.save(tmp_path / "model")
    content = b"".join(file.read_bytes() for file in sorted((tmp_path / "model").iterdir()))
    assert b"common" in content
    assert b"only one person" not in content
    assert not any(f"r{i:04d}".encode() in content for i in range(400))
    assert "only one person" not in set(gan.sample(500)["secret"])
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    assert len(json.dumps(config["encoding"])) < 20_000


def test_training_goes_on_to_the_bit_from_a_file(tmp_path):
    data = frame()
    whole = GANEstimator(**SMALL | {"max_iter": 6}).fit(data)
    half = GANEstimator(**SMALL | {"max_iter": 3}).fit(data)
    half.save(tmp_path / "model")
    again = GANEstimator.load(tmp_path / "model").set_params(warm_start=True, max_iter=3).fit(data)
    pd.testing.assert_frame_equal(whole.sample(30, random_state=0), again.sample(30, random_state=0))


# --- words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "error", "told"),
    [
        ({"columns": {"town": "discrete"}}, ValueError, "columns must name columns of X"),
        ({"columns": {"city": "one-hut"}}, ValueError, "Did you mean 'one-hot'"),
        ({"columns": {"city": "quantile-normal"}}, InvalidParameterError, "an encoder of categories"),
        ({"columns": ["city"]}, InvalidParameterError, "must be a dict of columns"),
        ({"constraints": "less-thn"}, ValueError, "Did you mean 'less-than'"),
        ({"preprocessor": object()}, InvalidParameterError, "preprocessor"),
        ({"architecture": "dcgan"}, IncompatibleComponentError, "dcgan"),
    ],
    ids=lambda value: str(value).partition(" at 0x")[0],
)
def test_parameters_of_tables_are_refused_in_words(params, error, told):
    with pytest.raises(error, match=told) as caught:
        GANEstimator(**SMALL | params).fit(frame())
    assert len(str(caught.value)) <= 500


def test_columns_that_are_another_kind_later_are_refused(fitted):
    data = frame()
    with pytest.raises(ValueError, match="X must hold in column 'age' what it held in fit"):
        fitted.score(data.assign(age="old"))
    with pytest.raises(ValueError, match="feature names"):
        fitted.score(data.rename(columns={"age": "years"}))


def test_the_report_names_every_column(fitted):
    kinds = {line.name: line.kind for line in fitted._encoding_.report}
    assert kinds == {
        "age": "integer",
        "height": "continuous",
        "gain": "spikes",
        "city": "discrete",
        "country": "discrete",
        "smokes": "boolean",
        "born": "datetime",
        "size": "ordinal",
        "score": "spikes",
        "count": "ordinal",
        "row": "id",
        "same": "constant",
    }


@pytest.mark.parametrize(
    ("data", "error", "told"),
    [
        (pd.DataFrame({"a": list("xyxy"), "b": [[1], [2], [3], [4]]}), TypeError, "Got cells of type list"),
        (pd.DataFrame([["x", 1], ["y", 2]], columns=["a", "a"]), ValueError, "columns of different names"),
        (pd.DataFrame({"a": ["x"] * 4}), ValueError, "must have a column whose values differ"),
        (pd.DataFrame({"a": list("xy"), "b": [1.0, np.inf]}), ValueError, "infinity .* in column 'b'"),
        (pd.DataFrame({"a": list("xy"), "b": [1j, 2j]}), ValueError, "Complex data not supported"),
        (pd.DataFrame({"a": ["x"]}), ValueError, "at least 2 sample"),
    ],
    ids=str,
)
def test_tables_that_cannot_be_are_refused_in_words(data, error, told):
    with pytest.raises(error, match=told) as caught:
        GANEstimator(**SMALL).fit(data)
    assert len(str(caught.value)) <= 500


def test_labels_in_a_frame_are_labels_still():
    y = pd.DataFrame({"p": np.linspace(0, 1, 200), "q": np.linspace(3, 5, 200)})
    gan = GANEstimator(**SMALL).fit(frame(), y)
    samples, labels = gan.sample(y=y[:5], return_y=True)
    assert len(samples) == 5
    pd.testing.assert_frame_equal(labels, y[:5], check_exact=False)


def test_periods_are_points_in_time_and_sparse_columns_are_read(tmp_path):
    months = pd.period_range("2015-01", periods=120, freq="M").to_series(index=range(120))
    months[3] = pd.NaT
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"month": months, "pay": pd.arrays.SparseArray(rng.choice([0.0, 0.0, 1.5], 120))})
    gan = GANEstimator(**SMALL).fit(data)
    gan.save(tmp_path / "model")
    for model in (gan, GANEstimator.load(tmp_path / "model")):
        samples = model.sample(80)
        assert samples["month"].dtype == "period[M]"
        known = samples["month"].dropna()
        assert known.min() >= months.min()
        assert known.max() <= months.max()
        assert samples["month"].nunique() > 3
        assert samples["pay"].dtype == "float64"
        assert set(samples["pay"]) <= {0.0, 1.5}


# --- suppression ------------------------------------------------------------------------------------


def test_rare_categories_of_all_columns_are_suppressed_at_once(tmp_path):
    data = frame(400)
    data.loc[:2, "city"] = "Hamletville"
    data["size"] = data["size"].cat.add_categories("Colossal")
    data.loc[5, "size"] = "Colossal"
    data.loc[7, "same"] = "Unheard-of"
    gan = GANEstimator(columns={"*": OneHot(least=0.05), "same": "one-hot"}, **SMALL).fit(data)
    gan.save(tmp_path / "model")
    samples = GANEstimator.load(tmp_path / "model").sample(500)
    assert set(samples["city"]) == {"Rome", "Oslo", "Lima"}
    assert list(samples["size"].cat.categories) == ["S", "M", "L"]
    stored = b"".join(file.read_bytes() for file in (tmp_path / "model").rglob("*") if file.is_file())
    assert b"Hamletville" not in stored
    assert b"Colossal" not in stored
    assert b"Unheard-of" in stored  # which was asked for by name
    assert [type(each).__name__ for each in gan._encoding_.encoders][:2] == ["QuantileNormal", "QuantileNormal"]


def test_an_encoder_of_numbers_for_all_columns_leaves_categories_alone():
    gan = GANEstimator(columns={"*": "min-max"}, **SMALL).fit(frame())
    kinds = {line.name: line.encoder for line in gan.columns_}
    assert kinds["age"] == kinds["height"] == "MinMax"
    assert kinds["city"] == "OneHot"


def test_a_kind_for_all_columns_is_refused_and_a_column_of_that_name_is_meant():
    with pytest.raises(InvalidParameterError, match="must give '\\*', all columns, an encoder"):
        GANEstimator(columns={"*": "discrete"}, **SMALL).fit(frame())
    data = frame()[["age", "city"]].rename(columns={"age": "*"})
    gan = GANEstimator(columns={"*": "continuous"}, **SMALL).fit(data)
    assert [line.kind for line in gan.columns_] == ["continuous", "discrete"]


# --- values that fit did not see ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "change", "count"),
    [
        ("city", lambda t: t["city"].where(t.index > 6, "Bogota"), 7),
        ("age", lambda t: t["age"].where(t.index > 2), 3),
        ("smokes", lambda t: t["smokes"].astype(object).where(t.index > 1, None), 2),
    ],
)
def test_values_that_fit_did_not_see_are_told_of_once_and_never_shown(fitted, column, change, count):
    data = frame()
    data[column] = change(data)
    told = rf"^Column '{column}' has {count} values in 200 rows that are not among those learned in fit, .*Fit on rows"
    for ask in (fitted.transform, fitted.decision_function):
        with pytest.warns(UnknownValuesWarning, match=told) as warned:
            assert np.isfinite(ask(data)).all()
        assert len(warned) == 1
        assert "Bogota" not in str(warned[0].message)
    fitted.transform(frame())  # nothing new, nothing to tell


def test_training_on_tells_of_new_values_and_of_no_suppressed_ones():
    gan = GANEstimator(columns={"city": OneHot(least=0.2)}, **SMALL).fit(frame())
    with pytest.warns(UnknownValuesWarning, match="'size' has 5 values in 200 rows"):
        gan.partial_fit(frame().assign(size=lambda t: t["size"].cat.add_categories("XXL").where(t.index > 4, "XXL")))
    assert set(gan.sample(50)["city"]) == {"Rome", "Oslo"}


def test_numbers_out_of_range_and_missing_ones_stay_within_what_networks_see(fitted):
    data = frame().assign(age=1e6)
    assert np.isfinite(fitted.transform(data)).all()
    for name in ("min-max", "mixed", "log", "mode-specific", "quantile-normal", "datetime"):
        encoder = registry.resolve("encoder", name)(**({"spikes": None} if name == "min-max" else {}))
        numbers, _ = encoder.fit(np.arange(1.0, 90.0)).encode(np.array([-1e9, 1e9, np.nan]))
        assert np.abs(numbers).max() <= 1, name


def test_a_constant_column_of_an_encoder_of_numbers_stays_that_constant():
    for name in ("min-max", "mixed", "log", "mode-specific", "quantile-normal"):
        encoder = registry.resolve("encoder", name)().fit(np.full(40, 3.5))
        back = encoder.decode(*encoder.encode(np.full(5, 3.5)), np.random.default_rng(0))
        np.testing.assert_array_equal(back, 3.5)


@pytest.mark.parametrize("rows", [[], [2], [0, 1, 2, 3]], ids=["none", "one", "all"])
def test_networks_are_told_of_the_same_wishes_where_samples_are_drawn(rows):
    """There a block without a wish is not looked at closer; one with a wish is told of it as in training."""
    frame = pd.DataFrame({"a": list("xyzx") * 10, "b": list("pqqp") * 10})
    labels = GANEstimator(max_iter=1, random_state=0, device="cpu").fit(frame)._encoding_.labels
    codes = torch.full((4, len(labels.widths)), -1, dtype=torch.int32)
    codes[rows, 0] = 1
    expected = torch.zeros(4, labels.condition_dim)
    expected[rows, 1] = 1
    with torch.inference_mode():
        assert torch.equal(labels.expand(codes), expected)
    assert torch.equal(labels.expand(codes), expected)
