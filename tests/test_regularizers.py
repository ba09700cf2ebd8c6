"""Regularizers: closed forms on linear discriminators, finite differences, how often they are due, whom they move."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn.utils import skip_init

from skgan import GANEstimator, registry, resolution
from skgan.data import Rows
from skgan.interfaces import Augmentation, Critique, DataSpec
from skgan.model import Model
from skgan.objective import Batch, mean

REGULARIZERS = sorted(
    {registry.resolve("regularizer", name) for name in registry.names("regularizer")}, key=lambda part: part.__name__
)
PENALTIES = [part for part in REGULARIZERS if part().tags().differentiates]
LAZY = [part for part in PENALTIES if "every_updates" in part().get_params()]

#: class -> its value where the discriminator has slope `norm` everywhere
ON_A_SLOPE = {
    "GradientPenalty": lambda weight, norm: weight * (norm - 1) ** 2,
    "R1": lambda weight, norm: weight / 2 * norm**2,
    "R2": lambda weight, norm: weight / 2 * norm**2,
}
WITH_CLOSED_FORM = [part for part in PENALTIES if part.__name__ in ON_A_SLOPE]
SHAPES = [(1,), (5,), (2, 9), (1, 1, 1), (3, 7, 13), (2, 3, 4, 5)]

VECTORS = DataSpec("vector", (5,), False, "none", 0, 3)
IMAGES = DataSpec("image", (2, 9, 16), True, "classes", 3, 3)


class Net(nn.Module):
    """A discriminator, the given function of flat samples, that remembers what it was asked."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.asked = []

    def forward(self, x, y):
        self.asked.append(x)
        logits = self.inner(x.flatten(1)).squeeze(1)
        return Critique(logits, x.flatten(1))


class Triple(Augmentation):
    def __call__(self, x, rng):
        return 3 * x


def draws(seed, *shape):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def net(*layers, scale=1.0):
    inner = nn.Sequential(*layers)
    with torch.no_grad():
        for index, parameter in enumerate(inner.parameters()):
            parameter.copy_(scale * draws(20 + index, *parameter.shape))
    return Net(inner)


def dense(inputs, outputs):
    return skip_init(nn.Linear, inputs, outputs, dtype=torch.float64)


def linear(n_values):
    discriminator = net(dense(n_values, 1))
    return discriminator, float(discriminator.inner[0].weight.detach().norm())


def two_layers(n_values, scale=1.0):
    return net(dense(n_values, 4), nn.Tanh(), dense(4, 1), scale=scale)


def batch_of(part, discriminator, real, fake, augmentations=()):
    """Return a discriminator's batch of `real` and `fake` on which `part` is due."""
    names = {part: "part"} | dict.fromkeys(augmentations, "augmentation")
    state = SimpleNamespace(
        generator=SimpleNamespace(module=lambda z, y: fake.clone()),
        discriminator=SimpleNamespace(module=discriminator),
        parts={name: {} for name in names.values()},
        modules={name: {} for name in names.values()},
    )
    rows = Rows(real.clone(), real.new_zeros(len(real), 0), torch.zeros(len(real), dtype=torch.bool), 0)
    z = torch.zeros(len(real), 2)
    return Batch("discriminator", rows, z, state, list(augmentations), [part], names, ("regularizers",))


def penalty_of(part, discriminator, real, fake, augmentations=()):
    return mean(part.penalty(batch_of(part, discriminator, real, fake, augmentations)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("weight", [0.0, 1.0, 7.5])
@pytest.mark.parametrize("part", WITH_CLOSED_FORM)
def test_linear_discriminator_gives_the_closed_form(part, weight, shape):
    discriminator, norm = linear(int(np.prod(shape)))

    value = penalty_of(part(weight=weight), discriminator, draws(0, 6, *shape), draws(1, 6, *shape))

    np.testing.assert_allclose(value.item(), ON_A_SLOPE[part.__name__](weight, norm), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("part", WITH_CLOSED_FORM)
def test_penalty_reads_the_gradient_to_the_sample_before_augmentation(part):
    discriminator, norm = linear(5)

    value = penalty_of(part(weight=2.0), discriminator, draws(0, 6, 5), draws(1, 6, 5), [Triple()])

    np.testing.assert_allclose(value.item(), ON_A_SLOPE[part.__name__](2.0, 3 * norm), rtol=1e-6)


@pytest.mark.parametrize("part", PENALTIES)
def test_penalty_does_not_change_when_the_batch_is_duplicated(part):
    discriminator, x = two_layers(5), draws(0, 6, 5)
    twice = torch.cat([x, x])

    value = penalty_of(part(), discriminator, twice, twice)

    torch.testing.assert_close(value, penalty_of(part(), discriminator, x, x), rtol=1e-12, atol=0)


@pytest.mark.parametrize("part", PENALTIES)
def test_penalty_of_each_sample_moves_with_it(part):
    part, discriminator, x = part(), two_layers(5), draws(0, 6, 5)
    order = torch.tensor([3, 0, 5, 1, 4, 2])

    straight, shuffled = (part.penalty(batch_of(part, discriminator, r, r)) for r in (x, x[order]))

    torch.testing.assert_close(shuffled, straight[order], rtol=1e-12, atol=0)


@pytest.mark.parametrize("part", PENALTIES)
def test_gradient_to_the_weights_is_the_finite_difference(part):
    discriminator, real, fake = two_layers(5), draws(0, 6, 5), draws(1, 6, 5)
    parameters = list(discriminator.parameters())
    value = penalty_of(part(), discriminator, real, fake)
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(value, parameters, materialize_grads=True)])
    start, h = nn.utils.parameters_to_vector(parameters).detach(), 1e-5

    def at(weights):
        nn.utils.vector_to_parameters(weights, parameters)
        return penalty_of(part(), discriminator, real, fake).item()

    steps = h * torch.eye(len(start), dtype=torch.float64)
    expected = [(at(start + step) - at(start - step)) / (2 * h) for step in steps]

    assert gradient.abs().max() > 1e-3
    np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("part", PENALTIES)
def test_flat_discriminator_has_a_finite_gradient(part):
    discriminator = two_layers(5, scale=0.0)

    value = penalty_of(part(), discriminator, draws(0, 6, 5), draws(1, 6, 5))
    gradients = torch.autograd.grad(value, list(discriminator.parameters()), materialize_grads=True)

    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("shape", [(5,), (3, 7, 13)], ids=str)
def test_gradient_penalty_looks_at_one_point_between_each_pair(shape):
    part, (discriminator, _) = registry.resolve("regularizer", "gp")(), linear(int(np.prod(shape)))

    penalty_of(part, discriminator, torch.ones(64, *shape).double(), torch.zeros(64, *shape).double())

    share = discriminator.asked[-1].detach().flatten(1)
    assert (share == share[:, :1]).all()
    assert len(share[:, 0].unique()) == 64
    assert stats.kstest(share[:, 0].numpy(), "uniform").pvalue > 0.01


def test_gradient_penalty_moves_along_the_line_of_its_pair():
    part, (discriminator, _) = registry.resolve("regularizer", "gp")(), linear(5)
    real, fake = draws(0, 6, 5), draws(1, 6, 5)

    penalty_of(part, discriminator, real, fake)

    share = (discriminator.asked[-1].detach() - fake) / (real - fake)
    torch.testing.assert_close(share, share[:, :1].expand_as(share), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "samples"), [("r1", 0), ("r2", 1)])
def test_zero_centred_penalty_looks_at_its_own_samples_only(name, samples):
    part, discriminator = registry.resolve("regularizer", name)(), two_layers(5)
    sets = [draws(0, 6, 5), draws(1, 6, 5)]
    changed = [draws(9, 6, 5) if index != samples else x for index, x in enumerate(sets)]

    value = penalty_of(part, discriminator, *changed)

    torch.testing.assert_close(value, penalty_of(part, discriminator, *sets), rtol=0, atol=0)


def model_of(spec, **params):
    params = GANEstimator("nonsaturating", **params).get_params(deep=False)
    parts = resolution.complete(resolution.given(params), params, spec)
    model = Model(parts, spec, "gaussian", 0.9, ("regularizers",), "cpu")
    for player in model.state.players:
        player.module.train()
    return model


def rows_of(spec, n=6):
    labels = torch.eye(spec.label_dim)[torch.arange(n) % spec.label_dim] if spec.label_dim else torch.zeros(n, 0)
    return Rows(draws(0, n, *spec.shape).float(), labels, torch.full((n,), spec.label_dim > 0), 0)


def terms_at(updates, part):
    """Return the terms of the discriminator's update of that number."""
    model = model_of(VECTORS, architecture="mlp", regularizers=part)
    model.state.discriminator.updates = updates
    objective = model.objective()
    return objective.discriminator(objective.batch(model.state, rows_of(VECTORS), "discriminator")).losses


@pytest.mark.parametrize("part", LAZY)
def test_lazy_penalty_is_due_at_every_kth_update_and_k_times_as_heavy(part):
    name = resolution.name_of("regularizer", part)
    always = terms_at(0, part(weight=2.0))[name]

    lazy = [terms_at(updates, part(weight=2.0, every_updates=3)).get(name) for updates in range(7)]

    assert [value is not None for value in lazy] == [True, False, False, True, False, False, True]
    for value in lazy[::3]:
        torch.testing.assert_close(value, 3 * always, rtol=1e-6, atol=0)


@pytest.mark.parametrize("part", LAZY)
def test_every_update_is_what_comes_without_saying(part):
    spelled, unsaid = terms_at(1, part(every_updates=1)), terms_at(1, part())

    assert spelled.keys() == unsaid.keys()
    assert all(torch.equal(spelled[name], unsaid[name]) for name in spelled)


@pytest.mark.parametrize("part", PENALTIES)
def test_penalty_moves_the_discriminator_only(part):
    model = model_of(IMAGES, architecture="dcgan", regularizers=part())
    objective, state = model.objective(), model.state
    batch = objective.batch(state, rows_of(IMAGES), "discriminator")
    value = objective.discriminator(batch).losses[resolution.name_of("regularizer", part)]

    to_generator = torch.autograd.grad(value, state.generator.parameters, allow_unused=True, retain_graph=True)
    to_discriminator = torch.autograd.grad(value, state.discriminator.parameters, materialize_grads=True)

    assert all(gradient is None for gradient in to_generator)
    assert any(gradient.any() for gradient in to_discriminator)


def test_zero_centred_penalties_share_the_forward_passes_of_the_loss():
    model = model_of(VECTORS, architecture="mlp", regularizers=["r1", "r2"])
    passes = []
    model.state.discriminator.module.register_forward_hook(lambda *_: passes.append(1))
    objective = model.objective()

    objective.discriminator(objective.batch(model.state, rows_of(VECTORS), "discriminator"))

    assert len(passes) == 2


NORMALISED = [
    (spec, architecture, conditioning)
    for spec, architecture in ((VECTORS, "mlp"), (IMAGES, "mlp"), (IMAGES, "dcgan"))
    for conditioning in ("concat", "projection")
]


def normalised(spec, architecture, conditioning, regularizers="spectral-norm"):
    architecture = registry.resolve("architecture", architecture)
    small = architecture(**architecture.get_test_params()[0])
    return model_of(spec, architecture=small, conditioning=conditioning, regularizers=regularizers)


def ask(model, times=1):
    rows = rows_of(model.spec)
    with torch.no_grad():
        for _ in range(times):
            critique = model.state.discriminator.module(rows.x, rows.y)
    return critique.logits


def tensors_of(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize(("spec", "architecture", "conditioning"), NORMALISED)
def test_every_weight_of_the_discriminator_has_largest_singular_value_one(spec, architecture, conditioning):
    model = normalised(spec, architecture, conditioning)
    module = model.state.discriminator.module

    ask(model, times=500)
    module.eval()

    weights = [getattr(layer, "weight", None) for layer in module.modules()]
    matrices = [weight.detach().flatten(1).numpy() for weight in weights if torch.is_tensor(weight)]
    largest = [np.linalg.svd(matrix, compute_uv=False)[0] for matrix in matrices]
    assert len(largest) >= 2
    np.testing.assert_allclose(largest, 1.0, atol=1e-3)


def test_spectral_norm_leaves_the_generator_as_it_was_drawn():
    with_it, without = (normalised(IMAGES, "dcgan", "projection", part) for part in ("spectral-norm", None))

    torch.testing.assert_close(
        tensors_of(with_it.state.generator.module), tensors_of(without.state.generator.module), rtol=0, atol=0
    )


def test_spectral_norm_estimate_moves_in_training():
    model = normalised(IMAGES, "dcgan", "projection")
    before = tensors_of(model.state.discriminator.module)

    ask(model)

    after = tensors_of(model.state.discriminator.module)
    assert {name.rpartition(".")[2] for name in before if not torch.equal(before[name], after[name])} == {"_u", "_v"}


def test_spectral_norm_estimate_stays_in_evaluation():
    model = normalised(IMAGES, "dcgan", "projection")
    module = model.state.discriminator.module.eval()
    before = tensors_of(module)

    ask(model, times=3)

    torch.testing.assert_close(tensors_of(module), before, rtol=0, atol=0)


def test_spectral_norm_estimate_is_kept_with_the_model():
    model = normalised(IMAGES, "dcgan", "projection")
    ask(model, times=5)
    model.state.discriminator.module.eval()

    twin = model.copy()

    torch.testing.assert_close(
        tensors_of(twin.state.discriminator.module), tensors_of(model.state.discriminator.module), rtol=0, atol=0
    )
    assert torch.equal(ask(twin), ask(model))
