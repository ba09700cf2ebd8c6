r"""How much of the latents is to be seen in the samples: a figure of a generator, so no metric of two sets.

.. math:: \mathrm{GILBO} = \mathbb{E}_{z \sim p,\, x = G(z)} \big[\log e(z|x) - \log p(z)\big] \le I(x; z)
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from skgan import latents, sampling, seeding
from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import Score
from skgan.validation import Integer, check_value, sentence

#: numbers in the encoder's hidden layer, and where its logarithms of variances are kept
_HIDDEN, _SHARPEST = 128, -12.0


def gilbo(estimator: Any, n_samples: int = 4000, *, steps: int = 2000, y: Any = None, random_state: int = 0) -> Score:
    """Return the generative information lower bound of a generator's average, in nats.

    A Gaussian encoder e, a network with one hidden layer, learns from one half of the samples where their latents were,
    and is asked about the other half. A generator that ignores its latents has about 0. More is not better by itself:
    it says how many different samples there are, as the encoder sees them. Where that is too small or learned too
    little the bound is low, even below 0.

    Parameters
    ----------
    estimator : GANEstimator
        Fitted, with Gaussian latents.
    n_samples : int, default=4000
        Half of them to learn from, in [4, inf).
    steps : int, default=2000
        Of Adam with 64 samples each, in [1, inf).
    y : label or array-like of shape (n_samples,), optional
        Labels of the samples, which the encoder is told; None draws them.
    random_state : int, default=0
        Of latents, labels and the encoder.

    Returns
    -------
    Score
        With the standard error over the samples that were not learned from.

    Raises
    ------
    IncompatibleComponentError
        When latents are not Gaussian.

    References
    ----------
    .. [1] Alemi, Fischer, "GILBO: One Metric to Measure Them All", NeurIPS 2018.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan import GANEstimator
    >>> from skgan.gilbo import gilbo
    >>> gan = GANEstimator(max_iter=5, random_state=0).fit(load_iris().data)
    >>> gilbo(gan, 100, steps=5).protocol["metric"]
    'gilbo'
    """
    model = estimator._fitted_model()
    check_value("gilbo", "n_samples", n_samples, (Integer(4),), 4000)
    check_value("gilbo", "steps", steps, (Integer(1),), 2000)
    if not isinstance(model.prior, latents.Gaussian):
        raise IncompatibleComponentError(
            sentence(
                "gilbo needs Gaussian latents, whose density the encoder is compared with.",
                f"Got {type(model.prior).__name__}. Fit with prior='gaussian'.",
            )
        )
    key = (*model.key, "gilbo", random_state)
    rng, labels = seeding.numpy_generator(key), estimator._encoding_.labels
    z = sampling.draw_latents(model.spec.latent_dim, model.prior, rng, 1, slice(0, n_samples))
    codes = labels.expand(labels.encode(estimator._labels_for(n_samples, y, key)))
    generator = model.state.average.module
    x = sampling.generate(generator, z, codes, generator, sampling.CHUNK).cpu().flatten(1)
    gained = _gained(torch.cat([_standardised(x), codes.flatten(1)], dim=1), z, steps, random_state)
    protocol = {"metric": "gilbo", "n": n_samples, "steps": steps, "random_state": random_state}
    error = float(gained.std() / len(gained) ** 0.5)
    return Score(float(gained.mean()), greater_is_better=True, protocol=protocol, uncertainty=error)


def _gained(x: Tensor, z: Tensor, steps: int, seed: int) -> Tensor:
    """Return how much likelier latents become to the encoder by seeing their samples, of the second half."""
    from skgan.features._networks import made, train

    rng, width, half = torch.Generator().manual_seed(seed), z.shape[1], len(z) // 2
    encoder = nn.Sequential(
        made(nn.Linear, rng, x.shape[1], _HIDDEN), nn.LeakyReLU(0.2), made(nn.Linear, rng, _HIDDEN, 2 * width)
    )

    def gained(x: Tensor, z: Tensor) -> Tensor:
        mean, spread = encoder(x).split(width, dim=1)
        spread = spread.clamp(min=_SHARPEST)  # logarithms of variances
        return 0.5 * (z**2 - spread - (z - mean) ** 2 / spread.exp()).sum(dim=1)

    train(encoder, lambda places: -gained(x[places], z[places]).mean(), half, steps, rng)
    with torch.no_grad():
        return gained(x[half:], z[half:]).double()


def _standardised(x: Tensor) -> Tensor:
    spread = x.std(dim=0)
    return (x - x.mean(dim=0)) / torch.where(spread > 0, spread, 1.0)
