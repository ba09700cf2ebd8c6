"""Feature-wise linear modulation."""

from __future__ import annotations

from torch import Tensor, nn

from skgan.interfaces import Conditioning, Critique, DataSpec, Integer
from skgan.layers import Embedding, LabelEmbedding, NoEmbedding


class FiLM(Conditioning):
    r"""Labels scale and shift the features of both networks.

    .. math:: h \mapsto (1 + \gamma(e_y)) \odot h + \beta(e_y)

    in the generator at every normalisation, without normalising; in the discriminator before the logit. The
    label's embedding :math:`e_y` also joins the latents, for networks without normalisations.

    Parameters
    ----------
    width : int, default=64
        Width of the embedding, in [1, inf).

    References
    ----------
    .. [1] Perez et al., "FiLM: Visual Reasoning with a General Conditioning Layer", AAAI 2018.

    Examples
    --------
    >>> from skgan_implicit.film import FiLM
    >>> FiLM(width=16)
    FiLM(width=16)
    """

    constraints = {"width": (Integer(1),)}

    def __init__(self, width: int = 64):
        self.width = width

    def embed(self, spec: DataSpec) -> Embedding:
        """Return a learned vector for each label."""
        return LabelEmbedding(spec.label_dim, self.width) if spec.label_dim else NoEmbedding(0)

    def modulation(self, channels: int, spec: DataSpec) -> nn.Module:
        """Return the modulation; without labels nothing is changed."""
        return _Modulation(channels, self.width if spec.label_dim else 0)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return the logit of modulated features."""
        return _Head(width, self.width if spec.label_dim else 0)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a narrow embedding."""
        return [{"width": 4}]


class _Modulation(nn.Module):
    def __init__(self, channels: int, embedding: int):
        super().__init__()
        self.scale_and_shift = nn.Linear(embedding, 2 * channels) if embedding else None

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """Return h `(n, channels, ...)` scaled and shifted by e `(n, embedding)`."""
        if self.scale_and_shift is None:
            return h
        scale, shift = self.scale_and_shift(e).unflatten(1, (2, -1, *[1] * (h.ndim - 2))).unbind(1)
        return (1 + scale) * h + shift


class _Head(nn.Module):
    def __init__(self, width: int, embedding: int):
        super().__init__()
        self.modulate = _Modulation(width, embedding)
        self.logit = nn.Linear(width, 1)

    def forward(self, features: Tensor, e: Tensor) -> Critique:
        """Return logits `(n,)` for features `(n, width)` and embedded labels e `(n, embedding)`."""
        return Critique(self.logit(self.modulate(features, e)).squeeze(1), features)
