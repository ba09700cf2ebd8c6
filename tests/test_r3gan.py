"""R3GAN's networks beside the paper's numbers, closed forms and NumPy."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import nn
from torch.func import functional_call
from torch.nn.functional import softplus

from skgan import GANEstimator
from skgan.architectures.r3gan import R3GAN
from skgan.conditioning.projection import Projection
from skgan.interfaces import DataSpec
from skgan.seeding import global_generator

CIFAR = DataSpec("image", (3, 32, 32), True, "classes", 10, 64)
SMALL = DataSpec("image", (2, 12, 8), False, "none", 0, 5)


def networks(part, spec, width=8, dtype=torch.float64):
    with global_generator(("r3gan",)):
        pair = part.generator(spec, Projection(width)), part.discriminator(spec, Projection(width))
    return tuple(network.to(dtype) for network in pair)


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def weights_of(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_papers_networks_have_the_papers_size():
    part = R3GAN(channels=768, most_channels=768)
    with torch.device("meta"):
        generator = part.generator(CIFAR, Projection(64))  # the paper embeds 64 wide here and 768 wide there
        discriminator = part.discriminator(CIFAR, Projection(768))

    # two layers of one place, a grouped one and two biases; eight of them
    blocks = 8 * (2 * 768 * 1536 + 1536 * 16 * 9 + 2 * 1536)
    assert weights_of(generator) == blocks + 768 * 16 + (64 + 64) * 768 + 3 * 768 + 10 * 64
    assert weights_of(discriminator) == blocks + 768 * 16 + 3 * 768 + 768 * 768 + 10 * 768 + 768 + 1
    assert round(weights_of(generator) / 1e6, 1) == 20.8
    assert round(weights_of(discriminator) / 1e6, 1) == 21.3


def test_wider_stages_are_the_papers_for_larger_images():
    spec = DataSpec("image", (3, 256, 256), True, "none", 0, 64)
    with torch.device("meta"):
        discriminator = R3GAN(channels=96, most_channels=768).discriminator(spec, Projection())

    found = [stage[0].first.in_channels for stage in discriminator.stages]

    assert found == [96, 192, 384, 768, 768, 768, 768]


def resampled(grid, up):
    """Return a grid of float64 after the filter (1, 2, 1), halved or doubled, by SciPy."""
    taps = np.outer([1, 2, 1], [1, 2, 1]) / 16
    if up:
        spread = np.zeros((2 * grid.shape[0], 2 * grid.shape[1]))
        spread[::2, ::2] = grid
        return ndimage.convolve(spread, 4 * taps, mode="constant")
    return ndimage.convolve(grid, taps, mode="constant")[::2, ::2]


def test_the_discriminator_begins_as_filters_and_one_pattern():
    discriminator = networks(R3GAN(channels=3, most_channels=3), SMALL)[1]
    x = normal(4, 2, 12, 8)
    mixed = np.einsum("oc,nchw->nohw", discriminator.inlet.weight.detach()[:, :, 0, 0], x)
    coarse = np.array([[resampled(channel, up=False) for channel in each] for each in mixed])

    expected = np.einsum("nchw,chw->nc", coarse, discriminator.pattern.detach())

    said = discriminator(x, torch.zeros(4, 0).double())
    np.testing.assert_allclose(said.features.detach(), expected, rtol=1e-12, atol=1e-12)


def test_the_generator_begins_as_one_pattern_and_filters():
    generator = networks(R3GAN(channels=3, most_channels=3), SMALL)[0]
    z = normal(4, 5)
    start = np.einsum("nc,chw->nchw", z @ generator.linear.weight.detach().T, generator.pattern.detach())
    fine = np.array([[resampled(channel, up=True) for channel in each] for each in start])

    expected = np.einsum("oc,nchw->nohw", generator.out.weight.detach()[:, :, 0, 0], fine)

    found = generator(z, torch.zeros(4, 0).double()).detach()
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("blocks", [1, 3])
def test_first_weights_divide_what_a_branch_adds_among_all_branches(blocks):
    part = R3GAN(channels=512, most_channels=512, blocks=blocks, expansion=1)
    discriminator = networks(part, SMALL)[1]
    block = discriminator.stages[0][0]
    h = normal(8, 512, 6, 6)
    branches = 2 * blocks  # two resolutions

    inner = nn.functional.leaky_relu(block.first(h), 0.2)
    outer = nn.functional.leaky_relu(block.second(inner), 0.2)[:, :, 1:-1, 1:-1]  # at the edge zeros come in

    assert inner.square().mean().item() == pytest.approx(branches**-0.5, rel=0.05)
    assert outer.square().mean().item() == pytest.approx(branches**-1.0, rel=0.05)
    for layer in (block.first, block.second):
        spread = math.sqrt(2 / 1.04) * branches**-0.25 / math.sqrt(layer.weight[0].numel())
        assert layer.weight.std().item() == pytest.approx(spread, rel=0.05)
    assert not block.last.weight.any()
    assert discriminator.pattern.std().item() == pytest.approx((6 * 4) ** -0.5, rel=0.05)


@pytest.mark.parametrize(("channels", "expansion", "group_width", "groups"), [(4, 2, 4, 2), (6, 3, 4, 9), (5, 1, 8, 5)])
def test_a_block_is_what_numpy_makes_of_it(channels, expansion, group_width, groups):
    part = R3GAN(channels, channels, 1, expansion, group_width)
    block = networks(part, SMALL)[1].stages[0][0]
    with torch.no_grad():
        for seed, parameter in enumerate(block.parameters()):
            parameter.copy_(normal(*parameter.shape, seed=seed))
    h = normal(2, channels, 4, 5, seed=9).numpy()
    w1, b1, w2, b2, w3 = (each.detach().numpy() for each in block.parameters())

    def bent(t):
        return np.where(t > 0, t, 0.2 * t)

    inner = bent(np.einsum("oc,nchw->nohw", w1[:, :, 0, 0], h) + b1[:, None, None])
    padded = np.pad(inner, ((0, 0), (0, 0), (1, 1), (1, 1)))
    width = expansion * channels // groups
    second = np.zeros_like(inner)
    for out in range(expansion * channels):
        first_of_group = out // width * width
        for k, i, j in np.ndindex(width, 3, 3):
            second[:, out] += w2[out, k, i, j] * padded[:, first_of_group + k, i : i + 4, j : j + 5]
    expected = h + np.einsum("oc,nchw->nohw", w3[:, :, 0, 0], bent(second + b2[:, None, None]))

    assert block.second.groups == groups
    np.testing.assert_allclose(block(torch.from_numpy(h)).detach(), expected, rtol=1e-12, atol=1e-12)


def test_the_pairing_loss_with_both_penalties_has_the_gradient_of_differences():
    discriminator = networks(R3GAN(channels=4, most_channels=6, group_width=4), SMALL)[1]
    with torch.no_grad():
        for seed, parameter in enumerate(discriminator.parameters()):
            parameter += 0.2 * normal(*parameter.shape, seed=seed)
    names, weights = zip(*discriminator.named_parameters(), strict=True)
    ways = [normal(*weight.shape, seed=50 + seed) for seed, weight in enumerate(weights)]
    y = torch.zeros(3, 0).double()

    def objective(step):
        moved = [weight + step * way for weight, way in zip(weights, ways, strict=True)]
        real, fake = (normal(3, 2, 12, 8, seed=seed).requires_grad_() for seed in (90, 91))
        r, f = (
            functional_call(discriminator, dict(zip(names, moved, strict=True)), (x, y)).logits for x in (real, fake)
        )
        slopes = [torch.autograd.grad(d.sum(), x, create_graph=True)[0] for d, x in ((r, real), (f, fake))]
        penalty = sum(slope.flatten(1).square().sum(1) for slope in slopes)
        return (softplus(f - r) + 0.5 * penalty).mean()

    gradients = torch.autograd.grad(objective(0.0), weights, materialize_grads=True)

    found = sum((gradient * way).sum() for gradient, way in zip(gradients, ways, strict=True)).item()
    differences = (objective(1e-6) - objective(-1e-6)).item() / 2e-6
    assert found == pytest.approx(differences, rel=1e-5)
    assert all(gradient.any() for name, gradient in zip(names, gradients, strict=True) if name != "head.logit.bias")


def test_by_itself_it_trains_with_the_pairing_loss_and_both_penalties():
    gan = GANEstimator(architecture=R3GAN(channels=4, most_channels=4, blocks=1), max_iter=1, random_state=0)
    gan.fit(np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8))

    assert [type(part).__name__ for part in gan.regularizers_] == ["R1", "R2"]
    assert (type(gan.loss_).__name__, gan.optimizer_.betas, gan.learning_rate_) == ("RpGAN", (0.0, 0.99), 1e-3)
