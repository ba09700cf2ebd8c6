"""The style-based architecture: its convolutions, its scale, mixing, noise, and what is done in styles."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from turns import turn

from skgan import GANEstimator, engine, resolution, tracing
from skgan.architectures._styled import Mapping, ModulatedConv, StyledConv
from skgan.architectures.stylegan2 import StyleGAN2
from skgan.conditioning.cbn import ConditionalBatchNorm
from skgan.conditioning.concat import Concat
from skgan.conditioning.projection import Projection
from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import DataSpec
from skgan.layers import EqualizedLinear, Noise, convolves, drawing_from, equalize
from skgan.path_length import ppl
from skgan.regularizers.path_length import PathLength
from skgan.regularizers.r1 import R1
from skgan.samplers.psi import Psi
from skgan.seeding import global_generator, torch_generator
from skgan.testing import Rerun

SPEC = DataSpec("image", (2, 14, 9), True, "classes", 3, 5)
SMALL = {"channels": 4, "most_channels": 8, "width": 6}


class Copy(nn.Module):
    """A generator that returns its latents."""

    def forward(self, z, y):
        return z


def normal(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def labels(n, k=3):
    return torch.eye(k, dtype=torch.float64)[torch.arange(n) % k]


def built(make, *args, **params):
    with global_generator(("stylegan2",)):
        return make(*args, **params).double()


def generator_of(spec=SPEC, conditioning=None, **params):
    return built(StyleGAN2(**SMALL | params).generator, spec, conditioning or Projection(width=4))


def discriminator_of(spec=SPEC, **params):
    return built(StyleGAN2(**SMALL | params).discriminator, spec, Projection(width=4))


# --- convolutions ---------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1.0, 1.5, None])
@pytest.mark.parametrize(("kernel", "up"), [(3, False), (3, True), (1, False)])
def test_modulated_convolution_against_weights_of_each_sample(kernel, up, length):
    layer = built(ModulatedConv, 4, 5, 6, kernel=kernel, up=up, length=length)
    h, w = normal(3, 4, 6, 7), normal(3, 6, seed=1)
    out = layer(h, w)

    expected = []
    for each, style in zip(h, w, strict=True):
        s = layer.style.weight @ style / math.sqrt(6) + 1
        weight = layer.convolution.weight / math.sqrt(4 * kernel**2) * s[None, :, None, None]
        if length is not None:
            weight = length * weight / (weight.square().sum((1, 2, 3), keepdim=True) + 1e-8).sqrt()
        if up:  # zeros between values, a filter, and then the convolution, away from the edge the same
            finer = torch.zeros(4, 12, 14, dtype=torch.float64)
            finer[:, ::2, ::2] = each
            taps = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=torch.float64) / 4
            filtered = functional.conv2d(
                functional.pad(finer, (2, 1, 2, 1))[:, None], torch.outer(taps, taps)[None, None]
            )
            # the transposed convolution turns the kernel round
            expected.append(functional.conv2d(filtered[:, 0][None], weight.flip(2, 3), padding=1)[0])
        else:
            expected.append(functional.conv2d(each[None], weight, padding=kernel // 2)[0])
    inner = (..., slice(3, -3), slice(3, -3)) if up else (...,)
    torch.testing.assert_close(out[inner], torch.stack(expected)[inner], rtol=1e-9, atol=1e-12)
    assert out.shape[2:] == ((12, 14) if up else (6, 7))


# 100 / 256 is what the filter leaves of the mean square of white noise between which zeros were put
@pytest.mark.parametrize(("up", "expected"), [(False, 1.0), (True, 100 / 256)])
def test_a_modulated_convolution_keeps_the_mean_square(up, expected):
    layer = built(ModulatedConv, 64, 400, 8, up=up, length=1.0)
    h, w = normal(2, 64, 12, 12), 3 * normal(2, 8, seed=1)
    inner = layer(h, w)[:, :, 2:-2, 2:-2]
    assert inner.square().mean().item() == pytest.approx(expected, rel=0.05)


def mean_squares(network, kinds, *inputs):
    """Return the mean square of what each layer of some kinds passes on."""
    found = []

    def note(layer, inputs, out):
        found.append((out if isinstance(out, torch.Tensor) else out.features).square().mean().item())

    for layer in network.modules():
        if isinstance(layer, kinds):
            layer.register_forward_hook(note)
    with torch.no_grad():
        network(*inputs)
    return found


def test_values_are_of_one_size_in_every_layer_of_the_generator():
    spec = DataSpec("image", (3, 32, 32), False, "classes", 3, 64)
    generator = generator_of(spec, channels=64, most_channels=64, width=64, style_mixing=0.0).train()
    mapped, *found = mean_squares(generator, (Mapping, StyledConv), normal(16, 64), labels(16))
    assert mapped == pytest.approx(1.0, abs=0.2)
    assert len(found) == 7
    assert found[0] == pytest.approx(1.04 * (10 / 12) ** 2, abs=0.15)  # zeros beyond the edge of a grid of 4 by 4
    for before, doubled, kept in zip(found[:-1:2], found[1::2], found[2::2], strict=True):
        assert 0.3 < doubled / before < 1.1  # 1.04 times what the filter leaves, which is more of what is smooth
        assert 0.8 < kept / doubled < 1.1


@pytest.mark.parametrize("form", ["residual", "orig"])
def test_values_are_of_one_size_in_every_layer_of_the_discriminator(form):
    spec = DataSpec("image", (3, 32, 32), False, "classes", 3, 64)
    network = discriminator_of(spec, channels=64, most_channels=64, form=form).train()
    smooth = functional.interpolate(normal(16, 3, 4, 4), scale_factor=8, mode="bilinear")
    blocks = tuple({type(block) for block in network.blocks})
    found = mean_squares(network, (*blocks, type(network)), smooth / smooth.std(), labels(16))
    assert len(found) == 3 + 1
    assert all(0.25 < value < 1.6 for value in found), found  # the filter takes a little of what is rough


def test_the_head_learns_at_the_rate_of_equalised_layers():
    with global_generator(("head",)):
        head = nn.Sequential(nn.Linear(100, 7), nn.ReLU(), nn.Linear(7, 2)).double()
        plain = EqualizedLinear(100, 7)
    h = normal(5, 100)
    before, weights = head(h), [head[0].weight.clone(), head[2].weight.clone()]
    equalize(head)
    torch.testing.assert_close(head(h), before, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(head[0].parametrizations.weight.original, weights[0] * 10, rtol=1e-12, atol=1e-12)
    moved = [parameter for name, parameter in head.named_parameters() if "weight" in name]
    with torch.no_grad():
        for parameter in moved:
            parameter += 1.0
    torch.testing.assert_close(head[0].weight, weights[0] + 0.1, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(head[2].weight, weights[1] + 1 / math.sqrt(7), rtol=1e-12, atol=1e-12)
    assert plain.scale == pytest.approx(0.1)
    names = [name for name, _ in discriminator_of().head.named_parameters() if name.endswith("weight")]
    assert names == []  # all weights of the head are kept under another name, as scaled ones


def test_equalised_convolutions_are_convolutions_for_the_engine():
    network = engine.place(discriminator_of(), torch.device("cpu"))
    assert convolves(network)
    assert network.last.weight.is_contiguous(memory_format=torch.channels_last)


# --- styles ---------------------------------------------------------------------------------------


def test_samples_are_made_of_styles():
    generator = generator_of().eval()
    z, y = normal(4, 5), labels(4)
    w = generator.map(z, y)
    assert w.shape == (4, generator.n_styles, 6) == (4, 4, 6)
    assert torch.equal(generator(z, y), generator.synthesize(w))
    assert generator.synthesize(w).shape == (4, *SPEC.shape)


@pytest.mark.parametrize("shape", [(1, 3, 5), (2, 14, 9), (1, 28, 28)])
def test_every_layer_listens_to_its_own_style(shape):
    generator = generator_of(replace(SPEC, shape=shape)).eval()
    w = normal(1, generator.n_styles, 6)
    for layer in range(generator.n_styles):
        other = w.clone()
        other[:, layer] += 1
        assert not torch.equal(generator.synthesize(w), generator.synthesize(other))


def test_latents_count_by_their_direction_and_labels_by_what_they_say():
    z = normal(4, 5)
    classes = generator_of().eval()
    torch.testing.assert_close(classes(3 * z, labels(4)), classes(z, labels(4)), rtol=1e-9, atol=1e-12)
    number = replace(SPEC, label_kind="continuous", label_dim=1, label_shape=())
    for conditioning in (Concat(), Projection(width=4)):
        numbers = generator_of(number, conditioning).eval()
        one = torch.ones(4, 1, dtype=torch.float64)
        assert not torch.allclose(numbers(z, one), numbers(z, 2 * one))


def test_classes_weigh_as_much_as_latents():
    mapping = built(Mapping, SPEC, Concat(), 6, 1, 1.0)
    y, seen = labels(4), []
    mapping.layers[0].register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    mapping(normal(4, 5), y)
    torch.testing.assert_close(seen[0][:, 5:], y * math.sqrt(3), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(seen[0][:, :5].square().mean(1), torch.ones(4, dtype=torch.float64))


def test_all_that_a_conditioning_of_normalisations_changes_is_the_mapping():
    networks = [generator_of(conditioning=each(width=4)) for each in (Projection, ConditionalBatchNorm)]
    states = [network.state_dict() for network in networks]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def mixed(generator, z, y, number=0):
    with drawing_from(lambda: torch_generator(("mixing", number))):
        return generator(z, y)


def test_mixed_rows_have_the_styles_of_two_latents():
    generator = generator_of(noise=False, style_mixing=1.0).train()
    z, y, n = normal(60, 5), labels(60), generator.n_styles
    own, of_next = generator.map(z, y), generator.map(z.roll(-1, 0), y)
    ways = []
    for first in range(1, n):
        ways.append(generator.synthesize(torch.cat([own[:, :first], of_next[:, first:]], 1)))
    found = mixed(generator, z, y)
    distance = torch.stack([(found - way).flatten(1).abs().amax(1) for way in ways])
    assert (distance.amin(0) < 1e-12).all()
    assert set(distance.argmin(0).tolist()) == set(range(n - 1))
    assert not torch.equal(found, generator.synthesize(own))


def test_mixing_happens_as_often_as_it_shall_and_in_training_only():
    y, z = labels(600), normal(600, 5)
    generator = generator_of(noise=False, style_mixing=0.3).train()
    plain = generator.synthesize(generator.map(z, y))
    share = (mixed(generator, z, y) - plain).flatten(1).abs().amax(1).gt(1e-12).double().mean().item()
    assert share == pytest.approx(0.3, abs=0.07)
    assert torch.equal(mixed(generator.eval(), z, y), generator.synthesize(generator.map(z, y)))
    never = generator_of(noise=False, style_mixing=0.0).train()
    assert torch.equal(mixed(never, z, y), never.synthesize(never.map(z, y)))
    alone = generator_of(noise=False, style_mixing=1.0).train()
    torch.testing.assert_close(mixed(alone, z[:1], y[:1]), alone.synthesize(alone.map(z[:1], y[:1])))


# --- noise ----------------------------------------------------------------------------------------


def noisy(generator, strength=0.5):
    for layer in generator.modules():
        if isinstance(layer, Noise):
            nn.init.constant_(layer.strength, strength)
    return generator


def test_noise_is_one_number_for_a_place_and_is_there_where_numbers_are_lent():
    layer = built(Noise)
    nn.init.constant_(layer.strength, 0.5)
    h = torch.zeros(400, 3, 5, 6, dtype=torch.float64)
    with drawing_from(lambda: torch_generator(("noise",))):
        added = layer.eval()(h)
    assert torch.equal(added[:, 0], added[:, 2])
    assert added.std().item() == pytest.approx(0.5, rel=0.02)
    assert torch.equal(layer(h), h)
    assert not torch.equal(layer.train()(h), h)


def fitted(**params):
    X = np.random.default_rng(0).integers(0, 256, (12, 9, 8), np.uint8)
    settings = {"max_iter": 1, "batch_size": 6, "latent_dim": 5, "random_state": 0}
    return GANEstimator(architecture=StyleGAN2(**SMALL), **settings | params).fit(X, np.arange(12) % 3)


def test_a_short_draw_is_the_head_of_a_long_one_with_noise_in_it():
    gan = fitted()
    quiet = gan.sample(70, y=1, random_state=0)
    noisy(gan.generator_ema_)
    long = gan.sample(70, y=1, random_state=0)
    assert not np.array_equal(quiet, long)
    np.testing.assert_array_equal(gan.sample(10, y=1, random_state=0), long[:10])
    np.testing.assert_array_equal(gan.sample(70, y=1, random_state=0), long)
    assert (long[0] != long[1]).any()


def test_the_sampler_draws_towards_the_mean_style_and_inversion_and_path_length_work():
    gan = fitted()
    noisy(gan.generator_ema_, 0.0)
    same = gan.sample(5, y=2, sampler=Psi(psi=0.0, n_latents=64), random_state=0)
    assert (same == same[0]).all()
    coarse = gan.sample(5, y=2, sampler=Psi(psi=0.0, cutoff=1, n_latents=64), random_state=0)
    assert (coarse != coarse[0]).any()
    latents = gan.invert(gan.sample(2, y=[0, 1], random_state=3), [0, 1])
    assert latents.shape == (2, 5)
    assert gan.sample(latents=latents, y=[0, 1]).shape == (2, 9, 8)


def test_perceptual_path_length_goes_through_styles():
    gan = fitted()
    score = ppl(gan, 20)
    assert score.protocol["space"] == "styles"
    assert score == ppl(gan, 20, space="styles")
    assert ppl(gan, 20, space="latents").protocol["space"] == "latents"
    generator = gan.generator_ema_
    # of samples that are linear in styles it is the squared length of the whole way
    generator.synthesize = lambda w: w[:, 0]
    lengths = float(ppl(gan, 400, epsilon=1e-2, y=0))
    y = torch.eye(3)[:1].expand(4000, 3)
    with torch.no_grad():
        start, end = (generator.map(normal(4000, 5, seed=seed).float(), y)[:, 0] for seed in (1, 2))
    assert lengths == pytest.approx(float((start - end).square().sum(1).mean()), rel=0.15)


def test_path_length_is_asked_for_in_styles_only_where_there_are_some():
    gan = GANEstimator(architecture="mlp", max_iter=1, random_state=0).fit(
        np.random.default_rng(0).normal(size=(20, 3))
    )
    with pytest.raises(IncompatibleComponentError, match="'space' parameter of ppl must be 'latents' or 'auto'"):
        ppl(gan, 5, space="styles")


# --- penalties ------------------------------------------------------------------------------------


def check_slope_along_a_way(weights, penalty):
    """Compare the gradient of a penalty, along one direction in all weights, with a difference of two values."""
    way = [normal(*each.shape, seed=index) for index, each in enumerate(weights)]

    def moved(step):
        with torch.no_grad():
            torch._foreach_add_(weights, way, alpha=step)
        value = penalty()
        with torch.no_grad():
            torch._foreach_add_(weights, way, alpha=-step)
        return value.item()

    slopes = torch.autograd.grad(penalty(), weights, materialize_grads=True)
    found = sum((slope * along).sum().item() for slope, along in zip(slopes, way, strict=True))
    assert found == pytest.approx((moved(1e-6) - moved(-1e-6)) / 2e-6, rel=1e-5)


@pytest.mark.parametrize("form", ["residual", "orig"])
def test_gradient_of_r1_against_differences_with_the_spread_of_the_batch(form):
    network, x, y = discriminator_of(form=form).train(), normal(4, *SPEC.shape), labels(4)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.1 * torch.randn(weight.shape, generator=torch_generator(("r1",)), dtype=torch.float64)

    check_slope_along_a_way(
        list(network.parameters()),
        lambda: R1().penalty(turn(R1(), "discriminator", Copy(), network, x, x, y=y)).sum(),
    )


def test_gradient_of_path_length_against_differences():
    generator, discriminator, z, y = noisy(generator_of()).train(), discriminator_of(), normal(3, 5), labels(3)
    part = PathLength(weight=1.0, decay=1e-18)
    check_slope_along_a_way(
        list(generator.parameters()),
        lambda: part.penalty(turn(part, "generator", generator, discriminator, normal(3, *SPEC.shape), z, y=y)).sum(),
    )


def test_path_length_against_the_jacobian_of_the_synthesis():
    generator, z, y = noisy(generator_of()).train(), normal(3, 5), labels(3)
    part = PathLength(weight=1.0, decay=1e-18)
    batch = turn(part, "generator", generator, discriminator_of(), normal(3, *SPEC.shape), z, y=y)
    v = torch.randn(
        3,
        *SPEC.shape,
        generator=turn(part, "generator", generator, discriminator_of(), normal(3, *SPEC.shape), z, y=y).rng(part),
        dtype=torch.float64,
    )
    found = part.penalty(batch)

    again = turn(part, "generator", generator, discriminator_of(), normal(3, *SPEC.shape), z, y=y)
    w = generator.map(z, y).detach()
    chance = again.rng("chance/generator/2")

    def synthesis(w):
        state = chance.get_state()
        with drawing_from(lambda: chance):
            x = generator.synthesize(w)
        chance.set_state(state)
        return x

    jacobian = torch.autograd.functional.jacobian(synthesis, w)  # (3, *shape, 3, layers, width)
    for row in range(3):
        slope = (jacobian[row, ..., row, :, :] * v[row, ..., None, None]).sum((0, 1, 2)) / math.sqrt(14 * 9)
        length = slope.square().sum(1).mean()
        assert found[row].item() == pytest.approx(length.item(), rel=1e-6)


# --- what it trains with --------------------------------------------------------------------------


def parts_of(loss, spec=SPEC, **params):
    estimator = GANEstimator(loss, architecture=StyleGAN2(**SMALL), **params).get_params(deep=False)
    return resolution.complete(resolution.given(estimator), estimator, spec)


@pytest.mark.parametrize(("loss", "named"), [("auto", "NonSaturating"), ("rpgan", "RpGAN")])
def test_it_names_the_loss_where_the_user_does_not(loss, named):
    assert type(parts_of(loss).loss).__name__ == named


@pytest.mark.parametrize("loss", ["auto", "nonsaturating", "hinge", "wgan-gp"])
def test_its_weights_learn_by_its_own_optimizer_whatever_the_loss(loss):
    parts = parts_of(loss)
    assert (parts.optimizer.betas, parts.learning_rate, parts.discriminator_learning_rate) == (
        (0.0, 0.99),
        2.5e-3,
        2.5e-3,
    )


def test_losses_without_a_penalty_of_their_own_come_with_the_papers():
    (r1,) = parts_of("nonsaturating").regularizers
    assert (r1.weight, r1.every_updates) == (pytest.approx(1e-5 * 14 * 9), 16)
    large = parts_of("nonsaturating", replace(SPEC, shape=(3, 256, 200))).regularizers
    assert [type(part).__name__ for part in large] == ["R1", "PathLength"]
    assert [type(part).__name__ for part in parts_of("wgan-gp").regularizers] == ["GradientPenalty"]


def test_the_users_optimizer_comes_first():
    parts = parts_of("hinge", optimizer="sgd", learning_rate=0.5)
    assert (type(parts.optimizer).__name__, parts.learning_rate) == ("SGD", 0.5)


@pytest.mark.parametrize("regularizer", ["weight-clip", "spectral-norm"])
def test_limits_on_weights_as_they_are_kept_are_refused(regularizer):
    with pytest.raises(IncompatibleComponentError, match="it limits weights as they are kept"):
        parts_of("nonsaturating", regularizers=regularizer)


# --- other ways to take a step --------------------------------------------------------------------

PENALTIES = {"regularizers": [R1(), PathLength(every_updates=2)], "max_iter": 4}


def tensors(gan):
    return gan._model_.state.tensors()


def close(gan, other, rtol, atol):
    mine, theirs = tensors(gan), tensors(other)
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        torch.testing.assert_close(theirs[name], tensor, rtol=rtol, atol=atol, msg=name)


def test_a_recorded_step_computes_what_an_eager_one_does():
    eager = fitted(loss="nonsaturating", **PENALTIES)
    with engine.techniques(recorder=Rerun):
        recorded = fitted(loss="nonsaturating", **PENALTIES)
    close(eager, recorded, 1e-5, 1e-6)


@pytest.mark.slow
def test_a_traced_turn_computes_what_an_eager_one_does(monkeypatch):
    monkeypatch.setattr(tracing, "BACKEND", "eager")
    close(fitted(**PENALTIES), fitted(compile=True, **PENALTIES), 1e-3, 1e-4)
    torch._dynamo.reset()


def test_pieces_of_a_batch_are_refused_and_bfloat16_is_not():
    with pytest.raises(IncompatibleComponentError, match="must be None with StyleGAN2"):
        fitted(micro_batch=2)
    gan = fitted(precision="bfloat16", n_discriminators=2)
    assert np.isfinite(list(gan.history_.last().values())).all()
    assert gan.sample(3, y=1).shape == (3, 9, 8)
