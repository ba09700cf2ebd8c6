"""Shape and label contracts of the conditional generator, for every legal draw of data, labels, parts and seeds.

Not here, because it does not exist yet: auxiliary-classifier and conditional-normalisation heads, truncation,
samplers, `score_samples`. What would need a stateful machine, and what concerns bare losses and penalties, has its
own files. Samples are NumPy arrays, so that their device needs no property.
"""

import copy
import io
import json
import pickle
import tempfile
from pathlib import Path
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import MinMaxScaler
from strategies import LAYOUTS, SEEDS, SMOOTH, Case, arrays, cases, class_names

from skgan import GANEstimator, registry, sampling
from skgan.compatibility import why_not
from skgan.data import Rows
from skgan.layers import LabelEmbedding, Noise

pytestmark = [pytest.mark.goal("G26"), pytest.mark.filterwarnings("ignore:y holds one class only")]

EXPENSIVE = settings(max_examples=25)

conditional_cases = cases(SMOOTH, conditional=True, classes=(2, 20))


def weights(gan):
    networks = {"generator": gan.generator_, "average": gan.generator_ema_, "discriminator": gan.discriminator_}
    return {f"{name}.{key}": t.clone() for name, network in networks.items() for key, t in network.state_dict().items()}


def assert_same_weights(one, other):
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def assume_no_noise(gan):
    """Leave out generators that add noise when they draw: it belongs to a row's place in its chunk, not to the row."""
    assume(not any(isinstance(layer, Noise) for layer in gan.generator_.modules()))


def distinct(y):
    return np.unique(np.asarray(y))


def latents_and_labels(gan, n, seed):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, gan.latent_dim)).astype(np.float32), rng.choice(gan.classes_, n)


# --- what a sample is (P01-P03, P21, P32) ---------------------------------------------------------


@given(cases(), st.integers(1, 150))
def test_shape(case, n):
    assert case.fit().sample(n).shape == case.rows_of(n)


@given(cases(), st.integers(1, 70))
def test_dtype_contiguity_and_writability(case, n):
    samples = case.fit().sample(n)
    assert type(samples) is np.ndarray
    assert samples.dtype == case.X.dtype
    assert samples.flags.c_contiguous
    assert samples.flags.writeable


@given(cases(), st.integers(1, 70))
def test_values_are_finite_and_within_the_range_of_the_data(case, n):
    samples = case.fit().sample(n).astype(np.float64)
    by_column = case.X.ndim == 2 and case.estimator.image_shape is None
    low, high = case.X.min(0 if by_column else None), case.X.max(0 if by_column else None)
    assert np.isfinite(samples).all()
    if case.X.dtype != np.uint8 or by_column:
        slack = 4 * np.finfo(np.float32).eps * max(abs(float(case.X.min())), abs(float(case.X.max())))
        assert ((samples >= low.astype(float) - slack) & (samples <= high.astype(float) + slack)).all()


@given(cases())
def test_any_number_of_rows_and_batch_size_trains(case):
    assert all(torch.isfinite(tensor).all() for tensor in weights(case.fit()).values())


@given(st.data())
def test_what_cannot_go_together_is_refused_and_the_rest_works(data):
    X, kind, said = data.draw(arrays(SMOOTH, (*LAYOUTS, "ncl", "ncdhw")))
    part = registry.resolve("architecture", data.draw(st.sampled_from(registry.names("architecture"))))
    architecture = part(**data.draw(st.sampled_from(part.get_test_params())))
    tags = architecture.tags()
    loss = "ebgan" if tags.reconstructs else "nonsaturating" if tags.batch_statistics else "auto"
    regularizers = None if tags.batch_statistics else "auto"
    gan = GANEstimator(loss, architecture=architecture, regularizers=regularizers, max_iter=1, random_state=0, **said)
    if kind not in (tags.kinds or [kind]):
        with pytest.raises(ValueError, match=f"X is {kind} data of shape"):
            gan.fit(X)
    elif "none" not in (tags.labels or ["none"]):
        with pytest.raises(ValueError, match="there is no y"):
            gan.fit(X)
    else:
        assert gan.fit(X).sample(2).shape == (2, *X.shape[1:])


# --- labels (P04-P08, P14, P15, P29) --------------------------------------------------------------


@given(conditional_cases, SEEDS)
def test_ways_to_ask_for_labels_agree(case, seed):
    gan = case.fit()
    y = list(case.y)
    np.testing.assert_array_equal(gan.sample(len(y), y=y, random_state=seed), gan.sample(y=y, random_state=seed))
    np.testing.assert_array_equal(gan.sample(5, y=y[0], random_state=seed), gan.sample(y=[y[0]] * 5, random_state=seed))


@given(conditional_cases, st.integers(1, 70))
def test_labels_returned_are_those_asked_for_or_known_ones(case, n):
    gan = case.fit()
    _, returned = gan.sample(y=case.y, return_y=True)
    _, drawn = gan.sample(n, return_y=True)
    assert returned.dtype == drawn.dtype == gan.classes_.dtype
    assert returned.tolist() == np.asarray(case.y).tolist()
    assert set(drawn.tolist()) <= set(gan.classes_.tolist())


@given(cases(conditional=True))
def test_classes_are_the_sorted_labels_in_their_dtype(case):
    expected = np.asarray(sorted(set(np.asarray(case.y).tolist())))
    found = case.fit().classes_
    assert found.tolist() == expected.tolist()
    assert found.dtype == np.asarray(case.y).dtype


@given(cases(SMOOTH, conditional=True))
def test_every_class_is_accepted_in_each_of_its_forms(case):
    gan = case.fit()
    for label in gan.classes_:
        plain = label.item() if hasattr(label, "item") else label
        for form in (label, plain, [plain], np.array([plain]), pd.Series([plain])):
            assert gan.sample(1, y=form, return_y=True)[1].tolist() == [plain]


@given(cases(SMOOTH, conditional=True))
def test_unknown_label_is_refused_by_name(case):
    gan = case.fit()
    known = gan.classes_.tolist()
    unknown = "zebra" if isinstance(known[0], str) else 4321
    for y in (unknown, [known[0], unknown]):
        with pytest.raises(ValueError, match=str(unknown)):
            gan.sample(y=y)


@given(conditional_cases, st.data())
def test_labels_of_another_type_in_the_same_order_train_the_same(case, data):
    old = distinct(case.y)
    new = np.array(sorted(data.draw(class_names(20, 20).filter(lambda names: len(names) == 20)))[: len(old)])
    renamed = Case(case.X, new[np.searchsorted(old, np.asarray(case.y))], case.estimator)
    one, other = case.fit(), renamed.fit()
    assert_same_weights(weights(one), weights(other))
    np.testing.assert_array_equal(one.sample(y=case.y, random_state=0), other.sample(y=renamed.y, random_state=0))


@given(cases(SMOOTH, layouts=("nf", "nhw"), conditional=True), st.data())
def test_renamed_class_takes_its_embedding_along(case, data):
    case.estimator.set_params(conditioning="projection")
    gan, renamed = case.fit(), case.fit()
    order = data.draw(st.permutations(range(len(gan.classes_))))
    embeddings = [[m for m in g.generator_ema_.modules() if isinstance(m, LabelEmbedding)] for g in (gan, renamed)]
    for own, other in zip(*embeddings, strict=True):
        other.weight.copy_(own.weight[list(order)])
    samples = renamed.sample(y=gan.classes_, random_state=0)
    np.testing.assert_allclose(samples, gan.sample(y=gan.classes_[list(order)], random_state=0), atol=1e-6)


@given(conditional_cases, SEEDS)
def test_label_has_effect_on_the_sample(case, seed):
    gan = case.fit()
    assume(len(gan.classes_) > 1)
    one, other = (gan.sample(32, y=label, random_state=seed) for label in gan.classes_[:2])
    assert (one != other).any()


@given(cases(layouts=("nf",), conditional=True, classes=(2, 20)))
def test_classes_are_drawn_as_often_as_seen(case):
    gan = case.fit()
    counts = np.array([(np.asarray(case.y) == label).sum() for label in gan.classes_])
    _, drawn = gan.sample(2000, return_y=True, random_state=0)
    observed = [(drawn == label).sum() for label in gan.classes_]
    assert chisquare(observed, 2000 * counts / counts.sum()).pvalue > 1e-6


@given(cases(conditional=True, classes=(1, 1)))
def test_one_class_looks_like_none(case):
    with_class, without = case.fit(), Case(case.X, None, case.estimator).fit()
    assert with_class.sample(3).shape == without.sample(3).shape
    assert with_class.transform(case.X).shape == without.transform(case.X).shape


@given(conditional_cases, st.integers(1, 40), st.data())
def test_conditionings_agree_on_shapes_and_labels(case, n, data):
    architecture = case.estimator.architecture
    names = registry.names("conditioning")
    possible = [name for name in names if not why_not(registry.resolve("conditioning", name)(), architecture)]
    seen = set()
    for name in data.draw(st.permutations(possible))[:2]:
        gan = clone(case.estimator).set_params(conditioning=name).fit(case.X, case.y)
        X, y = gan.sample(n, return_y=True, random_state=1)
        seen.add((X.shape, str(X.dtype), str(y.dtype), tuple(y), gan.decision_function(case.X, case.y).shape))
    assert len(seen) == 1


# --- rows (P09-P13, P30, P31) ---------------------------------------------------------------------


@given(conditional_cases, st.integers(2, 150), SEEDS, st.data())
def test_rows_do_not_see_each_other(case, n, seed, data):
    gan = case.fit()
    changed = data.draw(st.integers(0, n - 1))
    z, y = latents_and_labels(gan, n, seed)
    other_z, other_y = z.copy(), y.copy()
    other_z[changed] += 1
    other_y[changed] = gan.classes_[-1]
    rest = np.arange(n) != changed
    np.testing.assert_array_equal(gan.sample(latents=z, y=y)[rest], gan.sample(latents=other_z, y=other_y)[rest])


@given(conditional_cases, SEEDS)
def test_rows_do_not_see_each_other_in_the_discriminator(case, seed):
    gan = case.fit()
    _, y = latents_and_labels(gan, len(case.X), seed)
    X, other_y = case.X.copy(), y.copy()
    X[0], other_y[0] = X[-1], gan.classes_[0]
    np.testing.assert_array_equal(gan.decision_function(case.X, y)[1:], gan.decision_function(X, other_y)[1:])


@given(conditional_cases, st.integers(1, 150), SEEDS)
def test_rows_keep_with_their_latents_and_labels(case, n, seed):
    gan = case.fit()
    assume_no_noise(gan)
    z, y = latents_and_labels(gan, n, seed)
    order = np.random.default_rng(seed).permutation(n)
    moved = gan.sample(latents=z[order], y=y[order])
    # A matrix product may round row 3 otherwise than row 4, hence no bit-for-bit here.
    np.testing.assert_allclose(moved, gan.sample(latents=z, y=y)[order], rtol=0, atol=1e-5)


@given(cases(), st.integers(1, 150), st.integers(0, 100), SEEDS)
def test_short_sample_is_head_of_long_one(case, n, more, seed):
    gan = case.fit()
    np.testing.assert_array_equal(gan.sample(n, random_state=seed), gan.sample(n + more, random_state=seed)[:n])


@given(cases(SMOOTH), st.integers(1, 80), st.sampled_from([1, 7, 16]))
def test_size_of_the_chunks_does_not_matter(case, n, chunk):
    gan = case.fit()
    assume_no_noise(gan)
    expected = gan.sample(n, random_state=0)
    with patch.object(sampling, "CHUNK", chunk):
        np.testing.assert_allclose(gan.sample(n, random_state=0), expected, rtol=0, atol=1e-5)


@given(cases(SMOOTH), SEEDS)
def test_seed_decides_sample(case, seed):
    gan = case.fit()
    np.testing.assert_array_equal(gan.sample(40, random_state=seed), gan.sample(40, random_state=seed))
    assert (gan.sample(40, random_state=seed) != gan.sample(40, random_state=seed ^ 1)).any()


@given(cases(SMOOTH, conditional=False), st.integers(1, 5), st.integers(-1, 1), st.integers(-1, 1))
def test_latents_have_one_shape_and_stay_as_they_are(case, n, more_rows, more_columns):
    gan = case.fit()
    z = np.random.default_rng(0).standard_normal((max(n + more_rows, 0), max(gan.latent_dim + more_columns, 0)))
    kept = z.tobytes()
    if z.shape == (n, gan.latent_dim):
        assert gan.sample(n, latents=z).shape == case.rows_of(n)
    else:
        with pytest.raises(ValueError, match="latents"):
            gan.sample(n, latents=z)
    assert z.tobytes() == kept


# --- what must not change (P16, P18, P19) ---------------------------------------------------------


@given(cases(), st.integers(1, 70))
def test_using_changes_nothing(case, n):
    gan = case.fit()
    modules = [m for network in (gan.generator_, gan.discriminator_, gan.generator_ema_) for m in network.modules()]
    before, training = weights(gan), [module.training for module in modules]
    gan.sample(n)
    gan.score(case.X, case.y)
    gan.transform(case.X)
    gan.decision_function(case.X)
    assert_same_weights(weights(gan), before)
    assert [module.training for module in modules] == training
    assert torch.is_grad_enabled()


@given(cases(), st.sampled_from(["generator", "discriminator"]))
def test_turn_of_one_player_leaves_the_other(case, player):
    gan = case.fit()
    state, objective = gan._model_.state, gan._model_.objective()
    stored, labels = gan._encoding_.encode_labels(case.y, len(case.X)), gan._encoding_.labels
    rows = Rows(gan._encoded(case.X), labels.expand(stored), labels.known(stored), 99)
    other = state.generator if player == "discriminator" else state.discriminator
    kept = [parameter.detach().clone() for parameter in other.parameters]
    getattr(state, player).update(getattr(objective, player)(objective.batch(state, rows, player)))
    assert all(map(torch.equal, other.parameters, kept))


@given(cases())
def test_fit_leaves_data_and_parameters_as_they_are(case):
    before = case.X.tobytes(), pickle.dumps(case.y), repr(case.estimator.get_params())
    held = dict(vars(case.estimator))
    case.estimator.fit(case.X, case.y)
    assert (case.X.tobytes(), pickle.dumps(case.y), repr(case.estimator.get_params())) == before
    assert all(getattr(case.estimator, name) is value for name, value in held.items())


def read_only_memory_map(X):
    with tempfile.TemporaryFile() as file:
        file.write(X.tobytes())
        file.flush()
        return np.memmap(file, X.dtype, "r", shape=X.shape)


@given(cases(("float32",)), st.data())
def test_container_of_the_data_does_not_matter(case, data):
    X = case.X
    ways = {
        "list": X.tolist(),
        "tensor": torch.tensor(X),
        "Fortran order": np.asfortranarray(X),
        "float64": X.astype(np.float64),
        "Fortran order, float64": np.asfortranarray(X.astype(np.float64)),
        "big-endian": X.astype(">f4"),
        "negative strides": X[::-1].copy()[::-1],
        "memory map": read_only_memory_map(X),
    }
    if X.ndim == 2:
        ways["DataFrame"] = pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])
    other = Case(ways[data.draw(st.sampled_from(sorted(ways)))], case.y, case.estimator).fit()
    assert_same_weights(weights(case.fit()), weights(other))


# --- copies (P26-P28) -----------------------------------------------------------------------------


def through_joblib(gan):
    file = io.BytesIO()
    joblib.dump(gan, file)
    file.seek(0)
    return joblib.load(file)


def through_disk(gan):
    with tempfile.TemporaryDirectory() as folder:
        gan.save(Path(folder) / "gan")
        return GANEstimator.load(Path(folder) / "gan")


@EXPENSIVE
@pytest.mark.parametrize(
    "copied", [through_disk, through_joblib, copy.deepcopy, lambda gan: pickle.loads(pickle.dumps(gan))]
)
@given(case=cases())
def test_copy_is_the_same_and_samples_the_same(copied, case):
    gan = case.fit()
    gan.sample(1)  # so that the stream of samples does not stand at its beginning
    twin = copied(gan)
    assert repr(twin.get_params()) == repr(gan.get_params())
    assert_same_weights(weights(twin), weights(gan))
    np.testing.assert_array_equal(twin.sample(20, random_state=1), gan.sample(20, random_state=1))
    np.testing.assert_array_equal(twin.sample(20), gan.sample(20))


def test_another_process_samples_the_same():
    gan = GANEstimator(max_iter=2, random_state=0).fit(np.eye(10, 3), list("abcdefghij"))
    there = joblib.Parallel(n_jobs=2)(joblib.delayed(gan.sample)(5, random_state=seed) for seed in (0, 1))
    np.testing.assert_array_equal(there, [gan.sample(5, random_state=seed) for seed in (0, 1)])


@EXPENSIVE
@given(cases())
def test_clone_has_equal_parameters_and_is_not_fitted(case):
    twin = clone(case.fit().set_params(preprocessor=MinMaxScaler()))
    assert repr(twin.get_params()) == repr(clone(twin).get_params())
    with pytest.raises(NotFittedError):
        twin.sample(1)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "loss": st.sampled_from(registry.names("loss")),
            "architecture": st.sampled_from(registry.names("architecture")),
            "regularizers": st.none() | st.lists(st.sampled_from(registry.names("regularizer"))),
            "conditioning": st.none() | st.sampled_from(registry.names("conditioning")),
            "learning_rate": st.floats(1e-12, 1e3),
            "ema_decay": st.none() | st.floats(0, 1, exclude_max=True),
            "latent_dim": st.integers(1, 10**6),
            "random_state": SEEDS,
            "warm_start": st.booleans(),
        },
    )
)
def test_parameters_survive_json_and_repr(parameters):
    gan = GANEstimator(**parameters)
    through_json = GANEstimator().set_params(**json.loads(json.dumps(gan.get_params())))
    assert through_json.get_params() == gan.get_params()
    assert eval(repr(gan)).get_params() == gan.get_params()
