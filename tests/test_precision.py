"""In which numbers networks compute: what "auto" stands for, on devices that multiply bfloat16 and on others."""

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
CPU = torch.device("cpu")


@pytest.fixture(params=[True, False], ids=["native", "foreign"])
def native(request, monkeypatch):
    monkeypatch.setattr(precision, "cpu_multiplies_bfloat16", lambda: request.param)
    return request.param


def test_auto_is_bfloat16_for_convolutions_where_the_processor_has_it(native):
    gan = GANEstimator(architecture=DCGAN(channels=4), **SMALL).fit(IMAGES)
    assert gan.precision_ == ("bfloat16" if native else "float32")


@pytest.mark.parametrize("X", [ROWS, IMAGES], ids=["rows", "images"])
def test_auto_is_float32_for_networks_of_products_alone(X, native):
    assert GANEstimator(architecture=MLP(width=4), **SMALL).fit(X).precision_ == "float32"


@pytest.mark.parametrize("word", ["float32", "bfloat16"])
def test_a_word_is_kept(word, native):
    gan = GANEstimator(architecture=DCGAN(channels=4), precision=word, **SMALL).fit(IMAGES)
    assert gan.precision_ == word


def test_other_devices_compute_in_float32():
    layer = nn.utils.skip_init(nn.Conv2d, 1, 1, 1)
    assert precision.natural([layer], torch.device("meta")) == precision.FLOAT32


def test_auto_computes_what_its_word_does(native, tmp_path):
    """And a saved model goes on in the precision that it was trained in, whatever the processor."""
    word = "bfloat16" if native else "float32"
    auto, said = (
        GANEstimator(architecture=DCGAN(channels=4), precision=each, **SMALL).fit(IMAGES) for each in ("auto", word)
    )
    np.testing.assert_array_equal(auto.sample(9, random_state=1), said.sample(9, random_state=1))
    auto.save(tmp_path / "model")
    loaded = GANEstimator.load(tmp_path / "model")
    assert loaded.precision_ == word
    np.testing.assert_array_equal(loaded.sample(9, random_state=1), said.sample(9, random_state=1))


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
