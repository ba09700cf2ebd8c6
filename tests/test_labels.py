"""Labels of every kind: what y is taken for, that it comes back, how it is drawn, and that samples follow it."""

import copy
import json
import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array
from scipy.stats import chisquare, kstest, spearmanr
from sklearn.exceptions import DataConversionWarning
from torch import nn

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.architectures.unet import UNet
from skgan.callbacks import SampleGrid
from skgan.conditioning.projection import Projection
from skgan.encoding import labels as label_encoding
from skgan.encoding.scaling import Standard
from skgan.exceptions import CheckpointCorruptError, CheckpointError, IncompatibleComponentError
from skgan.interfaces import Architecture, Callback, Critique, Metric, Tags
from skgan.validation import LONGEST_MESSAGE

RNG = np.random.default_rng(0)
N = 24
X = RNG.standard_normal((N, 3)).astype(np.float32)
IMAGES = RNG.standard_normal((N, 4, 4)).astype(np.float32)
NAN, INF = np.nan, np.inf

NUMBERS = RNG.normal(40, 7, N)
COLUMNS = np.column_stack([RNG.normal(5, 2, N), RNG.exponential(1e4, N), np.full(N, 3.5)])
ROWS = (RNG.random((N, 3)) < 0.5).astype(int)
PICTURES = RNG.integers(256, size=(N, 1, 4, 4), dtype=np.uint8)
KINDS = {"classes": np.array(list("abc") * 8), "continuous": NUMBERS, "columns": COLUMNS, "multilabel": ROWS}


class Beside(Architecture):
    """Images beside images, as somebody else would write it: the label is flattened and put beside the rest."""

    def tags(self):
        """Return that labels may be images."""
        return Tags(labels=("image",))

    def generator(self, spec, conditioning):
        """Return one linear layer."""
        return Flat(spec.latent_dim + spec.label_dim, spec)

    def discriminator(self, spec, conditioning):
        """Return two linear layers."""
        return Judge(spec.n_values + spec.label_dim)


class Flat(nn.Module):
    def __init__(self, inputs, spec):
        super().__init__()
        self.shape = spec.shape
        self.layer = nn.Linear(inputs, spec.n_values)

    def forward(self, z, y):
        return torch.tanh(self.layer(torch.cat([z, y.flatten(1)], 1))).reshape(len(z), *self.shape)


class Judge(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.hidden = nn.Sequential(nn.Linear(inputs, 8), nn.LeakyReLU(0.2))
        self.logit = nn.Linear(8, 1)

    def forward(self, x, y):
        features = self.hidden(torch.cat([x.flatten(1), y.flatten(1)], 1))
        return Critique(self.logit(features).squeeze(1), features)


def tiny(**parameters):
    defaults = {"architecture": MLP(8, 1), "max_iter": 2, "latent_dim": 4, "batch_size": 8, "random_state": 0}
    return GANEstimator(**(defaults | parameters))


def of_pictures(**parameters):
    return tiny(architecture=Beside(), loss="nonsaturating", regularizers=None, **parameters)


def learned(y):
    return label_encoding.learn(y, len(y))


def expanded(labels, y):
    return labels.expand(labels.encode(labels.values(y, len(y))))


def through_state(labels):
    """Return the labels that are read from what is written."""
    arrays = {}
    config = json.loads(json.dumps(label_encoding.dump(labels, arrays)))
    return label_encoding.load(config, {name: array.copy() for name, array in arrays.items()})


# --- what y is ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "kind", "shape"),
    [
        (list("abca"), "classes", (3,)),
        ([True, False, True], "classes", (2,)),
        ([3, 1, 1, 3], "classes", (2,)),
        ([-1, 0, 1, -1], "classes", (3,)),
        ([1.0, 2.0, NAN, 2.0], "classes", (2,)),
        ([1, None, 2, 2], "classes", (2,)),
        (["a", None, NAN, "b"], "classes", (2,)),
        (["a", NAN, "b"], "classes", (2,)),
        (pd.Series([1, None, 2, 2], dtype="Int64"), "classes", (2,)),
        (pd.Series(["a", None, "b"], dtype="category"), "classes", (2,)),
        (pd.Series([0.5, None, 2.0], dtype="Float64"), "continuous", (1,)),
        (range(30), "classes", (30,)),
        ([1e30, 2e30, 2e30], "classes", (2,)),
        ([0.5, 1.0, 2.0], "continuous", (1,)),
        ([0.5, NAN, 2.0], "continuous", (1,)),
        ([0.5, None, 2], "continuous", (1,)),
        (torch.tensor([0.5, 1.0]), "continuous", (1,)),
        (torch.tensor([0.5, 1.0], dtype=torch.bfloat16, requires_grad=True), "continuous", (1,)),
        (np.array([0.5, 2.0], np.float16), "continuous", (1,)),
        ([[0.5, 1.0], [2.0, 3.0]], "continuous", (2,)),
        ([[1, 2], [2, 1]], "continuous", (2,)),
        ([[1, None], [2, 1]], "continuous", (2,)),
        (pd.DataFrame({"age": [20, 30], "height": [1.7, 1.8]}), "continuous", (2,)),
        ([[1, 0], [0, 1]], "multilabel", (2,)),
        ([[True, False, True]] * 2, "multilabel", (3,)),
        ([[1.0, 0.0], [NAN, 1.0]], "multilabel", (2,)),
        (csr_array([[1, 0], [0, 1]]), "multilabel", (2,)),
        (pd.DataFrame({"tall": [1, 0], "dark": [1, 1]}), "multilabel", (2,)),
        (np.zeros((3, 4, 5)), "image", (1, 4, 5)),
        (np.zeros((3, 1, 4, 5)), "image", (1, 4, 5)),
        (np.zeros((3, 8, 9, 2), np.uint8), "image", (2, 8, 9)),
        (np.zeros((3, 3, 8, 2), bool), "image", (3, 8, 2)),
        (torch.zeros(3, 12, 8, 8), "image", (12, 8, 8)),
    ],
    ids=repr,
)
def test_kind_and_shape(y, kind, shape):
    n = y.shape[0] if hasattr(y, "shape") else len(y)
    labels = label_encoding.learn(y, n)
    assert (labels.kind, labels.shape, labels.dim) == (kind, shape, np.prod(shape))


class OfArrow:
    """Labels as Arrow has them: an array for who asks for one, and no NumPy without a copy."""

    def to_numpy(self):
        raise NotImplementedError("zero_copy_only was True")

    def __array__(self, dtype=None, copy=None):
        return np.array(["a", "b", "a"], object)


def test_labels_of_arrow_are_classes():
    assert label_encoding.learn(OfArrow(), 3).classes.tolist() == ["a", "b"]


class ForNumbers(Projection.__mro__[1]):
    """A conditioning for numbers only."""

    def __init__(self):
        pass

    def tags(self):
        """Return that it is for numbers."""
        return Tags(labels=("continuous",))

    def embed(self, spec):
        """Return a projection's embedding."""
        return Projection().embed(spec)

    def head(self, width, spec):
        """Return a projection's head."""
        return Projection().head(width, spec)


def test_a_conditioning_for_numbers_reads_integers_as_numbers():
    years = RNG.integers(1900, 2000, N)
    assert tiny().fit(X, years % 3).label_kind_ == "classes"
    gan = tiny(conditioning=ForNumbers()).fit(X, years)
    assert (gan.label_kind_, gan.label_shape_) == ("continuous", (1,))
    assert gan.sample(3, return_y=True)[1].dtype == years.dtype
    with pytest.raises(IncompatibleComponentError, match="'continuous', and y is 'classes'"):
        tiny(conditioning=ForNumbers()).fit(X, KINDS["classes"])


@pytest.mark.parametrize("y", [[[0], [1]] * 12, NUMBERS[:, None]], ids=["classes", "numbers"])
def test_one_column_is_flattened_with_a_warning(y):
    with pytest.warns(DataConversionWarning, match="column-vector"):
        gan = tiny().fit(X, y)
    assert gan.sample(3, return_y=True)[1].shape == (3,)


def test_unlabelled_rows_are_zeros_and_unknown():
    half = NUMBERS.copy()
    half[::2] = NAN
    some = COLUMNS.copy()
    some[::2, 1] = NAN
    rows = ROWS.astype(float)
    rows[::2, 2] = NAN
    names = KINDS["classes"].astype(object)
    names[::2] = None
    for y in (half, some, rows, names):
        labels = learned(y)
        stored = labels.encode(labels.values(y, N))
        assert labels.known(stored).tolist() == [False, True] * 12
        seen = labels.expand(stored)
        assert seen.dtype == torch.float32
        assert not seen[::2].any()
        assert torch.isfinite(seen).all()
        gan = tiny().fit(X, y)
        assert np.isfinite(gan.sample(4)).all()
        with pytest.raises(ValueError, match=r"a label in each row\. Got a missing one, first at row 0"):
            gan.decision_function(X, y)


@pytest.mark.parametrize(
    ("y", "dtype"), [(KINDS["classes"], torch.int32), (COLUMNS, torch.float32), (ROWS, torch.uint8),
                     (PICTURES, torch.uint8), (PICTURES / 9, torch.float32)]
)  # fmt: skip
def test_labels_are_kept_compactly(y, dtype):
    labels = learned(y)
    assert labels.encode(labels.values(y, N)).dtype == dtype


# --- there and back -------------------------------------------------------------------------------

finite = st.floats(-1e6, 1e6, width=32)
tables = hnp.arrays(
    st.sampled_from([np.float32, np.float64]), st.tuples(st.integers(2, 9), st.integers(2, 4)), elements=finite
).filter(lambda y: len(np.unique(y)) > 2)


@given(tables)
def test_numbers_there_and_back(y):
    labels = learned(y)
    values = labels.values(y, len(y))
    back = labels.restore(values)
    assert back.dtype == y.dtype
    np.testing.assert_array_equal(back, y)
    wide = y.astype(np.float64)
    spread = wide.std(0)
    seen = labels.expand(labels.encode(values)).double().numpy()
    steady = spread <= 1e-10 * np.abs(wide).max(0)
    expected = (wide - wide.mean(0)) / np.where(steady, 1, spread)
    np.testing.assert_allclose(seen, expected, atol=1e-5, rtol=1e-5)


@given(hnp.arrays(st.sampled_from([bool, np.int8, np.int64, np.float32]), (7, 3), elements=st.integers(0, 1)))
def test_rows_of_0_and_1_there_and_back(y):
    labels = learned(y)
    assert labels.restore(labels.values(y, 7)).dtype == y.dtype
    np.testing.assert_array_equal(labels.restore(labels.values(y, 7)), y)
    np.testing.assert_array_equal(expanded(labels, y), y.astype(np.float32))


@given(
    st.sampled_from([(3, 2, 5, 4), (3, 6, 5, 2), (3, 5, 4), (3, 6, 2)]).flatmap(partial(hnp.arrays, np.uint8)),
    st.sampled_from([np.uint8, np.int16, np.float32, np.float64]),
)
def test_images_there_and_back(y, dtype):
    y = y.astype(dtype)
    labels = learned(y)
    assert labels.restore(labels.values(y, 3)).dtype == dtype
    np.testing.assert_array_equal(labels.restore(labels.values(y, 3)), y)
    low, high = (0, 255) if dtype == np.uint8 else (y.min(), y.max())
    first = y[:, None] if y.ndim == 3 else y.transpose(0, 3, 1, 2) if y.shape[-1] == 2 else y
    expected = 2 * (first.astype(float) - low) / max(high - low, 1e-12) - 1
    np.testing.assert_allclose(expanded(labels, y), expected, atol=1e-6)


@pytest.mark.parametrize(
    "y", [*KINDS.values(), PICTURES, PICTURES / 7, PICTURES[:, 0]], ids=[*KINDS, "bytes", "floats", "greyscale"]
)
def test_state_there_and_back(y):
    labels = learned(y)
    twin = through_state(labels)
    assert (twin.kind, twin.shape, twin.ndim) == (labels.kind, labels.shape, labels.ndim)
    torch.testing.assert_close(expanded(twin, y), expanded(labels, y), rtol=0, atol=0)
    torch.testing.assert_close(twin.mean(), labels.mean(), rtol=0, atol=0)
    if labels.kind != "image":
        draws = [one.restore(one.draw(20, np.random.default_rng(1))) for one in (labels, twin)]
        np.testing.assert_array_equal(*draws)
        assert draws[0].dtype == draws[1].dtype == y.dtype


def test_a_frame_of_labels_comes_back_as_one():
    for frame in (pd.DataFrame(COLUMNS, columns=["a", "b", "c"]), pd.DataFrame(ROWS, columns=["d", "e", "f"])):
        gan = tiny().fit(X, frame)
        _, y = gan.sample(y=frame, return_y=True)
        pd.testing.assert_frame_equal(y, frame)
        assert list(gan.sample(3, return_y=True)[1].columns) == list(frame.columns)
        with pytest.raises(ValueError, match="must have the columns of the first fit, in their order"):
            gan.sample(y=frame[frame.columns[::-1]])


def test_a_number_that_an_integer_cannot_say_is_returned_as_it_is():
    gan = tiny().fit(X, RNG.integers(3, 99, (N, 2)))
    assert gan.sample(y=[[5, 7]], return_y=True)[1].dtype == int
    assert gan.sample(y=[5.5, 7.0], return_y=True)[1].tolist() == [[5.5, 7.0]]
    drawn = gan.sample(50, return_y=True)[1]
    assert drawn.dtype == int
    assert (drawn >= 3).all()


def test_the_container_of_labels_does_not_matter():
    ways = [COLUMNS, COLUMNS.tolist(), torch.tensor(COLUMNS), pd.DataFrame(COLUMNS), COLUMNS.astype(object),
            np.asfortranarray(COLUMNS), COLUMNS.astype(">f8")]  # fmt: skip
    samples = [tiny().fit(X, y).sample(5, y=COLUMNS[0], random_state=0) for y in ways]
    for other in samples[1:]:
        np.testing.assert_array_equal(other, samples[0])


# --- drawing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("draw", [np.random.Generator.standard_normal, np.random.Generator.standard_exponential])
def test_one_number_is_drawn_from_its_distribution(draw):
    y = draw(np.random.default_rng(3), 3000)
    drawn = learned(y).draw(3000, np.random.default_rng(4))[:, 0]
    assert kstest(drawn, y).pvalue > 0.01
    assert y.min() <= drawn.min() <= drawn.max() <= y.max()
    assert kstest(drawn + 0.1, y).pvalue < 0.01  # the test can fail
    assert len(np.unique(drawn)) > 2900  # between the quantiles too


def test_several_numbers_keep_their_margins_and_ranks():
    rng = np.random.default_rng(5)
    a = rng.standard_normal(4000)
    y = np.column_stack([a, np.exp(a + 0.5 * rng.standard_normal(4000)), rng.random(4000) - 0.3 * a, np.ones(4000)])
    drawn = learned(y).draw(4000, np.random.default_rng(6))
    for j in range(3):
        assert kstest(drawn[:, j], y[:, j]).pvalue > 0.01
    assert (drawn[:, 3] == 1).all()
    expected, found = (spearmanr(values[:, :3]).statistic for values in (y, drawn))
    assert np.abs(expected).min() > 0.2
    np.testing.assert_allclose(found, expected, atol=0.1)


def test_columns_that_depend_on_each_other_wholly_are_drawn_together():
    a = np.random.default_rng(7).standard_normal(500)
    drawn = learned(np.column_stack([a, 2 * a, -a])).draw(200, np.random.default_rng(8))
    np.testing.assert_allclose(drawn[:, 1], 2 * drawn[:, 0], rtol=1e-5, atol=1e-5)
    assert np.corrcoef(drawn.T)[0, 2] < -0.99


def test_columns_of_whole_numbers_stay_whole():
    y = np.column_stack([np.random.default_rng(9).integers(3, 9, 100), NUMBERS.repeat(5)[:100]])
    drawn = learned(y).draw(300, np.random.default_rng(0))
    assert set(drawn[:, 0]) == {3, 4, 5, 6, 7, 8}
    assert (drawn[:, 1] != np.rint(drawn[:, 1])).any()


def test_rows_of_0_and_1_are_drawn_as_often_as_seen():
    y = np.repeat([[0, 0, 1], [1, 1, 0], [1, 0, 0], [1, 1, 1]], [40, 25, 10, 1], axis=0)
    labels = learned(np.random.default_rng(0).permutation(y))
    drawn = labels.draw(2000, np.random.default_rng(1))
    codes = drawn @ [1, 2, 4]
    observed = [(codes == code).sum() for code in (4, 3, 1)]
    assert sum(observed) == 2000  # the row seen once is never drawn
    assert chisquare(observed, 2000 * np.array([40, 25, 10]) / 75).pvalue > 1e-3
    np.testing.assert_allclose(labels.mean()[0], y.mean(0), rtol=1e-6)


def test_rows_seen_once_are_drawn_when_there_are_no_others():
    y = np.eye(4, dtype=int)
    drawn = learned(y).draw(400, np.random.default_rng(0))
    assert chisquare(drawn.sum(0)).pvalue > 1e-3


@given(st.sampled_from(sorted(KINDS)), st.integers(1, 70), st.integers(0, 90))
@settings(max_examples=30)
def test_a_short_draw_is_the_head_of_a_long_one(kind, n, more):
    labels = learned(KINDS[kind])
    short, long = (labels.draw(size, np.random.default_rng(2)) for size in (n, n + more))
    np.testing.assert_array_equal(short, long[:n])


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_sample_is_the_head_of_a_long_one(kind):
    gan = tiny().fit(X, KINDS[kind])
    (short, y_short), (long, y_long) = (gan.sample(n, return_y=True, random_state=3) for n in (10, 150))
    np.testing.assert_array_equal(short, long[:10])
    np.testing.assert_array_equal(y_short, y_long[:10])
    assert y_long.dtype == KINDS[kind].dtype
    np.testing.assert_array_equal(gan.sample(y=y_short, random_state=3), short)


# --- asking ---------------------------------------------------------------------------------------

ONE = {"classes": "b", "continuous": 41.25, "columns": COLUMNS[3], "multilabel": [1, 0, 1]}


@pytest.mark.parametrize("kind", KINDS)
def test_one_label_for_all_is_that_label_for_each(kind):
    gan = tiny().fit(X, KINDS[kind])
    forms = [ONE[kind], np.asarray(ONE[kind]), [ONE[kind]] * 5, np.array([ONE[kind]] * 5)]
    if kind != "classes":
        forms.append(torch.tensor(np.asarray(ONE[kind])))
    if KINDS[kind].ndim == 1:
        forms.append(pd.Series([ONE[kind]] * 5))
    drawn = [gan.sample(5, y=form, random_state=1, return_y=True) for form in forms]
    for samples, y in drawn:
        np.testing.assert_array_equal(samples, drawn[0][0])
        np.testing.assert_array_equal(y, np.array([ONE[kind]] * 5))
    assert gan.sample(y=ONE[kind]).shape == (1, 3)
    np.testing.assert_array_equal(gan.decision_function(X, ONE[kind]), gan.decision_function(X, [ONE[kind]] * N))


def test_numbers_outside_those_of_fit_are_fine():
    gan = tiny().fit(X, NUMBERS)
    assert gan.sample(y=[-1e6, 1e6], return_y=True)[1].tolist() == [-1e6, 1e6]


@pytest.mark.parametrize("kind", ["continuous", "columns", "multilabel"])
def test_decision_without_labels_is_the_mean_over_eight_draws(kind):
    gan = tiny().fit(X, KINDS[kind])
    seen = []
    gan.discriminator_.register_forward_hook(lambda module, inputs, output: seen.append(inputs[1][:1]))
    found = gan.decision_function(X)
    np.testing.assert_array_equal(found, gan.decision_function(X))
    assert len(seen) == 16
    labels = gan._encoding_.labels
    with torch.no_grad():
        each = [gan.discriminator_(Standard(X).encode(X), row.expand(N, -1)).logits for row in seen[:8]]
    assert len({tuple(row[0].tolist()) for row in seen[:8]}) > 1
    assert {tuple(row.shape) for row in seen} == {(1, *labels.shape)}
    np.testing.assert_allclose(found, torch.stack(each).mean(0), rtol=1e-4, atol=1e-5)


def test_features_are_those_of_the_mean_label():
    for y, mean in ((NUMBERS, [0.0]), (COLUMNS, [0.0] * 3), (ROWS, ROWS.mean(0)), (KINDS["classes"], [1 / 3] * 3)):
        gan, seen = tiny().fit(X, y), []
        gan.discriminator_.register_forward_hook(lambda module, inputs, output, seen=seen: seen.append(inputs[1][:N]))
        gan.transform(X)
        np.testing.assert_allclose(seen[0], np.tile(mean, (N, 1)), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_every_use_works_and_changes_with_the_label(kind):
    y = KINDS[kind]
    gan = tiny().fit(X, y)
    assert gan.label_kind_ == ("continuous" if kind == "columns" else kind)
    assert gan.label_shape_ == gan._model_.spec.label_shape
    assert hasattr(gan, "classes_") == hasattr(gan, "class_prior_") == (kind == "classes")
    assert np.isfinite(gan.score(X, y))
    assert np.isfinite(gan.score(X))
    assert gan.transform(X).shape == (N, 8)
    assert (gan.sample(8, y=y[0], random_state=0) != gan.sample(8, y=y[1], random_state=0)).any()
    latents, of = gan.invert(X[:3], return_y=True)
    assert gan.sample(latents=latents, y=of).shape == (3, 3)
    gan.fit(X)
    assert (gan.label_kind_, gan.label_shape_) == ("none", (0,))
    assert not hasattr(gan, "classes_")


def test_labels_that_the_metric_sees():
    seen = []

    class Spy(Metric):
        def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
            seen.append((y_real, y_fake))
            return 0.0

    for y in KINDS.values():
        gan = tiny().fit(X, y)
        gan._scorer = Spy
        gan.score(X, y)
        expected = gan._encoding_.encode_labels(y, N)
        expected = expected if gan.label_kind_ == "classes" else gan._encoding_.labels.expand(expected)
        assert seen[-1][0].dtype == expected.numpy().dtype
        np.testing.assert_array_equal(seen[-1][0], expected)
        np.testing.assert_array_equal(seen[-1][1], expected)


# --- images ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", ["nchw", "nhwc", "nhw"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_images_as_labels(axes, dtype):
    first = np.random.default_rng(0).integers(256, size=(N, 2, 5, 6)).astype(dtype)
    y = {"nchw": first, "nhwc": first.transpose(0, 2, 3, 1), "nhw": first[:, 0]}[axes]
    gan = of_pictures().fit(IMAGES, y)
    assert (gan.label_kind_, gan.label_shape_) == ("image", (1 if axes == "nhw" else 2, 5, 6))
    samples, back = gan.sample(y=y[:7], return_y=True, random_state=0)
    assert samples.shape == (7, 4, 4)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, y[:7])
    np.testing.assert_array_equal(samples, gan.sample(y=np.concatenate([y, y, y, y]), random_state=0)[:7])
    one, of = gan.sample(3, y=y[2], random_state=0, return_y=True)
    np.testing.assert_array_equal(one, gan.sample(y=y[[2, 2, 2]], random_state=0))
    assert of.shape == (3, *y.shape[1:])
    assert of.flags.writeable
    assert (one[0] != gan.sample(y=y[3], random_state=0)[0]).any()
    assert gan.transform(IMAGES).shape == (N, 8)
    assert gan.decision_function(IMAGES, y).shape == (N,)
    assert np.isfinite(gan.score(IMAGES, y))
    assert gan.invert(IMAGES[:2], y[:2]).shape == (2, 4)


def test_greyscale_images_are_images_of_one_channel():
    flat, one_channel = (of_pictures().fit(IMAGES, y) for y in (PICTURES[:, 0], PICTURES))
    np.testing.assert_array_equal(
        flat.sample(y=PICTURES[:3, 0], random_state=0), one_channel.sample(y=PICTURES[:3], random_state=0)
    )


def test_images_beside_images_are_trained_by_default():
    gan = GANEstimator(max_iter=1, batch_size=8, random_state=0).fit(IMAGES, PICTURES[:, 0])
    assert registry.provenance("architecture", type(gan.architecture_))["name"] == "unet"
    assert gan.sample(y=PICTURES[:3, 0]).shape == (3, 4, 4)


@pytest.mark.parametrize(
    "call", [lambda g: g.sample(3), lambda g: g.decision_function(IMAGES), lambda g: g.score(IMAGES),
             lambda g: g.invert(IMAGES)]
)  # fmt: skip
def test_images_must_be_given(call):
    with pytest.raises(ValueError, match=r"y must be given: .* with images as labels, of shape .1, 4, 4."):
        call(of_pictures().fit(IMAGES, PICTURES))


def test_images_in_a_training_are_seen_as_the_networks_see_them():
    gan = of_pictures().fit(IMAGES, PICTURES)
    rows = []
    gan._model_.state.discriminator.module.register_forward_hook(lambda module, inputs, output: rows.append(inputs[1]))
    gan.decision_function(IMAGES, PICTURES)
    np.testing.assert_allclose(rows[0][:N], PICTURES / 127.5 - 1, atol=1e-6)


class Looks(Callback):
    """Keeps previews."""

    seen: list = []

    def on_tick(self, view):
        """Keep samples of the average."""
        self.seen.append(view.sample(30))


def test_previews_are_made_for_images_of_the_training(tmp_path):
    gan = of_pictures(callbacks=[Looks(), SampleGrid(tmp_path / "a.png")]).fit(IMAGES, PICTURES)
    shown = PICTURES[[row % N for row in range(30)]]
    model = gan._model_
    expected = gan._draw(model, 30, torch.from_numpy(shown), None, None, (*model.key, "preview"))
    np.testing.assert_array_equal(Looks.seen.pop(), expected)
    assert list(tmp_path.iterdir())


# --- going on, and elsewhere ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "image"])
def test_saved_and_pickled_models_are_the_same(kind, tmp_path):
    y, data = (PICTURES, IMAGES) if kind == "image" else (KINDS[kind], X)
    gan = (of_pictures().set_params(architecture=UNet(4, 8)) if kind == "image" else tiny()).fit(data, y)
    gan.save(tmp_path / "gan")
    for twin in (GANEstimator.load(tmp_path / "gan"), pickle.loads(pickle.dumps(gan)), copy.deepcopy(gan)):
        assert (twin.label_kind_, twin.label_shape_) == (gan.label_kind_, gan.label_shape_)
        np.testing.assert_array_equal(twin.sample(y=y, random_state=0), gan.sample(y=y, random_state=0))
        np.testing.assert_array_equal(twin.decision_function(data, y), gan.decision_function(data, y))
        if kind != "image":
            for one, other in zip(
                twin.sample(9, return_y=True, random_state=0),
                gan.sample(9, return_y=True, random_state=0),
                strict=True,
            ):
                np.testing.assert_array_equal(one, other)
                assert one.dtype == other.dtype
        trained = [one.set_params(warm_start=True).fit(data, y) for one in (twin, copy.deepcopy(gan))]
        np.testing.assert_array_equal(*(one.sample(y=y, random_state=0) for one in trained))


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("continuous", lambda labels: setattr(labels, "quantiles", labels.quantiles[:9])),
        ("columns", lambda labels: setattr(labels, "root", np.eye(2))),
        ("columns", lambda labels: setattr(labels.scaling, "mean", np.zeros(2))),
        ("columns", lambda labels: setattr(labels, "ndim", 0)),
        ("multilabel", lambda labels: setattr(labels, "prior", np.ones(1) / 2)),
        ("multilabel", lambda labels: setattr(labels, "rows", labels.rows + 1)),
        ("multilabel", lambda labels: setattr(labels, "dtype", np.dtype("U3"))),
        ("columns", lambda labels: setattr(labels, "quantiles", -labels.quantiles)),
        ("columns", lambda labels: setattr(labels.scaling, "scale", labels.scaling.scale - 99999)),
        ("classes", lambda labels: setattr(labels, "prior", np.ones(2) / 2)),
        ("classes", lambda labels: vars(labels).update(classes=labels.classes[:2], prior=np.ones(2) / 2)),
    ],
)
def test_labels_that_do_not_fit_are_refused_on_loading(kind, spoil, tmp_path, monkeypatch):
    gan = tiny().fit(X, KINDS[kind])
    spoil(gan._encoding_.labels)
    with pytest.raises(CheckpointError, match="could not be read again"):
        gan.save(tmp_path / "gan")
    monkeypatch.setattr("skgan.checkpoint._refuse_what_loading_refuses", lambda *_: None)
    gan.save(tmp_path / "gan")
    with pytest.raises(CheckpointCorruptError, match="do not fit together"):
        GANEstimator.load(tmp_path / "gan")


@pytest.mark.parametrize("kind", KINDS)
def test_partial_fit_goes_on_with_labels_of_one_kind(kind):
    y = KINDS[kind]
    gan = tiny().partial_fit(X, y)
    before = gan._encoding_
    gan.partial_fit(X[:5], y[:5])
    assert gan._encoding_ is before
    if kind in ("continuous", "columns"):
        gan.partial_fit(X, y * 100 - 3)
        assert gan._encoding_ is before
    assert gan.n_iter_ == 3 + 1 + (3 if kind in ("continuous", "columns") else 0)


def later(kind, call, *says):
    return pytest.param(kind, call, says, id=f"{kind} {says[0]}")


MARK = 98765.4321
LATER = [
    later("continuous", lambda g: g.sample(y="a"), "y must hold numbers"),
    later("continuous", lambda g: g.sample(y=["a", "b"]), "y must hold numbers"),
    later("continuous", lambda g: g.sample(y=[MARK, INF]), "infinity", "row 1"),
    later("continuous", lambda g: g.sample(y=1e36 + MARK), "1e+09 standard deviations", "first row 0"),
    later("continuous", lambda g: g.sample(y=[MARK, NAN]), "a label in each row", "row 1"),
    later("continuous", lambda g: g.sample(y=[MARK, None]), "a label in each row", "row 1"),
    later("continuous", lambda g: g.sample(y=[[MARK, MARK]]), "y must have shape (1,)", "(1, 2)"),
    later("continuous", lambda g: g.sample(3, y=[MARK, MARK]), "n_samples=3", "[2]"),
    later("continuous", lambda g: g.sample(y=[]), "at least one label"),
    later("continuous", lambda g: g.score(X, NUMBERS[:3]), "y must have one label for each row", "[24, 3]"),
    later("continuous", lambda g: g.partial_fit(X, KINDS["classes"]), "y must hold numbers"),
    later("continuous", lambda g: g.partial_fit(X, COLUMNS), "y must have shape (24,)", "(24, 3)"),
    later("continuous", lambda g: g.partial_fit(X), "y must be given"),
    later("columns", lambda g: g.sample(y=[MARK] * 2), "y must have shape (1, 3)", "(1, 2)"),
    later("columns", lambda g: g.sample(y=np.full((2, 4), MARK)), "y must have shape (2, 3)", "(2, 4)"),
    later("columns", lambda g: g.sample(y=MARK), "y must have shape (1, 3)", "()"),
    later("columns", lambda g: g.sample(y=[MARK, "m98765", 1]), "y must hold numbers"),
    later("columns", lambda g: g.sample(y=np.full((2, 3, 1), MARK)), "y must have shape (2, 3)"),
    later("columns", lambda g: g.partial_fit(X, NUMBERS), "y must have shape (24, 3)", "(24,)"),
    later("multilabel", lambda g: g.sample(y=[1, 0, 2]), "y must hold 0 and 1", "row 0"),
    later("multilabel", lambda g: g.sample(y=[[1, 0, 0], [0, 1, 0.5]]), "y must hold 0 and 1", "row 1"),
    later("multilabel", lambda g: g.sample(y=[1, 0]), "y must have shape (1, 3)"),
    later("multilabel", lambda g: g.sample(y=[1, 0, NAN]), "a label in each row"),
    later("multilabel", lambda g: g.partial_fit(X, COLUMNS), "y must hold 0 and 1"),
    later("multilabel", lambda g: g.partial_fit(X, KINDS["classes"]), "y must have shape (24, 3)"),
    later("classes", lambda g: g.partial_fit(X, ROWS), "y must have shape (24,)", "(24, 3)"),
    later("classes", lambda g: g.sample(y=["a", 1]), "labels of one type", "'number', 'str'"),
    later("image", lambda g: g.sample(y=PICTURES[0, 0]), "y must have shape (1, 1, 4, 4)", "(4, 4)"),
    later("image", lambda g: g.sample(y=np.zeros((2, 1, 5, 4))), "y must have shape (2, 1, 4, 4)", "(2, 1, 5, 4)"),
    later("image", lambda g: g.sample(y=np.full((1, 4, 4), NAN)), "without missing pixels"),
    later("image", lambda g: g.sample(y=np.full((1, 4, 4), INF)), "infinity"),
    later("image", lambda g: g.sample(3, y=PICTURES[:2]), "n_samples=3"),
    later("image", lambda g: g.sample(y="m98765"), "y must have shape (1, 1, 4, 4)"),
    later("image", lambda g: g.partial_fit(IMAGES, PICTURES.repeat(2, 2)), "y must have shape (24, 1, 4, 4)"),
    later("image", lambda g: g.partial_fit(IMAGES, NUMBERS), "y must have shape (24, 1, 4, 4)"),
]


@pytest.fixture(scope="module")
def fitted():
    return {kind: tiny().fit(X, y) for kind, y in KINDS.items()} | {"image": of_pictures().fit(IMAGES, PICTURES)}


@pytest.mark.parametrize(("kind", "call", "says"), LATER)
def test_wrong_labels_later_are_refused_and_change_nothing(kind, call, says, fitted):
    gan = fitted[kind]
    before = dict(vars(gan))
    with pytest.raises(ValueError, match="y") as caught:
        call(gan)
    message = str(caught.value)
    assert [word for word in says if word not in message] == [], message
    assert len(message) <= LONGEST_MESSAGE
    assert "98765" not in message
    assert "e+36" not in message
    assert {name: id(value) for name, value in vars(gan).items()} == {name: id(value) for name, value in before.items()}


def test_classes_beside_numbers_are_refused():
    with pytest.raises(ValueError, match=r"classes must be left out .* y is 'continuous'"):
        tiny().partial_fit(X, NUMBERS, classes=[0, 1])


def test_images_do_not_go_with_networks_that_read_vectors():
    with pytest.raises(IncompatibleComponentError, match="y is 'image'"):
        tiny().fit(X, PICTURES)


def test_ignored_labels_are_not_looked_at():
    assert tiny(conditioning=None).fit(X, object()).label_kind_ == "none"


# --- samples follow their labels ------------------------------------------------------------------


@pytest.mark.parametrize("conditioning", ["concat", "projection"])
def test_samples_follow_a_number(conditioning):
    rng = np.random.default_rng(0)
    y = rng.uniform(100, 200, 500)
    data = (y + 5 * rng.standard_normal(500))[:, None]
    gan = GANEstimator(architecture=MLP(32, 2), conditioning=conditioning, max_iter=300, latent_dim=4, random_state=0)
    gan.fit(data, y)
    asked = rng.uniform(100, 200, 300)
    assert np.corrcoef(gan.sample(y=asked, random_state=0)[:, 0], asked)[0, 1] > 0.8
    assert abs(np.corrcoef(gan.sample(300, random_state=0)[:, 0], asked)[0, 1]) < 0.3  # labels drawn are others


def test_samples_follow_several_labels_at_once():
    rng = np.random.default_rng(0)
    y = (rng.random((500, 2)) < 0.5).astype(int)
    data = 2.0 * y + 0.2 * rng.standard_normal((500, 2))
    gan = GANEstimator(architecture=MLP(32, 2), conditioning="concat", max_iter=300, latent_dim=4, random_state=0)
    gan.fit(data, y)
    asked = (rng.random((300, 2)) < 0.5).astype(int)
    samples = gan.sample(y=asked, random_state=0)
    for j in range(2):
        assert np.corrcoef(samples[:, j], asked[:, j])[0, 1] > 0.8
