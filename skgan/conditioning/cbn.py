"""Conditional batch normalisation."""

from torch import nn

from skgan.conditioning._heads import VECTORS, ProjectionHead
from skgan.interfaces import Conditioning, DataSpec, Integer, Tags
from skgan.layers import ConditionalNorm, Embedding, LabelEmbedding, NoEmbedding, PlainNorm

NAMES = {"cbn": "ConditionalBatchNorm"}


class ConditionalBatchNorm(Conditioning):
    r"""The label scales and shifts what the generator's batch normalisations give; projection in the discriminator.

    .. math:: (w + \Gamma e_y) \cdot \frac{h - \mu}{\sqrt{\sigma^2 + 10^{-5}}} + b + B e_y, \qquad e_y = E^\top y

    with one embedding for all layers, and :math:`\Gamma = B = 0` to start from. The embedding also joins the latents,
    so that generators without normalisation are conditional too.

    Parameters
    ----------
    width : int, default=64
        Width of the embedding, in [1, inf).

    References
    ----------
    .. [1] de Vries et al., "Modulating Early Visual Processing by Language", NeurIPS 2017.
    .. [2] Miyato, Koyama, "cGANs with Projection Discriminator", ICLR 2018.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="dcgan", conditioning="cbn")
    GANEstimator(architecture='dcgan', conditioning='cbn')
    """

    constraints = {"width": (Integer(1),)}

    def __init__(self, width: int = 64):
        self.width = width

    def tags(self) -> Tags:
        """Return that labels must be vectors."""
        return Tags(labels=VECTORS)

    def embed(self, spec: DataSpec) -> Embedding:
        """Return a learned vector for each label."""
        return LabelEmbedding(spec.label_dim, self.width) if spec.label_dim else NoEmbedding(0)

    def modulation(self, channels: int, spec: DataSpec) -> nn.Module:
        """Return the normalisation; without labels a plain one."""
        return ConditionalNorm(channels, self.width) if spec.label_dim else PlainNorm(channels)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return the linear logit and, with labels, the projection."""
        return ProjectionHead(width, self.width if spec.label_dim else 0)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a narrow embedding."""
        return [{"width": 4}]
