"""Conditioning by concatenation."""

from torch import nn

from skgan.conditioning._heads import VECTORS, JointHead
from skgan.interfaces import Conditioning, DataSpec, Integer, Tags
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

    def tags(self) -> Tags:
        """Return that labels must be vectors."""
        return Tags(labels=VECTORS)

    def embed(self, spec: DataSpec) -> Embedding:
        """Return the label itself."""
        return NoEmbedding(spec.label_dim)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return the joint layer and the logit; without labels a linear logit."""
        return JointHead(width, spec.label_dim, self.hidden)
