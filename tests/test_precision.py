"""In which numbers networks compute: what "auto" stands for on which device, and that a word is kept."""

import numpy as np
import pytest
import torch
from torch import nn

from skgan import GANEstimator, precision
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP

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
