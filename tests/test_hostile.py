"""What a careless or a hostile user gives that no catalogue lists: refused in words, or given back whole."""

import os
from decimal import Decimal
from enum import Enum
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from attacks import Forgery
from click.testing import CliRunner
from refusals import check_words, refused

from skgan import GANEstimator, compare, datasets, early_stopping, metrics, watch
from skgan.architectures.mlp import MLP
from skgan.cli import main
from skgan.constraints.less_than import LessThan
from skgan.exceptions import InvalidParameterError, SkganError, TrainingWarning

TINY = {"architecture": MLP(width=8, depth=1), "max_iter": 1, "latent_dim": 8, "batch_size": 8, "random_state": 0}
NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 3)), np.array(list("abc") * 4)


def frame(**more):
    own = {"n": np.arange(12) + 0.5, "i": np.arange(12, dtype=np.uint8), "t": list("abcd") * 3}
    return pd.DataFrame(own | {"d": pd.date_range("2020-01-01", periods=12)} | more)


@pytest.fixture(scope="module")
def table():
    return GANEstimator(**TINY | {"architecture": "auto"}).fit(frame())


# --- values asked for of a table ------------------------------------------------------------------

HOW_MANY = ("y must say", "column 't'", "an int in the range [0, inf)", "Give whole numbers")
RANGE = ("y must ask for a range (low, high)", "low no larger than high", "Got", "Give two numbers")
HOLDS = ("y must ask for numbers", "can hold", "Got", "Give another")
WISHES = [
    *(({"t": {"a": count, "b": 3}}, ValueError, HOW_MANY) for count in (2.5, True, -1, "2", None, {"b": 1}, NAN)),
    *(({"n": ends}, ValueError, RANGE) for ends in ((5, 3), (NAN, 3), (3, NAN), (1, 2, 3), (1,), (INF, None), (None, -INF))),
    *(({"i": ends}, ValueError, RANGE) for ends in ((2.2, 2.8), (-9, -5), (300, 400))),
    *(({"i": value}, ValueError, HOLDS) for value in (2.5, 300, -1, INF)),
    *(({"n": value}, ValueError, ("y must ask for values", "'n' had in fit", "Got a missing one", "Give a number")) for value in (NAN, [1.5, None])),
    *(({"n": value}, TypeError, ("y must ask for numbers", "'n'", "Got a", "Give a number")) for value in (True, {1}, 1j)),
    *(({"d": value}, TypeError, ("y must ask for points in time", "'d'", "Got a", "Give a date")) for value in ("soon", True, 1j)),
    *(({"t": value}, TypeError, ("y must ask for values", "'t'", "Got a", "Give one value")) for value in ({"a"}, [["a"]])),
    (pd.DataFrame([["a", "b"]], columns=["t", "t"]), ValueError, ("y must name each column once", "Got", "'t'", "Drop")),
    ({"t": {"a": 10**15}}, MemoryError, ("not enough memory", "y asks for", "Ask for fewer rows")),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "error", "says"), WISHES, ids=lambda value: str(value)[:40])
def test_what_no_row_can_have_is_refused(table, asked, error, says):
    check_words(refused(table, lambda gan: gan.sample(y=asked), error), says)


def test_ranges_of_whole_numbers_hold_whole_ones_and_tuples_of_text_are_lists(table):
    assert set(table.sample(20, y={"i": (2.2, 4.9)})["i"]) <= {3, 4}
    assert table.sample(y={"t": ("a", "b", "a")})["t"].tolist() == ["a", "b", "a"]
    assert table.sample(y={"t": {"a": 2, "b": 0}})["t"].tolist() == ["a", "a"]


def test_more_rows_than_an_address_can_say_are_too_many_for_memory(table):
    for n in (2**62, 2**63, 10**30):
        check_words(refused(table, lambda gan, n=n: gan.sample(n), MemoryError), ("memory", str(n), "Ask for fewer"))


# --- columns and names, given back whole or refused before training -------------------------------

ZONES = pd.Series([pd.Timestamp("2020", tz="UTC"), pd.Timestamp("2021"), None] * 4, dtype=object)
COLUMNS = {
    "intervals": pd.Series(pd.interval_range(0, 12)),
    "times with and without a zone": ZONES,
    "cells of several types": pd.Series([1, "a", None, 2.5] * 3, dtype=object),
    "numbers and booleans": pd.Series([2, True, 0, False] * 3, dtype=object),
    "halves of characters": pd.Series(["\ud800", "a", "b", "c"] * 3, dtype=object),
    "largest whole numbers": pd.Series([2**63 - 2**10, 2**63 - 2**11] * 6),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_comes_back_with_the_values_and_the_type_it_had(name):
    column = COLUMNS[name]
    gan = GANEstimator(**TINY | {"architecture": "auto"}).fit(frame(k=column))
    drawn = gan.sample(30, random_state=0)["k"]
    assert drawn.dtype == column.dtype
    assert set(map(repr, drawn.dropna())) <= set(map(repr, column.dropna()))
    assert gan.transform(frame(k=column)[:1]).shape[0] == 1  # rows in which all cells are numbers are rows too


@pytest.mark.parametrize("names", [["a", "a", "b"], ["a", "\ud800", "b"]], ids=["twins", "half a character"])
@pytest.mark.parametrize("cells", [X, X.astype(object)], ids=["numbers", "objects"])
def test_names_that_no_column_can_have(names, cells):
    rows = pd.DataFrame(cells, columns=pd.Index(names, dtype=object))
    message = refused(GANEstimator(**TINY), lambda gan: gan.fit(rows), ValueError)
    check_words(message, ("X must have columns", "Got", "Rename"))


def test_a_frame_without_columns():
    message = refused(GANEstimator(**TINY), lambda gan: gan.fit(pd.DataFrame(index=range(12))), ValueError)
    check_words(message, ("X", "0 feature(s)", "minimum of 1", "Check"))


def test_types_that_cannot_be_made_again_are_refused_before_training():
    arrow = pytest.importorskip("pyarrow")
    for kind, values in (
        (arrow.decimal128(5, 2), [1, 2] * 6),
        (arrow.dictionary(arrow.int32(), arrow.string()), ["a", "b"] * 6),
    ):
        column = pd.Series(pd.array(values, dtype=pd.ArrowDtype(kind)))
        message = refused(
            GANEstimator(**TINY | {"architecture": "auto"}), lambda gan, k=column: gan.fit(frame(k=k)), TypeError
        )
        check_words(message, ("X must have columns of types", "Got", "'k'", "Convert"))


# --- what is saved is not lost --------------------------------------------------------------------

KEPT = {
    "names of two levels": lambda: GANEstimator(**TINY).fit(
        pd.DataFrame(X, columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]))
    ),
    "names that are pairs": lambda: GANEstimator(**TINY | {"architecture": "auto"}).fit(
        pd.DataFrame({("a", 1): range(12), ("b", 2): list("abcd") * 3})
    ),
    "cells of several types": lambda: GANEstimator(**TINY | {"architecture": "auto"}).fit(
        frame(k=COLUMNS["cells of several types"])
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_it_is_the_same_after_saving(name, tmp_path):
    gan = KEPT[name]()
    gan.save(tmp_path / "model")
    again = GANEstimator.load(tmp_path / "model")
    pd.testing.assert_frame_equal(gan.sample(20, random_state=1), again.sample(20, random_state=1))
    assert again.transform(gan.sample(3)).shape[0] == 3


LOST = {
    "half a character": (lambda: GANEstimator(**TINY).fit(X, ["\ud800", "a"] * 6), "no Unicode"),
    "huge whole numbers": (lambda: GANEstimator(**TINY).fit(X, [10**30 + i % 2 for i in range(12)]), "64 bits"),
    "dates as names": (
        lambda: GANEstimator(**TINY).fit(pd.DataFrame(X, columns=pd.date_range("2020", periods=3))),
        "Timestamp",
    ),
    **{
        f"{name}={value!r} set after fit": (
            lambda name=name, value=value: GANEstimator(**TINY).fit(X).set_params(**{name: value}),
            name,
        )
        for name, value in (
            ("batch_size", -1),
            ("latent_dim", 0),
            ("device", "gpu"),
            ("columns", 3),
            ("prior", 3),
            ("verbose", "x"),
        )
    },
}


@pytest.mark.parametrize("name", LOST)
def test_what_could_not_be_loaded_is_not_saved(name, tmp_path):
    made, said = LOST[name]
    gan = made()
    message = refused(gan, lambda gan: gan.save(tmp_path / "model"), SkganError)
    check_words(message, (said,))
    assert list(tmp_path.iterdir()) == []
    if "set after" not in name:  # which fit refuses itself
        checkpointed = GANEstimator(**TINY, checkpoint_dir=tmp_path / "runs")
        rows = gan.sample(12) if hasattr(gan, "feature_names_in_") or not hasattr(gan, "classes_") else X
        labels = [gan.classes_[i % 2] for i in range(12)] if hasattr(gan, "classes_") else None
        check_words(refused(checkpointed, lambda each: each.fit(rows, labels), SkganError), (said,))


def test_settings_of_a_file_are_refused_with_the_file_and_the_place(tmp_path):
    GANEstimator(**TINY).fit(X, Y).save(tmp_path / "good")
    for place, value, says in (
        (("params", "batch_size"), -1, "'batch_size'"),
        (("params", "architecture", "params", "width"), "wide", "'width'"),
        (("params", "architecture"), {"a": 1}, "params.architecture"),
        (("model", "parts", "optimizer", "params", "betas"), [1, 2], "'betas'"),
        (("model", "parts", "loss", "part"), "os:system", "os:system"),
        (("model", "parts", "architecture", "params", "depth"), 2**40, "'depth'"),
        (("model", "spec", "kind"), "nothing", "model"),
        (("encoding", "layout", "kind"), [], "encoding"),
    ):
        (tmp_path / says.strip("'")).mkdir()
        forged = Forgery(tmp_path / "good", tmp_path / says.strip("'"))
        config = forged.config
        for key in place[:-1]:
            config = config[key]
        config[place[-1]] = value
        with pytest.raises(SkganError) as caught:
            GANEstimator.load(forged.write())
        check_words(str(caught.value), (str(forged.path)[-100:], says))


# --- labels, latents and scores -------------------------------------------------------------------


class Colour(str, Enum):  # noqa: UP042 - str() of it is not its value, unlike StrEnum's
    RED, GREEN, BLUE = "red", "green", "blue"


class Plain(Enum):
    A, B = 1, 2


LABELS = {
    "an enum of text": ([Colour.RED, Colour.GREEN, Colour.BLUE] * 4, ["red", "green", "blue"] * 4),
    "decimals": ([Decimal(i) / 8 for i in range(12)], [i / 8 for i in range(12)]),
    "fractions": ([Fraction(i, 8) for i in range(12)], [i / 8 for i in range(12)]),
    "tensors in a list": (
        [torch.tensor(i / 8, dtype=torch.float64, requires_grad=True) for i in range(12)],
        [i / 8 for i in range(12)],
    ),
}


@pytest.mark.parametrize("name", LABELS)
def test_labels_mean_what_their_values_mean(name):
    given, plain = LABELS[name]
    first, second = GANEstimator(**TINY).fit(X, given), GANEstimator(**TINY).fit(X, plain)
    assert first.label_kind_ == second.label_kind_
    np.testing.assert_array_equal(first.sample(9, random_state=1), second.sample(9, random_state=1))
    drawn = [gan.sample(9, random_state=1, return_y=True)[1] for gan in (first, second)]
    np.testing.assert_array_equal(*(np.asarray(y, second.sample(1, return_y=True)[1].dtype) for y in drawn))


ORDER = ("y must hold labels that can be put in order", "Got labels of type", "Give their names")
NO_LABELS = {
    "an enum": ([Plain.A, Plain.B] * 6, ORDER),
    "objects": ([object()] * 12, ORDER),
    "dicts": ([{}] * 12, ORDER),
    "sets": ([{1}] * 12, ORDER),
    "a tensor without data": (torch.empty(12, device="meta"), ("y must be", "meta device", "a tensor", "Collect")),
    "a sparse tensor": (torch.eye(12).to_sparse(), ("Sparse data was passed for y", "dense", "Got", "y.to_dense()")),
    "eight bits": (torch.ones(12).to(torch.float8_e5m2), ("y must be", "float8", "a tensor", "Collect")),
}


@pytest.mark.parametrize("name", NO_LABELS)
def test_what_can_be_no_label(name):
    y, says = NO_LABELS[name]
    check_words(refused(GANEstimator(**TINY), lambda gan: gan.fit(X, y), TypeError), says)


def test_rows_that_are_tensors_with_a_gradient():
    rows = [torch.tensor(row, requires_grad=True) for row in X]
    assert np.array_equal(GANEstimator(**TINY).fit(rows).sample(3), GANEstimator(**TINY).fit(X).sample(3))


NO_LATENTS = {
    "complex": np.zeros((2, 8)) + 1j,
    "dates": np.zeros((2, 8), "M8[s]"),
    "ragged": [[0] * 8, [0] * 7],
    "sparse": scipy.sparse.csr_array(np.zeros((2, 8))),
    "masked": np.ma.masked_array(np.zeros((2, 8)), True),
    "without data": torch.empty(2, 8, device="meta"),
    "too large": np.full((2, 8), 1e300),
    "text": [["a"] * 8] * 2,
    "a set": {1},
}


@pytest.mark.parametrize("name", NO_LATENTS)
def test_what_can_be_no_latents(name):
    gan = GANEstimator(**TINY).fit(X)
    message = refused(gan, lambda gan: gan.sample(latents=NO_LATENTS[name]), (TypeError, ValueError))
    assert "latents" in message


def test_latents_of_any_kind_of_tensor():
    gan, z = GANEstimator(**TINY).fit(X), np.linspace(-1, 1, 16).reshape(2, 8)
    for given in (
        torch.tensor(z, requires_grad=True),
        torch.tensor(z),
        list(torch.tensor(z)),
        z.tolist(),
        z.astype(object),
    ):
        np.testing.assert_allclose(gan.sample(latents=given), gan.sample(latents=z), rtol=1e-6)


@pytest.mark.parametrize("value", [None, "x", np.array([1, 2]), [1.0]], ids=repr)
@pytest.mark.parametrize("early", [False, True])
def test_a_scoring_function_that_returns_no_number(value, early):
    gan = GANEstimator(**TINY, scoring=lambda *_: value, early_stopping=early)
    rows = np.repeat(X, 5, 0)
    if not early:
        gan.fit(rows)
    message = refused(gan, lambda gan: gan.fit(rows) if early else gan.score(rows), TypeError)
    check_words(message, ("'scoring'", "a function that returns a number", "Got", "Return one float"))


@pytest.mark.parametrize("scores", [[NAN, 1.0, 2.0], [NAN] * 3], ids=["at first", "always"])
def test_a_score_that_is_nan_is_no_best_one(scores, monkeypatch):
    monkeypatch.setattr(watch, "TICK", 1)
    monkeypatch.setattr(early_stopping, "ticks_between", lambda *_: 1)
    left = iter(scores)
    gan = GANEstimator(**TINY | {"max_iter": 3}, scoring=lambda *_: next(left), early_stopping=True)
    with pytest.warns(TrainingWarning, match="NaN on the held-out rows"):
        gan.fit(np.repeat(X, 5, 0))
    assert gan.n_iter_ == 3  # the last state is the best, or the only one there is
    assert vars(gan).get("best_validation_score_", NAN) == pytest.approx(scores[-1], nan_ok=True)


# --- settings -------------------------------------------------------------------------------------


def test_rules_hold_for_tables_of_numbers_too_and_are_refused_where_there_are_no_columns():
    low = X[:, 0]
    rows = pd.DataFrame({"low": low, "high": low + 0.5})
    gan = GANEstimator(**TINY | {"architecture": "auto"}, constraints=[LessThan("low", "high")])
    drawn = gan.fit(rows).sample(200, random_state=0)
    assert (drawn["low"] <= drawn["high"]).all()
    assert gan.set_params(constraints=[LessThan(0, 1)]).fit(rows.to_numpy()).sample(3).shape == (3, 2)
    for name, value in (("constraints", [LessThan(0, 1)]), ("columns", {})):
        gan = GANEstimator(**TINY | {"architecture": "auto"}, **{name: value})
        message = refused(gan, lambda gan: gan.fit(RNG.random((8, 4, 4))), InvalidParameterError)
        check_words(message, (repr(name), "must be None", "3 dimensions", "Leave it out"))


@pytest.mark.parametrize("value", [3, {"a": 1}, {1}, b"unique", "no such rule", [1]], ids=repr)
def test_what_can_be_no_rule(value):
    gan = GANEstimator(**TINY | {"architecture": "auto"}, constraints=value)
    message = refused(gan, lambda gan: gan.fit(X), InvalidParameterError)
    check_words(message, ("constraint", "must be"))


@pytest.mark.parametrize("name", ["latent_dim", "n_discriminators"])
def test_sizes_that_no_machine_has(name):
    message = refused(GANEstimator(**TINY | {name: 10**30}), lambda gan: gan.fit(X), InvalidParameterError)
    check_words(message, (repr(name), "an int in the range [1, ", "Got 1000", "default"))


# --- the command and comparisons ------------------------------------------------------------------


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    GANEstimator(**TINY).fit(X).save(folder / "a")
    GANEstimator(**TINY).fit(X, Y).save(folder / "b")
    GANEstimator(**TINY | {"architecture": "auto"}).fit(frame()).save(folder / "table")
    np.save(folder / "x.npy", X)
    np.save(folder / "short.npy", Y[:-1])
    (folder / "nothing").mkdir()
    os.mkfifo(folder / "pipe.npy")
    return folder


COMMANDS = [
    ("fit x.npy --label gone.npy -o m", "--label must be a file", "where nothing is"),
    ("fit pipe.npy -o m", "the data must be a file", "no ordinary file"),
    ("fit x.npy -o /proc/model", "--out must be writable", "where no directory can be made"),
    ("fit x.npy -o m --set self=3", "Invalid parameter 'self'", "GANEstimator"),
    ("sample a -o gone/s.npy", "-o must be a file in a folder", "whose folder is not there"),
    ("sample a -o nothing.npy/ --overwrite", "-o must be a file in a folder", "which is a folder"),
    ("compare a b --data gone.npy", "the data must be a file", "where nothing is"),
    ("compare a a --data x.npy", "RUN must name each model once", "1 of them different"),
    ("compare a table --data x.npy", "estimators must draw what X is", "from 'table'"),
    ("compare a b --data x.npy --label short.npy", "y must have one label for each row", "11 for 12"),
    ("compare a b --data x.npy -o picture", "must end in .png", "'picture'"),
    ("compare a b --data x.npy -o gone/p.png", "-o must be a file in a folder", "whose folder is not there"),
    ("compare nothing a --data x.npy", "checkpoint_dir must hold a checkpoint", "with none"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "said", "more"), COMMANDS, ids=[row[0] for row in COMMANDS])
def test_a_command_says_what_it_cannot_do_before_it_does_anything(models, monkeypatch, command, said, more):
    monkeypatch.chdir(models)
    (models / "nothing.npy").mkdir(exist_ok=True)
    before = sorted(models.iterdir())
    done = CliRunner().invoke(main, command.split())
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code in (1, 2)
    check_words(done.output.partition("Error: ")[2], (said, more))
    assert sorted(models.iterdir()) == before


def test_models_of_a_frame_of_numbers_are_compared_on_an_array():
    gan = GANEstimator(**TINY).fit(pd.DataFrame(X, columns=list("abc")))
    assert compare({"a": gan}, np.repeat(X, 4, 0), scoring="energy", n_resamples=2).metrics == ["energy"]


NO_PATHS = [None, 3, b"x", [], "", "a\0b", "\ud800"]


@pytest.mark.parametrize("sampler", ["nonsense", 3, [], True])
def test_a_sampler_that_is_none_is_refused_before_it_is_asked(sampler, tmp_path):
    """In a file by the file's name; and in an estimator before it is saved, so that what is saved can be loaded."""
    gan = GANEstimator(**TINY).fit(X)
    gan.save(tmp_path / "good")
    forged = Forgery(tmp_path / "good", tmp_path / "forged")
    forged.config["params"]["sampler"] = sampler
    forged.write()
    check_words(refused(GANEstimator, lambda kind: kind.load(forged.path), SkganError), ("sampler", "forged/model"))
    gan.set_params(sampler=sampler)
    check_words(refused(gan, lambda fitted: fitted.save(tmp_path / "new"), SkganError), ("sampler",))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("path", NO_PATHS, ids=repr)
def test_what_can_be_no_path(path):
    gan = GANEstimator(**TINY).fit(X)
    for call in (gan.save, GANEstimator.load, datasets.load_images, datasets.scan_table):
        with pytest.raises(InvalidParameterError) as caught:
            call(path)
        check_words(str(caught.value), ("must be a str or a path", "Got", "Give the path"))


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    gan = GANEstimator(checkpoint_dir="~/runs", **TINY).fit(X)
    gan.save("~/models/a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["models", "runs"]
    assert GANEstimator.load("~/models/a").n_iter_ == gan.n_iter_


@pytest.mark.parametrize("name", ["dcr", "near_copies", "detection", "pair_trends", "tstr", "column_shapes"])
def test_metrics_of_tables_refuse_what_is_no_number_in_float32(name):
    rows = RNG.standard_normal((12, 3))
    for bad, says in ((np.where(X > 1, INF, X), "infinity"), (X * 1e300, "too large"), (X[:1], "at least 2 rows")):
        for sets, which in (((bad, rows), "X_real"), ((rows, bad), "X_fake")):
            with pytest.raises(ValueError, match=which) as caught:
                getattr(metrics, name)(*sets)
            check_words(str(caught.value), (says, "Got"))
