"""Blocks that two or more architectures share."""

from skgan.layers.embedding import LabelEmbedding, NoEmbedding
from skgan.layers.normalization import PlainNorm

__all__ = ["LabelEmbedding", "NoEmbedding", "PlainNorm"]
