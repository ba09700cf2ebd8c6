"""Blocks that two or more architectures share."""

from skgan.layers.attention import SelfAttention
from skgan.layers.chance import Dropout, Noise, drawing_from
from skgan.layers.convolution import CONVOLUTIONS, convolves, doubling, halving, keeping, pointwise
from skgan.layers.embedding import Embedding, LabelEmbedding, NoEmbedding
from skgan.layers.equalized import EqualizedConv, EqualizedLinear, equalize
from skgan.layers.filtering import Filter, FilteredDown, FilteredUp
from skgan.layers.grid import Grid, widths
from skgan.layers.joined import Marks, joined
from skgan.layers.minibatch import MinibatchStd
from skgan.layers.normalization import (
    BATCH_NORMS,
    AdaptiveInstanceNorm,
    ConditionalNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    PixelNorm,
    PlainNorm,
    pooled_by,
)
from skgan.layers.patches import Patches, rows_of_places
from skgan.layers.residual import DownBlock, UpBlock, convolution
from skgan.layers.spans import Spans
from skgan.layers.spectral import WEIGHTED, normalize_spectrally
from skgan.layers.transforms import flip, shift

__all__ = [
    "BATCH_NORMS",
    "CONVOLUTIONS",
    "WEIGHTED",
    "AdaptiveInstanceNorm",
    "ConditionalNorm",
    "DownBlock",
    "Dropout",
    "Embedding",
    "EqualizedConv",
    "EqualizedLinear",
    "Filter",
    "FilteredDown",
    "FilteredUp",
    "Grid",
    "GroupNorm",
    "InstanceNorm",
    "LabelEmbedding",
    "LayerNorm",
    "Marks",
    "MinibatchStd",
    "NoEmbedding",
    "Noise",
    "Patches",
    "PixelNorm",
    "PlainNorm",
    "SelfAttention",
    "Spans",
    "UpBlock",
    "convolution",
    "convolves",
    "doubling",
    "drawing_from",
    "equalize",
    "flip",
    "halving",
    "joined",
    "keeping",
    "normalize_spectrally",
    "pointwise",
    "pooled_by",
    "rows_of_places",
    "shift",
    "widths",
]
