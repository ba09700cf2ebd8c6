"""Discriminator rejection sampling."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Choice, Integer, Real, Sampler, Tags
from skgan.samplers._candidates import chosen, logits_of_candidates

NAMES = {"drs": "DRS"}


class DRS(Sampler):
    r"""Of each row's candidates the first that rejection sampling accepts, else the one that looks most real.

    .. math:: F = D - M - \log\left(1 - e^{D - M - 10^{-14}}\right) - \gamma, \qquad
              \text{accepted with probability } \frac{1}{1 + e^{-F}}

    With logits D that are log p_data / p_model and :math:`\gamma = 0` that is :math:`e^{D - M}`, rejection
    sampling. The paper takes the bound M from a burn-in; here it is the largest logit among the row's own
    candidates, so that a row depends on no other. That is too low a bound for rare samples, the more so the
    fewer candidates there are: the result lies between the generator's distribution and that of the data.

    Parameters
    ----------
    candidates : int, default=10
        Latents drawn for each row, in [2, inf).
    gamma_percentile : float or None, default=None
        :math:`\gamma` is this percentile of the F of the row's candidates, in [0, 100]; lower accepts more,
        higher only the most real. None is :math:`\gamma = 0`.

    References
    ----------
    .. [1] Azadi, Olsson, Darrell, Goodfellow, Odena, "Discriminator Rejection Sampling", ICLR 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("nonsaturating", sampler="drs").set_params(sampler__candidates=20)
    GANEstimator(loss='nonsaturating', sampler=DRS(candidates=20))
    """

    constraints = {"candidates": (Integer(2),), "gamma_percentile": (Real(0.0, 100.0, closed="both"), Choice(None))}

    def __init__(self, candidates: int = 10, gamma_percentile: float | None = None):
        self.candidates = candidates
        self.gamma_percentile = gamma_percentile

    def tags(self) -> Tags:
        """Return that it reads the logit as a density ratio."""
        return Tags(meanings=("log-ratio",))

    def draw(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, float]:
        """Return one sample `(n, *shape)` for each row's candidates, and the share of those looked at that it took."""
        logits = logits_of_candidates(generator, discriminator, z, y).double()
        below = logits - logits.max(1, keepdim=True).values
        f = below - (-torch.expm1(below - 1e-14)).log()
        if self.gamma_percentile is not None:
            f = f - f.quantile(self.gamma_percentile / 100, dim=1, keepdim=True)
        accepted = torch.rand(f.shape, generator=rng, device=z.device) < f.sigmoid()
        first = accepted.int().argmax(1)
        index = torch.where(accepted.any(1), first, logits.argmax(1))
        looked_at = torch.where(accepted.any(1), first + 1, z.shape[1])
        return chosen(generator, z, y, index), float(accepted.any(1).sum() / looked_at.sum())

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return few candidates, and the paper's percentile."""
        return [{"candidates": 3}, {"candidates": 3, "gamma_percentile": 80.0}]
