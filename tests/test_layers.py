"""Layers: closed forms in float64, two derivatives, rows by themselves, awkward sizes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import upfirdn
from torch import nn

from skgan import layers
from skgan.layers import (
    AdaptiveInstanceNorm,
    ConditionalNorm,
    DownBlock,
    Dropout,
    EqualizedConv,
    EqualizedLinear,
    Filter,
    FilteredDown,
    FilteredUp,
    Grid,
    GroupNorm,
    InstanceNorm,
    LabelEmbedding,
    LayerNorm,
    MinibatchStd,
    Noise,
    Patches,
    PixelNorm,
    PlainNorm,
    SelfAttention,
    UpBlock,
    normalize_spectrally,
    pooled_by,
    rows_of_places,
)
from skgan.seeding import global_generator

WIDTH = 3
IMAGE, SIGNAL, VECTOR, VOLUME = (4, 3, 5), (4, 6), (4,), (4, 2, 3, 2)


def up(inputs, outputs, **params):
    return UpBlock(inputs, outputs, PlainNorm(inputs), ConditionalNorm(outputs, WIDTH), **params)


#: a layer of 4 channels and the shapes it takes
LAYERS = {
    "plain": (lambda: PlainNorm(4), (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "conditional": (lambda: ConditionalNorm(4, WIDTH), (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "instance": (lambda: InstanceNorm(4), (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "adaptive": (lambda: AdaptiveInstanceNorm(4, WIDTH), (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "group": (lambda: GroupNorm(4, 2), (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "layer": (lambda: LayerNorm(4), (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "pixel": (PixelNorm, (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "minibatch": (lambda: MinibatchStd(2), (IMAGE, SIGNAL, VECTOR, VOLUME)),
    "equalized-linear": (lambda: EqualizedLinear(4, 3, rate=0.1), (VECTOR,)),
    "equalized-1d": (lambda: EqualizedConv(4, 3, 3, dimensions=1), (SIGNAL,)),
    "equalized-2d": (lambda: EqualizedConv(4, 3, 3, stride=2), (IMAGE,)),
    "equalized-3d": (lambda: EqualizedConv(4, 3, 1, dimensions=3), (VOLUME,)),
    "attention-1d": (lambda: SelfAttention(4, 1), (SIGNAL,)),
    "attention-2d": (lambda: SelfAttention(4), (IMAGE,)),
    "up": (lambda: up(4, 2), (IMAGE,)),
    "up-keeps": (lambda: up(4, 4, up=False), (IMAGE,)),
    "down": (lambda: DownBlock(4, 3), ((4, 4, 6),)),
    "down-first": (lambda: DownBlock(4, 3, first=True), ((4, 4, 6),)),
    "down-keeps": (lambda: DownBlock(4, 4, down=False), (IMAGE,)),
    "dropout": (lambda: Dropout(0.4), (VECTOR, IMAGE)),
    "filter": (lambda: Filter((1, 3, 3, 1), 2), (IMAGE,)),
    "filtered-down": (FilteredDown, ((4, 4, 6),)),
    "filtered-down-odd": (lambda: FilteredDown((1, 2, 1)), ((4, 4, 6),)),
    "filtered-up": (FilteredUp, (IMAGE,)),
    "filtered-up-odd": (lambda: FilteredUp((1, 2, 1)), (IMAGE,)),
    "noise": (Noise, (IMAGE, SIGNAL)),
    "patches": (lambda: Patches(4, (3, 5), None, 2, 4), (IMAGE,)),
    "patches-halving": (lambda: Patches(4, (3, 5), 1, 2, 4), (IMAGE,)),
}
CASES = [(title, shape) for title, (_, shapes) in LAYERS.items() for shape in shapes]
every_layer = pytest.mark.parametrize(("title", "shape"), CASES, ids=str)
CONDITIONAL = (ConditionalNorm, AdaptiveInstanceNorm, UpBlock)


def rng_tensor(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def built(title, awake=True):
    """Return a layer in float64; `awake` moves what starts at 0, so that everything in it matters."""
    with global_generator(("layers",)):
        layer = LAYERS[title][0]().double()
        if awake:
            with torch.no_grad():
                for parameter in layer.parameters():
                    parameter += 0.3 * torch.randn_like(parameter)
    return layer


def inputs_of(layer, shape, n=4):
    h = rng_tensor(n, *shape)
    return (h, rng_tensor(n, WIDTH, seed=1)) if isinstance(layer, CONDITIONAL) else (h,)


def test_every_block_is_walked():
    blocks = {value for value in vars(layers).values() if isinstance(value, type) and issubclass(value, nn.Module)}
    known = {type(built(title)) for title in LAYERS}
    embeddings = {layers.Embedding, layers.NoEmbedding, layers.LabelEmbedding}
    of_generators = {layers.Spans}  # which has tests of its own
    assert {block for block in blocks if "transforms" not in block.__module__} == known | embeddings | of_generators


@pytest.mark.parametrize("mode", ["train", "eval"])
@every_layer
def test_there_are_two_derivatives(title, shape, mode):
    layer = getattr(built(title), mode)()
    given = [tensor.requires_grad_() for tensor in inputs_of(layer, shape, n=2)]
    names, parameters = zip(*layer.named_parameters(), strict=True) if list(layer.parameters()) else ((), ())
    buffers = {key: buffer.clone() for key, buffer in layer.named_buffers()}

    def ask(*tensors):
        inputs, weights = tensors[: len(given)], tensors[len(given) :]
        state = dict(zip(names, weights, strict=True)) | {key: buffer.clone() for key, buffer in buffers.items()}
        return torch.func.functional_call(layer, state, inputs)

    with global_generator(("directions",)):
        assert torch.autograd.gradgradcheck(ask, (*given, *parameters), fast_mode=True, atol=1e-4)


@every_layer
def test_rows_do_not_meet_in_evaluation(title, shape):
    layer = built(title).eval()
    inputs = inputs_of(layer, shape)
    together = layer(*inputs)
    alone = torch.cat([layer(*(tensor[i : i + 1] for tensor in inputs)) for i in range(4)])
    torch.testing.assert_close(together, alone, rtol=1e-12, atol=1e-12)


@every_layer
def test_a_batch_of_one_trains_in_both_types(title, shape):
    for dtype in (torch.float32, torch.float64):
        layer = built(title).to(dtype).train()
        inputs = [tensor.to(dtype).requires_grad_() for tensor in inputs_of(layer, shape, n=1)]
        out = layer(*inputs)
        assert out.dtype == dtype
        assert torch.isfinite(out).all()
        gradients = torch.autograd.grad(out.square().sum(), [*inputs, *layer.parameters()], materialize_grads=True)
        assert all(torch.isfinite(gradient).all() for gradient in gradients)


@every_layer
def test_state_survives_a_round_trip(title, shape):
    first, second = built(title).train(), built(title, awake=False)
    inputs = inputs_of(first, shape)
    first(*inputs)
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.eval()(*inputs), second.eval()(*inputs))


@given(
    st.sampled_from(["plain", "conditional", "instance", "adaptive", "group", "layer", "pixel", "minibatch"]),
    st.lists(st.integers(1, 5), max_size=3),
    st.integers(1, 7),
    st.booleans(),
)
@settings(max_examples=80)
def test_normalisations_take_any_size(title, places, n, training):
    layer = built(title).train(training)
    h, *e = inputs_of(layer, (4, *places), n)
    out = layer(h, *e)
    assert out.shape == (n, 4 + (title == "minibatch"), *places)
    assert torch.isfinite(out).all()


@given(st.tuples(st.integers(1, 9), st.integers(1, 9)), st.integers(1, 3))
@settings(max_examples=40)
def test_attention_and_patches_take_any_size(size, n):
    h = rng_tensor(n, 4, *size)
    assert built("attention-2d")(h).shape == h.shape
    for halvings in (None, 0, 1, 2):
        with global_generator(("layers",)):
            stack = Patches(4, size, halvings, 2, 3).double()
        count = len(stack.halvings)
        assert count == halvings or halvings is None
        assert stack(h).shape == (n, stack.out_channels, *(-(-length // 2**count) for length in size))


# --- closed forms -------------------------------------------------------------------------------


def standardised(h, axes):
    return (h - h.mean(axes, keepdims=True)) / np.sqrt(h.var(axes, keepdims=True) + 1e-5)


def affine(h, weight, bias):
    shape = (-1, h.shape[1], *[1] * (h.ndim - 2))
    return np.asarray(weight).reshape(shape) * h + np.asarray(bias).reshape(shape)


@pytest.mark.parametrize(
    ("title", "normal"),
    [
        ("plain", lambda h: standardised(h, (0, 2, 3))),
        ("instance", lambda h: standardised(h, (2, 3))),
        ("layer", lambda h: standardised(h, (1, 2, 3))),
        ("group", lambda h: standardised(h.reshape(4, 2, 2, 3, 5), (2, 3, 4)).reshape(h.shape)),
    ],
)
def test_normalisations_against_their_formulas(title, normal):
    layer = built(title).train()
    h = rng_tensor(4, *IMAGE)
    expected = affine(normal(h.numpy()), layer.weight.detach(), layer.bias.detach())
    np.testing.assert_allclose(layer(h).detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("title", "axes"), [("conditional", (0, 2, 3)), ("adaptive", (2, 3))])
def test_conditional_normalisations_against_their_formulas(title, axes):
    layer = built(title).train()
    h, e = inputs_of(layer, IMAGE)
    weight = layer.norm.weight + e @ layer.modulate.scale.weight.T
    bias = layer.norm.bias + e @ layer.modulate.shift.weight.T
    expected = affine(standardised(h.numpy(), axes), weight.detach(), bias.detach())
    np.testing.assert_allclose(layer(h, e).detach().numpy(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("title", ["conditional", "adaptive"])
def test_conditional_normalisations_start_as_plain_ones(title):
    layer = built(title, awake=False)
    h, e = inputs_of(layer, IMAGE)
    torch.testing.assert_close(layer(h, e), layer.norm(h), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("title", ["plain", "conditional"])
def test_running_statistics_are_used_in_evaluation(title):
    layer = built(title).train()
    inputs = inputs_of(layer, IMAGE, n=64)
    for _ in range(200):
        before = layer(*inputs)
    # the running variance is the unbiased one
    torch.testing.assert_close(layer.eval()(*inputs), before, rtol=0.01, atol=0.01)


def test_pixel_norm_leaves_a_mean_square_of_one():
    h = rng_tensor(3, *IMAGE)
    expected = h.numpy() / np.sqrt((h.numpy() ** 2).mean(1, keepdims=True))
    np.testing.assert_allclose(PixelNorm()(h).numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize(("n", "group", "used"), [(6, 4, 6), (8, 4, 4), (5, 4, 5), (3, 4, 3), (1, 4, 1), (6, 2, 2)])
def test_minibatch_std_against_its_formula(n, group, used):
    layer, h = MinibatchStd(group).double().train(), rng_tensor(n, *IMAGE)
    groups = h.numpy().reshape(n // used, used, -1)
    s = np.sqrt(groups.var(1) + 1e-12).mean(1).repeat(used)
    out = layer(h)
    np.testing.assert_array_equal(out[:, :4].numpy(), h.numpy())
    np.testing.assert_allclose(out[:, 4].numpy(), np.broadcast_to(s[:, None, None], (n, 3, 5)), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer.running, 0.01 * s.mean(), rtol=1e-9, atol=1e-15)
    assert torch.equal(layer.eval()(h)[:, 4].unique(), layer.running.reshape(1))


TAPS = pytest.mark.parametrize("taps", [(1, 3, 3, 1), (1, 2, 1), (1, 1), (1, 5, 10, 10, 5, 1)], ids=len)


def along_both(h, taps, up=1, down=1, skip=0, size=()):
    """Return what SciPy's resampling by zeros, filter and choice makes of both axes, `size` values after the first."""
    for axis, length in ((2, size[0]), (3, size[1])):
        h = upfirdn(np.asarray(taps) / sum(taps), h, up, down, axis)
        h = np.take(np.concatenate([h, np.zeros_like(h)], axis), range(skip, skip + length), axis)
    return h


@TAPS
def test_filters_against_scipy(taps):
    h, m = rng_tensor(2, 3, 6, 10), (len(taps) - 1) // 2
    left = len(taps) - 1 - m  # before what is taken of a full convolution, which begins where the filter first touches
    filtered = along_both(h.numpy(), taps, skip=left, size=(6, 10))
    np.testing.assert_allclose(FilteredDown(taps).double()(h), filtered[:, :, ::2, ::2], rtol=1e-6, atol=1e-9)
    finer = 4 * along_both(h.numpy(), taps, up=2, skip=m, size=(12, 20))
    np.testing.assert_allclose(FilteredUp(taps).double()(h), finer, rtol=1e-6, atol=1e-9)
    full = 9 * along_both(h.numpy(), taps, size=(6 + len(taps) - 1, 10 + len(taps) - 1))
    np.testing.assert_allclose(Filter(taps, len(taps) - 1, gain=3).double()(h), full, rtol=1e-6, atol=1e-9)


@TAPS
def test_filtering_up_is_four_times_the_transpose_of_filtering_down(taps):
    h, g = rng_tensor(2, 3, 4, 5), rng_tensor(2, 3, 8, 10, seed=1)
    up, down = FilteredUp(taps).double(), FilteredDown(taps).double()
    torch.testing.assert_close((up(h) * g).sum(), 4 * (h * down(g)).sum(), rtol=1e-6, atol=1e-9)


def test_a_constant_stays_when_it_is_filtered_away_from_the_edges():
    ones = torch.ones(1, 1, 10, 10)
    for layer in (Filter((1, 3, 3, 1), 2), FilteredDown(), FilteredUp(), FilteredUp((1, 2, 1))):
        out = layer(ones)[:, :, 2:-2, 2:-2]
        assert out.numel()
        assert torch.equal(out, torch.ones_like(out))


def test_equalized_layers_have_unit_gain_and_against_torch():
    with global_generator(("layers",)):
        linear = EqualizedLinear(400, 300, rate=0.01).double()
        convolution = EqualizedConv(40, 30, 3, gain=2.0).double()
    for layer in (linear, convolution):
        with torch.no_grad():
            layer.bias += 1.5
    h, image = rng_tensor(50, 400), rng_tensor(2, 40, 6, 7)
    plain = h @ (linear.weight * 0.01 / 20).T + 0.015
    np.testing.assert_allclose(linear(h).detach(), plain.detach(), rtol=1e-9, atol=1e-12)
    assert linear(h).std().item() == pytest.approx(1, abs=0.05)
    assert convolution(image)[:, :, 1:-1, 1:-1].std().item() == pytest.approx(2, abs=0.2)
    expected = nn.functional.conv2d(image, convolution.weight * 2 / np.sqrt(360), convolution.bias, padding=1)
    torch.testing.assert_close(convolution(image), expected)


@pytest.mark.parametrize("size", [(6,), (3, 5), (1, 1), (4, 2)], ids=str)
def test_attention_against_its_formula(size):
    with global_generator(("layers",)):
        layer = SelfAttention(16, len(size)).double()
    h = rng_tensor(2, 16, *size)
    assert torch.equal(layer(h), h)  # gamma starts at 0
    with torch.no_grad():
        layer.gamma += 0.7
    query, key, value, out = (
        getattr(layer, title).weight.detach().numpy().reshape(width, -1)
        for title, width in (("query", 2), ("key", 2), ("value", 8), ("out", 16))
    )

    def pooled(x):
        if len(size) == 1:
            return x
        starts = [(i, j) for i in range(0, size[0], 2) for j in range(0, size[1], 2)]
        image = x.reshape(-1, *size)
        return np.stack([image[:, i : i + 2, j : j + 2].max((1, 2)) for i, j in starts], 1)

    for sample, answer in zip(h.numpy().reshape(2, 16, -1), layer(h).detach().numpy(), strict=True):
        scores = (query @ sample).T @ pooled(key @ sample)
        weights = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        expected = sample + 0.7 * out @ (pooled(value @ sample) @ weights.T)
        np.testing.assert_allclose(answer.reshape(16, -1), expected, rtol=1e-9, atol=1e-12)
        assert weights.shape[1] == SelfAttention.keys(size)


def test_up_block_against_its_formula():
    layer = built("up").eval()
    h, e = inputs_of(layer, IMAGE)
    grown = nn.functional.relu(layer.before(h)).repeat_interleave(2, 2).repeat_interleave(2, 3)
    middle = nn.functional.conv2d(grown, layer.first.weight, padding=1)
    residual = nn.functional.conv2d(torch.relu(layer.between(middle, e)), layer.second.weight, padding=1)
    shortcut = nn.functional.conv2d(h.repeat_interleave(2, 2).repeat_interleave(2, 3), layer.shortcut.weight)
    torch.testing.assert_close(layer(h, e), shortcut + residual)


@pytest.mark.parametrize("first", [False, True])
def test_down_block_against_its_formula(first):
    layer = built("down-first" if first else "down")
    h = rng_tensor(2, 4, 4, 6)
    halved = lambda x: x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).mean((3, 5))  # noqa: E731
    residual = layer.second(torch.relu(layer.first(h if first else torch.relu(h))))
    shortcut = nn.functional.conv2d(h, layer.shortcut.weight)
    torch.testing.assert_close(layer(h), halved(shortcut) + halved(residual))


@given(st.lists(st.integers(1, 70), min_size=1, max_size=3), st.integers(1, 2))
def test_grids_lead_back_to_the_size(size, channels):
    grid = Grid(tuple(size))
    x = torch.ones(1, channels, *size)
    padded = grid.padded(x)
    assert padded.shape[2:] == tuple(length * 2**grid.doublings for length in grid.coarse)
    assert torch.equal(grid.cropped(padded), x)
    assert padded.sum() == x.sum()
    assert max(grid.coarse) <= 8 or grid.doublings == 0
    assert max(size) < 8 or max(grid.coarse) >= 4


@pytest.mark.parametrize(("halvings", "side"), enumerate((7, 16, 34, 70)))
def test_a_place_sees_its_patch_and_no_more(halvings, side):
    with global_generator(("layers",)):
        stack = Patches(1, (160, 160), halvings, 2, 2).double()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.fill_(0.1)  # nothing cancels
    x = torch.ones(1, 1, 160, 160, dtype=torch.float64, requires_grad=True)
    h = stack(x)
    (slope,) = torch.autograd.grad(h[0, :, h.shape[2] // 2, h.shape[3] // 2].sum(), x)
    seen = torch.nonzero(slope[0, 0])
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [side, side]
    assert len(seen) == side**2


@pytest.mark.parametrize(("side", "halvings"), [(6, 0), (7, 0), (8, 1), (16, 1), (33, 1), (34, 2), (70, 3), (256, 3)])
def test_patches_are_not_wider_than_the_image(side, halvings):
    with global_generator(("layers",)):
        assert len(Patches(1, (side, 3), None, 1, 1).halvings) == halvings


def test_rows_of_places_are_in_order():
    h = rng_tensor(2, 3, 4, 5)
    rows = rows_of_places(h)
    assert torch.equal(rows[1 * 20 + 2 * 5 + 3], h[1, :, 2, 3])


def test_spectral_normalisation_leaves_largest_singular_values_of_one():
    with global_generator(("layers",)):
        network = nn.Sequential(LabelEmbedding(5, 6), nn.Linear(6, 7)).double()
        network.append(nn.Conv2d(2, 3, 3).double())
        normalize_spectrally(network, rounds=30)
        for _ in range(5):
            network[1](network[0](rng_tensor(2, 5)))
            network[2](rng_tensor(1, 2, 4, 4))
    for layer in network.eval():
        singular = np.linalg.svd(layer.weight.detach().flatten(1).numpy(), compute_uv=False)
        assert singular[0] == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("shape", [(6, 3), (6, 3, 4), (6, 3, 2, 4)])
def test_pooled_statistics_are_those_of_torch_where_nobody_else_is(shape):
    """Values, running statistics, first and second derivatives: the sum over one is what it is given."""
    plain, pooled = PlainNorm(3).double(), PlainNorm(3).double()
    for norm in (plain, pooled):
        with torch.no_grad():
            norm.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
    h = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3 + 5
    found = []
    for norm, total in ((plain, None), (pooled, lambda tensor: tensor)):
        x = h.clone().requires_grad_()
        with pooled_by(total):
            out = norm(x)
        (slope,) = torch.autograd.grad(out.square().sum() / 2 + out.pow(3).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(slope.square().sum(), x)
        found.append((out, slope, second, norm.running_mean, norm.running_var))
    for mine, theirs in zip(*found, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-9)


def test_statistics_are_pooled_in_training_alone():
    def refuse(tensor):
        raise AssertionError("asked for a sum")

    norm = PlainNorm(2).eval()
    with pooled_by(refuse):
        norm(torch.ones(3, 2))
        with pytest.raises(AssertionError, match="asked for a sum"):
            norm.train()(torch.ones(3, 2))
