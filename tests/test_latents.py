"""Priors against the distributions they state, ways between latents, and the way back from samples."""

import numpy as np
import pytest
import torch
from scipy import stats

from skgan import GANEstimator, inversion
from skgan.architectures.mlp import MLP
from skgan.exceptions import InvalidParameterError
from skgan.latents import (
    PRIORS,
    Codes,
    Gaussian,
    Sphere,
    Truncated,
    Uniform,
    described,
    from_description,
    lerp,
    prior_of,
    slerp,
)

N = 4000
EVERY = [Gaussian(), Uniform(), Sphere(), Truncated(), Truncated(0.7), Codes(), Codes((3, 2), 0), Codes((), 4)]

every_prior = pytest.mark.parametrize("prior", EVERY, ids=lambda value: repr(value).partition(" object at")[0])


def noise(n=N, width=16, seed=0, dtype=torch.float64):
    return torch.tensor(np.random.default_rng(seed).standard_normal((n, width)), dtype=dtype)


# --- priors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prior", "distribution"),
    [
        (Gaussian(), stats.norm()),
        (Uniform(), stats.uniform(-1, 2)),
        (Truncated(), stats.truncnorm(-2, 2)),
        (Truncated(0.5), stats.truncnorm(-0.5, 0.5)),
        (Truncated(8.0), stats.norm()),
    ],
    ids=lambda value: repr(value).partition(" object at")[0],
)
def test_coordinates_have_the_stated_distribution_and_are_independent(prior, distribution):
    z = prior(noise(width=3)).numpy()
    for column in z.T:
        assert stats.kstest(column, distribution.cdf).pvalue > 0.01
    assert np.abs(np.corrcoef(z.T) - np.eye(3)).max() < 0.05


@pytest.mark.parametrize(
    ("prior", "distribution"),
    [(Uniform(), stats.uniform(-1, 2)), (Truncated(0.7), stats.truncnorm(-0.7, 0.7))],
    ids=lambda value: repr(value).partition(" object at")[0],
)
def test_a_coordinate_is_the_quantile_of_its_noise(prior, distribution):
    expected = distribution.ppf(stats.norm.cdf(noise(50)))
    np.testing.assert_allclose(prior(noise(50)).numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("width", [1, 3, 16])
def test_the_sphere_is_uniform(width):
    z = Sphere()(noise(width=width)).numpy()
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), np.sqrt(width))
    if width == 3:  # by Archimedes a coordinate of the two-dimensional sphere is uniform
        assert stats.kstest(z[:, 1] / np.sqrt(3), stats.uniform(-1, 2).cdf).pvalue > 0.01
    elif width == 16:  # and the square of one is beta distributed
        assert stats.kstest(z[:, 5] ** 2 / 16, stats.beta(0.5, 7.5).cdf).pvalue > 0.01


def test_codes_are_one_hot_uniform_and_normal():
    z = Codes((4, 3), 2)(noise(width=12)).numpy()
    for columns in (slice(0, 4), slice(4, 7)):
        code = z[:, columns]
        assert set(np.unique(code)) == {0.0, 1.0}
        np.testing.assert_array_equal(code.sum(1), 1.0)
        assert stats.chisquare(code.sum(0)).pvalue > 0.01
    table = z[:, :4].T @ z[:, 4:7]
    assert stats.chi2_contingency(table).pvalue > 0.01
    assert stats.kstest(z[:, 7], stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert stats.kstest(z[:, 8], stats.uniform(-1, 2).cdf).pvalue > 0.01
    assert stats.kstest(z[:, 9:].ravel(), "norm").pvalue > 0.01


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64], ids=lambda value: repr(value).partition(" object at")[0]
)
@every_prior
def test_each_latent_comes_from_its_own_noise_in_its_own_dtype(prior, dtype):
    of_noise = noise(9, dtype=dtype)
    z = prior(of_noise)
    assert z.shape == of_noise.shape
    assert z.dtype == dtype
    torch.testing.assert_close(prior(of_noise[4:6]), z[4:6])


@every_prior
def test_noise_far_out_stays_finite(prior):
    z = prior(torch.tensor([[40.0, -40.0, *[0.0] * 14], [0.0] * 16]))
    assert torch.isfinite(z).all()
    if isinstance(prior, Truncated):
        assert z.abs().max() <= prior.threshold


@every_prior
def test_a_prior_is_described_and_comes_back(prior):
    again = from_description(described(prior))
    assert type(again) is type(prior)
    assert again.get_params() == prior.get_params()


def test_every_name_is_a_prior_and_an_object_is_copied():
    for name, prior_class in PRIORS.items():
        assert type(prior_of(name)) is prior_class
    mine = Truncated(0.3)
    assert prior_of(mine) is not mine
    assert prior_of(mine).threshold == 0.3


@pytest.mark.parametrize(
    ("prior", "latent_dim", "message"),
    [
        (Truncated(0.0), 4, "threshold"),
        (Truncated("2"), 4, "threshold"),
        (Codes((1,)), 20, "categorical"),
        (Codes(3), 20, "categorical"),
        (Codes(continuous=-1), 20, "continuous"),
        (Codes((10,), 2), 11, "latent_dim.*12"),
    ],
    ids=lambda value: repr(value).partition(" object at")[0],
)
def test_a_prior_that_cannot_be_is_refused(prior, latent_dim, message):
    with pytest.raises(InvalidParameterError, match=message):
        prior.validate(latent_dim)


def test_the_estimator_knows_the_codes_of_its_prior():
    gan = GANEstimator(architecture=MLP(8, 1), prior=Codes((3,), 1), latent_dim=6, max_iter=1, random_state=0)
    spec = gan.fit(np.eye(4))._model_.spec
    assert (spec.categorical_codes, spec.continuous_codes) == ((3,), 1)


# --- ways between ---------------------------------------------------------------------------------

A, B, T = np.array([3.0, 0.0, 4.0]), np.array([0.0, 2.0, 0.0]), np.linspace(0, 1, 7)


@pytest.mark.parametrize("way", [lerp, slerp])
def test_ways_begin_and_end_where_they_should(way):
    line = way(A, B, T)
    assert line.shape == (7, 3)
    np.testing.assert_allclose(line[[0, -1]], [A, B], atol=1e-12)
    np.testing.assert_allclose(way(B, A, 1 - T), line, atol=1e-12)
    np.testing.assert_allclose(way(A.tolist(), B.tolist(), T.tolist()), line)


def test_the_straight_way_is_straight():
    np.testing.assert_allclose(np.diff(lerp(A, B, T), axis=0), np.tile((B - A) / 6, (6, 1)))


def test_the_great_circle_is_walked_at_one_speed_on_the_sphere():
    a, b = A / 5, np.array([0.6, 0.8, 0.0])
    line = slerp(a, b, T)
    np.testing.assert_allclose(np.linalg.norm(line, axis=1), 1.0)
    angles = np.arccos(np.clip((line[1:] * line[:-1]).sum(1), -1, 1))
    np.testing.assert_allclose(angles, np.arccos(a @ b) / 6)
    assert np.linalg.matrix_rank(np.vstack([a, b, line]), tol=1e-9) == 2


@pytest.mark.parametrize("b", [2 * A, -A, 0 * A], ids=["parallel", "opposite", "zero"])
def test_the_great_circle_is_straight_where_there_is_none(b):
    np.testing.assert_allclose(slerp(A, b, T), lerp(A, b, T), atol=1e-9)


# --- the way back ---------------------------------------------------------------------------------

X = np.random.default_rng(0).standard_normal((60, 5)) + 2 * np.repeat(np.arange(3), 20)[:, None]
Y = np.repeat(["a", "b", "c"], 20)
IMAGES = (np.random.default_rng(1).uniform(0, 255, (24, 8, 6))).astype(np.uint8)


def fitted(X, y=None, latent_dim=3, **params):
    params = {"architecture": MLP(32, 2), "max_iter": 60, "batch_size": 16, "random_state": 0} | params
    return GANEstimator("nonsaturating", latent_dim=latent_dim, **params).fit(X, y)


@pytest.fixture(scope="module")
def labelled():
    return fitted(X, Y)


def mse(gan, samples, other):
    return ((gan._encoded(samples) - gan._encoded(other)) ** 2).flatten(1).mean(1).numpy()


def best_start(gan, samples, **asked):
    starts = np.random.default_rng(7).standard_normal((inversion.STARTS, gan.latent_dim))
    drawn = gan.sample(latents=starts, **asked)
    return np.min([mse(gan, samples, np.broadcast_to(each, samples.shape).copy()) for each in drawn], axis=0)


@pytest.mark.parametrize("prior", ["gaussian", "uniform", "truncated"])
def test_samples_are_found_again(prior):
    gan = fitted(X, prior=prior)
    samples = gan.sample(70, random_state=1)

    latents = gan.invert(samples)

    assert latents.shape == (70, 3)
    assert latents.dtype == np.float32
    error = mse(gan, gan.sample(latents=latents), samples)
    assert np.median(error) < 0.02 * np.median(best_start(gan, samples))
    assert error.mean() < 0.3 * best_start(gan, samples).mean()


def test_images_are_found_again():
    gan = fitted(IMAGES, architecture="dcgan", max_iter=10)
    samples = gan.sample(6, random_state=1)

    error = mse(gan, gan.sample(latents=gan.invert(samples)), samples)

    assert error.mean() < 0.3 * best_start(gan, samples).mean()


@pytest.mark.parametrize("told", [True, False])
def test_labelled_samples_are_found_again_with_their_labels(labelled, told):
    samples, y = labelled.sample(40, random_state=1, return_y=True)

    latents, found = labelled.invert(samples, y if told else None, return_y=True)

    if told:
        np.testing.assert_array_equal(found, y)
    else:
        assert set(found) <= set(labelled.classes_)
        assert (found == y).mean() > 0.6
    error = mse(labelled, labelled.sample(latents=latents, y=found), samples)
    assert np.median(error) < 0.1 * np.median(best_start(labelled, samples, y="a"))


def test_one_label_may_stand_for_all(labelled):
    samples = labelled.sample(3, y="b", random_state=1)
    np.testing.assert_array_equal(labelled.invert(samples, "b"), labelled.invert(samples, ["b"] * 3))


def test_a_row_does_not_depend_on_the_others(labelled):
    latents = labelled.invert(X, Y)
    np.testing.assert_array_equal(labelled.invert(X[:7], Y[:7]), latents[:7])
    np.testing.assert_array_equal(labelled.invert(X, Y), latents)
    np.testing.assert_allclose(labelled.invert(X[40:], Y[40:]), latents[40:], atol=1e-3)


def test_inverting_changes_nothing(labelled):
    before = {name: tensor.clone() for name, tensor in labelled._model_.state.tensors().items()}
    draws = labelled._draws_
    wants = [p.requires_grad for p in labelled.generator_.parameters()]

    labelled.invert(X[:3])

    assert all(torch.equal(tensor, before[name]) for name, tensor in labelled._model_.state.tensors().items())
    assert labelled._draws_ == draws
    assert [p.requires_grad for p in labelled.generator_.parameters()] == wants


def test_codes_stay_those_of_the_nearest_draw():
    gan = fitted(X, prior=Codes((3,), 1), latent_dim=6)
    samples = gan.sample(20, random_state=1)

    latents = gan.invert(samples)

    assert set(np.unique(latents[:, :3])) == {0.0, 1.0}
    np.testing.assert_array_equal(latents[:, :3].sum(1), 1.0)
    assert np.abs(latents[:, 3]).max() <= 1
    error = mse(gan, gan.sample(latents=latents), samples)
    assert np.median(error) < 0.4 * np.median(best_start(gan, samples))


class Toy(torch.nn.Module):
    """A generator of one function of the latents."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, z, y):
        return self.function(z)


def toy_inverse(function, x, prior, latent_dim):
    """Return the inverse of samples of a toy, and where it started."""
    x, no_labels, key = torch.tensor(x, dtype=torch.float32), torch.zeros(1, 0), 3

    def inverse():
        rng = np.random.default_rng(key)
        return inversion.invert(Toy(function), prior, x, no_labels, None, latent_dim, rng)[0].numpy()

    found = inverse()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inversion, "LEARNING_RATE", 0.0)
        return found, inverse()


def test_the_error_is_never_worse_than_that_of_the_nearest_draw():
    x = np.random.default_rng(0).uniform(-1, 1, (50, 1))

    found, start = toy_inverse(lambda z: torch.sin(200 * z), x, Gaussian(), 1)

    error, before = (np.abs(np.sin(200 * z) - x) for z in (found, start))
    assert (error <= before + 1e-2).all()
    assert error.mean() < before.mean()


def test_a_code_is_that_of_the_nearest_draw_though_no_gradient_reaches_it():
    centres = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0], [3.0, 3.0]])
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 60)
    x = centres.numpy()[codes] + 0.3 * rng.standard_normal((60, 2))

    found, start = toy_inverse(lambda z: z[:, :4] @ centres + 0.3 * z[:, 4:], x, Codes((4,), 0), 6)

    np.testing.assert_array_equal(found[:, :4], start[:, :4])
    assert np.abs(found[:, :4] @ centres.numpy() + 0.3 * found[:, 4:] - x).max() < 0.05


def test_data_that_look_otherwise_are_refused(labelled):
    with pytest.raises(ValueError, match="features"):
        labelled.invert(X[:, :4])
    with pytest.raises(ValueError, match=r"inconsistent|length"):
        labelled.invert(X, Y[:5])
    with pytest.raises(ValueError, match="seen in fit"):
        labelled.invert(X[:2], ["a", "z"])
    with pytest.raises(ValueError, match="NaN"):
        labelled.invert(np.full((2, 5), np.nan))
    plain = fitted(X, max_iter=1)
    with pytest.raises(ValueError, match="without labels"):
        plain.invert(X, Y)
    with pytest.raises(ValueError, match="without labels"):
        plain.invert(X, return_y=True)
