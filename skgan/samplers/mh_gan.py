"""Metropolis-Hastings GAN."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Integer, Sampler, Tags
from skgan.samplers._candidates import chosen, logits_of_candidates

NAMES = {"mh-gan": "MHGAN"}


class MHGAN(Sampler):
    r"""For each row a Metropolis-Hastings chain through candidates of its own, towards the data's distribution.

    From the present candidate c the chain moves to the next one n with probability

    .. math:: \min\left(1, \frac{1 / p_c - 1}{1 / p_n - 1}\right) = \min\left(1, e^{D_n - D_c}\right), \quad
              p = \frac{1}{1 + e^{-D}}

    With logits D that are log p_data / p_model, long chains end in samples of the data. The paper starts at a
    real sample and calibrates p on held-out data; here neither is at hand, so a chain starts at its first
    candidate, and the logits count as they are.

    Parameters
    ----------
    candidates : int, default=100
        Latents drawn for each row, in [2, inf).

    References
    ----------
    .. [1] Turner, Hung, Frank, Saatchi, Yosinski, "Metropolis-Hastings Generative Adversarial Networks", ICML 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("nonsaturating", sampler="mh-gan").set_params(sampler__candidates=640)
    GANEstimator(loss='nonsaturating', sampler=MHGAN(candidates=640))
    """

    constraints = {"candidates": (Integer(2),)}

    def __init__(self, candidates: int = 100):
        self.candidates = candidates

    def tags(self) -> Tags:
        """Return that it reads the logit as a density ratio."""
        return Tags(meanings=("log-ratio",))

    def draw(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, float]:
        """Return where the chains end `(n, *shape)`, and the share of moves that were made."""
        logits = logits_of_candidates(generator, discriminator, z, y)
        luck = torch.rand(logits.shape, generator=rng, device=z.device, dtype=logits.dtype).log()
        index = torch.zeros(len(z), dtype=torch.long, device=z.device)
        moves = torch.zeros(len(z), device=z.device)
        present = logits[:, 0]
        for k in range(1, logits.shape[1]):
            accepted = luck[:, k] < logits[:, k] - present
            index, present = torch.where(accepted, k, index), torch.where(accepted, logits[:, k], present)
            moves += accepted
        return chosen(generator, z, y, index), float(moves.mean() / (logits.shape[1] - 1))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return short chains."""
        return [{"candidates": 4}]
