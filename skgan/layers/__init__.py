"""Blocks that two or more architectures share."""

from skgan.layers.embedding import Embedding, LabelEmbedding, NoEmbedding
from skgan.layers.normalization import PlainNorm

__all__ = ["Embedding", "LabelEmbedding", "NoEmbedding", "PlainNorm"]
