"""Labels `(n, label_dim)` as vectors."""

import torch
from torch import Tensor, nn


class Embedding(nn.Module):
    """What turns labels into vectors of `out_features` numbers."""

    out_features: int


class NoEmbedding(Embedding):
    """The label itself; what is left of any embedding when there are no labels.

    Parameters
    ----------
    label_dim : int
        Width of a label, 0 or more.
    """

    def __init__(self, label_dim: int):
        super().__init__()
        self.out_features = label_dim

    def forward(self, y: Tensor) -> Tensor:
        """Return y."""
        return y


class LabelEmbedding(Embedding):
    """A learned vector for each class, with standard normal entries to start from.

    Parameters
    ----------
    label_dim : int
        Width of a label, 1 or more.
    width : int
        Width of the vectors.
    """

    def __init__(self, label_dim: int, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(label_dim, width))
        self.out_features = width

    def forward(self, y: Tensor) -> Tensor:
        """Return the vectors of one-hot labels y, `(n, width)`."""
        return y @ self.weight
