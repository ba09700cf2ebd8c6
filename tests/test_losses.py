"""Losses: their formulas in float64, what every loss has in common, and a mixture that each must learn."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats

from skgan import GANEstimator, registry, resolution
from skgan.architectures.mlp import MLP
from skgan.data import Rows
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Critique, DataSpec
from skgan.model import Model
from skgan.objective import mean

LOSSES = sorted({registry.resolve("loss", name) for name in registry.names("loss")}, key=lambda loss: loss.__name__)
PLAYERS = ("discriminator", "generator")
VECTORS = DataSpec("vector", (3,), False, "none", 0, 5)
LABELLED = replace(VECTORS, label_kind="classes", label_dim=4)
IMAGES = DataSpec("image", (1, 8, 8), True, "none", 0, 5)


def softplus(t):
    return np.logaddexp(0.0, t)


def both_sides(r, f):
    return softplus(-r) + softplus(f)


#: class -> what the discriminator and the generator minimise, of logits r of real and f of fake samples
FORMULAS = {
    "Minimax": (both_sides, lambda r, f: -softplus(f)),
    "NonSaturating": (both_sides, lambda r, f: softplus(-f)),
    "RpGAN": (lambda r, f: softplus(-(r - f)), lambda r, f: softplus(-(f - r))),
    "WGANGP": (lambda r, f: f - r, lambda r, f: -f),
}
WITH_FORMULA = [loss for loss in LOSSES if loss.__name__ in FORMULAS]

SIZES = [0.0, 1e-3, 1.0, 19.0, 21.0, 80.0, 104.0, 1e3, 1e4]
EXTREMES = np.array(np.meshgrid(*[[s * size for s in (-1, 1) for size in SIZES]] * 2)).reshape(2, -1)


@dataclass
class Said:
    """As much of a batch as a loss of logits reads."""

    player: str
    real_: Critique
    fake_: Critique


def unreduced(loss, player, real, fake):
    batch = Said(player, Critique(real, real.reshape(len(real), -1)), Critique(fake, fake.reshape(len(fake), -1)))
    return getattr(loss, player)(batch)


def logits(seed, shape=(12,), dtype=torch.float64):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(scale=3, size=(2, *shape)), dtype=dtype)


def slope(formula, r, f):
    """Return the derivatives of a formula to r and f by central differences."""
    h = 1e-4
    return (
        (formula(r + h, f) - formula(r - h, f)) / (2 * h),
        (formula(r, f + h) - formula(r, f - h)) / (2 * h),
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_every_builtin_loss_is_constructed_from_its_test_parameters(loss):
    for params in loss.get_test_params():
        loss(**params).validate()


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", WITH_FORMULA)
def test_value_is_the_formula_in_float64(loss, player):
    real, fake = torch.tensor(EXTREMES, dtype=torch.float32)
    expected = FORMULAS[loss.__name__][PLAYERS.index(player)](real.double().numpy(), fake.double().numpy())

    value = unreduced(loss(), player, real, fake)

    assert value.dtype == torch.float32
    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", WITH_FORMULA)
def test_gradient_is_the_slope_of_the_formula(loss, player):
    real, fake = torch.tensor(EXTREMES, dtype=torch.float32, requires_grad=True)
    expected = slope(FORMULAS[loss.__name__][PLAYERS.index(player)], *EXTREMES)

    value = unreduced(loss(), player, real, fake).sum()
    gradients = torch.autograd.grad(value, (real, fake), materialize_grads=True)

    for gradient, truth in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient.numpy(), truth, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_extreme_logits_give_finite_values_and_gradients(loss, player):
    real, fake = torch.tensor(EXTREMES, dtype=torch.float32, requires_grad=True)

    value = unreduced(loss(), player, real, fake)
    gradients = torch.autograd.grad(value.sum(), (real, fake), materialize_grads=True)

    assert all(torch.isfinite(tensor).all() for tensor in (value, *gradients))


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_mean_does_not_depend_on_the_order_of_pairs(loss, player):
    real, fake = logits(0)
    order = torch.tensor(np.random.default_rng(1).permutation(len(real)))

    shuffled = mean(unreduced(loss(), player, real[order], fake[order]))

    torch.testing.assert_close(shuffled, mean(unreduced(loss(), player, real, fake)), rtol=1e-12, atol=0)


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_mean_does_not_change_when_the_batch_is_duplicated(loss, player):
    real, fake = logits(0)

    doubled = mean(unreduced(loss(), player, real.repeat(2), fake.repeat(2)))

    torch.testing.assert_close(doubled, mean(unreduced(loss(), player, real, fake)), rtol=1e-12, atol=0)


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_pairing_is_what_the_tag_says(loss, player):
    real, fake = logits(0)

    rolled = mean(unreduced(loss(), player, real, fake.roll(1)))

    unchanged = torch.isclose(rolled, mean(unreduced(loss(), player, real, fake)), rtol=1e-12, atol=1e-12)
    assert bool(unchanged) is not loss().tags().pairing


@pytest.mark.parametrize("heads", [(1,), (3,), (2, 5)])
@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_several_heads_are_several_losses(loss, player, heads):
    real, fake = logits(0, (12, *heads))
    single = unreduced(loss(), player, real.flatten(), fake.flatten())

    value = unreduced(loss(), player, real, fake)

    if loss().tags().whole_batch:
        assert value.shape == ()
    else:
        torch.testing.assert_close(value, single.reshape(real.shape), rtol=0, atol=0)


@pytest.mark.parametrize("loss", LOSSES)
def test_generator_loss_falls_as_fakes_look_more_real(loss):
    real = torch.full((8,), 0.5, dtype=torch.float64)
    levels = [mean(unreduced(loss(), "generator", real, real + gap)) for gap in np.linspace(-3, 0, 7)]

    assert all(later < earlier for earlier, later in pairwise(levels))


@pytest.mark.parametrize("loss", LOSSES)
def test_discriminator_loss_falls_as_real_and_fake_part(loss):
    zero = torch.zeros(8, dtype=torch.float64)
    levels = [mean(unreduced(loss(), "discriminator", zero + gap, zero - gap)) for gap in np.linspace(-0.5, 0.5, 7)]

    assert all(later < earlier for earlier, later in pairwise(levels))


@pytest.mark.parametrize(
    ("name", "expected"), [("nonsaturating", 2 * np.log(2)), ("minimax", 2 * np.log(2)), ("rpgan", np.log(2))]
)
def test_undecided_discriminator_pays_one_bit_for_each_choice(name, expected):
    zeros = torch.zeros(4, dtype=torch.float64)

    value = unreduced(registry.resolve("loss", name)(), "discriminator", zeros, zeros)

    np.testing.assert_allclose(value.numpy(), expected, rtol=1e-15)


def test_minimax_is_a_zero_sum_game():
    real, fake = logits(0)
    fake.requires_grad_()
    minimax = registry.resolve("loss", "minimax")()

    of_discriminator, of_generator = (
        torch.autograd.grad(unreduced(minimax, player, real, fake).sum(), fake)[0] for player in PLAYERS
    )

    torch.testing.assert_close(of_generator, -of_discriminator, rtol=0, atol=0)


@pytest.mark.parametrize("spec", [VECTORS, LABELLED, IMAGES], ids=["vectors", "labelled", "images"])
@pytest.mark.parametrize("loss", LOSSES)
def test_defaults_name_what_can_be_built(loss, spec):
    defaults = loss().defaults(spec)
    known = {"regularizers", "n_critic", "optimizer", "learning_rate", "discriminator_learning_rate", "architecture"}
    named = [("regularizer", value) for value in defaults.get("regularizers", [])]
    named += [(kind, defaults[kind]) for kind in ("optimizer", "architecture") if kind in defaults]

    assert defaults.keys() <= known
    for kind, value in named:
        name, params = value if isinstance(value, tuple) else (value, {})
        part = resolution.component(kind, name, params=params)
        assert params.items() <= part.get_params().items()
    assert isinstance(defaults.get("n_critic", 1), int)
    assert defaults.get("n_critic", 1) >= 1
    assert all(value > 0 for key, value in defaults.items() if key.endswith("learning_rate"))


def model_of(spec, **params):
    params = GANEstimator(architecture=MLP(width=16, depth=2), **params).get_params(deep=False)
    parts = resolution.complete(resolution.given(params), params, spec)
    return Model(parts, spec, "gaussian", 0.9, ("losses",), "cpu")


def test_wgan_gp_weight_is_the_weight_of_its_penalty():
    model = model_of(VECTORS, loss=registry.resolve("loss", "wgan-gp")(gp_weight=3.0))

    assert [(type(part).__name__, part.weight) for part in model.parts.regularizers] == [("GradientPenalty", 3.0)]


def test_wgan_gp_weight_beside_other_regularizers_is_refused():
    with pytest.raises(InvalidParameterError, match="would do nothing"):
        model_of(VECTORS, loss=registry.resolve("loss", "wgan-gp")(gp_weight=3.0), regularizers=None)


@pytest.mark.parametrize("player", PLAYERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_real_and_fake_of_a_pair_carry_the_same_label(loss, player):
    model = model_of(LABELLED, loss=loss())
    x, y = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.eye(4)[[0, 3, 1, 1, 2, 0]]
    asked = []
    for network in (model.state.generator.module, model.state.discriminator.module):
        network.register_forward_hook(lambda _, given, said: asked.append(given[1]))

    batch = model.objective().batch(model.state, Rows(x, y, torch.ones(6, dtype=torch.bool), 0), player)
    getattr(model.objective(), player)(batch)

    assert len(asked) >= 2
    assert all(torch.equal(labels, y) for labels in asked)


def test_real_logits_are_constants_in_the_turn_of_the_generator():
    model = model_of(VECTORS, loss="rpgan")
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    rows = Rows(x, torch.zeros(6, 0), torch.zeros(6, dtype=torch.bool), 0)
    batch = model.objective().batch(model.state, rows, "generator")

    assert not batch.real_.logits.requires_grad
    assert batch.fake_.logits.requires_grad


#: W1 to the mixture below which a loss has learned it; all mass in one mode is at 2 or more
LEARNED = 0.6
#: In one dimension the slope must pass through 0 between modes, which the penalty forbids: it gets little weight.
MIXTURE_PARAMS = {"WGANGP": {"gp_weight": 0.1}}


def distance_after_fit(loss):
    """Return W1 between the equal mixture of N(-2, 0.5) and N(2, 0.5) and what `loss` made of 1000 draws of it."""
    rng = np.random.default_rng(0)
    X = rng.choice([-2.0, 2.0], size=(1000, 1)) + 0.5 * rng.standard_normal((1000, 1))
    gan = GANEstimator(
        loss,
        architecture=MLP(width=32, depth=2),
        latent_dim=4,
        learning_rate=2e-3,
        ema_decay=0.99,
        max_iter=400,
        random_state=0,
    )
    levels = (np.arange(200) + 0.5) / 200
    grid = np.linspace(-6, 6, 20_001)
    truth = np.interp(levels, (stats.norm.cdf(grid, -2, 0.5) + stats.norm.cdf(grid, 2, 0.5)) / 2, grid)
    return np.abs(np.quantile(gan.fit(X).sample(1000, random_state=0), levels) - truth).mean()


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_learns_a_mixture(loss):
    assert distance_after_fit(loss(**MIXTURE_PARAMS.get(loss.__name__, {}))) < LEARNED


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_with_the_wrong_sign_does_not_learn_the_mixture(loss):
    class Sabotaged(loss):
        def generator(self, batch):
            return -super().generator(batch)

    assert distance_after_fit(Sabotaged(**MIXTURE_PARAMS.get(loss.__name__, {}))) > LEARNED
