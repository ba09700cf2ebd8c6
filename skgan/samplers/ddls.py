"""Discriminator driven latent sampling."""

import math

import torch
from torch import Tensor, nn

from skgan.interfaces import Integer, Real, Sampler, Tags
from skgan.samplers._candidates import logits_of

NAMES = {"ddls": "DDLS"}


class DDLS(Sampler):
    r"""Latents that walk by Langevin dynamics to where the discriminator takes their samples for real.

    .. math:: E(z) = \tfrac12 \|z\|^2 - D(G(z), y), \qquad
              z \leftarrow z - \tfrac{\varepsilon}{2} \nabla E(z) + \sqrt{\varepsilon}\, n, \quad n \sim N(0, I)

    With logits that are log p_data / p_model and a normal prior, small steps and many of them lead to
    samples of the data. Each row walks by itself; no step is refused, so the steps should stay small.

    Parameters
    ----------
    n_steps : int, default=50
        Steps of every walk, in [0, inf).
    step_size : float, default=0.01
        The :math:`\varepsilon`, in (0, inf).

    References
    ----------
    .. [1] Che, Zhang, Sohl-Dickstein, Larochelle, Paull, Cao, Bengio, "Your GAN is Secretly an Energy-based Model and
       You Should Use Discriminator Driven Latent Sampling", NeurIPS 2020.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("nonsaturating", sampler="ddls").set_params(sampler__n_steps=100)
    GANEstimator(loss='nonsaturating', sampler=DDLS(n_steps=100))
    """

    constraints = {"n_steps": (Integer(0),), "step_size": (Real(0.0, closed="neither"),)}

    def __init__(self, n_steps: int = 50, step_size: float = 0.01):
        self.n_steps = n_steps
        self.step_size = step_size

    def tags(self) -> Tags:
        """Return that it reads the logit as a density ratio."""
        return Tags(meanings=("log-ratio",), normal_latents=True)

    def draw(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, float]:
        """Return samples `(n, *shape)` of latents at the end of their walks."""
        z = z.detach()
        for _ in range(self.n_steps):
            with torch.enable_grad():
                z.requires_grad_()
                energy = z.square().sum() / 2 - logits_of(discriminator, generator(z, y), y).sum()
                slope = torch.autograd.grad(energy, z)[0]
            noise = torch.randn(z.shape, generator=rng, device=z.device, dtype=z.dtype)
            z = z.detach() - self.step_size / 2 * slope + math.sqrt(self.step_size) * noise
        with torch.no_grad():
            return generator(z, y), 1.0

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a short walk."""
        return [{"n_steps": 3}]
