"""What must hold on a GPU; run with ``pytest -m gpu`` on a machine that has one."""

import numpy as np
import pytest
import torch

from skgan import GANEstimator
from skgan.architectures.mlp import MLP

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.standard_normal((40, 5)), RNG.integers(0, 3, 40)
IMAGES = RNG.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)


@pytest.mark.parametrize("loss", ["rpgan", "wgan-gp", "nonsaturating"])
@pytest.mark.parametrize("X", [ROWS, IMAGES], ids=["rows", "images"])
def test_a_fit_repeats_to_the_bit(loss, X):
    samples = [GANEstimator(loss, max_iter=5, random_state=0, device="cuda").fit(X, LABELS).sample(20) for _ in "ab"]
    np.testing.assert_array_equal(*samples)


def test_latents_do_not_depend_on_the_device():
    gan = GANEstimator(architecture=MLP(width=16), max_iter=5, random_state=0, device="cuda").fit(ROWS, LABELS)
    on_gpu = gan.sample(20, random_state=1)
    gan.generator_ema_.cpu()
    np.testing.assert_allclose(gan.sample(20, random_state=1), on_gpu, rtol=1e-3, atol=1e-4)


def test_a_model_trained_on_the_gpu_samples_on_the_cpu(tmp_path, monkeypatch):
    gan = GANEstimator(max_iter=5, random_state=0, device="cuda").fit(ROWS, LABELS)
    gan.save(tmp_path / "model")
    expected = gan.sample(20, random_state=1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    loaded = GANEstimator.load(tmp_path / "model").set_params(device="auto")
    np.testing.assert_allclose(loaded.sample(20, random_state=1), expected, rtol=1e-3, atol=1e-4)
