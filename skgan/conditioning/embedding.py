"""Conditioning by a learned embedding."""

from torch import nn

from skgan.conditioning._heads import VECTORS, JointHead
from skgan.interfaces import Conditioning, DataSpec, Integer, Tags
from skgan.layers import Embedding, LabelEmbedding, NoEmbedding

NAMES = {"embedding": "LabelEmbedded"}


class LabelEmbedded(Conditioning):
    r"""A learned vector of the label beside the latents, and beside the features before a joint layer.

    .. math:: G([z, E^\top y]), \qquad D(x, y) = w^\top \mathrm{act}(W [\phi(x), E'^\top y] + b)

    Each network has an embedding of its own. For many classes it is narrower than the labels that `Concat` uses.

    Parameters
    ----------
    width : int, default=32
        Width of the embedding, in [1, inf).
    hidden : int, default=128
        Width of the joint layer, in [1, inf).

    References
    ----------
    .. [1] Reed et al., "Generative Adversarial Text to Image Synthesis", ICML 2016.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(conditioning="embedding").set_params(conditioning__width=8)
    GANEstimator(conditioning=LabelEmbedded(width=8))
    """

    constraints = {"width": (Integer(1),), "hidden": (Integer(1),)}

    def __init__(self, width: int = 32, hidden: int = 128):
        self.width = width
        self.hidden = hidden

    def tags(self) -> Tags:
        """Return that labels must be vectors."""
        return Tags(labels=VECTORS)

    def embed(self, spec: DataSpec) -> Embedding:
        """Return a learned vector for each label."""
        return LabelEmbedding(spec.label_dim, self.width) if spec.label_dim else NoEmbedding(0)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return the joint layer and the logit; without labels a linear logit."""
        return JointHead(width, self.width if spec.label_dim else 0, self.hidden)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small layers."""
        return [{"width": 4, "hidden": 8}]
