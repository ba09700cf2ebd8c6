"""BigGAN's chunks of latents, its first weights and its size."""

import numpy as np
import pytest
import torch
from torch import nn

from skgan import GANEstimator
from skgan.architectures._residual import LatentModulation
from skgan.architectures.biggan import BigGAN
from skgan.architectures.sagan import SAGAN
from skgan.conditioning.cbn import ConditionalBatchNorm
from skgan.conditioning.projection import Projection
from skgan.interfaces import DataSpec
from skgan.layers import PlainNorm
from skgan.seeding import global_generator

CIFAR = DataSpec("image", (3, 32, 32), True, "classes", 10, 80)
SMALL = DataSpec("image", (1, 16, 12), True, "classes", 3, 11)  # two doublings: a start and two blocks


def generator_of(spec=SMALL, conditioning=None, part=None):
    with global_generator(("biggan",)):
        network = (part or BigGAN(8, 8, spectral_norm=True)).generator(spec, conditioning or ConditionalBatchNorm(4))
    return network.double().eval()


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def modulations_of(block):
    return [module for module in block.modules() if isinstance(module, LatentModulation)]


def weights_of(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_papers_networks_for_32_by_32_have_their_size():
    part = BigGAN(channels=384, most_channels=384, discriminator_factor=0.5, spectral_norm=True)
    with torch.device("meta"):
        generator = part.generator(CIFAR, ConditionalBatchNorm(128))
        discriminator = part.discriminator(CIFAR, ConditionalBatchNorm(128))

    convolutions = 3 * (2 * 9 * 384 * 384 + 384 * 384) + 27 * 384 + 3
    attention = 2 * 384 * 48 + 2 * 384 * 192 + 1
    modulations = 6 * 2 * (128 + 20 + 1) * 384 + 2 * 384
    start = (20 + 1) * 384 * 16 + 10 * 128
    # the label joins the latents at the start too, which in the paper it does not
    assert weights_of(generator) - 128 * 384 * 16 == convolutions + attention + modulations + start
    assert round((weights_of(generator) - 128 * 384 * 16) / 1e6, 1) == 9.4
    blocks = 9 * 3 * 192 + 3 * 192 + 7 * (9 * 192 * 192) + 192 * 192 + 8 * 192
    attention = 2 * 192 * 24 + 2 * 192 * 96 + 1
    assert weights_of(discriminator) == blocks + attention + 192 + 1 + 128 * 192 + 10 * 128


@pytest.mark.parametrize(("latent_dim", "chunks"), [(80, [20, 20, 20, 20]), (83, [23, 20, 20, 20]), (3, [3, 0, 0, 0])])
def test_latents_are_cut_evenly_and_the_start_takes_the_rest(latent_dim, chunks):
    spec = DataSpec("image", (3, 32, 32), True, "classes", 10, latent_dim)

    generator = generator_of(spec)

    assert generator.chunks == chunks
    widths = [[module.width for module in modulations_of(block)] for block in generator.blocks]
    assert widths == [[chunk, chunk] if chunk else [] for chunk in chunks[1:]]
    assert generator(normal(2, latent_dim), torch.eye(10)[:2].double()).shape == (2, 3, 32, 32)


@pytest.mark.parametrize("conditioning", [ConditionalBatchNorm(4), Projection(4)], ids=lambda part: type(part).__name__)
@pytest.mark.parametrize("which", [1, 2])
def test_a_chunk_moves_only_its_blocks_modulation(which, conditioning):
    generator = generator_of(conditioning=conditioning)
    z, y = normal(4, 11), torch.eye(3)[torch.tensor([0, 1, 2, 0])].double()
    edges = np.cumsum([0, *generator.chunks])
    other = z.clone()
    other[:, edges[which] : edges[which + 1]] += 1
    seen = []
    for block in generator.blocks:
        block.register_forward_hook(lambda block, given, out: seen.append(out))

    image, moved = generator(z, y), generator(other, y)

    before, after = seen[:2], seen[2:]
    same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [number + 1 < which for number in range(2)]
    assert not torch.equal(image, moved)

    for module in modulations_of(generator.blocks[which - 1]):
        for layer in (module.scale, module.shift):
            layer.parametrizations.weight.original.data.zero_()
            layer.parametrizations.weight[0].eval()
            nn.utils.parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert torch.equal(generator(z, y), generator(other, y))


def test_a_normalisation_is_modulated_by_label_and_latents_as_the_formula_says():
    with global_generator(("modulation",)):
        norm = ConditionalBatchNorm(4).modulation(5, SMALL)
        layer = LatentModulation(norm, 5, 3).double()
    with torch.no_grad():
        for seed, parameter in enumerate(layer.parameters()):
            parameter.copy_(normal(*parameter.shape, seed=seed))
    h, e, z = normal(6, 5, 2, 3), normal(6, 4, seed=1), normal(6, 3, seed=2)

    x = h.numpy()
    mean, variance = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    inner = norm.norm, norm.modulate
    w, b, gamma_e, beta_e, gamma_z, beta_z = (
        parameter.detach().numpy()
        for parameter in (
            inner[0].weight, inner[0].bias, inner[1].scale.weight, inner[1].shift.weight,
            layer.scale.weight, layer.shift.weight,
        )
    )  # fmt: skip
    scale, shift = (e.numpy() @ gamma_e.T + w)[:, :, None, None], (e.numpy() @ beta_e.T + b)[:, :, None, None]
    normalised = scale * (x - mean) / np.sqrt(variance + 1e-5) + shift
    expected = (1 + (z.numpy() @ gamma_z.T)[:, :, None, None]) * normalised + (z.numpy() @ beta_z.T)[:, :, None, None]

    np.testing.assert_allclose(layer(h, torch.cat([e, z], 1)).detach(), expected, rtol=1e-10, atol=1e-10)


def test_first_weights_are_orthogonal_and_normalised_but_for_the_conditionings():
    generator = generator_of()
    normalised = {
        title.partition(".parametrizations")[0]: parameter
        for title, parameter in generator.named_parameters()
        if ".parametrizations" in title
    }
    rest = [title for title, _ in generator.named_parameters() if ".parametrizations" not in title]

    for title, weight in normalised.items():
        matrix = weight.detach().flatten(1)
        gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
        torch.testing.assert_close(gram, torch.eye(len(gram)).double(), rtol=0, atol=1e-5, msg=title)
    ours = ("start.linear", "first", "second", "shortcut", "query", "key", "value", "out", "scale", "shift")
    assert {title.rpartition(".")[2] for title in normalised} <= {*ours, "linear"}
    spared = {title for title in rest if not title.endswith(("bias", "gamma")) and ".norm." not in title}
    assert spared == {"start.embed.weight", "norm.weight"}


def test_first_weights_are_orthogonal_without_normalisation_too():
    with global_generator(("biggan",)):
        discriminator = BigGAN(8, 8).discriminator(SMALL, ConditionalBatchNorm(4))
    for network in (generator_of(part=BigGAN(8, 8)), discriminator):
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                matrix = layer.weight.detach().double().flatten(1)
                gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
                torch.testing.assert_close(gram, torch.eye(len(gram)).double(), rtol=0, atol=1e-5)


def test_the_last_normalisation_is_plain_and_sagan_has_no_chunks():
    assert isinstance(generator_of().norm, PlainNorm)
    sagan = generator_of(part=SAGAN(8, 8))
    assert sagan.chunks == [11, 0, 0]
    assert not any(isinstance(module, LatentModulation) for module in sagan.modules())


def test_by_itself_it_modulates_by_the_label():
    gan = GANEstimator(architecture=BigGAN(4, 4), max_iter=1, random_state=0)
    gan.fit(np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8), [0, 1, 0, 1])

    assert (type(gan.conditioning_).__name__, gan.conditioning_.width) == ("ConditionalBatchNorm", 128)
