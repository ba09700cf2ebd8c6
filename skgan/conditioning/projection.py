"""The projection discriminator."""

from torch import nn

from skgan.conditioning._heads import ProjectionHead
from skgan.interfaces import Conditioning, DataSpec, Integer
from skgan.layers import Embedding, LabelEmbedding, NoEmbedding

NAMES = {"projection": "Projection", "pd": "Projection"}


class Projection(Conditioning):
    r"""The logit of x plus how well its features fit the label's vector.

    .. math:: D(x, y) = w^\top \phi(x) + b + \frac{1}{\sqrt{d}} \langle V e_y, \phi(x) \rangle

    The generator gets the label's embedding :math:`e_y` beside the latents.

    Parameters
    ----------
    width : int, default=64
        Width of the embedding, in [1, inf).

    References
    ----------
    .. [1] Miyato, Koyama, "cGANs with Projection Discriminator", ICLR 2018.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(conditioning="projection").set_params(conditioning__width=16)
    GANEstimator(conditioning=Projection(width=16))
    """

    constraints = {"width": (Integer(1),)}

    def __init__(self, width: int = 64):
        self.width = width

    def embed(self, spec: DataSpec) -> Embedding:
        """Return a learned vector for each label."""
        return LabelEmbedding(spec.label_dim, self.width) if spec.label_dim else NoEmbedding(0)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return the linear logit and, with labels, the projection."""
        return ProjectionHead(width, self.width if spec.label_dim else 0)
