"""Augmentations: identity at strength zero, closed forms, the stated distributions, two derivatives, controllers."""

import numpy as np
import pytest
import torch
from scipy import stats

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.augmentation import _pipes
from skgan.augmentation._images import cut
from skgan.augmentation.ada import ADA
from skgan.augmentation.diffaug import DiffAug
from skgan.augmentation.flip import Flip
from skgan.augmentation.noise import InstanceNoise
from skgan.exceptions import IncompatibleComponentError, InvalidParameterError
from skgan.interfaces import DataSpec
from skgan.layers import flip, shift
from skgan.layers.transforms import Draws, interpolated, moved, reflected

SHAPES = [(1, 28, 28), (3, 48, 32), (3, 7, 13), (5, 8, 8), (3, 1, 4)]
IMAGES = DataSpec("image", (3, 8, 8), True, "none", 0, 4)
CLASSES = sorted(
    {registry.resolve("augmentation", name) for name in registry.names("augmentation")}, key=lambda c: c.__name__
)
PARTS = [part(**params) for part in CLASSES for params in part.get_test_params()]
FIXED = [ADA("fixed", pipe, p=1.0) for pipe in _pipes.PIPES]

every_part = pytest.mark.parametrize("part", [*PARTS, *FIXED], ids=str)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
every_dtype = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def images(*shape, dtype=torch.float64, seed=0):
    return torch.tensor(np.random.default_rng(seed).uniform(-1, 1, shape), dtype=dtype)


def draws(x, seed=0):
    return Draws(x, rng(seed))


def p_of(value):
    return torch.tensor(value, dtype=torch.float64)


# --- all of them ----------------------------------------------------------------------------------


@every_dtype
@every_shape
@every_part
def test_shape_and_dtype_are_kept(part, shape, dtype):
    x = images(4, *shape, dtype=dtype)

    changed = part(x, rng())

    assert changed.shape == x.shape
    assert changed.dtype == dtype
    assert torch.isfinite(changed).all()


@every_part
def test_the_numbers_come_from_the_generator_handed_over(part):
    x = images(4, 3, 8, 8)

    assert torch.equal(part(x, rng(1)), part(x, rng(1)))


@pytest.mark.parametrize("part", [Flip(), DiffAug(), InstanceNoise(), *FIXED], ids=str)
def test_other_numbers_change_samples_in_another_way(part):
    x = images(16, 3, 8, 8)

    assert not torch.equal(part(x, rng(1)), part(x, rng(2)))


@every_part
def test_a_row_is_changed_by_itself(part):
    x, y = images(6, 3, 8, 8), images(6, 3, 8, 8, seed=1)
    mixed = torch.cat([x[:3], y[3:]])

    torch.testing.assert_close(part(mixed, rng())[:3], part(x, rng())[:3], rtol=0, atol=0)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 3, 5), (5, 4, 4)], ids=str)
@every_part
def test_gradients_pass_once_and_twice(part, shape):
    x = images(2, *shape).requires_grad_()

    def squared(x):
        return part(x, rng(3)).square()

    with torch.random.fork_rng():  # the checks draw directions from the global generator
        assert torch.autograd.gradcheck(squared, x, fast_mode=True)
        assert torch.autograd.gradgradcheck(squared, x, fast_mode=True)


@every_part
def test_images_in_channels_last_memory_are_changed_alike(part):
    x = images(4, 3, 6, 8)

    torch.testing.assert_close(part(x.to(memory_format=torch.channels_last), rng()), part(x, rng()))


@pytest.mark.parametrize("part", [Flip(), DiffAug(), ADA("fixed", "bgcfnc", p=1.0)], ids=str)
def test_image_changes_refuse_other_data(part):
    with pytest.raises(IncompatibleComponentError, match="image"):
        GANEstimator("nonsaturating", augmentation=part, max_iter=1).fit(np.eye(4))


# --- transforms that others use -------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 9), (2, 5, 6), (1, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("change", [flip, lambda x, rng: shift(x, rng, 0.4)], ids=["flip", "shift"])
def test_transforms_take_signals_images_and_volumes(change, shape):
    x = images(3, *shape).requires_grad_()

    changed = change(x, rng())

    assert changed.shape == x.shape
    assert set(changed.unique().tolist()) <= set(x.unique().tolist())
    with torch.random.fork_rng():
        assert torch.autograd.gradgradcheck(lambda x: change(x, rng()).square(), x, fast_mode=True)


def test_flip_mirrors_the_last_axis_with_its_probability():
    x = images(4000, 1, 1, 3)

    mirrored = (flip(x, rng(), 0.3) == x.flip(-1)).flatten(1).all(1)

    assert stats.binomtest(int(mirrored.sum()), 4000, 0.3).pvalue > 0.01
    assert torch.equal(flip(x, rng(), 0.0), x)
    assert torch.equal(flip(x, rng(), 1.0), x.flip(-1))


def test_moved_is_numpys_pad_and_slice():
    x, places = images(3, 2, 5, 7), torch.tensor([[2, -3], [0, 4], [-1, 0]])
    for edge, mode in (("reflect", "reflect"), ("zeros", "constant"), ("wrap", "wrap")):
        result = moved(x, places, edge)
        for i, (down, right) in enumerate(places.tolist()):
            padded = np.pad(x[i].numpy(), ((0, 0), (4, 4), (4, 4)), mode=mode)
            expected = padded[:, 4 - down : 9 - down, 4 - right : 11 - right]
            np.testing.assert_array_equal(result[i].numpy(), expected)


def test_shift_goes_every_way_equally_often_and_no_farther():
    line = torch.arange(16.0).expand(6000, 1, 16)

    by = 8 - shift(line, rng(), 1 / 8)[:, 0, 8]

    counts = np.unique(by.numpy(), return_counts=True)
    np.testing.assert_array_equal(counts[0], [-2, -1, 0, 1, 2])
    assert stats.chisquare(counts[1]).pvalue > 0.01


@pytest.mark.parametrize("length", [1, 2, 3, 8])
def test_reflected_is_numpys_reflection(length):
    index = torch.arange(-9, 9 + length)

    expected = np.pad(np.arange(length), 9, mode="reflect") if length > 1 else np.zeros(18 + length)

    np.testing.assert_array_equal(reflected(index, length).numpy(), expected)


def test_interpolation_is_exact_on_a_plane_and_on_the_pixels():
    rows, columns = torch.meshgrid(torch.arange(6.0).double(), torch.arange(9.0).double(), indexing="ij")
    plane = (2 * rows - 3 * columns + 1)[None, None]
    r, c = images(1, 6, 9) * 2 + 2.5, images(1, 6, 9, seed=1) * 3.5 + 4

    torch.testing.assert_close(interpolated(plane, r, c)[0, 0], 2 * r[0] - 3 * c[0] + 1)
    x = images(1, 2, 6, 9)
    assert torch.equal(interpolated(x, rows[None], columns[None]), x)


# --- flip and noise -------------------------------------------------------------------------------


def test_noise_is_normal_with_its_spread():
    x = images(50, 4, 5, 5)

    noise = (InstanceNoise(start=0.3)(x, rng()) - x).flatten() / 0.3

    assert stats.kstest(noise.numpy(), "norm").pvalue > 0.01


@pytest.mark.parametrize("shape", [(4,), (2, 9), (3, 4, 4), (1, 3, 3, 3)], ids=str)
def test_noise_goes_with_every_kind_of_data(shape):
    assert InstanceNoise()(images(4, *shape), rng()).shape == (4, *shape)


@pytest.mark.parametrize(("step", "sigma"), [(0, 0.4), (100, 0.3), (400, 0.0), (900, 0.0)])
def test_noise_fades_linearly(step, sigma):
    part = InstanceNoise(start=0.4, steps=400)
    state = part.state(IMAGES)

    part.adapt(state, {"step": torch.tensor(float(step))})

    assert state["sigma"].item() == pytest.approx(sigma)
    x = images(4, 3)
    assert torch.equal(part.with_state(x, rng(), state), x) == (sigma == 0)


def test_noise_without_steps_stays():
    part = InstanceNoise(start=0.4)
    state = part.state(IMAGES)
    part.adapt(state, {"step": torch.tensor(1e6)})
    assert state["sigma"].item() == pytest.approx(0.4)


# --- diffaug --------------------------------------------------------------------------------------


def test_no_policy_changes_nothing():
    x = images(4, 3, 8, 8)
    assert torch.equal(DiffAug(policy=())(x, rng()), x)


def test_colour_of_a_grey_constant_is_a_uniform_brightness():
    x = torch.zeros(3000, 3, 2, 2, dtype=torch.float64)

    bright = DiffAug(("color",))(x, rng())

    assert torch.allclose(bright, bright[:, :1, :1, :1].expand_as(bright))
    assert stats.kstest(bright[:, 0, 0, 0].numpy(), stats.uniform(-0.5, 1).cdf).pvalue > 0.01


def test_colour_scales_saturation_and_contrast_as_stated():
    """Of an image whose mean is 0 everywhere over the channels, the spread is the product of both factors."""
    x = torch.tensor([1.0, -1.0, 0.0], dtype=torch.float64).reshape(1, 3, 1, 1).expand(3000, 3, 2, 2)

    changed = DiffAug(("color",))(x, rng())

    factors = ((changed[:, 0] - changed[:, 1]) / 2)[:, 0, 0].numpy()
    uniform = np.random.default_rng(5).uniform
    assert stats.ks_2samp(factors, uniform(0, 2, 9000) * uniform(0.5, 1.5, 9000)).pvalue > 0.01


def test_one_channel_has_contrast_and_brightness_but_no_saturation():
    x = torch.tensor([1.0, -1.0], dtype=torch.float64).reshape(1, 1, 1, 2).expand(3000, 1, 1, 2)

    changed = DiffAug(("color",))(x, rng())

    contrast = ((changed[..., 0] - changed[..., 1]) / 2).flatten().numpy()
    assert stats.kstest(contrast, stats.uniform(0.5, 1).cdf).pvalue > 0.01
    assert stats.kstest(changed.mean((1, 2, 3)).numpy(), stats.uniform(-0.5, 1).cdf).pvalue > 0.01


def test_translation_moves_rows_and_columns_by_their_own_eighths():
    x = torch.zeros(3000, 1, 8, 24, dtype=torch.float64)
    x[:, :, 4, 12] = 1.0

    changed = DiffAug(("translation",))(x, rng())

    places = changed[:, 0].nonzero()
    assert len(places) == 3000
    for axis, (middle, most) in enumerate([(4, 1), (12, 3)], start=1):
        values, counts = np.unique((places[:, axis] - middle).numpy(), return_counts=True)
        np.testing.assert_array_equal(values, np.arange(-most, most + 1))
        assert stats.chisquare(counts).pvalue > 0.01


def test_translation_lets_zeros_in():
    x = torch.ones(200, 2, 8, 8, dtype=torch.float64)
    changed = DiffAug(("translation",))(x, rng())
    assert set(changed.unique().tolist()) == {0.0, 1.0}
    assert {int(n) for n in changed[:, 0].sum((1, 2))} == {64, 56, 49}


@pytest.mark.parametrize("shape", [(8, 8), (7, 13), (1, 4)], ids=str)
def test_cutout_removes_a_box_of_half_the_sides(shape):
    x = torch.ones(2000, 3, *shape, dtype=torch.float64)

    gone = cut(x, draws(x)) == 0

    assert torch.equal(gone[:, 0], gone[:, 2])
    rows, columns = gone[:, 0].any(2), gone[:, 0].any(1)
    assert torch.equal(gone[:, 0], rows[:, :, None] & columns[:, None, :])
    for which, length in ((rows, shape[0]), (columns, shape[1])):
        assert which.sum(1).max() == (length + 1) // 2
        assert which.any(1).all()
        assert which.any(0).all()


def test_offset_rolls_each_image():
    x = images(500, 2, 3, 4)

    changed = DiffAug(("offset",))(x, rng())

    rolls = [(down, right) for down in range(3) for right in range(4)]
    matches = torch.stack([(changed == x.roll(by, (2, 3))).flatten(1).all(1) for by in rolls], 1)
    assert (matches.sum(1) == 1).all()
    assert stats.chisquare(matches.sum(0).numpy()).pvalue > 0.01


@pytest.mark.parametrize("policy", [("colour",), "color", ("color", "color"), (["color"],), None])
def test_an_unknown_policy_is_refused(policy):
    with pytest.raises(InvalidParameterError, match="policy"):
        DiffAug(policy=policy).validate()


# --- ada: the pipes -------------------------------------------------------------------------------


@every_shape
@pytest.mark.parametrize("pipe", _pipes.PIPES)
def test_probability_zero_is_the_identity(pipe, shape):
    x = images(4, *shape)
    assert torch.equal(ADA("fixed", pipe, p=0.0)(x, rng()), x)
    assert torch.equal(ADA("adaptive", pipe)(x, rng()), x)


@pytest.mark.parametrize("p", [0.3, 1.0])
def test_each_stage_changes_rows_as_often_as_it_should(p):
    x = images(4000, 3, 6, 6)
    shares = {
        "noise": p,
        "cutout": p,
        "filter": 1 - (1 - p) ** 4,
        "geom": 1 - (1 - p) ** 4,
        "color": 1 - (1 - p) ** 4 * (1 - p / 2),
    }
    for pipe, share in shares.items():
        moved_rows = (ADA("fixed", pipe, p=p)(x, rng()) != x).flatten(1).any(1)
        assert stats.binomtest(int(moved_rows.sum()), 4000, share).pvalue > 0.01, pipe


def test_blit_moves_pixels_and_makes_none():
    x = images(64, 2, 6, 6)
    changed = ADA("fixed", "blit", p=1.0)(x, rng())
    for before, after in zip(x, changed, strict=True):
        assert set(after.flatten().tolist()) <= set(before.flatten().tolist())


def test_quarter_turns_are_numpys():
    x, turns = images(8, 2, 5, 5), torch.arange(8) % 4
    expected = [np.rot90(image.numpy(), int(k), axes=(1, 2)) for image, k in zip(x, turns, strict=True)]
    np.testing.assert_array_equal(_pipes.quarter_turned(x, turns).numpy(), expected)


def test_images_that_are_not_square_turn_by_halves():
    x, turns = images(4, 2, 3, 5), torch.arange(4)
    result = _pipes.quarter_turned(x, turns)
    for i in range(4):
        assert torch.equal(result[i], x[i].flip(-2, -1) if i % 2 else x[i])


def test_blit_turns_mirrors_and_shifts_as_often_as_stated():
    """A mark in the middle of a large image says which of the changes were done to it."""
    x = torch.zeros(4000, 1, 65, 65, dtype=torch.float64)
    x[:, 0, 31, 32], x[:, 0, 32, 33], x[:, 0, 32, 32] = 0.25, 0.5, 1.0

    changed = ADA("fixed", "blit", p=0.8)(x, rng())[:, 0]

    centre = (changed == 1.0).nonzero()[:, 1:] - 32
    arm, thumb = ((changed == mark).nonzero()[:, 1:] - 32 - centre for mark in (0.5, 0.25))
    left_handed = (arm[:, 0] * thumb[:, 1] - arm[:, 1] * thumb[:, 0] < 0).sum()
    assert stats.binomtest(int(left_handed), 4000, 0.8 / 2).pvalue > 0.01
    quarter = (arm[:, 0] != 0).sum()
    assert stats.binomtest(int(quarter), 4000, 0.8 / 2).pvalue > 0.01
    shifted = (centre != 0).any(1)
    stay = 0.2 + 0.8 / 16.25**2  # a shift of up to 8.125 either way rounds to nothing in one of 16.25 places
    assert stats.binomtest(int(shifted.sum()), 4000, 1 - stay).pvalue > 0.01
    assert centre.abs().max() == 8


def only_geometry(monkeypatch, **values):
    """Let every draw of the geometry stage be 0 except the named ones, in the order they are drawn."""
    order = ["scale", "stretch", "first", "second", "down", "right"]
    queue = [values.get(name, 0.0) for name in order]

    def fixed(self, *_):
        return torch.full((len(self.x),), queue.pop(0), dtype=self.x.dtype)

    monkeypatch.setattr(Draws, "happens", lambda self, p: torch.ones(len(self.x), dtype=torch.bool))
    monkeypatch.setattr(Draws, "normal", fixed)
    monkeypatch.setattr(Draws, "uniform", fixed)


@pytest.mark.parametrize("angle", ["first", "second"])
def test_a_turn_by_a_right_angle_is_exact(monkeypatch, angle):
    x = images(3, 2, 5, 5)
    only_geometry(monkeypatch, **{angle: np.pi / 2})

    turned = _pipes._geometry(x, draws(x), p_of(1.0))

    assert any(torch.allclose(turned, torch.rot90(x, k, (2, 3))) for k in (1, 3))


def test_a_shift_by_whole_pixels_is_exact(monkeypatch):
    x = images(3, 2, 8, 16)
    only_geometry(monkeypatch, down=0.25, right=-0.125)

    changed = _pipes._geometry(x, draws(x), p_of(1.0))

    torch.testing.assert_close(changed, moved(x, torch.tensor([[2, -2]]).expand(3, 2)))


@pytest.mark.parametrize(("name", "rows", "columns"), [("scale", 0.5, 0.5), ("stretch", 2.0, 0.5)])
def test_scale_and_stretch_read_a_plane_where_they_should(monkeypatch, name, rows, columns):
    r, c = torch.meshgrid(torch.arange(9.0).double(), torch.arange(9.0).double(), indexing="ij")
    plane = (2 * r - 3 * c)[None, None]
    only_geometry(monkeypatch, **{name: 1.0})

    changed = _pipes._geometry(plane, draws(plane), p_of(1.0))[0, 0]

    inside = slice(2, 7)
    expected = 2 * ((r - 4) * rows + 4) - 3 * ((c - 4) * columns + 4)
    torch.testing.assert_close(changed[inside, inside], expected[inside, inside])


def coloured(p=1.0, n=4000, channels=3, values=None):
    x = torch.tensor(values or [0.3] * channels, dtype=torch.float64).reshape(1, channels, 1, 1).expand(n, -1, 1, 1)
    return _pipes._colour(x, draws(x), p_of(p))[:, :, 0, 0].numpy()


def test_brightness_and_contrast_of_many_channels_are_as_stated():
    black, light = coloured(channels=5, values=[0.0] * 5), coloured(channels=5, values=[1.0] * 5)

    contrast = light[:, 0] - black[:, 0]
    assert stats.kstest(np.log2(contrast), stats.norm(0, 0.5).cdf).pvalue > 0.01
    assert stats.kstest(black[:, 0] / contrast, stats.norm(0, 0.2).cdf).pvalue > 0.01
    np.testing.assert_allclose(black, black[:, :1].repeat(5, 1))


def test_luma_of_colours_is_brightness_contrast_and_flip_alone():
    black, light = (coloured(values=[v] * 3).mean(1) for v in (0.0, 1.0))
    slope = light - black
    assert stats.kstest(np.log2(np.abs(slope)), stats.norm(0, 0.5).cdf).pvalue > 0.01
    assert stats.binomtest(int((slope < 0).sum()), 4000, 0.5).pvalue > 0.01


def test_hue_and_saturation_turn_and_stretch_colours_about_the_grey_axis():
    base, red = coloured(values=[0.0] * 3), coloured(values=[1.0, -1.0, 0.0])
    chroma = red - base
    np.testing.assert_allclose(chroma.sum(1), 0, atol=1e-12)
    lengths = np.log2(np.linalg.norm(chroma, axis=1) / np.sqrt(2))
    assert stats.kstest(lengths, stats.norm(0, np.hypot(0.5, 1.0)).cdf).pvalue > 0.01
    one, other = np.array([1, -1, 0]) / np.sqrt(2), np.array([1, 1, -2]) / np.sqrt(6)
    angle = np.arctan2(chroma @ other, chroma @ one)
    assert stats.kstest(angle, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 0.01


def test_grey_images_flip_their_luma():
    black, light = coloured(channels=1, values=[0.0]), coloured(channels=1, values=[1.0])
    assert stats.binomtest(int((light < black).sum()), 4000, 0.5).pvalue > 0.01


@every_shape
def test_bands_sum_to_the_image_and_a_constant_is_all_in_the_coarsest(shape):
    x = images(2, *shape)
    torch.testing.assert_close(torch.stack(_pipes.bands(x)).sum(0), x)
    coarsest, *finer = _pipes.bands(torch.ones_like(x))
    torch.testing.assert_close(coarsest, torch.ones_like(x))
    assert max(band.abs().max() for band in finer) < 1e-12


def test_each_band_holds_the_frequencies_of_its_blurs():
    """Of a wave of k cycles in 64 pixels a blur over distance d leaves (1 + cos(2 pi k d / 64)) / 2."""
    for k in (1, 4, 8, 16, 32):
        wave = torch.cos(2 * torch.pi * k * torch.arange(64).double() / 64).expand(1, 1, 64, 64)
        left = np.cumprod([1.0, *[(1 + np.cos(2 * np.pi * k * d / 64)) / 2 for d in (1, 2, 4)]])
        gains = [left[3], left[2] - left[3], left[1] - left[2], left[0] - left[1]]
        middle = slice(16, 48)
        for band, gain in zip(_pipes.bands(wave), gains, strict=True):
            torch.testing.assert_close(band[..., middle], gain * wave[..., middle], rtol=1e-9, atol=1e-9)


def test_the_gain_of_a_filtered_constant_is_that_of_the_coarsest_band():
    x = torch.ones(3000, 1, 4, 4, dtype=torch.float64)

    gains = _pipes._filter(x, draws(x), p_of(1.0))[:, 0, 0, 0].numpy()

    t = 2 ** np.random.default_rng(3).standard_normal((9000, 4))
    coarse = 1.0
    for band, power in enumerate(np.array([10, 1, 1, 1]) / 13):
        norm = np.sqrt(1 - power + power * t[:, band] ** 2)
        coarse = coarse * (t[:, 0] if band == 0 else 1.0) / norm
    assert stats.ks_2samp(gains, coarse).pvalue > 0.01


def test_noise_has_a_half_normal_spread():
    x = torch.zeros(1500, 1, 24, 24, dtype=torch.float64)
    spreads = ADA("fixed", "noise", p=1.0)(x, rng()).flatten(1).std(1).numpy()
    assert stats.kstest(spreads, stats.halfnorm(scale=0.1).cdf).pvalue > 0.01


# --- ada: the controllers -------------------------------------------------------------------------


def test_adaptive_probability_is_the_loop_of_the_paper():
    part = ADA(target=0.5, ada_kimg=2.0, p_max=0.9)
    state, p = part.state(IMAGES), 0.0
    signs = np.random.default_rng(0).uniform(0.0, 1.0, 60)
    signs[20:40] += 0.5
    for sign in signs:
        part.adapt(state, {"real_sign": torch.tensor(sign), "rows": torch.tensor(200.0)})
        p = min(max(p + np.sign(sign - 0.5) * 200 / 2000, 0.0), 0.9)
        assert state["p"].item() == pytest.approx(p, abs=1e-5)
    assert part.state(IMAGES)["p"] == 0


@pytest.mark.parametrize(("step", "p"), [(0, 0.0), (100, 0.2), (300, 0.6), (9999, 0.6)])
def test_scheduled_probability_climbs_and_stays(step, p):
    part = ADA("scheduled", p_max=0.6, ramp_steps=300)
    state = part.state(IMAGES)
    part.adapt(state, {"step": torch.tensor(float(step))})
    assert state["p"].item() == pytest.approx(p)


def test_fixed_probability_stays():
    part = ADA("fixed", p=0.4)
    state = part.state(IMAGES)
    part.adapt(state, {"step": torch.tensor(1e6), "real_sign": torch.tensor(1.0), "rows": torch.tensor(1e6)})
    assert state["p"].item() == pytest.approx(0.4)


def test_only_the_adaptive_one_reads_the_logit():
    assert ADA().tags().meanings == ("log-ratio", "margin")
    assert ADA("fixed").tags().meanings is None
    with pytest.raises(IncompatibleComponentError, match="ada"):
        GANEstimator("wgan-gp", augmentation="ada", max_iter=1).fit(np.zeros((4, 8, 8)))


# --- in a fit -------------------------------------------------------------------------------------

DATA = np.random.default_rng(0).uniform(0, 1, (40, 6, 8))


def fitted(augmentation, **params):
    params = {"architecture": MLP(8, 1), "batch_size": 8, "latent_dim": 4, "random_state": 0, "max_iter": 200} | params
    return GANEstimator("nonsaturating", augmentation=augmentation, **params).fit(DATA)


def test_the_history_shows_the_probability_climb():
    gan = fitted(ADA("scheduled", "bg", p_max=0.5, ramp_steps=200))
    values = [values for name, values in gan.history_.items() if name.endswith("p")]
    assert [0.25, 0.5] in [pytest.approx(each) for each in values]


@pytest.mark.parametrize("augmentation", [ADA(ada_kimg=0.01), InstanceNoise(steps=500)], ids=str)
def test_a_training_that_goes_on_keeps_the_state(augmentation, tmp_path):
    straight = fitted(augmentation, max_iter=230)
    gan = fitted(augmentation, max_iter=110)
    gan.save(tmp_path / "model")
    again = GANEstimator.load(tmp_path / "model").set_params(max_iter=120, warm_start=True).fit(DATA)
    tensors, expected = again._model_.state.tensors(), straight._model_.state.tensors()
    assert any(name.startswith("parts.") for name in tensors)
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


def test_several_augmentations_follow_each_other():
    gan = fitted(["flip", "noise"], max_iter=2)
    assert [type(part) for part in gan.augmentation_] == [Flip, InstanceNoise]


def test_an_augmentation_changes_the_training_and_not_the_samples_of_strength_zero():
    plain, idle, moved_by_it = (fitted(part, max_iter=5) for part in (None, Flip(p=0.0), Flip(p=1.0)))
    np.testing.assert_array_equal(plain.sample(3, random_state=0), idle.sample(3, random_state=0))
    assert not np.array_equal(plain.sample(3, random_state=0), moved_by_it.sample(3, random_state=0))
