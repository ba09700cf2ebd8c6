"""Truncation towards the mean latent."""

from typing import Any

import torch
from torch import Tensor, nn

from skgan.interfaces import Choice, Integer, Real, Sampler

NAMES = {"psi": "Psi"}


class Psi(Sampler):
    r"""Samples of latents drawn towards their mean: less variety, more typical samples.

    .. math:: w \leftarrow \bar w + \psi (w - \bar w)

    Of a generator with ``map(z, y)`` and ``synthesize(w)``, w is what its mapping makes of the latents, and
    the mean is that of many standard normal latents with the label of the row, always the same ones. Of other
    generators w is the latent itself and its mean 0. It maps `n_latents` more latents for each different label
    among 64 rows.

    Parameters
    ----------
    psi : float, default=0.7
        What is left of the distance to the mean, in [0, 1]; 1 changes nothing.
    cutoff : int or None, default=None
        Of a mapping to one w for each layer, `(n, layers, width)`: the number of layers, from the first,
        that are drawn to the mean, in [0, inf); None takes all.
    n_latents : int, default=4096
        Latents in the mean, in [1, inf).
    seed : int, default=0
        Of those latents, in [0, inf).

    References
    ----------
    .. [1] Karras, Laine, Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks", CVPR 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(sampler="psi").set_params(sampler__psi=0.5)
    GANEstimator(sampler=Psi(psi=0.5))
    """

    constraints = {
        "psi": (Real(0.0, 1.0, closed="both"),),
        "cutoff": (Integer(0), Choice(None)),
        "n_latents": (Integer(1),),
        "seed": (Integer(0),),
    }

    def __init__(self, psi: float = 0.7, cutoff: int | None = None, n_latents: int = 4096, seed: int = 0):
        self.psi = psi
        self.cutoff = cutoff
        self.n_latents = n_latents
        self.seed = seed

    @torch.no_grad()
    def draw(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, float]:
        """Return samples `(n, *shape)` of latents nearer to their mean."""
        if not hasattr(generator, "map"):
            return generator(self.psi * z, y), 1.0
        styled: Any = generator
        w = styled.map(z, y)
        drawn = torch.lerp(self._mean(styled, z, y), w, self.psi)
        if self.cutoff is not None and w.ndim > 2:
            drawn[:, self.cutoff :] = w[:, self.cutoff :]
        return styled.synthesize(drawn), 1.0

    def _mean(self, generator: Any, z: Tensor, y: Tensor) -> Tensor:
        """Return the mean w of each row's label, `(n, ...)`."""
        fixed = torch.Generator().manual_seed(self.seed)
        latents = torch.randn(self.n_latents, z.shape[1], generator=fixed).to(z)
        labels, which = (y[:1], 0) if not y.shape[1] else torch.unique(y, dim=0, return_inverse=True)
        means = [generator.map(latents, label.expand(len(latents), *label.shape)).mean(0) for label in labels]
        return torch.stack(means)[which].expand(len(z), *means[0].shape)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a mean of few latents, and a cutoff."""
        return [{"n_latents": 32}, {"cutoff": 1, "n_latents": 32}]
