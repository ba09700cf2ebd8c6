"""In which numbers networks compute: what "auto" stands for on which device, and that a word is kept."""

import numpy as np
import pytest
import torch
from torch import nn

from skgan import GANEstimator, precision
from skgan.architectures.autoencoder_d import AutoencoderD
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.exceptions import TrainingWarning

RNG = np.random.default_rng(0)
ROWS, IMAGES = RNG.standard_normal((20, 4)), RNG.integers(0, 256, (20, 8, 8)).astype(np.uint8)
SMALL = {"batch_size": 8, "max_iter": 2, "random_state": 0, "device": "cpu"}


@pytest.fixture(params=[True, False], ids=["native", "foreign"])
def native(request, monkeypatch):
    """Whether GPUs multiply bfloat16."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: request.param)
    return request.param


def networks_of(architecture, X):
    """Return both networks of an estimator, without weights that matter."""
    gan = GANEstimator(architecture=architecture, **SMALL).fit(X)
    return gan.generator_, gan.discriminator_


def test_auto_is_bfloat16_for_convolutions_on_a_gpu_that_has_it(native):
    found = precision.natural(networks_of(DCGAN(channels=4), IMAGES), torch.device("cuda"))
    assert found == (precision.BFLOAT16 if native else precision.FLOAT32)


@pytest.mark.parametrize("X", [ROWS, IMAGES], ids=["rows", "images"])
def test_auto_is_float32_for_networks_of_products_alone(X, native):
    assert precision.natural(networks_of(MLP(width=4), X), torch.device("cuda")) == precision.FLOAT32


@pytest.mark.parametrize("device", ["cpu", "meta", "mps"])
def test_auto_is_float32_on_other_devices(device, native):
    layer = nn.utils.skip_init(nn.Conv2d, 1, 1, 1)
    assert precision.natural([layer], torch.device(device)) == precision.FLOAT32


@pytest.mark.parametrize(("word", "expected"), [("auto", "float32"), ("float32", "float32"), ("bfloat16", "bfloat16")])
def test_a_saved_model_stays_in_its_precision(word, expected, tmp_path, monkeypatch):
    """Also where "auto" would stand for another one."""
    gan = GANEstimator(architecture=DCGAN(channels=4), precision=word, **SMALL).fit(IMAGES)
    assert gan.precision_ == expected
    gan.save(tmp_path / "model")
    other = precision.FLOAT32 if expected == "bfloat16" else precision.BFLOAT16
    monkeypatch.setattr(precision, "natural", lambda *_: other)
    monkeypatch.setattr("skgan.model.natural", lambda *_: other)
    loaded = GANEstimator.load(tmp_path / "model")
    assert loaded.precision_ == expected
    np.testing.assert_array_equal(loaded.sample(9, random_state=1), gan.sample(9, random_state=1))


def test_auto_computes_what_its_word_does(monkeypatch):
    monkeypatch.setattr("skgan.model.natural", lambda *_: precision.BFLOAT16)
    auto, said = (
        GANEstimator(architecture=DCGAN(channels=4), precision=each, **SMALL).fit(IMAGES)
        for each in ("auto", "bfloat16")
    )
    assert auto.precision_ == "bfloat16"
    np.testing.assert_array_equal(auto.sample(9, random_state=1), said.sample(9, random_state=1))


def test_bfloat16_rounds_products_and_nothing_else():
    """A convolution of numbers that bfloat16 holds is exact; one more bit in a factor is lost."""
    layer = nn.utils.skip_init(nn.Conv2d, 1, 1, 1, bias=False).requires_grad_(False)
    x = torch.ones(1, 1, 1, 1)
    for weight, expected in ((1 + 2**-7, 1 + 2**-7), (1 + 2**-9, 1.0)):
        layer.weight.fill_(weight)
        found = precision.BFLOAT16.run(layer, x)
        assert found.dtype == torch.float32
        assert layer.weight.dtype == torch.float32
        assert float(found) == expected
        assert float(precision.FLOAT32.run(layer, x)) == weight


@pytest.mark.parametrize(
    ("shape", "kernel", "stride", "wide"),
    [
        ((1, 1, 8, 8), (3, 3), 2, False),
        ((1, 1, 8, 1), (3, 3), 2, True),
        ((1, 1, 1, 8), (3, 3), 2, True),
        ((1, 1, 8, 2), (3, 3), 3, True),
        ((1, 1, 8, 3), (3, 3), 3, False),
        ((1, 1, 8, 1), (3, 1), 1, False),
    ],
)
def test_a_kernel_wider_than_its_image_is_seen_in_any_layer(shape, kernel, stride, wide):
    weight = torch.ones(1, 1, *kernel)
    padding = tuple(side // 2 for side in kernel)

    def network(x):
        return nn.functional.conv2d(x, weight, None, stride, padding).relu()

    assert precision.is_wider_than_its_images(network, torch.zeros(shape)) is wide


@pytest.mark.parametrize(("size", "wide"), [(4, False), (2, False), (1, True)])
def test_what_a_transposed_kernel_is_laid_over_is_its_result(size, wide):
    """Three wide with stride two: from one place to one, from two places to three."""
    layer = nn.utils.skip_init(nn.ConvTranspose2d, 1, 1, 3, stride=2, padding=1)
    assert precision.is_wider_than_its_images(layer, torch.zeros(1, 1, size, size)) is wide


def narrow_gan(word, **others):
    part = AutoencoderD(channels=4, code_dim=6, width=16)
    return GANEstimator(architecture=part, loss="began", precision=word, **{**SMALL, **others})


def test_narrow_images_train_in_float32_on_a_processor():
    X = RNG.uniform(-1, 1, (6, 8, 1)).astype(np.float32)
    with pytest.warns(TrainingWarning, match=r"precision='bfloat16' is not used here.*Training goes on in float32"):
        gan = narrow_gan("bfloat16").fit(X)
    assert gan.precision_ == "float32"
    expected = narrow_gan("float32").fit(X)
    np.testing.assert_array_equal(gan.sample(5, random_state=1), expected.sample(5, random_state=1))


def test_a_model_that_left_its_precision_stays_where_it_went(tmp_path):
    """Neither training on nor a saved file warns again or goes back."""
    X = RNG.uniform(-1, 1, (6, 8, 1)).astype(np.float32)
    with pytest.warns(TrainingWarning, match="not used here"):
        gan = narrow_gan("bfloat16").fit(X)
    gan.partial_fit(X)
    gan.save(tmp_path / "model")
    assert GANEstimator.load(tmp_path / "model").partial_fit(X).precision_ == "float32"


def test_looking_at_the_convolutions_changes_nothing():
    """Batch statistics, spectral vectors and random numbers are as they were: the samples are those of no look."""
    layers = nn.utils.skip_init(nn.Conv2d, 1, 1, 3, padding=1), nn.BatchNorm2d(1)
    assert not precision.is_wider_than_its_images(nn.Sequential(*layers).eval(), torch.ones(1, 1, 4, 4))
    assert int(layers[1].num_batches_tracked) == 0
