"""Regularizers of the generator: closed forms in NumPy, finite differences, and what they remember."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import nn
from turns import (
    PENALTIES,
    Maker,
    bent_maker,
    check_finite_differences,
    dense,
    drawn,
    draws,
    linear_maker,
    model_of,
    rows_of,
    state_of,
    turn,
    two_layers,
)

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.ensemble import Ensemble
from skgan.interfaces import Critique, DataSpec
from skgan.latents import Codes
from skgan.layers import EqualizedConv, EqualizedLinear, LabelEmbedding
from skgan.objective import mean
from skgan.seeding import global_generator

CODES = DataSpec("vector", (5,), False, "none", 0, 8, categorical_codes=(3, 2), continuous_codes=2)
OF_THE_GENERATOR = [part for part in PENALTIES if part().player in ("generator", "both")]
#: parameters under which a turn does not move a running mean, and a penalty is not too light to be measured
MEASURABLE = {"PathLength": {"decay": 1e-18}, "Orthogonality": {"weight": 1.0}, "MutualInformation": {"width": 4}}


def named(name, **params):
    return registry.resolve("regularizer", name)(**params)


def generator_turn(part, generator, real, z, discriminator=None, **settings):
    discriminator = discriminator or two_layers(int(np.prod(real.shape[1:])))
    return turn(part, "generator", generator, discriminator, real, z, **settings)


def own(part, spec):
    """Return the networks of a part in float64."""
    with global_generator(("own",)):
        return {name: module.double() for name, module in part.modules(spec).items()}


def codes(n):
    """Return latents of `CODES`."""
    return Codes(categorical=(3, 2), continuous=2)(draws(3, n, 8))


def test_the_generator_has_its_regularizers():
    names = {name for name in registry.names("regularizer") if named(name).player == "generator"}
    assert names >= {"path-length", "feature-matching", "top-k", "ortho", "historical-average", "l1"}
    assert names >= {"mutual-information", "infogan", "mode-seeking"}


@pytest.mark.parametrize("part", OF_THE_GENERATOR)
def test_gradient_to_the_weights_is_the_finite_difference(part):
    part, maker = part(**MEASURABLE.get(part.__name__, {})), bent_maker(8, 5)
    part.prepare(maker, "generator")
    for buffer in maker.buffers():
        buffer.fill_(1e18 if buffer.ndim == 0 else 0.5)  # a mean of so many that one more does not move it
    modules = own(part, CODES)
    state = {name: tensor + 0.5 for name, tensor in state_of(part, CODES).items()}
    parameters = [p for network in (maker, *modules.values()) for p in network.parameters()]

    def value():
        return mean(part.penalty(generator_turn(part, maker, draws(0, 6, 5), codes(6), state=state, modules=modules)))

    check_finite_differences(value, parameters, rtol=1e-5)


@pytest.mark.parametrize("part", OF_THE_GENERATOR)
def test_flat_generator_has_a_finite_gradient(part):
    part, maker = part(), bent_maker(8, 5, scale=0.0)
    part.prepare(maker, "generator")
    modules = own(part, CODES)

    batch = generator_turn(part, maker, draws(0, 6, 5), codes(6), state=state_of(part, CODES), modules=modules)
    value = mean(part.penalty(batch))
    gradients = torch.autograd.grad(value, list(maker.parameters()), materialize_grads=True)

    assert torch.isfinite(value)
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


# --- path length ----------------------------------------------------------------------------------


def directions(part, batch, shape):
    """Return the directions that the part will draw in this turn."""
    generator = batch.rng(part)
    before = generator.get_state()
    drawn = torch.randn(shape, generator=generator, dtype=torch.float64).numpy()
    generator.set_state(before)
    return drawn


@pytest.mark.parametrize(("shape", "places"), [((5,), 1), ((2, 7), 7), ((2, 3, 4), 12), ((1, 2, 3, 4), 24)], ids=str)
def test_path_length_of_a_linear_generator(shape, places):
    part, (maker, matrix) = named("path-length", weight=3.0, decay=0.25), linear_maker(3, *shape)
    state, running = state_of(part), 0.0
    for update in range(4):
        batch = generator_turn(part, maker, draws(0, 6, *shape), draws(update, 6, 3), state=state)
        v = directions(part, batch, (6, *shape)).reshape(6, -1) / np.sqrt(places)
        lengths = np.linalg.norm(v @ matrix, axis=1)
        running = 0.75 * running + 0.25 * lengths.mean()

        value = part.penalty(batch)

        np.testing.assert_allclose(value.detach(), 3.0 * (lengths - running) ** 2, rtol=1e-9)
        np.testing.assert_allclose(state["length"], running, rtol=1e-12)


def test_path_length_counts_channels_and_not_places():
    part, maker = named("path-length", weight=1.0, decay=1e-13), Maker(nn.Identity(), (2, 4, 4))

    value = part.penalty(generator_turn(part, maker, draws(0, 2000, 2, 4, 4), draws(1, 2000, 32)))

    np.testing.assert_allclose(value.mean().item(), 2.0, rtol=0.02)


@pytest.mark.parametrize(("fraction", "rows"), [(1.0, 6), (0.5, 3), (0.4, 3), (0.01, 1)])
def test_path_length_looks_at_a_share_of_the_batch(fraction, rows):
    part, maker = named("path-length", fraction=fraction), bent_maker(3, 5)
    z, y = draws(1, 6, 3), draws(2, 6, 1)

    value = part.penalty(generator_turn(part, maker, draws(0, 6, 5), z, y=y))

    (_, _), (looked_at, labels) = maker.asked
    assert value.shape == (rows,)
    assert torch.equal(looked_at, z[:rows])
    assert torch.equal(labels, y[:rows])


class Styled(nn.Module):
    """A generator with a style for each of its layers, `(n, layers, 3)`: the sample is their weighted sum."""

    def __init__(self, layers):
        super().__init__()
        self.mapping = drawn(dense(2, 3 * layers))
        self.factors = nn.Parameter(torch.arange(1.0, layers + 1, dtype=torch.float64))
        self.layers = layers

    def map(self, z, y):
        return self.mapping(z).unflatten(1, (self.layers, 3)) if self.layers > 1 else self.mapping(z)

    def synthesize(self, w):
        return (w * self.factors[:, None]).sum(1) if self.layers > 1 else w * self.factors

    def forward(self, z, y):
        return self.synthesize(self.map(z, y))


@pytest.mark.parametrize("layers", [1, 4])
def test_path_length_is_measured_in_styles_where_there_are_any(layers):
    part, maker = named("path-length", weight=1.0, decay=1e-13), Styled(layers)
    batch = generator_turn(part, maker, draws(0, 6, 3), draws(1, 6, 2))

    v = directions(part, batch, (6, 3))
    value = part.penalty(batch)

    squares = [(factor * v) ** 2 for factor in range(1, layers + 1)]
    np.testing.assert_allclose(value.detach(), np.mean(np.sum(squares, axis=2), axis=0), rtol=1e-9)


# --- features, targets, modes ---------------------------------------------------------------------


def test_feature_matching_compares_means():
    part, maker, real, z = named("feature-matching", weight=2.0), bent_maker(3, 5), draws(0, 6, 5), draws(1, 6, 3)

    batch = generator_turn(part, maker, real, z, two_features())
    value = part.penalty(batch).item()
    shuffled = part.penalty(generator_turn(part, maker, real.flip(0), z, two_features())).item()
    doubled = part.penalty(generator_turn(part, maker, torch.cat([real] * 2), torch.cat([z] * 2), two_features()))

    features = [two_features()(x, None).features.detach().numpy() for x in (real, batch.fake)]
    expected = 2.0 * np.abs(features[0].mean(0) - features[1].mean(0)).mean()
    np.testing.assert_allclose([value, shuffled, doubled.item()], expected, rtol=1e-12)


class Featured(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = drawn(dense(5, 7), nn.Tanh())

    def forward(self, x, y):
        features = self.trunk(x)
        return Critique(features.sum(1), features)


def two_features():
    return Ensemble([Featured(), Featured()])


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4)], ids=str)
def test_distance_to_the_target_of_each_sample(shape):
    part, maker = named("l1", weight=7.0), bent_maker(3, *shape)
    real, z, y = draws(0, 6, *shape), draws(1, 6, 3), draws(2, 6, 2, 3, 4)

    batch = generator_turn(part, maker, real, z, y=y)
    value = part.penalty(batch).detach().numpy()

    fake = batch.fake.detach().numpy()
    np.testing.assert_allclose(value, 7.0 * np.abs(fake - real.numpy()).reshape(6, -1).mean(1), rtol=1e-12)


def test_a_target_needs_labels_that_are_images():
    assert named("l1").tags().labels == ("image",)


def test_twenty_steps_towards_a_target_are_finite_and_get_nearer():
    part, maker, real, z = named("l1"), bent_maker(3, 1, 4, 4), draws(0, 6, 1, 4, 4), draws(1, 6, 3)
    optimizer, values = torch.optim.Adam(maker.parameters(), 1e-2), []
    for _ in range(20):
        value = mean(part.penalty(generator_turn(part, maker, real, z)))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())

    assert np.isfinite(values).all()
    assert values[-1] < 0.95 * values[0]


def test_a_translation_of_images_trains_with_a_target():
    pictures = draws(0, 12, 1, 8, 8).float().numpy()
    network = registry.resolve("architecture", "pix2pix")
    settings = {"architecture": network(**network.get_test_params()[0]), "batch_size": 6, "random_state": 0}

    gan = GANEstimator("nonsaturating", regularizers="l1", max_iter=20, **settings).fit(pictures[..., ::-1], pictures)

    assert np.isfinite(gan.history_["generator/l1"]).all()
    assert all(np.isfinite(array).all() for array in gan._model_.stored()[0].values())


def test_mode_seeking_is_the_inverse_of_how_far_samples_part():
    part, (maker, matrix) = named("mode-seeking", weight=3.0), linear_maker(3, 2, 4)
    z, y = draws(1, 6, 3), draws(2, 6, 1)

    value = part.penalty(generator_turn(part, maker, draws(0, 6, 2, 4), z, y=y))

    (_, labels), (others, same) = maker.asked
    assert torch.equal(labels, same)
    assert not (others == z).any()
    assert sorted(others[:, 0].tolist()) == sorted(z[:, 0].tolist())
    apart = (z - others).numpy()
    ratio = np.abs(apart @ matrix.T).mean() / np.abs(apart).mean()
    np.testing.assert_allclose(value.item(), 3.0 / (ratio + 1e-5), rtol=1e-12)


def test_mode_seeking_needs_two_rows():
    part = named("mode-seeking")
    assert part.penalty(generator_turn(part, bent_maker(3, 5), draws(0, 1, 5), draws(1, 1, 3))) is None


def test_equal_latents_cost_a_finite_amount():
    part, maker, z = named("mode-seeking"), bent_maker(3, 5), torch.ones(4, 3).double()

    value = part.penalty(generator_turn(part, maker, draws(0, 4, 5), z))
    gradients = torch.autograd.grad(value, list(maker.parameters()))

    assert torch.isfinite(value)
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


# --- top-k ----------------------------------------------------------------------------------------


class Listed(nn.Module):
    """A discriminator whose logits are listed."""

    def __init__(self, logits):
        super().__init__()
        self.logits = torch.tensor(logits, dtype=torch.float64)

    def forward(self, x, y):
        return Critique(self.logits + 0 * x.sum(), x)


def top_k_turn(part, logits, state=None):
    n = len(logits)
    return generator_turn(part, bent_maker(3, 5), draws(0, n, 5), draws(1, n, 3), Listed(logits), state=state)


@pytest.mark.parametrize("n", [1, 5, 8, 64])
@pytest.mark.parametrize(
    ("decay", "least", "decay_updates"), [(0.5, 0.25, 3), (0.9, 0.5, 1), (0.99, 0.5, 2), (1, 1, 1)]
)
def test_top_k_keeps_as_many_as_a_loop_says(decay, least, decay_updates, n):
    part = named("top-k", decay=decay, least=least, decay_updates=decay_updates)
    state, factor = state_of(part), 1.0
    for update in range(15):
        factor *= decay if update and update % decay_updates == 0 else 1
        k = max(int(np.rint(round(max(factor, least) * n, 9))), 1)
        logits = np.random.default_rng(update).standard_normal(n)

        weights = part.weights(top_k_turn(part, logits, state)).numpy()

        expected = np.zeros(n)
        expected[np.argsort(logits)[n - k :]] = n / k
        np.testing.assert_allclose(weights, expected, rtol=1e-12)
    assert state["updates"] == 15


def test_top_k_keeps_k_of_equal_samples_too():
    part, state = named("top-k", decay=0.5, decay_updates=1), {"updates": torch.tensor(1.0).double()}
    assert sorted(part.weights(top_k_turn(part, [1.0] * 6, state)).tolist()) == [0, 0, 0, 2, 2, 2]


def test_top_k_looks_at_the_mean_over_heads():
    part, state = named("top-k", decay=0.5, decay_updates=1), {"updates": torch.tensor(1.0).double()}
    logits = [[9.0, -9.0], [1.0, 1.0], [0.5, 0.6], [-9.0, 8.0]]
    assert part.weights(top_k_turn(part, logits, state)).tolist() == [0, 2, 2, 0]


def test_the_loss_of_the_generator_is_the_mean_over_the_best():
    spec = DataSpec("vector", (5,), False, "none", 0, 3)
    part = named("top-k", decay=0.5, decay_updates=1)
    model = model_of(spec, architecture=MLP(8, 2), regularizers=part)
    objective, state = model.objective(), model.state
    state.parts["top-k"]["updates"].fill_(1)

    batch = objective.batch(state, rows_of(spec, 8), "generator")
    terms = objective.generator(batch).losses

    best = batch.fake_.logits.sort(descending=True).values[:4]
    torch.testing.assert_close(terms["loss"], torch.nn.functional.softplus(-best).mean())
    assert set(terms) == {"loss"}
    assert state.parts["top-k"]["updates"] == 2


# --- weights --------------------------------------------------------------------------------------


class Layers(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(LabelEmbedding(4, 3))
        self.wide = nn.Linear(6, 3)
        self.tall = nn.Linear(3, 6)
        self.conv = nn.Conv2d(2, 4, 3)
        self.transposed = nn.ConvTranspose2d(2, 5, 3)
        self.table = nn.Embedding(3, 3)
        self.double()


def off_diagonal(weight):
    matrix = weight.reshape(len(weight), -1)
    return matrix @ matrix.T * (1 - np.eye(len(matrix)))


def penalty_on(part, module):
    return part.penalty(SimpleNamespace(module=module))


def test_orthogonality_of_the_filters_of_every_layer():
    part = named("ortho", weight=0.5)
    with global_generator(("layers",)):
        module = Layers()

    value = penalty_on(part, module)

    weights = [layer.weight.detach().numpy() for layer in (module.wide, module.tall, module.conv)]
    weights.append(module.transposed.weight.detach().numpy().swapaxes(0, 1))
    np.testing.assert_allclose(value.item(), 0.5 * sum((off_diagonal(w) ** 2).sum() for w in weights), rtol=1e-12)
    to_embeddings = torch.autograd.grad(value, [module.embed[0].weight, module.wide.bias], allow_unused=True)
    assert to_embeddings == (None, None)


@pytest.mark.parametrize("shape", [(6, 3), (3, 6)], ids=["wide", "tall"])
def test_gradient_of_orthogonality(shape):
    layer, part = drawn(dense(*shape))[0], named("ortho", weight=0.5)

    (gradient,) = torch.autograd.grad(penalty_on(part, layer), layer.weight)

    weight = layer.weight.detach().numpy()
    np.testing.assert_allclose(gradient, 4 * 0.5 * off_diagonal(weight) @ weight, rtol=1e-9, atol=1e-12)


def test_orthogonal_filters_of_any_length_cost_nothing():
    layer = dense(6, 4)
    with torch.no_grad():
        layer.weight.copy_(torch.linalg.qr(draws(0, 6, 4)).Q.T * torch.tensor([[1.0], [2.0], [3.0], [0.5]]))
    assert abs(penalty_on(named("ortho", weight=1.0), layer).item()) < 1e-9


@pytest.mark.parametrize(("kind", "sizes"), [(EqualizedLinear, (6, 3)), (EqualizedConv, (2, 4, 3))])
def test_orthogonality_is_of_the_weights_as_they_are_used(kind, sizes):
    part = named("ortho", weight=1.0)
    with global_generator(("layer",)):
        layer = kind(*sizes).double()
    used = layer.scale * layer.weight.detach().numpy()
    np.testing.assert_allclose(penalty_on(part, layer).item(), (off_diagonal(used) ** 2).sum(), rtol=1e-9)


def test_historical_average_is_the_mean_of_all_weights_so_far():
    part, maker = named("historical-average", weight=3.0), bent_maker(3, 5)
    part.prepare(maker, "generator")
    past = []
    for update in range(5):
        weights = nn.utils.parameters_to_vector(maker.parameters()).detach() + 0.1 * draws(
            update, 4 * 3 + 4 + 4 * 5 + 5
        )
        nn.utils.vector_to_parameters(weights, maker.parameters())
        past.append(weights.numpy())
        apart = past[-1] - np.mean(past, axis=0)

        value = penalty_on(part, maker)
        gradients = torch.autograd.grad(value, list(maker.parameters()))

        np.testing.assert_allclose(value.item(), 3.0 * (apart**2).sum(), rtol=1e-9, atol=1e-20)
        to_all = nn.utils.parameters_to_vector(gradients).numpy()
        np.testing.assert_allclose(to_all, 2 * 3.0 * apart, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(maker.get_buffer("historical_mean"), np.mean(past, axis=0), rtol=1e-9)
    assert maker.get_buffer("historical_updates") == 5


@pytest.mark.parametrize("player", ["generator", "discriminator", "both"])
def test_history_is_kept_by_the_players_it_pulls(player):
    spec = DataSpec("vector", (5,), False, "none", 0, 3)
    model = model_of(spec, architecture=MLP(8, 2), regularizers=named("historical-average", player=player))
    keeping = {owner.name for owner in model.state.players if "historical_mean" in dict(owner.module.named_buffers())}
    assert keeping == ({"generator", "discriminator"} if player == "both" else {player})


# --- mutual information ---------------------------------------------------------------------------


def reading(n=6, **params):
    """Return a part, its turn and the network that reads codes."""
    part = named("mutual-information", **params)
    modules = own(part, CODES)
    maker = bent_maker(8, 5)
    return part, generator_turn(part, maker, draws(0, n, 5), codes(n), modules=modules), modules["generator"]


def test_mutual_information_is_the_surprise_at_the_codes():
    part, batch, reader = reading(categorical=2.0, continuous=0.3)

    value = part.penalty(batch).detach().numpy()

    z, said = batch.z.numpy(), reader.stack(batch.fake).detach().numpy()
    log_p = [special.log_softmax(said[:, :3], axis=1), special.log_softmax(said[:, 3:5], axis=1)]
    of_classes = [-log[np.arange(6), z[:, a:b].argmax(1)] for log, (a, b) in zip(log_p, [(0, 3), (3, 5)], strict=True)]
    of_numbers = -stats.norm.logpdf(z[:, 5:7], said[:, 5:7], np.exp(said[:, 7:9] / 2)).sum(1)
    np.testing.assert_allclose(value, 2.0 * sum(of_classes) + 0.3 * of_numbers, rtol=1e-9)


def test_spread_of_a_continuous_code_is_bounded():
    part, batch, reader = reading()
    with torch.no_grad():
        reader.stack[2].bias[7:9] += torch.tensor([1e3, -1e3])

    assert torch.isfinite(part.penalty(batch)).all()


@pytest.mark.parametrize(("categorical", "continuous", "outputs"), [((4,), 0, 4), ((), 3, 6), ((2, 3), 1, 7)])
def test_there_is_an_output_for_everything_to_say(categorical, continuous, outputs):
    spec = DataSpec("image", (1, 2, 3), True, "none", 0, 9, (), categorical, continuous)
    reader = own(named("infogan"), spec)["generator"]
    z = Codes(categorical=categorical, continuous=continuous)(draws(0, 6, 9))

    surprise = reader(draws(1, 6, 1, 2, 3), z)

    assert reader.stack[2].out_features == outputs
    assert [value.shape for value in surprise] == [(6,), (6,)]
    assert [bool(value.any()) for value in surprise] == [bool(categorical), continuous > 0]


def test_the_generator_learns_to_show_its_codes():
    spec = DataSpec("vector", (5,), False, "none", 0, 4, categorical_codes=(4,))
    part = named("mutual-information", width=16)
    model = model_of(spec, prior=Codes((4,), 0), architecture=MLP(16, 1), regularizers=part, learning_rate=1e-2)
    objective, state = model.objective(), model.state
    reader = state.modules["mutual-information"]["generator"]
    before = [p.clone() for p in reader.parameters()]
    values = []
    for number in range(150):
        batch = objective.batch(state, rows_of(spec, 32)._replace(number=number), "generator")
        terms = objective.generator(batch)
        state.generator.update(terms)
        values.append(terms.losses["mutual-information"].item())

    assert values[0] > 0.8 * np.log(4)
    assert np.mean(values[-10:]) < 0.1 * np.log(4)
    assert all(not torch.equal(a, b) for a, b in zip(before, reader.parameters(), strict=True))
    assert "modules.mutual-information.generator.stack.0.weight" in state.tensors()
