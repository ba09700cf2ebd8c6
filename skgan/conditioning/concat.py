"""Conditioning by concatenation."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Conditioning, Critique, DataSpec, Integer
from skgan.layers import Embedding, NoEmbedding

NAMES = {"concat": "Concat"}


class Concat(Conditioning):
    r"""Labels are put beside the latents, and beside the discriminator's features before a joint layer.

    .. math:: G([z, y]), \qquad D(x, y) = w^\top \mathrm{act}(W [\phi(x), y] + b)

    Parameters
    ----------
    hidden : int, default=128
        Width of the joint layer, in [1, inf).

    References
    ----------
    .. [1] Mirza, Osindero, "Conditional Generative Adversarial Nets", 2014.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(conditioning="concat")
    GANEstimator(conditioning='concat')
    """

    constraints = {"hidden": (Integer(1),)}

    def __init__(self, hidden: int = 128):
        self.hidden = hidden

    def embed(self, spec: DataSpec) -> Embedding:
        """Return the label itself."""
        return NoEmbedding(spec.label_dim)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return the joint layer and the logit; without labels a linear logit."""
        return _Head(width, spec.label_dim, self.hidden if spec.label_dim else 0)


class _Head(nn.Module):
    def __init__(self, width: int, label_dim: int, hidden: int):
        super().__init__()
        if hidden:
            self.joint = nn.Sequential(nn.Linear(width + label_dim, hidden), nn.LeakyReLU(0.2))
        else:
            self.joint = nn.Sequential()
        self.logit = nn.Linear(hidden or width, 1)

    def forward(self, features: Tensor, e: Tensor) -> Critique:
        """Return logits `(n,)` for features `(n, width)` and labels e `(n, label_dim)`."""
        return Critique(self.logit(self.joint(torch.cat([features, e], 1))).squeeze(1), features)
