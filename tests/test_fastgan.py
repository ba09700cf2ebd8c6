"""FastGAN's gates and skips beside NumPy, its noise, and the reconstruction that its paper adds."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from sklearn.datasets import load_digits
from torch import nn
from turns import check_finite_differences, linear, linear_maker, modules_of, turn

from skgan import GANEstimator
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.fastgan import FastGAN
from skgan.conditioning.projection import Projection
from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import Critique, DataSpec
from skgan.layers.chance import Noise, drawing_from
from skgan.regularizers.ae_reconstruction import Reconstruction
from skgan.seeding import global_generator

IMAGE = DataSpec("image", (2, 12, 20), True, "none", 0, 5)
NARROW = {"architecture": FastGAN(4, 4), "latent_dim": 5, "batch_size": 8, "max_iter": 2, "random_state": 0}


def normal(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def generator_of(spec, part=None):
    with global_generator(("fastgan",)):
        return (part or FastGAN(4, 8)).generator(spec, Projection(4)).double().eval()


def digits():
    X, y = load_digits(return_X_y=True)
    return X[:40].reshape(-1, 8, 8), y[:40]


def sigmoid(t):
    return 1 / (1 + np.exp(-t))


def test_a_block_is_what_numpy_makes_of_it():
    block = generator_of(IMAGE).blocks[0]
    assert isinstance(block.first.noise, Noise)
    h = normal(3, 8, 3, 5)
    gated = h.numpy().repeat(2, 2).repeat(2, 3)
    for layer in (block.first, block.second):
        kernel = layer.layer.weight.detach().numpy()
        convolved = np.zeros((3, len(kernel), *gated.shape[2:]))
        for n, out, channel in np.ndindex(3, *kernel.shape[:2]):
            convolved[n, out] += ndimage.correlate(gated[n, channel], kernel[out, channel], mode="constant")
        normalised = convolved / np.sqrt(1 + 1e-5)  # running statistics as they begin
        a, b = np.split(normalised, 2, axis=1)
        gated = a * sigmoid(b)

    found = block(h, torch.zeros(3, 0)).detach()

    np.testing.assert_allclose(found, gated, rtol=1e-10, atol=1e-12)


def test_a_coarse_grid_weighs_the_channels_of_a_fine_one():
    generator = generator_of(DataSpec("image", (1, 32, 64), True, "none", 0, 5))
    (excitation,) = generator.excitations
    coarse, fine = normal(3, 8, 2, 4), normal(3, 4, 32, 64, seed=1)
    sees, mixes = (layer.weight.detach().numpy() for layer in (excitation.layers[0], excitation.layers[2]))

    t = np.einsum("ochw,nchw->no", sees, coarse.numpy())
    factors = sigmoid(np.einsum("po,no->np", mixes[:, :, 0, 0], t * sigmoid(t)))

    assert sees.shape == (4, 8, 2, 4)
    found = excitation(coarse, fine).detach()
    np.testing.assert_allclose(found, fine.numpy() * factors[:, :, None, None], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("side", "skips", "distance"), [(4, 0, 0), (8, 1, 1), (28, 1, 2), (32, 1, 3), (64, 1, 4), (128, 2, 4), (256, 3, 4)]
)
def test_skips_go_four_doublings_or_as_far_as_there_are(side, skips, distance):
    part = FastGAN(channels=2, most_channels=64)
    with torch.device("meta"):
        generator = part.generator(DataSpec("image", (1, side, side), True, "none", 0, 5), Projection())

    assert (len(generator.excitations), generator.skips) == (skips, distance)
    widths = [[skip.layers[0].in_channels, skip.layers[0].out_channels] for skip in generator.excitations]
    levels = [min(2 * 2**level, 64) for level in reversed(range(len(generator.blocks) + 1))]
    assert widths == [[levels[i], levels[i + distance]] for i in range(skips)]
    noisy = [sum(isinstance(layer, Noise) for layer in block.modules()) for block in generator.blocks]
    assert noisy == [2 * (number % 2 == 0) for number in range(len(noisy))]


def test_the_papers_generator_has_its_channels():
    with torch.device("meta"):
        part = FastGAN(channels=32, most_channels=1024)
        generator = part.generator(DataSpec("image", (3, 256, 256), True, "none", 0, 256), Projection())

    found = [block.first.layer.out_channels // 2 for block in generator.blocks]

    assert generator.start.linear.out_features == 2 * 1024 * 4 * 4
    assert found == [1024, 512, 256, 128, 64, 32]


def test_noise_is_there_where_samples_are_drawn_and_nowhere_else():
    generator = generator_of(IMAGE)
    for module in generator.modules():
        if isinstance(module, Noise):
            nn.init.constant_(module.strength, 1.0)
    z, y = normal(2, 5), torch.zeros(2, 0)

    assert torch.equal(generator(z, y), generator(z, y))
    with drawing_from(lambda: torch.Generator().manual_seed(1)):
        drawn = generator(z, y)
    with drawing_from(lambda: torch.Generator().manual_seed(1)):
        assert torch.equal(generator(z, y), drawn)
    assert not torch.equal(generator(z, y), drawn)


def test_short_draws_are_heads_of_long_ones_with_noise_in_them():
    gan = GANEstimator(**NARROW).fit(*digits())
    for network in (gan.generator_, gan.generator_ema_):
        for module in network.modules():
            if isinstance(module, Noise):
                nn.init.constant_(module.strength, 1.0)

    few, many, others = (gan.sample(n, y=[1] * n, random_state=seed) for n, seed in ((10, 0), (100, 0), (10, 1)))

    np.testing.assert_array_equal(few, many[:10])
    assert not np.array_equal(few, others)


@pytest.mark.parametrize("norm", ["spectral", "batch"])
def test_the_discriminators_normalisation_is_in_its_tags(norm):
    part = FastGAN(4, 4, discriminator_norm=norm)
    with global_generator(("fastgan",)):
        discriminator = part.discriminator(IMAGE, Projection())
    convolutions = [layer for layer in discriminator.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]

    assert part.tags().limits_weights == (norm == "spectral")
    assert part.tags().batch_statistics == (norm == "batch")
    assert all(nn.utils.parametrize.is_parametrized(layer) == (norm == "spectral") for layer in convolutions)
    with pytest.raises(IncompatibleComponentError):
        GANEstimator(regularizers=["sn"] if norm == "spectral" else ["r1"], architecture=part).fit(*digits())


def test_batch_normalisation_in_the_discriminator_mixes_rows_and_trains():
    part = FastGAN(4, 4, discriminator_norm="batch")
    with global_generator(("fastgan",)):
        discriminator = part.discriminator(IMAGE, Projection()).double()
    x, y = normal(6, 2, 12, 20), torch.zeros(6, 0)

    among_six, among_three = discriminator(x, y).logits[0], discriminator(x[:3], y[:3]).logits[0]
    gan = GANEstimator("hinge", **NARROW | {"architecture": part}).fit(*digits())

    assert (among_six - among_three).abs() > 1e-6
    assert np.isfinite(list(gan.history_.last().values())).all()


# --- reconstruction -------------------------------------------------------------------------------


def decoder_of(spec, **params):
    with global_generator(("decoder",)):
        return Reconstruction(**params).modules(spec)["discriminator"].double()


@pytest.mark.parametrize("d", [4, 6, 7, 20_000])
def test_features_are_summed_with_signs(d):
    decoder = decoder_of(IMAGE, code_dim=6, channels=2)
    features = normal(3, d)
    expected = np.zeros((3, 6))
    for i in range(d):
        expected[:, i % 6] += decoder.signs[i % 8191].item() * features[:, i].numpy()

    assert set(decoder.signs.unique().tolist()) == {-1.0, 1.0}
    np.testing.assert_allclose(decoder.code(features), expected * np.sqrt(6 / d), rtol=1e-9, atol=1e-9)


def test_the_penalty_is_the_squared_error_of_real_images():
    part, decoder = Reconstruction(weight=3.0, code_dim=6, channels=2), decoder_of(IMAGE, code_dim=6, channels=2)
    real = normal(4, 2, 12, 20).tanh()
    batch = turn(
        part, "discriminator", linear_maker(5, 2, 12, 20)[0], linear(480)[0], real, normal(4, 5),
        modules={"discriminator": decoder},
    )  # fmt: skip

    found = part.penalty(batch).detach()

    drawn = decoder(real.flatten(1)).detach()  # the features of that discriminator are its input
    assert drawn.abs().max() <= 1
    np.testing.assert_allclose(found, 3.0 * ((drawn - real) ** 2).mean((1, 2, 3)), rtol=1e-12)


def test_its_gradient_reaches_what_features_come_from_and_is_the_finite_difference():
    weight = nn.Parameter(normal(5, 3, seed=1))

    def discriminator(x, y):
        return Critique(x.sum(1), (x @ weight).tanh())

    part, real = Reconstruction(code_dim=2, channels=2), normal(6, 5)
    decoder = modules_of(part, real)

    def value():
        turned = turn(part, "discriminator", linear_maker(3, 5)[0], discriminator, real, normal(6, 3), modules=decoder)
        return part.penalty(turned).mean()

    check_finite_differences(value, [weight], rtol=1e-5)


def test_rows_that_are_judged_together_are_rebuilt_as_their_mean():
    part, real = Reconstruction(code_dim=2, channels=2), normal(6, 5)
    decoder = modules_of(part, real)
    pairs = real.reshape(3, 2, 5)

    def discriminator(x, y):
        return Critique(x.reshape(-1, 2, 5).sum((1, 2)), x.reshape(-1, 10))

    batch = turn(part, "discriminator", linear_maker(3, 5)[0], discriminator, real, normal(6, 3), modules=decoder)

    found = part.penalty(batch).detach()

    drawn = decoder["discriminator"](real.reshape(3, 10)).detach()
    np.testing.assert_allclose(found, ((drawn - (pairs[:, 0] + pairs[:, 1]) / 2) ** 2).mean(1), rtol=1e-12)


@pytest.mark.parametrize("architecture", [FastGAN(4, 4), DCGAN(4, 4)], ids=lambda part: type(part).__name__)
def test_features_learn_to_hold_the_image(architecture):
    X, _ = digits()
    part = Reconstruction(weight=10.0, code_dim=64, channels=8)
    gan = GANEstimator("hinge", regularizers=part, learning_rate=3e-3, **NARROW | {"architecture": architecture})
    errors = [
        gan.set_params(max_iter=steps).fit(X).history_.last()["discriminator/ae-reconstruction"] for steps in (2, 120)
    ]

    assert errors[1] < 0.7 * errors[0]
