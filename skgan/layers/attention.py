"""Self-attention between the places of a signal or an image."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.layers.convolution import pointwise


class SelfAttention(nn.Module):
    r"""Adds to each place what it finds at the others, by a factor that starts at 0.

    .. math:: h + \gamma\, O \sum_j \operatorname{softmax}_j\big((\Theta h)_i^\top (\Phi h)_j\big) (G h)_j

    where of an image the keys :math:`\Phi h` and the values :math:`G h` are max-pooled by two. Plain matrix products,
    which can be differentiated twice.

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in; keys have an eighth of it, values a half, at least 1.
    dimensions : {1, 2}, default=2
        Of the places.
    """

    def __init__(self, channels: int, dimensions: int = 2):
        super().__init__()
        keys, values = max(channels // 8, 1), max(channels // 2, 1)
        self.dimensions = dimensions
        self.query = pointwise(dimensions, channels, keys, bias=False)
        self.key = pointwise(dimensions, channels, keys, bias=False)
        self.value = pointwise(dimensions, channels, values, bias=False)
        self.out = pointwise(dimensions, values, channels, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    @staticmethod
    def keys(size: tuple[int, ...]) -> int:
        """Return how many places are looked at on a grid of `size`; with a single one there is nothing to choose."""
        return math.prod(math.ceil(length / 2) for length in size) if len(size) == 2 else math.prod(size)

    def forward(self, h: Tensor) -> Tensor:
        """Return h `(n, channels, ...)` with what attention found added."""
        query, key, value = self.query(h), self._pooled(self.key(h)), self._pooled(self.value(h))
        weights = torch.softmax(query.flatten(2).transpose(1, 2) @ key.flatten(2), 2)  # (n, places, keys)
        found = (value.flatten(2) @ weights.transpose(1, 2)).unflatten(2, h.shape[2:])
        return h + self.gamma * self.out(found)

    def _pooled(self, h: Tensor) -> Tensor:
        return functional.max_pool2d(h, 2, ceil_mode=True) if self.dimensions == 2 else h
