"""The formulas in NumPy, and that both parts go with everything skgan has."""

import numpy as np
import pytest
import torch
from skgan_implicit.architecture import Implicit, _waves
from skgan_implicit.film import FiLM

from skgan import GANEstimator
from skgan.interfaces import DataSpec
from skgan.testing import check_plugin


def test_waves_are_sines_and_cosines_of_the_place():
    waves = _waves(3, 5, 2).numpy()
    rows, columns = np.meshgrid(np.arange(3) / 3, np.arange(5) / 5, indexing="ij")
    expected = [f(2**k * np.pi * u) for f in (np.sin, np.cos) for k in range(2) for u in (rows, columns)]
    np.testing.assert_allclose(waves, expected, atol=1e-6)


def test_modulation_scales_and_shifts_each_channel():
    spec = DataSpec("image", (1, 4, 4), True, "classes", 3, 4)
    modulate = FiLM(width=2).modulation(5, spec).double()
    h, e = torch.randn(6, 5, 2, 3, dtype=torch.float64), torch.randn(6, 2, dtype=torch.float64)
    weight, bias = (p.detach().numpy() for p in modulate.scale_and_shift.parameters())
    both = e.numpy() @ weight.T + bias
    expected = (1 + both[:, :5, None, None]) * h.numpy() + both[:, 5:, None, None]
    np.testing.assert_allclose(modulate(h, e).detach().numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(12, 8, 8), (12, 7, 13), (12, 9, 6, 3)])
def test_a_stranger_trains_both_by_name(shape):
    images = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    gan = GANEstimator(architecture="implicit", conditioning="film", max_iter=2, random_state=0)
    gan.set_params(architecture__width=8, conditioning__width=4)
    samples = gan.fit(images, np.arange(12) % 3).sample(4, y=1)
    assert samples.shape == (4, *shape[1:])
    assert samples.dtype == np.uint8
    assert gan.provenance_["architecture"]["distribution"] == "skgan-implicit"


def test_the_number_of_weights_does_not_grow_with_the_image():
    def weights(side):
        spec = DataSpec("image", (1, side, side), True, "none", 0, 4)
        return sum(p.numel() for p in Implicit(width=8).generator(spec, FiLM()).parameters())

    assert weights(8) == weights(64)


def test_the_conformance_kit_passes():
    failed = [record for record in check_plugin("skgan-implicit") if record["status"] == "failed"]
    assert failed == []
