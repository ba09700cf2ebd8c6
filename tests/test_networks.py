"""Networks of every architecture with every conditioning: shapes, gradients, independence of rows, and whose turn."""

import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn.functional import softplus

from skgan import GANEstimator, registry, resolution
from skgan.data import Rows
from skgan.interfaces import DataSpec
from skgan.layers import LabelEmbedding, PlainNorm
from skgan.model import Model
from skgan.seeding import global_generator
from skgan.training import train


def classes_of(kind):
    found = {registry.resolve(kind, name) for name in registry.names(kind)}
    return [part(**part.get_test_params()[0]) for part in sorted(found, key=lambda part: part.__name__)]


ARCHITECTURES, CONDITIONINGS = classes_of("architecture"), classes_of("conditioning")
IMAGE_SHAPES = [(1, 1, 1), (2, 7, 13), (3, 9, 4), (4, 16, 17), (5, 5, 5), (1, 28, 28), (3, 2, 40)]
OTHER_SHAPES = {"vector": [(1,), (6,)], "signal": [(2, 9)], "volume": [(1, 3, 4, 5)]}
SPECS = [DataSpec("image", shape, True, "none", 0, 5) for shape in IMAGE_SHAPES]
SPECS += [DataSpec(kind, shape, False, "none", 0, 5) for kind, shapes in OTHER_SHAPES.items() for shape in shapes]
SPECS += [replace(spec, label_kind="classes", label_dim=4) for spec in SPECS]


def takes(architecture, spec):
    return architecture.tags().kinds is None or spec.kind in architecture.tags().kinds


def name(value):
    labelled = "labelled" if isinstance(value, DataSpec) and value.label_dim else "plain"
    return f"{value.shape}-{labelled}" if isinstance(value, DataSpec) else type(value).__name__


def cases(condition=lambda spec: True):
    found = itertools.product(ARCHITECTURES, CONDITIONINGS, filter(condition, SPECS))
    return pytest.mark.parametrize(
        ("architecture", "conditioning", "spec"), [case for case in found if takes(case[0], case[2])], ids=name
    )


def is_odd(spec):
    """A few specs for what does not depend on the shape in new ways."""
    return spec.shape in ((1, 1, 1), (2, 7, 13), (6,))


def networks(architecture, conditioning, spec):
    with global_generator(("networks",)):
        generator = architecture.generator(spec, conditioning)
        discriminator = architecture.discriminator(spec, conditioning)
    return generator.double(), discriminator.double()


def inputs(spec, n=6, seed=0):
    """Return latents, samples and labels; of the classes the last one does not occur."""
    rng = np.random.default_rng(seed)
    z, x = (torch.tensor(rng.standard_normal((n, *shape))) for shape in ((spec.latent_dim,), spec.shape))
    labels = torch.eye(spec.label_dim)[torch.arange(n) % (spec.label_dim - 1)] if spec.label_dim else torch.zeros(n, 0)
    return z, x, labels.double()


@cases()
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_generator_gives_samples_of_the_shape_of_the_data(architecture, conditioning, spec, dtype):
    z, _, y = inputs(spec)

    x = networks(architecture, conditioning, spec)[0].to(dtype)(z.to(dtype), y.to(dtype))

    assert (x.shape, x.dtype) == ((6, *spec.shape), dtype)


@cases()
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_discriminator_gives_one_critique_for_each_sample(architecture, conditioning, spec, dtype):
    _, x, y = inputs(spec)

    critique = networks(architecture, conditioning, spec)[1].to(dtype)(x.to(dtype), y.to(dtype))

    assert (len(critique.logits), critique.logits.dtype) == (6, dtype)
    assert (critique.features.ndim, len(critique.features), critique.features.dtype) == (2, 6, dtype)
    assert critique.class_logits is None or critique.class_logits.shape == (6, spec.label_dim)


@cases()
def test_generator_ends_in_tanh_exactly_when_the_data_are_bounded(architecture, conditioning, spec):
    z, _, y = inputs(spec)

    bounded, free = (
        networks(architecture, conditioning, replace(spec, bounded=bounded))[0].eval()(1e4 * z, y)
        for bounded in (True, False)
    )

    assert free.abs().max() > 1
    torch.testing.assert_close(bounded, free.tanh(), rtol=1e-12, atol=0)


def unreached(module, gradients, used):
    """Return the names of parameters without a gradient; an embedding must have one in the `used` rows and no other."""
    rows = {id(layer.weight) for layer in module.modules() if isinstance(layer, LabelEmbedding)}
    found = []
    for (title, parameter), gradient in zip(module.named_parameters(), gradients, strict=True):
        reached = gradient.abs().flatten(1).amax(1) > 1e-12 if id(parameter) in rows else gradient.abs().max() > 1e-12
        expected = used if id(parameter) in rows else torch.tensor(True)
        if not torch.equal(reached, expected) or not torch.isfinite(gradient).all():
            found.append(title)
    return found


@cases()
def test_gradient_reaches_every_parameter_of_the_generator(architecture, conditioning, spec):
    generator, discriminator = networks(architecture, conditioning, spec)
    z, _, y = inputs(spec)

    loss = softplus(-discriminator(generator(z, y), y).logits).mean()
    gradients = torch.autograd.grad(loss, list(generator.parameters()), materialize_grads=True)

    assert unreached(generator, gradients, y.any(0)) == []


@cases()
def test_gradient_reaches_every_parameter_of_the_discriminator(architecture, conditioning, spec):
    generator, discriminator = networks(architecture, conditioning, spec)
    z, x, y = inputs(spec)

    real, fake = discriminator(x, y).logits, discriminator(generator(z, y).detach(), y).logits
    loss = (softplus(-real) + softplus(fake)).mean()
    gradients = torch.autograd.grad(loss, list(discriminator.parameters()), materialize_grads=True)

    assert unreached(discriminator, gradients, y.any(0)) == []


@cases(lambda spec: spec.label_dim == 0)
def test_without_labels_the_conditioning_adds_no_parameters(architecture, conditioning, spec):
    plain, *others = (networks(architecture, each, spec) for each in (conditioning, *CONDITIONINGS))

    assert not list(conditioning.embed(spec).parameters())
    for network, *twins in zip(plain, *others, strict=True):
        shapes = [tuple(parameter.shape) for parameter in network.parameters()]
        assert all([tuple(parameter.shape) for parameter in twin.parameters()] == shapes for twin in twins)


@pytest.mark.parametrize("conditioning", CONDITIONINGS, ids=name)
def test_without_labels_the_head_is_linear(conditioning):
    with global_generator(("networks",)):
        head = conditioning.head(8, SPECS[0])

    assert sum(parameter.numel() for parameter in head.parameters()) == 8 + 1


@cases(is_odd)
def test_rows_are_generated_independently_in_evaluation(architecture, conditioning, spec):
    generator = networks(architecture, conditioning, spec)[0].eval()
    z, _, y = inputs(spec)
    changed = z.clone()
    changed[2] += 1

    differs = (generator(z, y) - generator(changed, y)).flatten(1).abs().amax(1)

    assert (differs > 1e-9).tolist() == [row == 2 for row in range(6)]


@pytest.mark.parametrize("mode", ["eval", "train"])
@cases(is_odd)
def test_samples_are_judged_independently(architecture, conditioning, spec, mode):
    discriminator = getattr(networks(architecture, conditioning, spec)[1], mode)()
    _, x, y = inputs(spec)
    changed = x.clone()
    changed[2] += 1

    before, after = discriminator(x, y), discriminator(changed, y)

    for old, new in ((before.logits, after.logits), (before.features, after.features)):
        differs = (old - new).flatten(1).abs().amax(1) if old.ndim > 1 else (old - new).abs()
        assert (differs > 1e-9).tolist() == [row == 2 for row in range(6)]


@cases(lambda spec: is_odd(spec) and spec.label_dim)
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_label_changes_the_output(architecture, conditioning, spec, player):
    generator, discriminator = networks(architecture, conditioning, spec)
    z, x, y = inputs(spec)
    ask = generator.eval() if player == "generator" else lambda x, y: discriminator.eval()(x, y).logits
    given = z if player == "generator" else x

    assert (ask(given, y) - ask(given, y.roll(1, dims=1))).abs().max() > 1e-6


@cases(is_odd)
def test_discriminator_normalises_over_no_batch(architecture, conditioning, spec):
    discriminator = networks(architecture, conditioning, spec)[1]

    assert not [
        layer for layer in discriminator.modules() if isinstance(layer, nn.modules.batchnorm._NormBase | PlainNorm)
    ]
    assert not [title for title, _ in discriminator.named_buffers() if "running" in title]


TINY = [DataSpec("image", (1, 9, 8), True, "classes", 3, 5), DataSpec("vector", (3,), False, "classes", 3, 5)]
TWICE = [
    case
    for case in itertools.product(ARCHITECTURES, CONDITIONINGS, TINY)
    if takes(case[0], case[2]) and case[0].tags().double_backward
]


@pytest.mark.parametrize(("architecture", "conditioning", "spec"), TWICE, ids=name)
def test_discriminator_can_be_differentiated_twice(architecture, conditioning, spec):
    discriminator = networks(architecture, conditioning, spec)[1]
    names, parameters = zip(*discriminator.named_parameters(), strict=True)
    _, x, y = inputs(spec, n=2)

    def logits(x, *weights):
        return functional_call(discriminator, dict(zip(names, weights, strict=True)), (x, y)).logits

    given = (x.requires_grad_(), *parameters)

    assert torch.autograd.gradgradcheck(
        logits, given, grad_outputs=torch.tensor([1.0, -0.7]).double().requires_grad_(), fast_mode=True
    )


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 7, 13)], ids=str)
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name)
def test_a_batch_of_one_trains(architecture, shape):
    spec = DataSpec("image", shape, True, "none", 0, 5)
    generator, discriminator = networks(architecture, CONDITIONINGS[0], spec)
    z, _, y = inputs(spec, n=1)

    loss = softplus(-discriminator(generator.train()(z, y), y).logits).mean()
    gradients = torch.autograd.grad(loss, list(generator.parameters()), materialize_grads=True)

    assert all(torch.isfinite(gradient).all() for gradient in gradients)


# --- turns --------------------------------------------------------------------------------------

LABELLED = DataSpec("image", (2, 7, 13), True, "classes", 4, 5)


def model_of(architecture, loss="nonsaturating", **params):
    params = GANEstimator(loss, architecture=architecture, **params).get_params(deep=False)
    parts = resolution.complete(resolution.given(params), params, LABELLED)
    model = Model(parts, LABELLED, "gaussian", 0.9, ("networks",), "cpu")
    for player in model.state.players:
        player.module.train()
    return model


def rows(number=0):
    _, x, y = inputs(LABELLED, seed=number)
    return Rows(x.float(), y.float(), torch.ones(6, dtype=torch.bool), number)


def turn(model, player):
    """Make one update of `player`; return its network and the other one, and both as they were before."""
    state, objective = model.state, model.objective()
    own, other = (state.generator, state.discriminator)[:: 1 if player == "generator" else -1]
    before = [copy.deepcopy(network.module) for network in (own, other)]
    own.update(getattr(objective, player)(objective.batch(state, rows(), player)))
    return own.module, other.module, *before


@pytest.mark.parametrize("loss", registry.names("loss"))
@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name)
def test_turn_leaves_the_weights_of_the_other_network_bitwise_unchanged(architecture, player, loss):
    _, other, _, before = turn(model_of(architecture, loss), player)

    assert all(torch.equal(a, b) for a, b in zip(other.parameters(), before.parameters(), strict=True))
    assert all(parameter.grad is None for parameter in other.parameters())


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name)
def test_turn_moves_every_weight_of_its_own_network(architecture, player):
    own, _, before, _ = turn(model_of(architecture), player)
    unmoved = [
        title
        for (title, now), then in zip(own.named_parameters(), before.parameters(), strict=True)
        if torch.equal(now, then)
    ]

    assert unmoved == []


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name)
def test_turn_of_the_generator_leaves_the_buffers_of_the_discriminator(architecture):
    _, other, _, before = turn(model_of(architecture), "generator")

    assert all(torch.equal(a, b) for a, b in zip(other.buffers(), before.buffers(), strict=True))


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name)
def test_a_step_is_n_critic_turns_of_the_discriminator_and_one_of_the_generator(architecture):
    model = model_of(architecture, n_critic=3)
    steps = train(model.state, map(rows, itertools.count()), model.objective())

    counts = [next(steps).counters() for _ in range(2)]

    assert [(c["discriminator_updates"], c["generator_updates"], c["step"]) for c in counts] == [(3, 1, 1), (6, 2, 2)]
