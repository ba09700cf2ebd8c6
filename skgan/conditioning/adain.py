"""Adaptive instance normalisation."""

from torch import nn

from skgan.conditioning._heads import VECTORS, ProjectionHead
from skgan.interfaces import Conditioning, DataSpec, Integer, Tags
from skgan.layers import AdaptiveInstanceNorm, Embedding, LabelEmbedding, NoEmbedding, PlainNorm

NAMES = {"adain": "AdaIN"}


class AdaIN(Conditioning):
    r"""The label is a style: it scales and shifts each channel of each sample, normalised over its places.

    .. math:: (w + \Gamma e_y) \cdot \frac{h_c - \mu(h_c)}{\sqrt{\sigma^2(h_c) + 10^{-5}}} + b + B e_y

    A sample is normalised by itself, in training as afterwards. On a grid of one place there is no spread, and h is
    only scaled and shifted. The embedding :math:`e_y` also joins the latents; the discriminator has a projection.
    Without labels the generator has plain batch normalisation.

    Parameters
    ----------
    width : int, default=64
        Width of the embedding, in [1, inf).

    References
    ----------
    .. [1] Huang, Belongie, "Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization", ICCV 2017.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="dcgan", conditioning="adain")
    GANEstimator(architecture='dcgan', conditioning='adain')
    """

    constraints = {"width": (Integer(1),)}

    def __init__(self, width: int = 64):
        self.width = width

    def tags(self) -> Tags:
        """Return that labels must be vectors."""
        return Tags(labels=VECTORS)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return the linear logit and, with labels, the projection."""
        return ProjectionHead(width, self.width if spec.label_dim else 0)

    def embed(self, spec: DataSpec) -> Embedding:
        """Return a learned vector for each label, the style."""
        return LabelEmbedding(spec.label_dim, self.width) if spec.label_dim else NoEmbedding(0)

    def modulation(self, channels: int, spec: DataSpec) -> nn.Module:
        """Return the adaptive normalisation; without labels a plain one."""
        return AdaptiveInstanceNorm(channels, self.width) if spec.label_dim else PlainNorm(channels)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a narrow style."""
        return [{"width": 4}]
