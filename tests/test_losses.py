"""Losses: their formulas in float64, what every loss has in common, and what single ones count or estimate."""

import inspect
import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from skgan import GANEstimator, compatibility, registry, resolution
from skgan.architectures.autoencoder_d import AutoencoderD
from skgan.architectures.mlp import MLP
from skgan.data import Rows
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Critique, DataSpec
from skgan.latents import Gaussian
from skgan.model import Model
from skgan.objective import mean

CLASSES = sorted({registry.resolve("loss", name) for name in registry.names("loss")}, key=lambda loss: loss.__name__)
LOSSES = [loss(**params) for loss in CLASSES for params in loss.get_test_params()]
PLAYERS = ("discriminator", "generator")
VECTORS = DataSpec("vector", (3,), False, "none", 0, 5)
LABELLED = replace(VECTORS, label_kind="classes", label_dim=4)
IMAGES = DataSpec("image", (1, 8, 8), True, "none", 0, 5)


def softplus(t):
    return np.logaddexp(0.0, t)


def both_sides(loss, r, f):
    return softplus(-r) + softplus(f)


def price(loss, t):
    """Return what a relativistic loss charges for a difference."""
    prices = {"logistic": softplus(-t), "least-squares": (t - 1) ** 2, "hinge": np.maximum(1 - t, 0)}
    return prices[loss.form]


CRITIC = (lambda loss, r, f: f - r, lambda loss, r, f: -f)

#: what the state of a loss is filled with, such as BEGAN's k
STARTED = 0.25

#: class -> what the discriminator and the generator minimise, of logits r of real and f of fake samples
FORMULAS = {
    "BEGAN": (lambda loss, r, f: -r - STARTED * -f, lambda loss, r, f: -f),
    "EBGAN": (lambda loss, r, f: -r + np.maximum(loss.margin - -f, 0), lambda loss, r, f: -f),
    "Hinge": (lambda loss, r, f: np.maximum(1 - r, 0) + np.maximum(1 + f, 0), lambda loss, r, f: -f),
    "LSGAN": (
        lambda loss, r, f: ((r - loss.real_target) ** 2 + (f - loss.fake_target) ** 2) / 2,
        lambda loss, r, f: (f - loss.wanted_target) ** 2 / 2,
    ),
    "LeastAbsolute": (lambda loss, r, f: abs(r - 1) + abs(f), lambda loss, r, f: abs(f - 1)),
    "Minimax": (both_sides, lambda loss, r, f: -softplus(f)),
    "NonSaturating": (both_sides, lambda loss, r, f: softplus(-f)),
    "RaGAN": (
        lambda loss, r, f: price(loss, r - f.mean()) + price(loss, -(f - r.mean())),
        lambda loss, r, f: price(loss, -(r - f.mean())) + price(loss, f - r.mean()),
    ),
    "RpGAN": (lambda loss, r, f: price(loss, r - f), lambda loss, r, f: price(loss, f - r)),
    "WGAN": CRITIC,
    "WGANDiv": CRITIC,
    "WGANGP": CRITIC,
    "Wasserstein": CRITIC,
}
#: losses that compare a sample with the mean of the batch, so that no sample's loss is its own affair
OF_THE_BATCH = ("RaGAN",)
OF_SAMPLES = [loss for loss in LOSSES if type(loss).__name__ not in OF_THE_BATCH]

#: no hinge bends at one of these
SIZES = [0.0, 1e-3, 0.9, 19.0, 21.0, 80.0, 104.0, 1e3, 1e4]
EXTREMES = np.array(np.meshgrid(*[[s * size for s in (-1, 1) for size in SIZES]] * 2)).reshape(2, -1)

every_loss = pytest.mark.parametrize("loss", LOSSES, ids=str)
every_player = pytest.mark.parametrize("player", PLAYERS)


@dataclass
class Said:
    """As much of a batch as a loss of logits reads."""

    player: str
    real_: Critique
    fake_: Critique
    state: dict = field(default_factory=dict)


def said(loss, player, real, fake, state=None):
    if state is None:
        state = {name: torch.full_like(value, STARTED).to(real) for name, value in loss.state(VECTORS).items()}
    critiques = (Critique(logits, logits.reshape(len(logits), -1)) for logits in (real, fake))
    return Said(player, *critiques, {loss: state})


def unreduced(loss, player, real, fake):
    return getattr(loss, player)(said(loss, player, real, fake))


def formula(loss, player):
    of_player = FORMULAS[type(loss).__name__][PLAYERS.index(player)]
    return lambda r, f: of_player(loss, r, f)


def logits(seed, shape=(12,), dtype=torch.float64):
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.normal(scale=3, size=(2, *shape)), dtype=dtype)


def test_every_builtin_loss_has_a_formula_to_be_compared_with():
    assert {loss.__name__ for loss in CLASSES} == FORMULAS.keys()


@pytest.mark.parametrize("loss", CLASSES, ids=lambda loss: loss.__name__)
def test_defaults_are_what_the_document_says_and_every_form_is_tried(loss):
    said = re.findall(r"^(\w+) : .*default=(.*)$", inspect.getdoc(loss), re.MULTILINE)
    assert {name: str(value).strip('"') for name, value in loss().get_params().items()} == {
        name: value.strip('"') for name, value in said
    }
    tried = [loss(**params) for params in loss.get_test_params()]
    assert [repr(each) for each in tried] == [repr(each) for each in LOSSES if type(each) is loss]


@every_loss
def test_every_loss_says_what_its_logit_means(loss):
    assert loss.tags().meaning in ("log-ratio", "margin", "target", "median", "critic", "relative", "energy")


@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-9), (torch.float32, 1e-5)], ids=str)
@every_player
@every_loss
def test_value_is_the_formula(loss, player, dtype, rtol):
    real, fake = torch.tensor(EXTREMES, dtype=dtype)
    expected = formula(loss, player)(real.double().numpy(), fake.double().numpy())
    if loss not in OF_SAMPLES and dtype == torch.float32:
        rtol = 1e-3  # the mean of numbers up to 10,000 is 0 to some 1e-4

    value = unreduced(loss, player, real, fake)

    assert value.dtype == dtype
    np.testing.assert_allclose(value.numpy(), expected, rtol=rtol, atol=1e-30)


@every_player
@pytest.mark.parametrize("loss", OF_SAMPLES, ids=str)
def test_gradient_is_the_slope_of_the_formula_however_far_the_logits(loss, player):
    real, fake = torch.tensor(EXTREMES, dtype=torch.float32, requires_grad=True)
    value = unreduced(loss, player, real, fake).sum()
    gradients = torch.autograd.grad(value, (real, fake), materialize_grads=True)

    h, at = 1e-4, formula(loss, player)
    rounding = 1e-6 + np.finfo(float).eps * abs(at(*EXTREMES)) / h
    for gradient, step in zip(gradients, h * np.eye(2)[:, :, None], strict=True):
        slope = (at(*(EXTREMES + step)) - at(*(EXTREMES - step))) / (2 * h)
        assert (abs(gradient.numpy() - slope) <= rounding + 1e-5 * abs(slope)).all()


@every_player
@every_loss
def test_gradient_of_the_mean_is_the_finite_difference_of_the_formula(loss, player):
    real, fake = logits(0).requires_grad_()
    value = mean(unreduced(loss, player, real, fake))
    gradient = torch.cat(torch.autograd.grad(value, (real, fake), materialize_grads=True)).numpy()

    h, start, at = 1e-6, logits(0).numpy().flatten(), formula(loss, player)
    ends = ((start + step, start - step) for step in h * np.eye(len(start)))
    levels = [[at(*np.split(end, 2)).mean() for end in pair] for pair in ends]
    np.testing.assert_allclose(gradient, [(up - down) / (2 * h) for up, down in levels], rtol=1e-6, atol=1e-8)


@every_player
@every_loss
def test_extreme_logits_give_finite_values_and_gradients(loss, player):
    real, fake = torch.tensor(EXTREMES, dtype=torch.float32, requires_grad=True)

    value = unreduced(loss, player, real, fake)
    gradients = torch.autograd.grad(value.sum(), (real, fake), materialize_grads=True)

    assert all(torch.isfinite(tensor).all() for tensor in (value, *gradients))


@every_player
@every_loss
def test_mean_does_not_depend_on_the_order_of_pairs(loss, player):
    real, fake = logits(0)
    order = torch.tensor(np.random.default_rng(1).permutation(len(real)))

    shuffled = mean(unreduced(loss, player, real[order], fake[order]))

    torch.testing.assert_close(shuffled, mean(unreduced(loss, player, real, fake)), rtol=1e-12, atol=0)


@every_player
@every_loss
def test_mean_does_not_change_when_the_batch_is_duplicated(loss, player):
    real, fake = logits(0)

    doubled = mean(unreduced(loss, player, real.repeat(2), fake.repeat(2)))

    torch.testing.assert_close(doubled, mean(unreduced(loss, player, real, fake)), rtol=1e-12, atol=0)


@every_player
@every_loss
def test_pairing_is_what_the_tag_says(loss, player):
    real, fake = logits(0)

    rolled = mean(unreduced(loss, player, real, fake.roll(1)))

    unchanged = torch.isclose(rolled, mean(unreduced(loss, player, real, fake)), rtol=1e-12, atol=1e-12)
    assert bool(unchanged) is (not loss.tags().pairing)


@pytest.mark.parametrize("heads", [(1,), (3,), (2, 5)])
@every_player
@every_loss
def test_several_heads_are_several_losses(loss, player, heads):
    real, fake = logits(0, (12, *heads))
    columns = zip(real.flatten(1).T, fake.flatten(1).T, strict=True)
    single = [unreduced(loss, player, *column) for column in columns]

    value = unreduced(loss, player, real, fake)

    if loss.tags().whole_batch:
        assert value.shape == ()
    else:
        torch.testing.assert_close(value, torch.stack(single, 1).reshape(real.shape), rtol=1e-12, atol=1e-12)


@every_loss
def test_generator_loss_falls_as_fakes_look_more_real(loss):
    real = torch.full((8,), 0.5, dtype=torch.float64)
    levels = [mean(unreduced(loss, "generator", real, real + gap)) for gap in np.linspace(-3, 0, 7)]

    assert all(later < earlier for earlier, later in pairwise(levels))


@every_loss
def test_discriminator_loss_falls_as_real_and_fake_part(loss):
    undecided = torch.full((8,), 0.5 if loss.tags().meaning in ("target", "median") else 0.0, dtype=torch.float64)
    gaps = np.linspace(-0.5, 0.49, 7)
    levels = [mean(unreduced(loss, "discriminator", undecided + gap, undecided - gap)) for gap in gaps]

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
@every_loss
def test_defaults_name_what_can_be_built(loss, spec):
    defaults = loss.defaults(spec)
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


ADAM = {"optimizer": ("adam", {"betas": (0.5, 0.999)}), "learning_rate": 2e-4}  # of DCGAN
WEAK = {"regularizers": [("r1", {"weight": 0.75})]}  # 0.15 for each of five features
CLIPPED = {"regularizers": [("weight-clip", {"limit": 0.01})], "n_critic": 5, "optimizer": "rmsprop"}
ERRORS = {"optimizer": ("adam", {"betas": (0.5, 0.999)})}

#: name -> what its paper, or docs/benchmarks.md, says for five columns and for images
PAPERS = {
    "minimax": ({}, ADAM),
    "nonsaturating": (WEAK, ADAM),
    "lsgan": (WEAK, ADAM),
    "least-absolute": ({}, ADAM),
    "hinge": (WEAK, ADAM),
    "ragan": (WEAK, ADAM),
    "rpgan": (
        {"regularizers": [("r1", {"weight": 1.5}), ("r2", {"weight": 1.5})]},
        {"regularizers": [("r1", {"weight": 5.0}), ("r2", {"weight": 5.0})]},
    ),
    "wasserstein": (WEAK, {"regularizers": [("r1", {"weight": 5.0})]}),
    "wgan": (CLIPPED | {"learning_rate": 5e-5},) * 2,
    "wgan-gp": (
        {"regularizers": [("gp", {"weight": 10.0})], "n_critic": 5},
        {"regularizers": [("gp", {"weight": 10.0})], "n_critic": 5, "optimizer": ("adam", {"betas": (0.0, 0.9)})}
        | {"learning_rate": 1e-4},
    ),
    "wgan-div": ({"regularizers": [("div", {"weight": 2.0, "power": 6.0})], "n_critic": 5},) * 2,
    "ebgan": (ERRORS | {"architecture": ("autoencoder-d", {"power": 2}), "learning_rate": 2e-4},) * 2,
    "began": (ERRORS | {"architecture": ("autoencoder-d", {"power": 1}), "learning_rate": 1e-4},) * 2,
}


@pytest.mark.parametrize("name", PAPERS)
def test_defaults_are_those_of_the_paper(name):
    loss = registry.resolve("loss", name)()
    vectors = DataSpec("vector", (5,), False, "none", 0, 4)
    images = DataSpec("image", (1, 8, 8), True, "none", 0, 4)
    for spec, expected in zip((vectors, images), PAPERS[name], strict=True):
        said = loss.defaults(spec)
        assert said.keys() == expected.keys()
        for key, value in expected.items():
            if key != "regularizers":
                assert said[key] == value
                continue
            assert [part for part, _ in said[key]] == [part for part, _ in value]
            for (_, params), (_, wanted) in zip(said[key], value, strict=True):
                assert params == pytest.approx(wanted)


def test_every_loss_is_compared_with_its_paper():
    assert {registry.resolve("loss", name) for name in PAPERS} == {type(loss) for loss in LOSSES}


def test_targets_of_least_squares_are_subtracted():
    loss = registry.resolve("loss", "lsgan")(real_target=0.5, fake_target=-1.5, wanted_target=0.25)
    real, fake = logits(5)
    expected = ((real - 0.5) ** 2 + (fake + 1.5) ** 2) / 2, (fake - 0.25) ** 2 / 2
    for player, value in zip(PLAYERS, expected, strict=True):
        torch.testing.assert_close(unreduced(loss, player, real, fake), value)


def small_network(loss):
    """Return an architecture that the loss can train."""
    if loss.tags().meaning == "energy":
        return AutoencoderD(loss.defaults(VECTORS)["architecture"][1]["power"], code_dim=2, width=16)
    return MLP(width=16, depth=2)


def model_of(spec, loss, **params):
    loss = registry.resolve("loss", loss)() if isinstance(loss, str) else loss
    params = GANEstimator(loss, **{"architecture": small_network(loss), **params}).get_params(deep=False)
    parts = resolution.complete(resolution.given(params), params, spec)
    return Model(parts, spec, Gaussian(), 0.9, ("losses",), "cpu")


def test_wgan_gp_weight_is_the_weight_of_its_penalty():
    model = model_of(VECTORS, loss=registry.resolve("loss", "wgan-gp")(gp_weight=3.0))

    assert [(type(part).__name__, part.weight) for part in model.parts.regularizers] == [("GradientPenalty", 3.0)]


def test_wgan_gp_weight_beside_other_regularizers_is_refused():
    with pytest.raises(InvalidParameterError, match="would do nothing"):
        model_of(VECTORS, loss=registry.resolve("loss", "wgan-gp")(gp_weight=3.0), regularizers=None)


@every_player
@every_loss
def test_real_and_fake_of_a_pair_carry_the_same_label(loss, player):
    model = model_of(LABELLED, loss=loss)
    x, y = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.eye(4)[[0, 3, 1, 1, 2, 0]]
    asked = []
    for network in (model.state.generator.module, model.state.discriminator.module):
        network.register_forward_hook(lambda _, given, said: asked.append(given[1]))

    batch = model.objective().batch(model.state, Rows(x, y, torch.ones(6, dtype=torch.bool), 0), player)
    getattr(model.objective(), player)(batch)

    assert len(asked) >= 2
    assert all(torch.equal(labels, y) or torch.equal(labels, torch.cat([y, y])) for labels in asked)


def test_real_logits_are_constants_in_the_turn_of_the_generator():
    model = model_of(VECTORS, loss="rpgan")
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    rows = Rows(x, torch.zeros(6, 0), torch.zeros(6, dtype=torch.bool), 0)
    batch = model.objective().batch(model.state, rows, "generator")

    assert not batch.real_.logits.requires_grad
    assert batch.fake_.logits.requires_grad


WITH_WEIGHT = [
    ("wgan", {"clip": 0.3}, "WeightClip", {"limit": 0.3}),
    ("wgan-gp", {"gp_weight": 3.0}, "GradientPenalty", {"weight": 3.0}),
    ("wgan-div", {"k": 3.0, "p": 4.0}, "Divergence", {"weight": 3.0, "power": 4.0}),
]


@pytest.mark.parametrize(("name", "params", "regularizer", "expected"), WITH_WEIGHT)
def test_parameters_of_a_critic_are_those_of_what_bounds_it(name, params, regularizer, expected):
    model = model_of(VECTORS, registry.resolve("loss", name)(**params))

    (part,) = model.parts.regularizers
    assert type(part).__name__ == regularizer
    assert expected.items() <= part.get_params().items()


@pytest.mark.parametrize(("name", "params"), [case[:2] for case in WITH_WEIGHT])
def test_parameters_of_a_critic_beside_other_regularizers_are_refused(name, params):
    with pytest.raises(InvalidParameterError, match="would do nothing"):
        model_of(VECTORS, registry.resolve("loss", name)(**params), regularizers=None)


# --- what single losses count or estimate ---------------------------------------------------------

ROWS = np.random.default_rng(0).standard_normal((40, 3))


@pytest.mark.parametrize("name", ["wasserstein", "wgan", "wgan-gp", "wgan-div"])
def test_history_has_the_distance_that_a_critic_estimates(name):
    history = GANEstimator(name, architecture=MLP(8, 1), max_iter=5, random_state=0).fit(ROWS).history_

    distance = np.subtract(history["discriminator/real_logit"], history["discriminator/fake_logit"])
    assert abs(distance) > 1e-6
    np.testing.assert_allclose(history["discriminator/wasserstein"], distance, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("power", [2.0, 3.0, 6.0])
@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4, 2)], ids=str)
def test_penalty_of_wgan_div_is_a_power_of_both_slopes(shape, power):
    slopes = dict(zip(("real", "fake"), logits(0, (6, *shape)), strict=True))
    part = registry.resolve("regularizer", "div")(weight=3.0, power=power)

    value = part.penalty(SimpleNamespace(gradient=slopes.__getitem__))

    real, fake = (np.linalg.norm(slope.numpy().reshape(6, -1), axis=1) for slope in slopes.values())
    np.testing.assert_allclose(value.numpy(), 3 / 2 * (real**power + fake**power), rtol=1e-9)
    assert part.needs_gradient == ("real", "fake")


def test_began_moves_k_with_the_discriminator_and_watches_the_balance():
    began = registry.resolve("loss", "began")(gamma=0.6, k_rate=0.2)
    state, k, seen = {"k": torch.zeros((), dtype=torch.float64)}, 0.0, []
    for seed in range(12):
        real, fake = -logits(seed).abs()
        real = real * (4 if seed < 6 else 0.2)
        e_real, e_fake = -real.numpy(), -fake.numpy()

        batch = said(began, "discriminator", real, fake, state)
        value, watched = began.discriminator(batch), began.watch(batch)
        np.testing.assert_allclose(value.numpy(), e_real - k * e_fake, rtol=1e-12)
        balance = 0.6 * e_real.mean() - e_fake.mean()
        np.testing.assert_allclose(watched["convergence"], e_real.mean() + abs(balance), rtol=1e-12)
        k = min(max(k + 0.2 * balance, 0.0), 1.0)
        np.testing.assert_allclose(state["k"], k, rtol=1e-12, atol=1e-15)
        seen.append(k)

        began.generator(said(began, "generator", real, fake, state))
        np.testing.assert_allclose(state["k"], k, rtol=1e-12, atol=1e-15)

    assert (min(seen), max(seen)) == (0, 1)
    assert any(0 < k < 1 for k in seen)


def test_began_differentiates_with_the_k_before_it_moved():
    began = registry.resolve("loss", "began")(k_rate=0.5)
    real, fake = (-logits(0).abs()).requires_grad_()
    state = {"k": torch.tensor(0.25, dtype=torch.float64)}

    value = began.discriminator(said(began, "discriminator", real, fake, state))
    gradient = torch.autograd.grad(value.sum(), fake)[0]

    assert state["k"] != 0.25
    torch.testing.assert_close(gradient, torch.full_like(fake, 0.25), rtol=0, atol=0)


def test_k_of_began_goes_with_the_model(tmp_path):
    def began(max_iter):
        network = AutoencoderD(1, code_dim=2, width=8)
        return GANEstimator("began", architecture=network, max_iter=max_iter, warm_start=True, random_state=0)

    whole, half = began(6).fit(ROWS), began(3).fit(ROWS)
    half.save(tmp_path / "half")
    again = GANEstimator.load(tmp_path / "half").fit(ROWS)

    expected, found = whole._model_.state.tensors(), again._model_.state.tensors()
    assert 0 < half._model_.state.parts["loss"]["k"] < expected["parts.loss.k"]
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


@pytest.mark.parametrize("name", ["ebgan", "began"])
def test_losses_of_an_energy_come_with_an_autoencoder(name):
    loss = registry.resolve("loss", name)()
    kind, params = loss.defaults(IMAGES)["architecture"]

    assert compatibility.why_not(loss, registry.resolve("architecture", kind)(**params)) == ""
    assert "autoencoder" in compatibility.why_not(loss, MLP())
