"""Truncated latents."""

import math

import torch
from torch import Tensor, nn

from skgan.interfaces import Real, Sampler

NAMES = {"truncated": "Truncated"}


class Truncated(Sampler):
    r"""Samples of latents none of whose coordinates exceeds a threshold: less variety, more typical samples.

    A coordinate beyond the threshold t is drawn again, by the share of the normal distribution beyond it:

    .. math:: z \leftarrow \sqrt 2\, \mathrm{erf}^{-1}\left(\mathrm{erf}(t / \sqrt 2)\, (2 u - 1)\right), \quad
              u = \frac{1 - \Phi(|z|)}{1 - \Phi(t)} \sim U(0, 1) \text{ given } |z| > t

    The others stay, so that of a normal prior the latents follow the truncated normal distribution, and the
    same latents always give the same samples. Other priors seldom exceed 1, and so stay what they are.

    Parameters
    ----------
    threshold : float, default=2.0
        The threshold t, in (0, inf).

    References
    ----------
    .. [1] Brock, Donahue, Simonyan, "Large Scale GAN Training for High Fidelity Natural Image Synthesis", ICLR 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(sampler="truncated").set_params(sampler__threshold=0.5)
    GANEstimator(sampler=Truncated(threshold=0.5))
    """

    constraints = {"threshold": (Real(0.0, closed="neither"),)}

    def __init__(self, threshold: float = 2.0):
        self.threshold = threshold

    @torch.no_grad()
    def draw(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, float]:
        """Return samples `(n, *shape)` of truncated latents."""
        return generator(self._within(z), y), 1.0

    def _within(self, z: Tensor) -> Tensor:
        inside, root = math.erf(self.threshold / math.sqrt(2)), math.sqrt(2)
        # far out the shares are tiny: in float64, and from the complement, they are still exact
        share = (z.double().abs() / root).erfc() / max(math.erfc(self.threshold / root), 1e-300)
        anew = root * (inside * (2 * share - 1).clamp(-1.0, 1.0)).erfinv()
        return torch.where(z.abs() > self.threshold, anew.clamp(-self.threshold, self.threshold).to(z.dtype), z)
