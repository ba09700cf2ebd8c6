"""Networks of every architecture with every conditioning: shapes, gradients, independence of rows, and whose turn."""

import copy
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call
from torch.nn.functional import softplus

from skgan import GANEstimator, compatibility, registry, resolution
from skgan.conditioning.projection import Projection
from skgan.data import Rows
from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import DataSpec
from skgan.latents import Gaussian
from skgan.layers import EqualizedConv, LabelEmbedding, PlainNorm, SelfAttention
from skgan.model import Model
from skgan.seeding import global_generator
from skgan.training import train


def parts_of(kind, every_set=False):
    found = {registry.resolve(kind, name) for name in registry.names(kind)}
    return [
        part(**params)
        for part in sorted(found, key=lambda part: part.__name__)
        for params in part.get_test_params()[: None if every_set else 1]
    ]


ARCHITECTURES, CONDITIONINGS = parts_of("architecture", every_set=True), parts_of("conditioning")
PROJECTION = next(part for part in CONDITIONINGS if isinstance(part, Projection))
IMAGE_SHAPES = [(1, 1, 1), (2, 7, 17), (3, 9, 4), (4, 16, 17), (5, 5, 5), (1, 28, 28), (3, 2, 40)]
OTHER_SHAPES = {"vector": [(1,), (6,)], "signal": [(1, 1), (2, 9), (1, 50)], "volume": [(1, 3, 4, 5), (2, 8, 3, 9)]}
#: where every conditioning is tried, with every kind of labels
KEY_SHAPES = [(2, 7, 17), (6,), (2, 9), (1, 3, 4, 5)]
KINDS = {"classes": 4, "multilabel": 4, "continuous": 2}

PLAIN = [DataSpec("image", shape, True, "none", 0, 5) for shape in IMAGE_SHAPES]
PLAIN += [DataSpec(kind, shape, False, "none", 0, 5) for kind, shapes in OTHER_SHAPES.items() for shape in shapes]
SPECS = [*PLAIN, *(replace(spec, label_kind="classes", label_dim=4, label_shape=()) for spec in PLAIN)]
SPECS += [
    replace(spec, label_kind=kind, label_dim=KINDS[kind], label_shape=())
    for spec in PLAIN
    for kind in ("multilabel", "continuous")
    if spec.shape in KEY_SHAPES
]
SPECS += [
    replace(spec, label_kind="image", label_dim=2 * spec.shape[1] * spec.shape[2], label_shape=(2, *spec.shape[1:]))
    for spec in PLAIN
    if spec.kind == "image"
]


def takes(architecture, conditioning, spec):
    """Say whether networks of all three are meant to be."""
    tags = architecture.tags()
    if tags.kinds is not None and spec.kind not in tags.kinds:
        return False
    if tags.reconstructs and conditioning.tags().labels == ("classes",):
        return False  # an autoencoder has no head to name classes with
    of_architecture = tags.labels or ("none", *KINDS)
    of_conditioning = ("none", *(conditioning.tags().labels or (*KINDS, "image")))
    return spec.label_kind in of_architecture and spec.label_kind in of_conditioning


def name(value):
    if isinstance(value, DataSpec):
        return f"{value.shape}-{value.label_kind}"
    shown = [f"{value!r}".partition("(")[2].rstrip(")")] if type(value) in map(type, ARCHITECTURES) else []
    return "-".join([type(value).__name__, *(text.replace(" ", "") for text in shown if "'" in text)])


def combinations(condition=lambda spec: True):
    """Yield each architecture with each spec, and each conditioning at the key shapes; elsewhere they take turns."""
    for architecture in ARCHITECTURES:
        turn = itertools.count()
        for spec in filter(condition, SPECS):
            fitting = [part for part in CONDITIONINGS if takes(architecture, part, spec)]
            # Those that take any kind of data see it flat, or are looked at as vectors and images elsewhere.
            key = spec.shape in KEY_SHAPES and (architecture.tags().kinds or spec.kind == "vector")
            if spec.label_kind not in KINDS or not key:
                fitting = fitting and [fitting[next(turn) % len(fitting)]]
            yield from ((architecture, conditioning, spec) for conditioning in fitting)


def cases(condition=lambda spec: True):
    return pytest.mark.parametrize(("architecture", "conditioning", "spec"), list(combinations(condition)), ids=name)


def is_odd(spec):
    """A few specs for what does not depend on the shape in new ways."""
    return spec.shape in ((1, 1, 1), *KEY_SHAPES)


def awake(network):
    """Let attention and residual branches matter, which start at 0, and leave the kink of rectifiers at 0."""
    for layer in network.modules():
        if isinstance(layer, EqualizedConv) and layer.bias is not None:
            nn.init.constant_(layer.bias, 0.1)
        if isinstance(layer, SelfAttention):
            nn.init.constant_(layer.gamma, 0.5)
        elif isinstance(layer, nn.Conv2d) and not layer.weight.is_meta and not layer.weight.any():
            nn.init.constant_(layer.weight, 0.1)
    return network


def off_the_kink(network):
    """Move biases off 0, where padded places sit on the kink of a ReLU."""
    with torch.no_grad():
        for title, parameter in network.named_parameters():
            if title.endswith("bias"):
                parameter += 0.05 * torch.randn(parameter.shape, dtype=parameter.dtype)
    return network


def networks(architecture, conditioning, spec):
    with global_generator(("networks",)):
        generator = architecture.generator(spec, conditioning)
        discriminator = architecture.discriminator(spec, conditioning)
    return awake(generator.double()), awake(discriminator.double())


def inputs(spec, n=6, seed=0):
    """Return latents, samples and labels; of classes the last one does not occur."""
    rng = np.random.default_rng(seed)
    z, x = (torch.tensor(rng.standard_normal((n, *shape))) for shape in ((spec.latent_dim,), spec.shape))
    k = spec.label_dim
    if spec.label_kind in ("continuous", "image"):
        y = torch.tensor(rng.standard_normal((n, *spec.label_shape)))
    elif spec.label_kind == "multilabel":
        y = torch.tensor([[(i >> j) % 2 for j in range(k - 1)] + [0] for i in range(1, n + 1)])
    else:
        y = torch.eye(k)[torch.arange(n) % (k - 1)] if k else torch.zeros(n, 0)
    return z, x, y.double()


def said(critique):
    """Return a loss that all a discriminator says goes into."""
    logits = critique.logits / critique.logits.detach().abs().max().clamp_min(1)  # far out softplus has no slope
    loss = softplus(-logits).mean()
    return loss if critique.class_logits is None else loss + critique.class_logits.logsumexp(1).mean()


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
    assert critique.class_logits is None or critique.class_logits.dtype == dtype


@cases()
def test_generator_ends_in_tanh_exactly_when_the_data_are_bounded(architecture, conditioning, spec):
    z, _, y = inputs(spec)
    outputs = []
    for bounded in (True, False):
        generator = networks(architecture, conditioning, replace(spec, bounded=bounded))[0].eval()
        with torch.no_grad():
            for parameter in generator.parameters():
                parameter *= 30
            outputs.append(generator(z, y))
    bounded, free = outputs

    assert free.abs().max() > 1
    torch.testing.assert_close(bounded, free.tanh(), rtol=1e-12, atol=0)


def unreached(module, gradients, used):
    """Return the names of parameters without a gradient; an embedding must have one in the `used` rows and no other."""
    embeddings = [layer.weight for layer in module.modules() if isinstance(layer, LabelEmbedding)]
    rows = {id(weight) for weight in embeddings if isinstance(weight, nn.Parameter)}  # others are normalised as one
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

    loss = said(discriminator(generator(z, y), y))
    gradients = torch.autograd.grad(loss, list(generator.parameters()), materialize_grads=True)

    assert unreached(generator, gradients, y.flatten(1).any(0)) == []


@cases()
def test_gradient_reaches_every_parameter_of_the_discriminator(architecture, conditioning, spec):
    generator, discriminator = networks(architecture, conditioning, spec)
    z, x, y = inputs(spec)

    real, fake = discriminator(x, y), discriminator(generator(z, y).detach(), y)
    loss = said(real) + softplus(fake.logits).mean()
    gradients = torch.autograd.grad(loss, list(discriminator.parameters()), materialize_grads=True)

    assert unreached(discriminator, gradients, y.flatten(1).any(0)) == []


@cases(lambda spec: spec.label_kind == "none" and spec.shape in KEY_SHAPES)
def test_without_labels_the_conditioning_adds_no_parameters(architecture, conditioning, spec):
    fitting = [each for each in CONDITIONINGS if takes(architecture, each, spec)]
    plain, *others = (networks(architecture, each, spec) for each in (conditioning, *fitting))

    assert not list(conditioning.embed(spec).parameters())
    for network, *twins in zip(plain, *others, strict=True):
        shapes = [tuple(parameter.shape) for parameter in network.parameters()]
        assert all([tuple(parameter.shape) for parameter in twin.parameters()] == shapes for twin in twins)


@pytest.mark.parametrize("conditioning", CONDITIONINGS, ids=name)
def test_without_labels_the_head_is_linear(conditioning):
    with global_generator(("networks",)):
        head = conditioning.head(8, PLAIN[0])

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
    if mode == "train" and architecture.tags().batch_statistics:
        pytest.skip("that they meet is what this architecture is for")
    first = getattr(networks(architecture, conditioning, spec)[1], mode)()
    second = copy.deepcopy(first)  # power iterations move with each pass
    _, x, y = inputs(spec)
    changed = x.clone()
    changed[2] += 1

    before, after = first(x, y), second(changed, y)

    for old, new in ((before.logits, after.logits), (before.features, after.features)):
        differs = (old - new).reshape(6, -1).abs().amax(1)
        assert (differs > 1e-9).tolist() == [row == 2 for row in range(6)]


def other(y):
    """Return other labels."""
    return y.roll(1, dims=1) if y.shape[1] > 2 else y + 1


@cases(lambda spec: is_odd(spec) and spec.label_dim)
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_label_changes_the_output(architecture, conditioning, spec, player):
    generator, discriminator = (network.eval() for network in networks(architecture, conditioning, spec))
    z, x, y = inputs(spec)
    if player == "discriminator" and discriminator(x, y).class_logits is not None:
        pytest.skip("it names the class instead of reading it")
    ask, given = (generator, z) if player == "generator" else (lambda x, y: discriminator(x, y).logits, x)

    assert (ask(given, y) - ask(given, other(y))).abs().max() > 1e-6


@cases(is_odd)
def test_discriminator_normalises_over_no_batch_unless_it_says_so(architecture, conditioning, spec):
    discriminator = networks(architecture, conditioning, spec)[1]
    kinds = nn.modules.batchnorm._NormBase | PlainNorm
    found = any(isinstance(layer, kinds) for layer in discriminator.modules())
    found |= any("running" in title for title, _ in discriminator.named_buffers())

    assert not found or architecture.tags().batch_statistics


@pytest.mark.parametrize("architecture", [part for part in ARCHITECTURES if part.tags().batch_statistics], ids=name)
def test_batch_statistics_are_what_the_tag_says(architecture):
    spec = PLAIN[3]
    discriminator = networks(architecture, PROJECTION, spec)[1].train()
    _, x, y = inputs(spec)

    among_six, among_three = discriminator(x, y).logits[0], discriminator(x[:3], y[:3]).logits[0]

    assert (among_six - among_three).abs().max() > 1e-6


@cases(is_odd)
def test_two_builds_from_one_seed_are_equal_and_state_survives_a_round_trip(architecture, conditioning, spec):
    first, second = (networks(architecture, conditioning, spec) for _ in range(2))
    z, x, y = inputs(spec)

    for mine, theirs, sample in zip(first, second, (z, x), strict=True):
        states = mine.state_dict(), theirs.state_dict()
        assert states[0].keys() == states[1].keys()
        assert all(torch.equal(states[0][title], states[1][title]) for title in states[0])
        mine.train()(sample, y)
        with torch.no_grad():
            for parameter in mine.parameters():
                parameter += 0.1
        theirs.load_state_dict(mine.state_dict())
        outputs = [network.eval()(sample, y) for network in (mine, theirs)]
        assert torch.equal(*(output if isinstance(output, torch.Tensor) else output.logits for output in outputs))


@settings(max_examples=80)
@given(st.data())
def test_any_size_and_batch(data):
    architecture = data.draw(st.sampled_from(ARCHITECTURES))
    kind = data.draw(st.sampled_from(architecture.tags().kinds or ("vector", "image", "signal", "volume")))
    lengths = {"vector": 0, "signal": 1, "image": 2, "volume": 3}[kind]
    longest = 12 if kind == "volume" else 40
    shape = data.draw(st.tuples(st.integers(1, 4), *[st.integers(1, longest)] * lengths))
    labels = data.draw(st.sampled_from(architecture.tags().labels or ("none", *KINDS)))
    label_shape = (data.draw(st.integers(1, 3)), *shape[1:]) if labels == "image" else ()
    spec = DataSpec(kind, shape, data.draw(st.booleans()), labels, KINDS.get(labels, 0), 3, label_shape)
    fitting = [part for part in CONDITIONINGS if takes(architecture, part, spec)]
    generator, discriminator = networks(architecture, data.draw(st.sampled_from(fitting)), spec)
    z, _, y = inputs(spec, n=data.draw(st.integers(1, 5)))

    x = generator.train(data.draw(st.booleans()))(z, y)
    critique = discriminator(x, y)

    assert x.shape == (len(z), *shape)
    assert not spec.bounded or x.abs().max() <= 1
    assert (len(critique.logits), len(critique.features)) == (len(z), len(z))
    assert torch.isfinite(x).all()
    assert torch.isfinite(critique.logits).all()


TINY = [DataSpec("image", (1, 9, 8), True, "classes", 3, 5), DataSpec("vector", (3,), False, "classes", 3, 5)]
TINY += [DataSpec("signal", (1, 9), True, "continuous", 2, 5), DataSpec("volume", (1, 3, 4, 2), True, "none", 0, 5)]
TINY += [DataSpec("image", (1, 9, 8), True, "image", 72, 5, label_shape=(1, 9, 8))]
TWICE = [
    case
    for case in itertools.product(ARCHITECTURES, CONDITIONINGS, TINY)
    if takes(*case)
    and case[0].tags().double_backward
    and (case[1] is PROJECTION or (case[2].label_dim and not case[0].tags().reconstructs))
]


@pytest.mark.parametrize(("architecture", "conditioning", "spec"), TWICE, ids=name)
def test_discriminator_can_be_differentiated_twice(architecture, conditioning, spec):
    # A power iteration would change the function from one evaluation to the next.
    discriminator = networks(architecture, conditioning, spec)[1].train(not architecture.tags().limits_weights)
    with global_generator(("biases",)):
        off_the_kink(discriminator)
    names, parameters = zip(*discriminator.named_parameters(), strict=True)
    _, x, y = inputs(spec, n=2)
    critique = discriminator(x, y)
    outward = torch.linspace(1, -0.7, critique.logits.numel()).double().reshape(critique.logits.shape)

    def logits(x, *weights):
        return functional_call(discriminator, dict(zip(names, weights, strict=True)), (x, y)).logits

    with global_generator(("directions",)):
        assert torch.autograd.gradgradcheck(
            logits, (x.requires_grad_(), *parameters), grad_outputs=outward.requires_grad_(), fast_mode=True
        )


@cases(is_odd)
def test_a_batch_of_one_trains(architecture, conditioning, spec):
    generator, discriminator = networks(architecture, conditioning, spec)
    z, _, y = inputs(spec, n=1)

    loss = said(discriminator(generator.train()(z, y), y))
    parameters = [*generator.parameters(), *discriminator.parameters()]
    gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)

    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("architecture", sorted({type(part) for part in ARCHITECTURES}, key=lambda part: part.__name__))
def test_networks_as_they_come_are_of_a_sane_size(architecture):
    shapes = {"vector": (100,), "image": (3, 32, 32), "signal": (1, 256), "volume": (1, 16, 16, 16)}
    kind = (architecture().tags().kinds or ("image",))[0]
    spec = DataSpec(kind, shapes[kind], True, "none", 0, 64)
    if architecture().tags().labels == ("image",):
        spec = replace(spec, label_kind="image", label_dim=3 * 32 * 32, label_shape=(3, 32, 32))
    with torch.device("meta"):
        built = networks(architecture(), PROJECTION, spec)
    counts = [sum(parameter.numel() for parameter in network.parameters()) for network in built]

    least = 20_000 if kind == "vector" else 100_000
    assert all(least < count < 4_000_000 for count in counts)
    assert max(counts) < 4 * min(counts)


def test_patches_have_a_logit_each():
    patch, unet = (registry.resolve("architecture", title) for title in ("patch", "unet"))
    spec = DataSpec("image", (3, 37, 20), True, "none", 0, 5)
    for layers, grid in ((None, (10, 5)), (0, (37, 20)), (1, (19, 10)), (3, (5, 3))):
        discriminator = networks(patch(n_layers=layers, channels=4, most_channels=6), PROJECTION, spec)[1]
        assert discriminator(*inputs(spec, n=2)[1:]).logits.shape == (2, *grid)
    spec = replace(spec, label_kind="image", label_dim=740, label_shape=(1, 37, 20))
    discriminator = networks(unet(channels=4, most_channels=6), PROJECTION, spec)[1]
    assert discriminator(*inputs(spec, n=2)[1:]).logits.shape == (2, 10, 5)


def test_a_patch_is_judged_with_its_label_wherever_it_is():
    patch, spec = registry.resolve("architecture", "patch"), DataSpec("image", (1, 12, 9), True, "classes", 4, 5)
    discriminator = networks(patch(n_layers=1, channels=4, most_channels=6), PROJECTION, spec)[1]
    _, x, y = inputs(spec, n=3)
    h = discriminator.stack(x)

    critique = discriminator(x, y)

    for place in itertools.product(range(6), range(5)):
        expected = discriminator.head(h[:, :, *place], discriminator.embed(y)).logits
        torch.testing.assert_close(critique.logits[:, *place], expected)


@pytest.mark.parametrize(("form", "pool"), [("sngan", torch.sum), ("wgan-gp", torch.mean)])
def test_residual_discriminators_pool_as_their_papers_do(form, pool):
    resnet, spec = registry.resolve("architecture", "resnet"), DataSpec("image", (2, 9, 16), True, "none", 0, 5)
    discriminator = networks(resnet(form=form, channels=6, most_channels=8), PROJECTION, spec)[1].eval()
    _, x, y = inputs(spec)
    h = nn.functional.pad(x, (0, 0, 0, 3))
    for block in discriminator.blocks:
        h = block(h)

    expected = pool(torch.relu(h), (2, 3))

    assert h.shape == (6, 8, 6, 8)
    torch.testing.assert_close(discriminator(x, y).features, expected)
    largest = torch.linalg.matrix_norm(discriminator.head.logit.weight, 2)
    assert (largest - 1).abs() < 1e-6 or form == "wgan-gp"


@pytest.mark.parametrize("title", ["sndcgan", "resnet", "sagan", "biggan"])
def test_spectral_normalisation_is_in_the_discriminator_and_tagged(title):
    of_title, spec = registry.resolve("architecture", title), DataSpec("image", (1, 16, 16), True, "classes", 3, 5)
    part = of_title(**of_title.get_test_params()[0])
    generator, discriminator = networks(part, PROJECTION, spec)
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d, LabelEmbedding)
    of_both = [
        [nn.utils.parametrize.is_parametrized(layer) for layer in network.modules() if isinstance(layer, kinds)]
        for network in (generator, discriminator)
    ]

    assert part.tags().limits_weights
    assert all(of_both[1])
    in_both = title in ("sagan", "biggan")  # of theirs the embedding is spared
    assert of_both[0].count(False) == (1 if in_both else len(of_both[0]))
    assert any(isinstance(layer, SelfAttention) for layer in generator.modules()) == in_both
    assert any(isinstance(layer, SelfAttention) for layer in discriminator.modules()) == in_both


@pytest.mark.parametrize("title", ["resnet", "sagan", "biggan"])
def test_residual_networks_leave_weights_as_they_are_unless_asked(title):
    part, spec = registry.resolve("architecture", title), DataSpec("image", (1, 16, 16), True, "classes", 3, 5)
    small = part(channels=8, most_channels=8)
    for network in networks(small, PROJECTION, spec):
        assert not any(map(nn.utils.parametrize.is_parametrized, network.modules()))
    assert not small.tags().limits_weights


@pytest.mark.parametrize("shape", [(1, 8, 7), (1, 7, 8), (56,)], ids=str)
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_an_image_for_a_label_must_be_as_large_as_the_sample(player, shape):
    unet = registry.resolve("architecture", "unet")()
    spec = DataSpec("image", (3, 8, 8), True, "image", 56, 5, label_shape=shape)

    with pytest.raises(IncompatibleComponentError, match="Resize y") as caught:
        getattr(unet, player)(spec, PROJECTION)

    assert len(str(caught.value)) <= 500


@pytest.mark.parametrize("architecture", [part for part in ARCHITECTURES if part.tags().labels], ids=name)
@pytest.mark.parametrize("kind", ["none", *KINDS, "image"])
def test_labels_that_are_not_read_are_refused(architecture, kind):
    spec = DataSpec("image", (1, 8, 8), True, kind, 4, 5, label_shape=(1, 8, 8) if kind == "image" else ())
    spec = replace(spec, kind=(architecture.tags().kinds or ("image",))[0])
    is_read = takes(architecture, PROJECTION, spec)

    assert bool(compatibility.why_not_data(architecture, spec)) is not is_read


# --- turns --------------------------------------------------------------------------------------

LABELLED = [
    DataSpec("image", (2, 7, 17), True, "classes", 4, 5),
    DataSpec("signal", (2, 9), True, "classes", 4, 5),
    DataSpec("volume", (2, 3, 4, 5), True, "classes", 4, 5),
    DataSpec("image", (2, 7, 17), True, "image", 238, 5, label_shape=(2, 7, 17)),
    DataSpec("vector", (6,), False, "classes", 4, 5),
]
LOSSES = parts_of("loss")


def labelled(architecture):
    return next(spec for spec in LABELLED if takes(architecture, PROJECTION, spec))


def a_loss(architecture):
    """Return a loss that goes with an architecture."""
    usual = registry.resolve("loss", "nonsaturating")
    fitting = [loss for loss in LOSSES if not compatibility.why_not(loss, architecture)]
    return next((loss for loss in fitting if isinstance(loss, usual)), fitting[0])


def model_of(architecture, loss=None, **params):
    spec = labelled(architecture)
    estimator = GANEstimator(loss or a_loss(architecture), architecture=architecture, **params)
    params = estimator.get_params(deep=False)
    parts = resolution.complete(resolution.given(params), params, spec)
    model = Model(parts, spec, Gaussian(), 0.9, ("networks",), "cpu")
    for player in model.state.players:
        awake(player.module.train())
    return model


def rows(spec, number=0):
    _, x, y = inputs(spec, seed=number)
    return Rows(x.float(), y.float(), torch.ones(6, dtype=torch.bool), number)


def turn(model, player):
    """Make one update of `player`; return its network and the other one, and both as they were before."""
    state, objective = model.state, model.objective()
    own, other = (state.generator, state.discriminator)[:: 1 if player == "generator" else -1]
    before = [copy.deepcopy(network.module) for network in (own, other)]
    own.update(getattr(objective, player)(objective.batch(state, rows(model.spec), player)))
    return own.module, other.module, *before


@pytest.mark.parametrize("name", ["dcgan", "resnet", "sagan", "sndcgan", "biggan", "r3gan", "fastgan", "mlp"])
def test_the_optimizer_is_the_loss_s_or_a_fast_one_where_penalties_hold_the_discriminator(name):
    architecture = registry.resolve("architecture", name)(**registry.resolve("architecture", name).get_test_params()[0])
    slow, fast = (model_of(architecture, loss).parts for loss in ("nonsaturating", "rpgan"))
    assert (fast.learning_rate, fast.optimizer.betas, fast.optimizer.slowing_steps) == (1e-3, (0.0, 0.99), 1000)
    if name != "mlp":
        assert (slow.learning_rate, slow.optimizer.betas, slow.optimizer.slowing_steps) == (2e-4, (0.5, 0.999), None)


PAIRS = [(architecture, a_loss(architecture)) for architecture in ARCHITECTURES]
PAIRS += [
    (architecture, loss)
    for architecture, loss in itertools.product(ARCHITECTURES, LOSSES)
    if repr(type(architecture)()) in ("MLP()", "DCGAN()")
    and not architecture.tags().batch_statistics  # which the penalties of several losses refuse
    and not compatibility.why_not(loss, architecture)
]


@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize(("architecture", "loss"), PAIRS, ids=name)
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


@pytest.mark.parametrize(
    "architecture",
    [part for part in ARCHITECTURES if not part.tags().batch_statistics and not part.tags().limits_weights],
    ids=name,
)
def test_turn_of_the_generator_leaves_the_buffers_of_the_discriminator(architecture):
    _, other, _, before = turn(model_of(architecture), "generator")

    assert all(torch.equal(a, b) for a, b in zip(other.buffers(), before.buffers(), strict=True))


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name)
def test_a_step_is_n_critic_turns_of_the_discriminator_and_one_of_the_generator(architecture):
    model = model_of(architecture, n_critic=3)
    steps = train(model.state, (rows(model.spec, i) for i in itertools.count()), model.objective())

    counts = [next(steps).counters() for _ in range(2)]

    assert [(c["discriminator_updates"], c["generator_updates"], c["step"]) for c in counts] == [(3, 1, 1), (6, 2, 2)]
