"""The formulas against the definitions of the paper, and the bounds against divergences known in closed form."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from skgan_fgan.losses import KL, ChiSquare, Hellinger, JensenShannon, ReverseKL

from skgan import GANEstimator
from skgan.interfaces import Critique
from skgan.testing import check_plugin

#: class -> f, its conjugate f*, the activation g, as the paper's tables have them
DEFINITIONS = {
    KL: (lambda u: u * np.log(u), lambda t: np.exp(t - 1), lambda v: v),
    ReverseKL: (lambda u: -np.log(u), lambda t: -1 - np.log(-t), lambda v: -np.exp(-v)),
    ChiSquare: (lambda u: (u - 1) ** 2, lambda t: t**2 / 4 + t, lambda v: v),
    Hellinger: (lambda u: (np.sqrt(u) - 1) ** 2, lambda t: t / (1 - t), lambda v: 1 - np.exp(-v)),
    JensenShannon: (
        lambda u: -(u + 1) * np.log((1 + u) / 2) + u * np.log(u),
        lambda t: -np.log(2 - np.exp(t)),
        lambda v: np.log(2) - np.log1p(np.exp(-v)),
    ),
}
LOGITS = np.linspace(-6, 6, 25)

every_loss = pytest.mark.parametrize("loss", DEFINITIONS)


def values(loss, player, real, fake):
    real, fake = torch.as_tensor(real), torch.as_tensor(fake)
    batch = SimpleNamespace(player=player, real_=Critique(real, real[:, None]), fake_=Critique(fake, fake[:, None]))
    return getattr(loss, player)(batch)


@every_loss
def test_losses_are_the_definition(loss):
    _, conjugate, activation = DEFINITIONS[loss]
    real, fake = LOGITS, LOGITS[::-1].copy()
    expected = {
        (False, "discriminator"): conjugate(activation(fake)) - activation(real),
        (False, "generator"): -activation(fake),
        (True, "generator"): -conjugate(activation(fake)),
    }
    for (saturating, player), truth in expected.items():
        value = values(loss(saturating=saturating), player, real, fake)
        np.testing.assert_allclose(value.numpy(), truth, rtol=1e-9, atol=1e-9)


@every_loss
def test_the_conjugate_is_the_conjugate_of_f(loss):
    f, conjugate, activation = DEFINITIONS[loss]
    u = np.geomspace(1e-6, 1e6, 200_001)
    for t in activation(np.linspace(-2, 2, 9)):
        np.testing.assert_allclose(conjugate(t), np.max(u * t - f(u)), rtol=1e-4, atol=1e-4)


@every_loss
def test_the_best_discriminator_reaches_the_divergence(loss):
    """The bound is tight at g(V) = f'(p / q), here for two normal distributions, by numerical integration."""
    f, _, activation = DEFINITIONS[loss]
    p, q = stats.norm(0, 1), stats.norm(0.3, 1.1)
    ratio = lambda x: p.pdf(x) / q.pdf(x)  # noqa: E731
    x = np.linspace(-8, 8, 4001)
    slope = (f(ratio(x) * (1 + 1e-6)) - f(ratio(x) * (1 - 1e-6))) / (2e-6 * ratio(x))
    grid = np.linspace(-12, 12, 200_001)
    best = np.interp(slope, activation(grid), grid)
    bound = -values(loss(), "discriminator", best, best)  # g(V(x)) - f*(g(V(x))) at each x; weigh the halves apart
    zero = np.zeros_like(best)
    of_real = -values(loss(), "discriminator", best, zero).numpy()
    of_fake = bound.numpy() - of_real
    estimate = integrate.trapezoid(of_real * p.pdf(x) + of_fake * q.pdf(x), x)
    np.testing.assert_allclose(estimate, integrate.trapezoid(f(ratio(x)) * q.pdf(x), x), rtol=1e-3)


@every_loss
def test_no_logit_is_too_large(loss):
    real = torch.tensor([-1e4, -90.0, 90.0, 1e4], requires_grad=True)
    for player in ("discriminator", "generator"):
        for saturating in (False, True):
            value = values(loss(saturating=saturating), player, real, real.flip(0))
            (gradient,) = torch.autograd.grad(value.sum(), real)
            assert torch.isfinite(value).all()
            assert torch.isfinite(gradient).all()


def test_the_bound_is_in_the_history():
    X = np.random.default_rng(0).standard_normal((40, 2))
    gan = GANEstimator("f-reverse-kl", max_iter=3, random_state=0).fit(X)
    assert np.isfinite(gan.history_["discriminator/divergence"]).all()
    assert gan.provenance_["loss"]["distribution"] == "skgan-fgan"


def test_the_conformance_kit_passes():
    failed = [record for record in check_plugin("skgan-fgan") if record["status"] == "failed"]
    assert failed == []
