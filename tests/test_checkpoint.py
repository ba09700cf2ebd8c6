"""A saved model is all of the model, nothing but data, and never half there."""

import copy
import errno
import json
import os
import pickle
import pickletools
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from attacks import digest, seal
from safetensors.numpy import load_file
from sklearn.preprocessing import FunctionTransformer

from skgan import GANEstimator, _fs, blueprint, checkpoint, reading
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.encoding.min_max import MinMax
from skgan.encoding.preprocessors import CLOSED_LIST
from skgan.exceptions import (
    CheckpointCorruptError,
    CheckpointError,
    CheckpointExistsError,
    CheckpointMismatchError,
    CheckpointWriteError,
    SkganError,
    TrainingDivergedError,
)
from skgan.features.pca import PCA
from skgan.interfaces import Callback
from skgan.latents import Codes, Truncated
from skgan.losses.wgan_gp import WGANGP
from skgan.metrics.frechet import FID
from skgan.optimizers.adam import Adam
from skgan.regularizers.r1 import R1
from skgan.writing import sealed

TINY = {"architecture": MLP(width=8, depth=1), "conditioning": "concat", "latent_dim": 4, "batch_size": 8}
SMALL_HEAD = {"conditioning__hidden": 4}
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((20, 3)), np.array(list("abcd") * 5)
IMAGES = RNG.integers(0, 256, (20, 9, 7, 1), dtype=np.uint8)
FILES = ("manifest.json", "config.json", "state.safetensors")


def tiny(**params):
    return GANEstimator(**({"max_iter": 3, "random_state": 0} | TINY | params)).set_params(**SMALL_HEAD)


@pytest.fixture(scope="module")
def fitted():
    return tiny().fit(X, Y)


@pytest.fixture
def saved(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    return tmp_path / "model"


def state_of(gan):
    """Return all tensors of a training as arrays, and its counters."""
    state = gan._model_.state
    return {name: tensor.numpy().copy() for name, tensor in state.tensors().items()}, state.counters()


def differing(one, other):
    """Return the names of the tensors and counters that are not equal bit for bit."""
    names = one[0].keys() ^ other[0].keys()
    names |= {name for name in one[0].keys() & other[0].keys() if one[0][name].tobytes() != other[0][name].tobytes()}
    return names | {name for name in one[1] if one[1][name] != other[1][name]}


def there_and_back(gan, folder):
    gan.save(folder / "model")
    return GANEstimator.load(folder / "model")


def content(path):
    return {file.name: file.read_bytes() for file in path.iterdir()}


def rewrite(path, edit):
    """Change the configuration the way somebody would who can compute checksums."""
    config = json.loads((path / "config.json").read_bytes())
    edit(config)
    data = json.dumps(config).encode()
    (path / "config.json").write_bytes(data)
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["files"]["config.json"] = {"size": len(data), "sha256": digest(data)}
    (path / "manifest.json").write_text(json.dumps(seal(manifest)))


# --- round trip -----------------------------------------------------------------------------------


def test_a_loaded_model_does_the_same(fitted, saved):
    loaded = GANEstimator.load(saved)
    for answer in (
        lambda gan: gan.sample(20, random_state=1),
        lambda gan: gan.sample(y=Y, random_state=1),
        lambda gan: gan.transform(X),
        lambda gan: gan.decision_function(X, Y),
        lambda gan: gan.score(X, Y),
    ):
        np.testing.assert_array_equal(answer(loaded), answer(fitted))


@pytest.mark.parametrize(
    "name", ["history_", "n_iter_", "n_features_in_", "data_shape_", "device_", "precision_", "n_critic_"]
)
def test_a_loaded_model_knows_the_same(fitted, saved, name):
    assert getattr(GANEstimator.load(saved), name) == getattr(fitted, name)


def test_a_loaded_model_has_the_same_attributes_and_parameters(fitted, saved):
    loaded = GANEstimator.load(saved)
    assert vars(loaded).keys() == vars(fitted).keys()
    assert repr(loaded) == repr(fitted)
    assert {k: repr(v) for k, v in loaded.get_params().items()} == {k: repr(v) for k, v in fitted.get_params().items()}


def test_a_stream_of_samples_goes_on_where_it_was(tmp_path):
    gan = tiny().fit(X)
    gan.sample(3)
    np.testing.assert_array_equal(there_and_back(gan, tmp_path).sample(3), gan.sample(3))


def test_parameters_changed_since_the_fit_are_refused_after_loading_too(tmp_path):
    gan = tiny().fit(X).set_params(batch_size=5, warm_start=True)
    for model in (gan, there_and_back(gan, tmp_path)):
        with pytest.raises(ValueError, match="batch_size"):
            model.fit(X)


@pytest.mark.parametrize(
    "labels",
    [Y, Y.astype(object), Y == "a", np.arange(20) % 3, (np.arange(20) % 3).astype(np.uint8), np.arange(20) % 3 * 1.0],
    ids=lambda labels: str(labels.dtype),
)
def test_labels_survive(labels, tmp_path):
    gan = tiny(max_iter=1).fit(X, labels)
    loaded = there_and_back(gan, tmp_path)
    assert loaded.classes_.dtype == gan.classes_.dtype
    assert loaded.classes_.tolist() == gan.classes_.tolist()
    np.testing.assert_array_equal(loaded.class_prior_, gan.class_prior_)
    assert loaded.sample(2, labels[0], return_y=True)[1].tolist() == [labels[0]] * 2


def test_columns_survive(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"b": np.arange(20), "a": X[:, 0].astype(np.float32)})
    gan = tiny(max_iter=1).fit(frame)
    loaded = there_and_back(gan, tmp_path)
    pd.testing.assert_frame_equal(loaded.sample(4, random_state=0), gan.sample(4, random_state=0))
    assert loaded.feature_names_in_.tolist() == ["b", "a"]


@pytest.mark.parametrize("name", CLOSED_LIST)
def test_every_listed_preprocessor_survives(name, tmp_path):
    settings = {"QuantileTransformer": {"n_quantiles": 10}, "PCA": {"n_components": 2}}.get(name, {})
    gan = tiny(max_iter=1, preprocessor=CLOSED_LIST[name](**settings)).fit(X)
    loaded = there_and_back(gan, tmp_path)
    np.testing.assert_array_equal(loaded.sample(9, random_state=0), gan.sample(9, random_state=0))
    np.testing.assert_array_equal(loaded.transform(X), gan.transform(X))


PARAMS = {
    "classes": ({"optimizer": Adam, "regularizers": [R1]}, "Adam()", "[R1()]"),
    "a tuple": ({"optimizer": Adam(betas=(0.5, 0.9)), "regularizers": ("sn", R1(2.0))},
                "Adam(betas=(0.5, 0.9))", "['sn', R1(weight=2.0)]"),
    "names": ({"optimizer": "rmsprop", "regularizers": "sn"}, "'rmsprop'", "'sn'"),
    "none": ({"regularizers": None}, "'auto'", "None"),
}  # fmt: skip


@pytest.mark.parametrize("case", PARAMS)
def test_parameters_come_back_as_parts_with_their_parameters(case, tmp_path):
    params, *wanted = PARAMS[case]
    gan = tiny(max_iter=1, loss="nonsaturating", learning_rate=np.float32(0.25), **params).fit(X)
    loaded = there_and_back(gan, tmp_path).get_params(deep=False)
    assert [repr(loaded["optimizer"]), repr(loaded["regularizers"])] == wanted
    assert loaded["learning_rate"] == 0.25
    assert type(loaded["learning_rate"]) is float


def test_a_prior_comes_back_with_its_parameters(tmp_path):
    gan = tiny(max_iter=1, latent_dim=6, prior=Codes((3, 2), 1)).fit(X)
    loaded = there_and_back(gan, tmp_path)
    assert repr(loaded.prior) == repr(Codes((3, 2), 1))
    np.testing.assert_array_equal(loaded.sample(5, random_state=0), gan.sample(5, random_state=0))


def a_judge(gan, X, y):
    return 0.0


@pytest.mark.parametrize(
    ("scoring", "kept"),
    [
        (a_judge, repr(GANEstimator().scoring)),
        (["energy", a_judge], repr(GANEstimator().scoring)),
        (["energy", FID], "['energy', FID()]"),
        (FID(features=PCA(components=2)), "FID(features=PCA(components=2))"),
        (("energy",), "['energy']"),
    ],
    ids=["function", "functions", "list", "parts within", "tuple"],
)
def test_scoring_is_kept_where_a_name_leads_to_it(scoring, kept, tmp_path):
    assert repr(there_and_back(tiny(max_iter=1, scoring=scoring).fit(X), tmp_path).scoring) == kept


@pytest.mark.parametrize(("seed", "kept"), [(np.random.RandomState(3), None), (np.int64(3), 3), (3, 3), (None, None)])
def test_a_seed_is_kept_and_a_generator_is_not(seed, kept, tmp_path):
    gan = tiny(max_iter=1, random_state=seed).fit(X)
    loaded = there_and_back(gan, tmp_path)
    assert (loaded.random_state, type(loaded.random_state)) == (kept, type(kept))
    np.testing.assert_array_equal(loaded.sample(3), gan.sample(3))


class Onlooker(Callback):
    """Does nothing."""


def test_what_looks_on_is_not_kept(tmp_path):
    gan = tiny(max_iter=1, callbacks=[Onlooker()], checkpoint_dir=tmp_path / "run", resume="auto").fit(X)
    params, default = there_and_back(gan, tmp_path).get_params(deep=False), GANEstimator().get_params(deep=False)
    for name in ("callbacks", "checkpoint_dir", "checkpoint_every_ticks", "resume", "init_from"):
        assert params[name] == default[name]


def test_columns_of_a_table_are_kept_under_names_of_any_type(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({3: ["a", "b"] * 10, 7: X[:, 0], 1.5: X[:, 1]})
    gan = tiny(max_iter=1, columns={3: "one-hot", np.int64(7): MinMax(), 1.5: MinMax}).fit(frame)
    loaded = there_and_back(gan, tmp_path)
    assert repr(loaded.columns) == "{3: 'one-hot', 7: MinMax(), 1.5: MinMax()}"
    pd.testing.assert_frame_equal(loaded.sample(4, random_state=0), gan.sample(4, random_state=0))


@pytest.mark.parametrize(
    "values", [np.arange(20) % 3, np.arange(20) % 2 == 0, np.arange(20) % 3 * 1.5], ids=["int", "bool", "float"]
)
def test_categories_of_numbers_are_kept(values, tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"n": values, "t": pd.Categorical(list("abcd") * 5), "x": X[:, 0]})
    gan = tiny(max_iter=1, columns={"n": "one-hot"}).fit(frame)
    loaded = there_and_back(gan, tmp_path)
    pd.testing.assert_frame_equal(loaded.sample(9, random_state=0), gan.sample(9, random_state=0))
    assert set(loaded.sample(30)["n"]) <= set(values)


def test_what_is_written_is_the_memory_of_the_model(fitted):
    files = checkpoint.files_of(fitted, fitted._model_, fitted.history_)
    lie_in = [np.frombuffer(piece, np.uint8) for piece in files["state.safetensors"][1:] if len(piece)]
    arrays, _ = fitted._model_.stored(copy=False)
    assert len(arrays) > 20
    assert [name for name, array in arrays.items() if not any(np.shares_memory(array, each) for each in lie_in)] == []


MODELS = {
    "as it is": {},
    "no average": {"ema_decay": None},
    "bfloat16": {"precision": "bfloat16", "ema_decay": 0.5},
    "turns": {"n_critic": 3, "learning_rate": 0.5, "discriminator_learning_rate": 0.25},
    "pieces": {"micro_batch": 4},
    "several discriminators": {"loss": "minimax", "n_critic": 2, "latent_dim": 7, "prior": Truncated(1.5)},
}


@pytest.mark.parametrize("case", MODELS)
def test_a_loaded_model_is_trained_with_the_same_numbers(case, tmp_path):
    gan = tiny(max_iter=1, **MODELS[case]).fit(X, Y)
    loaded = there_and_back(gan, tmp_path)
    one, other = gan._model_, loaded._model_
    assert vars(one.spec) == vars(other.spec)
    assert (one.key, one.ema_decay, one.precision, one.micro_batch) == (
        other.key, other.ema_decay, other.precision, other.micro_batch,
    )  # fmt: skip
    assert repr(one.prior) == repr(other.prior)
    assert {name: repr(value) for name, value in vars(one.parts).items()} == {
        name: repr(value) for name, value in vars(other.parts).items()
    }
    assert one.stored()[1] == other.stored()[1]
    assert differing(state_of(gan), state_of(loaded)) == set()


def test_files_of_earlier_versions_lack_what_came_later(saved, fitted):
    def earlier(config):
        del config["model"]["precision"], config["model"]["micro_batch"]
        del config["model"]["spec"]["columns"], config["model"]["spec"]["condition_dim"]

    rewrite(saved, earlier)
    loaded = GANEstimator.load(saved)
    assert (loaded.precision_, loaded._model_.micro_batch) == ("float32", None)
    np.testing.assert_array_equal(loaded.sample(4, random_state=0), fitted.sample(4, random_state=0))


# --- a fit that was judged ------------------------------------------------------------------------

JUDGED = {
    "data": {"shape": "", "dtype": "", "label counts": "", "rows": "0" * 64},
    "machine": {"threads": "1", "torch": "2", "device": "cpu"},
    "began": 0,
    "ticks": 0,
    "columns": 0,
    "means": {"discriminator": {}, "generator": {}},
    "judged": {"scoring": "energy", "best": None, "waited": 0, "looked_at": -1, "counters": {}},
}


NOT_JUDGED = {name: value for name, value in JUDGED.items() if name != "judged"}


def judged(gan, path, change=dict, run=JUDGED):
    """Write a checkpoint of a fit whose best state is one more everywhere, then changed; return that state."""
    arrays, _ = gan._model_.stored()
    best = change({name: array + np.ones((), array.dtype) for name, array in arrays.items()})
    with sealed("GANEstimator", checkpoint.files_of(gan, gan._model_, gan.history_, run, best)) as whole:
        _fs.write_directory(path, whole)
    return best


def test_the_best_state_is_kept_beside_the_last(fitted, tmp_path):
    best = judged(fitted, tmp_path / "model")
    loaded = GANEstimator.load(tmp_path / "model")
    assert differing(state_of(loaded), state_of(fitted)) == set()
    judged(fitted, tmp_path / "again")
    found = checkpoint.load(GANEstimator, tmp_path / "again")._judged_
    assert found.keys() == best.keys()
    assert [name for name in best if found[name].tobytes() != best[name].tobytes()] == []
    assert json.loads((tmp_path / "model" / "config.json").read_bytes())["run"] == JUDGED
    fitted.save(tmp_path / "saved")
    assert "run" not in json.loads((tmp_path / "saved" / "config.json").read_bytes())
    assert checkpoint.load(GANEstimator, tmp_path / "saved")._judged_ == {}


def without_the_first(best):
    return dict(list(best.items())[1:])


def another(**shape):
    """Put another array in the place of the first one that has a shape."""

    def change(best):
        name = next(name for name, array in best.items() if array.ndim == 2)
        return best | {name: best[name].astype(shape.get("dtype", best[name].dtype))[: shape.get("rows", 99)]}

    return change


@pytest.mark.parametrize(
    ("change", "run", "why"),
    [
        (without_the_first, JUDGED, "the best state is not whole"),
        (another(rows=1), JUDGED, r"the best state differs in '.*\.weight'"),
        (another(dtype="float16"), JUDGED, r"the best state differs in '.*\.weight'"),
        (lambda best: best | {"x" * 99: np.zeros(1)}, JUDGED, f"the best state differs in '{'x' * 60}'"),
        (dict, NOT_JUDGED, "there is a best state of a training that was not judged"),
    ],
    ids=["less", "shape", "type", "more", "not judged"],
)  # fmt: skip
def test_a_best_state_of_another_training_is_refused(fitted, change, run, why, tmp_path):
    judged(fitted, tmp_path / "model", change, run)
    with pytest.raises(CheckpointCorruptError, match=r"do not fit together \(ValueError\)") as caught:
        GANEstimator.load(tmp_path / "model")
    assert re.fullmatch(why, str(caught.value.__cause__))


# --- what is not finite, or too much --------------------------------------------------------------


def saved_with(**head):
    entries = {name.replace("__", "."): reading.Entry(*entry) for name, entry in head.items()}
    return reading.Saved(Path("a"), {}, {}, entries)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_only_transformers_and_the_history_may_hold_what_is_not_finite(value, dtype):
    tensors = {
        "history.loss": np.array([1, value], dtype),
        "preprocessor.mean_": np.array([value, 1], dtype),
        "model.step": np.array([1, 2]),
        "model.empty": np.zeros((0, 3), dtype),
        "model.weight": np.array([[1, 2], [3, 4]], dtype),
    }
    checkpoint._refuse_nonfinite(saved_with(), tensors)
    name = "best." + "x" * 100
    for place in (0, 1):
        tensors[name] = np.array([1, 2], dtype)
        tensors[name][place] = value
        with pytest.raises(CheckpointCorruptError) as caught:
            checkpoint._refuse_nonfinite(saved_with(), tensors)
        assert f"'a' must be a model as save wrote it. Got one that is damaged: the tensor {name[:100]!r} holds" in str(
            caught.value
        )


def test_more_may_be_learned_of_the_data_the_larger_the_networks_are():
    most = 2**30 + 64 * 4 * 100
    training = {"model__a": ("float32", (10, 10))}
    checkpoint._refuse_too_much_beside(saved_with(**training, other=("uint8", (most,))))
    checkpoint._refuse_too_much_beside(saved_with(other=("uint8", (2**30,))))
    with pytest.raises(CheckpointMismatchError) as caught:
        checkpoint._refuse_too_much_beside(saved_with(**training, other=("uint8", (most,)), more=("uint8", (1,))))
    assert str(caught.value) == (
        f"'a' must hold mostly the networks. Got {most + 1} bytes of other tensors, beside 400 of the training. "
        "Use another copy."
    )


def test_tensors_that_do_not_match_are_told_by_their_names_and_kinds(monkeypatch):
    wanted = {f"{letter * 80}": blueprint.Sketch("float32", (2, 3)) for letter in "dbca"}
    monkeypatch.setattr(blueprint, "expected", lambda model, n, updates: asked.append((n, updates)) or wanted)
    asked, counters = [], {"generator_updates": 3, "discriminator_updates": 5, "step": 4}
    same = {f"model.{name}": ("float32", (2, 3)) for name in wanted}
    beside = {"history.step": ("int64", (1,))}
    checkpoint._compare(saved_with(**same, **beside), None, counters)
    assert asked == [(5, {"generator": 3, "discriminator": 5})]
    for other in (("float32", (3, 2)), ("float64", (2, 3))):
        with pytest.raises(CheckpointMismatchError) as caught:
            checkpoint._compare(saved_with(**dict.fromkeys(same, other)), None, counters)
        told = "; ".join(
            f"{('model.' + letter * 80)[:60]} is {other[0]} {other[1]}, not float32 (2, 3)" for letter in "abc"
        )
        assert str(caught.value) == (
            f"'a' must hold the tensors that its settings lead to. Other: {told}. "
            "Use the version of skgan and its plugins that wrote it."
        )


def test_many_names_are_cut_and_counted():
    names = ["a" * 70, "b", "c", "d", "e"]
    assert checkpoint._cut(names) == f"{'a' * 60!r}, 'b', 'c' … and 2 more"


def test_a_model_that_does_not_fit_into_memory_says_how_large_it_is(saved, monkeypatch):
    def arrays(found):
        raise MemoryError

    monkeypatch.setattr(reading.Saved, "arrays", arrays)
    size = (saved / "state.safetensors").stat().st_size
    with pytest.raises(CheckpointError) as caught:
        GANEstimator.load(saved)
    assert str(caught.value) == (
        f"path must hold a model that fits into memory. Got {str(saved)!r} with {size} bytes of tensors. "
        "Load it on a machine with more memory."
    )
    assert isinstance(caught.value.__cause__, MemoryError)


def test_a_long_path_is_cut_at_its_beginning(fitted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = "/".join(["a" * 99] * 4)
    fitted.save(path)
    with pytest.raises(CheckpointExistsError) as caught:
        fitted.save(path)
    assert f"Got {path[-300:]!r}, which is there already." in str(caught.value)


def test_nan_among_parameters_is_null():
    value = {"a": [1.5, float("nan"), {"b": float("nan")}], "c": "nan", "d": None}
    assert json.loads(checkpoint._json(value)) == {"a": [1.5, None, {"b": None}], "c": "nan", "d": None}
    with pytest.raises(ValueError, match="JSON compliant"):
        checkpoint._json([float("inf")])


# --- resuming -------------------------------------------------------------------------------------

TRAININGS = {
    "rpgan": ({}, X, Y),
    "wgan-gp": ({"loss": "wgan-gp"}, X, None),
    "lazy penalty": ({"loss": "nonsaturating", "regularizers": "r1", "regularizers__r1__every_updates": 2}, X, Y),
    "rmsprop": ({"loss": "minimax", "optimizer": "rmsprop", "ema_decay": None}, X, Y),
    "spectral norm": ({"loss": "nonsaturating", "regularizers": "sn"}, X, None),
    "images": ({"architecture": DCGAN(4, 8), "conditioning": "projection", "conditioning__width": 4}, IMAGES, Y),
}
GO_ON = """
import sys, joblib, torch
torch.set_num_threads(1)
from skgan import GANEstimator
X, y = joblib.load("data.joblib")
GANEstimator.load("half").set_params(warm_start=True, max_iter=4).fit(X, y).save("whole")
"""


def start(case, max_iter):
    params, data, labels = TRAININGS[case]
    nested = SMALL_HEAD if "conditioning" not in params else {}
    gan = GANEstimator(**(TINY | {"random_state": 0, "max_iter": max_iter})).set_params(**nested)
    return gan.set_params(**params), data, labels


@pytest.mark.parametrize("case", TRAININGS)
def test_training_goes_on_bit_for_bit_in_a_new_process(case, tmp_path):
    whole, data, labels = start(case, 7)
    half, _, _ = start(case, 3)
    half.fit(data, labels).save(tmp_path / "half")
    joblib.dump((data, labels), tmp_path / "data.joblib")
    subprocess.run([sys.executable, "-W", "error", "-c", GO_ON], cwd=tmp_path, check=True)
    went_on = GANEstimator.load(tmp_path / "whole")
    assert differing(state_of(whole.fit(data, labels)), state_of(went_on)) == set()
    assert went_on.history_["step"] == [3, 7]


#: parts of the state that may be lost without training noticing, and why
HARMLESS = {
    "_u": "is computed from _v before it is used",
    "generator_updates": "only counts for regularizers of it",
    "rollbacks": "is zero already, and was not there in the first files",
}
COUNTING = {
    "loss": "nonsaturating",
    "regularizers": ["sn", R1(every_updates=2)],
    "optimizer": Adam(betas=(0.5, 0.9)),
    "random_state": 1,
}


def spoilt_names():
    state = tiny(**COUNTING).fit(X, Y)._model_.stored()
    return [name for entries in state for name in entries]


def continued(arrays, counters):
    """Return the state two steps after the one given, None when training noticed by itself."""
    gan = tiny(warm_start=True, **COUNTING).fit(X, Y)
    gan._model_.store(arrays, counters)
    try:
        return state_of(gan.set_params(max_iter=2).fit(X, Y))
    except TrainingDivergedError:
        return None


@pytest.mark.parametrize("name", spoilt_names())
def test_every_entry_of_the_state_matters(name):
    arrays, counters = tiny(**COUNTING).fit(X, Y)._model_.stored()
    right = continued(arrays, counters)
    if name in arrays:
        wrong = continued(arrays | {name: np.zeros_like(arrays[name])}, counters)
    else:
        wrong = continued(arrays, counters | {name: 0})
    noticed = wrong is None or differing(right, wrong) - ({name} & counters.keys())
    assert bool(noticed) != (name.rpartition(".")[2] in HARMLESS)


@pytest.mark.parametrize("name", [name for name in spoilt_names() if name != "rollbacks"])
def test_a_missing_entry_of_the_state_is_refused(name, tmp_path):
    gan = tiny(**COUNTING).fit(X, Y)
    entries = [{key: value for key, value in part.items() if key != name} for part in gan._model_.stored()]
    gan._model_.store(*entries)
    with pytest.raises((CheckpointError, KeyError)):
        there_and_back(gan, tmp_path)


def test_a_missing_optimizer_of_one_weight_is_refused(tmp_path):
    gan = tiny().fit(X, Y)
    arrays, counters = gan._model_.stored()
    lost = "optimizer.generator.0."
    gan._model_.store({name: array for name, array in arrays.items() if not name.startswith(lost)}, counters)
    with pytest.raises((CheckpointError, KeyError)):
        there_and_back(gan, tmp_path)


# --- damage ---------------------------------------------------------------------------------------


def assert_refused(path):
    with pytest.raises(CheckpointError) as caught:
        GANEstimator.load(path)
    assert len(str(caught.value)) <= 500


@pytest.mark.parametrize("name", FILES)
def test_a_cut_file_is_refused(saved, name):
    whole = (saved / name).read_bytes()
    for length in sorted({0, 1, 7, 8, 9, len(whole) - 1, *range(0, len(whole), max(1, len(whole) // 60))}):
        (saved / name).write_bytes(whole[:length])
        assert_refused(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_refused(saved, name):
    whole = (saved / name).read_bytes()
    generator = np.random.default_rng(0)
    for place in sorted({*generator.integers(0, len(whole), 300).tolist(), *range(min(80, len(whole)))}):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(generator.integers(8))
        (saved / name).write_bytes(flipped)
        assert_refused(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(saved, name):
    (saved / name).unlink()
    assert_refused(saved)


@pytest.mark.parametrize(
    "text", [b"", b"<!DOCTYPE html>", b"version https://git-lfs.github.com/spec/v1\n", b"[" * 9999]
)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_something_else_is_refused(saved, name, text):
    (saved / name).write_bytes(text)
    assert_refused(saved)


def changed(**values):
    return lambda manifest: manifest.update(values)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (changed(format=2), "format"),
        (changed(format=0), "format"),
        (changed(format="1"), "format"),
        (changed(format=True), "format"),
        (changed(estimator="OtherEstimator"), "OtherEstimator"),
        (changed(files=[]), "manifest|damaged"),
        (changed(files={"config.json": 3}), "manifest|damaged"),
    ],
    ids=["newer", "none", "text", "bool", "class", "list", "number"],
)
def test_a_manifest_of_another_kind_is_refused(saved, edit, says):
    manifest = json.loads((saved / "manifest.json").read_bytes())
    edit(manifest)
    (saved / "manifest.json").write_text(json.dumps(seal(manifest)))
    with pytest.raises(CheckpointError, match=says):
        GANEstimator.load(saved)


def test_nothing_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        GANEstimator.load(tmp_path / "absent")


def test_a_pickle_is_not_loaded(fitted, tmp_path):
    joblib.dump(fitted, tmp_path / "model")
    with pytest.raises(CheckpointError, match="joblib"):
        GANEstimator.load(tmp_path / "model")


def test_a_directory_of_something_else_is_left_alone(fitted, tmp_path):
    (tmp_path / "thesis.txt").write_text("two years")
    for settings in ({}, {"overwrite": True}):
        with pytest.raises(CheckpointWriteError, match="path"):
            fitted.save(tmp_path, **settings)
    assert content(tmp_path) == {"thesis.txt": b"two years"}


# --- writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("files_that_fit", [0, 1, 2])
def test_a_full_disk_leaves_what_was_there(saved, files_that_fit, monkeypatch):
    newer = tiny(max_iter=1).fit(X)
    newer.save(saved.parent / "newer")
    size = sum(len((saved.parent / "newer" / name).read_bytes()) for name in FILES[1:])
    before, beside = content(saved), sorted(saved.parent.iterdir())
    write, written = _fs.write, []

    def fill(descriptor, data):
        if len(written) == files_that_fit:
            write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(descriptor)
        return write(descriptor, data)

    monkeypatch.setattr(_fs, "write", fill)
    with pytest.raises(CheckpointWriteError, match=f"No space left.* It needs {size} bytes") as caught:
        newer.save(saved, overwrite=True)
    assert caught.value.errno == errno.ENOSPC
    assert str(caught.value).startswith("path must be writable")
    assert content(saved) == before
    assert sorted(saved.parent.iterdir()) == beside


WAYS = {"in one move": None, "in two moves": lambda one, other: False}


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Replace with the system's exchange, and as where there is none."""
    if WAYS[request.param] is not None:
        monkeypatch.setattr(_fs, "exchange", WAYS[request.param])


@pytest.mark.usefixtures("way")
def test_overwriting_replaces_everything(saved):
    newer = tiny(max_iter=1).fit(X)
    newer.save(saved, overwrite=True)
    np.testing.assert_array_equal(GANEstimator.load(saved).sample(4, random_state=0), newer.sample(4, random_state=0))
    assert {file.name for file in saved.iterdir()} == set(FILES)
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]


def test_what_is_there_is_not_replaced_unasked(fitted, saved, tmp_path):
    before = content(saved)
    (tmp_path / "empty").mkdir()
    for path in (saved, tmp_path / "empty", tmp_path):
        with pytest.raises(CheckpointExistsError, match="overwrite=True") as caught:
            fitted.save(path)
        assert isinstance(caught.value, FileExistsError)
    assert content(saved) == before


def test_overwriting_replaces_what_a_link_leads_to(fitted, saved, tmp_path):
    (tmp_path / "link").symlink_to(saved)
    tiny(max_iter=1).fit(X).save(tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert GANEstimator.load(saved).n_iter_ == 1


def test_parents_are_made(fitted, tmp_path):
    fitted.save(tmp_path / "runs" / "a" / "model")
    assert GANEstimator.load(tmp_path / "runs" / "a" / "model").n_iter_ == 3


@pytest.mark.parametrize("move", [1, 2])
def test_a_move_that_fails_leaves_what_was_there(saved, monkeypatch, move):
    before, rename, moves = content(saved), _fs.rename, []

    def refuse(old, new):
        moves.append(old)
        if len(moves) == move:
            raise OSError(errno.EIO, "no")
        return rename(old, new)

    monkeypatch.setattr(_fs, "exchange", WAYS["in two moves"])
    monkeypatch.setattr(_fs, "rename", refuse)
    with pytest.raises(CheckpointWriteError):
        tiny(max_iter=1).fit(X).save(saved, overwrite=True)
    assert content(saved) == before
    assert [entry.name for entry in saved.parent.iterdir()] == [saved.name]


class Unnamed(WGANGP):
    """A loss that no name leads to."""


@pytest.mark.parametrize(
    "params",
    [
        {"preprocessor": FunctionTransformer(inverse_func=None)},
        {"loss": Unnamed()},
        {"preprocessor": CLOSED_LIST["PCA"](random_state=np.random.RandomState(0))},
    ],
    ids=["preprocessor", "loss", "generator"],
)
def test_what_cannot_be_written_as_data_is_refused_whole(params, tmp_path):
    gan = tiny(max_iter=1, **params).fit(X)
    with pytest.raises(CheckpointError, match="joblib"):
        gan.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


# --- data is data ---------------------------------------------------------------------------------


def set_part(name, part):
    return lambda config: config["model"]["parts"].__setitem__(name, part)


def set_width(config):
    config["model"]["parts"]["architecture"]["params"]["width"] = 10**12


HOSTILE = {
    "a module": set_part("loss", {"part": "os:system", "kind": "loss", "params": {}}),
    "a path": set_part("loss", {"part": "../../evil", "kind": "loss", "params": {}}),
    "a kind": set_part("loss", {"part": "os:system", "kind": "os", "params": {}}),
    "another family": set_part("loss", {"part": "adam", "kind": "optimizer", "params": {}}),
    "a parameter": set_part("loss", {"part": "minimax", "kind": "loss", "params": {"__class__": "os"}}),
    "a value out of range": set_part("loss", {"part": "wgan-gp", "kind": "loss", "params": {"gp_weight": "os"}}),
    "a preprocessor": lambda config: config["encoding"].update(preprocessor={"class": "os:system", "params": {}}),
    "a parameter of the estimator": lambda config: config["params"].update(evil="os:system"),
    "a scaling": lambda config: config["encoding"].update(scaling="os:system"),
    "a prior": lambda config: config["model"].update(prior="os:system"),
    "a dtype": lambda config: config["encoding"]["layout"].update(dtypes=["os:system"]),
    "more memory than there is": set_width,
    "nothing": dict.clear,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_configuration_is_refused_and_runs_nothing(saved, what, monkeypatch):
    ran = []
    monkeypatch.setattr(os, "system", lambda *command: ran.append(command))
    rewrite(saved, HOSTILE[what])
    with pytest.raises(SkganError) as caught:
        GANEstimator.load(saved)
    assert len(str(caught.value)) <= 500
    assert ran == []


def test_loading_imports_nothing_that_the_file_names(saved, tmp_path):
    (tmp_path / "evil.py").write_text("open('ran', 'w').close()\nclass Evil: pass\n")
    rewrite(saved, set_part("loss", {"part": "evil:Evil", "kind": "loss", "params": {}}))
    code = "from skgan import GANEstimator\nfrom skgan.exceptions import SkganError\n"
    code += "try: GANEstimator.load('model')\nexcept SkganError: print('refused')"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"
    assert not (tmp_path / "ran").exists()


def test_the_files_can_be_read_by_people(saved):
    for name, key in (("manifest.json", ' "format": 1,'), ("config.json", ' "fitted": {')):
        assert key in (saved / name).read_text().splitlines()


def test_the_files_are_json_and_tensors(saved, fitted):
    assert {file.name for file in saved.iterdir()} == set(FILES)
    tensors = load_file(saved / "state.safetensors")
    for name, array in state_of(fitted)[0].items():
        np.testing.assert_array_equal(tensors[f"model.{name}"], array)


# --- pickle ---------------------------------------------------------------------------------------


def through_joblib(gan, folder):
    joblib.dump(gan, folder / "gan.joblib")
    return joblib.load(folder / "gan.joblib")


COPIES = {
    "pickle": lambda gan, folder: pickle.loads(pickle.dumps(gan)),
    "joblib": through_joblib,
    "deepcopy": lambda gan, folder: copy.deepcopy(gan),
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_samples_and_trains_the_same(way, tmp_path):
    gan = tiny(warm_start=True).fit(X, Y)
    twin = COPIES[way](gan, tmp_path)
    np.testing.assert_array_equal(twin.sample(9), gan.sample(9))
    assert differing(state_of(twin.fit(X, Y)), state_of(gan.fit(X, Y))) == set()


def test_a_copy_is_of_its_own(fitted):
    before = state_of(fitted)
    copy.deepcopy(fitted).set_params(warm_start=True).fit(X, Y)
    assert differing(before, state_of(fitted)) == set()


def test_a_pickle_holds_no_torch_object(fitted):
    strings = {str(argument) for _, argument, _ in pickletools.genops(pickle.dumps(fitted)) if argument is not None}
    assert [text for text in strings if text.split(".")[0].split(" ")[0] == "torch"] == []


def test_a_pickle_holds_no_device():
    gan = tiny(max_iter=1).fit(X)
    samples = gan.sample(3, random_state=0)
    gan._model_.device = "cuda:99"  # as if trained on a larger machine
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(gan)).sample(3, random_state=0), samples)


def test_equal_fits_have_equal_hashes(fitted):
    twin = tiny().fit(X, Y)
    twin.history_["seconds"] = list(fitted.history_["seconds"])
    assert joblib.hash(twin) == joblib.hash(fitted)
    assert joblib.hash(tiny(random_state=1).fit(X, Y)) != joblib.hash(fitted)
