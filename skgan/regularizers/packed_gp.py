"""The gradient penalty of packed rows."""

import torch
from torch import Tensor

from skgan.interfaces import Batch, Integer, Real, Regularizer, Tags

NAMES = {"packed-gp": "PackedGradientPenalty"}


class PackedGradientPenalty(Regularizer):
    r"""Keeps the slope of a discriminator of packs near one, between packs of real and of fake rows.

    .. math:: \lambda (\|\nabla_{\hat x} D(\hat x_1, \dots, \hat x_p)\|_2 - 1)^2, \quad
              \hat x_i = a x_i + (1 - a) G(z_i), \quad a \sim U[0, 1]

    with one `a` and one norm for each pack.

    Parameters
    ----------
    weight : float, default=10.0
        Weight :math:`\lambda`, in [0, inf).
    pac : int, default=10
        Rows that the discriminator judges at once, in [1, inf).
    every_updates : int, default=1
        Due at every so many discriminator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.4.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="wasserstein", regularizers="packed-gp").set_params(regularizers__packed_gp__pac=5)
    GANEstimator(loss='wasserstein', regularizers=PackedGradientPenalty(pac=5))
    """

    constraints = {"weight": (Real(0.0),), "pac": (Integer(1),), "every_updates": (Integer(1),)}

    def __init__(self, weight: float = 10.0, pac: int = 10, every_updates: int = 1):
        self.weight = weight
        self.pac = pac
        self.every_updates = every_updates

    def tags(self) -> Tags:
        """Return that it differentiates the discriminator, at so many rows at once."""
        return Tags(differentiates=True, rows_at_once=self.pac)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each pack, `(n / pac,)`."""
        real, fake = batch.real, batch.fake
        packs = torch.rand(len(real) // self.pac, generator=batch.rng(self), device=real.device)
        a = packs.repeat_interleave(self.pac).reshape(-1, *[1] * (real.ndim - 1))
        slope = batch.gradient_at(fake + a * (real - fake)).flatten(1)
        squares = slope.square().sum(1).unflatten(0, (-1, self.pac)).sum(1)
        return self.weight * ((squares + 1e-12).sqrt() - 1).square()

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return packs of one row, for any discriminator."""
        return [{"pac": 1}]
