"""Several discriminators: every loss and penalty is the mean of what it would be for each alone."""

import numpy as np
import pytest
import torch

from skgan import GANEstimator, resolution
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.data import Rows
from skgan.ensemble import Ensemble
from skgan.interfaces import DataSpec
from skgan.latents import Gaussian
from skgan.model import Model

SPEC = DataSpec("vector", (3,), False, "classes", 2, 4)
TINY = {"architecture": MLP(width=8, depth=1), "latent_dim": 4, "max_iter": 3, "random_state": 0}


def model_of(loss, k, regularizers="auto"):
    params = GANEstimator(loss, n_discriminators=k, regularizers=regularizers, **TINY).get_params(deep=False)
    return Model(resolution.complete(resolution.given(params), params, SPEC), SPEC, Gaussian(), 0.9, ("k",), "cpu")


def rows(n=6):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 3, generator=generator)
    return Rows(x, torch.eye(2)[torch.arange(n) % 2], torch.ones(n, dtype=torch.bool), 0)


def terms_of(model, discriminator):
    """Return the discriminator's terms with another network in its place."""
    state = model.state
    state.discriminator.module = discriminator
    batch = model.objective().batch(state, rows(), "discriminator")
    return {name: value.item() for name, value in model.objective().discriminator(batch).losses.items()}


@pytest.mark.parametrize(
    ("loss", "regularizers"), [("nonsaturating", ["r1", "r2"]), ("wgan-gp", "auto"), ("rpgan", "auto")]
)
def test_each_term_is_the_mean_over_the_discriminators(loss, regularizers):
    model = model_of(loss, 3, regularizers)
    ensemble = model.state.discriminator.module
    each = [terms_of(model, member) for member in ensemble.members]

    together = terms_of(model, ensemble)

    assert len(together) >= 2
    for name, value in together.items():
        np.testing.assert_allclose(value, np.mean([terms[name] for terms in each]), rtol=1e-5)
        assert np.ptp([terms[name] for terms in each]) > 1e-4


def test_the_discriminators_begin_with_weights_of_their_own():
    first, second = model_of("nonsaturating", 2).state.discriminator.module.members
    pairs = zip(first.parameters(), second.parameters(), strict=True)
    assert all(not torch.equal(a, b) for a, b in pairs if a.ndim > 1)


def test_one_discriminator_is_no_ensemble():
    assert not isinstance(model_of("nonsaturating", 1).state.discriminator.module, Ensemble)


@pytest.mark.parametrize("loss", ["rpgan", "wgan-gp"])
def test_a_fit_with_several_samples_scores_and_resumes(loss, tmp_path):
    X, y = np.random.default_rng(0).standard_normal((20, 3)), np.arange(20) % 2
    gan = GANEstimator(loss, n_discriminators=2, **TINY)
    gan.fit(X, y).save(tmp_path / "model")
    twice = GANEstimator.load(tmp_path / "model").set_params(warm_start=True).fit(X, y)
    whole = GANEstimator(loss, n_discriminators=2, **TINY | {"max_iter": 6}).fit(X, y)

    np.testing.assert_array_equal(twice.sample(5, random_state=0), whole.sample(5, random_state=0))
    assert gan.decision_function(X, y).shape == (20,)
    assert gan.transform(X).shape == (20, 2 * 8)


def test_images_and_class_logits_go_through_an_ensemble():
    images = np.random.default_rng(0).integers(256, size=(12, 8, 8), dtype=np.uint8)
    gan = GANEstimator(architecture=DCGAN(4, 8), n_discriminators=2, latent_dim=4, max_iter=1, random_state=0)
    assert gan.fit(images, np.arange(12) % 3).sample(2).shape == (2, 8, 8)
