"""Latent consistency regularization."""

import torch
from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer

NAMES = {"zcr": "LatentConsistency"}


class LatentConsistency(Regularizer):
    r"""Near latents should look alike to the discriminator and different from the generator.

    .. math:: L_D: \lambda_D (D(G(z)) - D(G(z')))^2, \qquad
              L_G: -\lambda_G \frac{1}{d} \|G(z) - G(z')\|_2^2, \qquad z' = z + \sigma \epsilon

    with :math:`\epsilon \sim N(0, I)`, the same label for both, and d the number of values in a sample.

    Parameters
    ----------
    discriminator_weight : float, default=20.0
        Weight :math:`\lambda_D`, in [0, inf).
    generator_weight : float, default=0.5
        Weight :math:`\lambda_G`, in [0, inf).
    noise : float, default=0.05
        Standard deviation :math:`\sigma`, in (0, inf).

    References
    ----------
    .. [1] Zhao et al., "Improved Consistency Regularization for GANs", AAAI 2021, section 2.2.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="zcr").set_params(regularizers__zcr__noise=0.1)
    GANEstimator(loss='nonsaturating', regularizers=LatentConsistency(noise=0.1))
    """

    constraints = {
        "discriminator_weight": (Real(0.0),),
        "generator_weight": (Real(0.0),),
        "noise": (Real(0.0, closed="neither"),),
    }
    player = "both"

    def __init__(self, discriminator_weight: float = 20.0, generator_weight: float = 0.5, noise: float = 0.05):
        self.discriminator_weight = discriminator_weight
        self.generator_weight = generator_weight
        self.noise = noise

    def penalty(self, batch: Batch) -> Tensor:
        """Return the player's penalty of each latent, `(n, *heads)` or `(n,)`."""
        z = batch.z
        step = torch.randn(z.shape, generator=batch.rng(self), device=z.device, dtype=z.dtype)
        other = batch.generate(z + self.noise * step)
        if batch.player == "discriminator":
            return self.discriminator_weight * (batch.fake_.logits - batch.critique(other).logits).square()
        return -self.generator_weight * (batch.fake - other).flatten(1).square().mean(1)
