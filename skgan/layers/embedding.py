"""Labels `(n, label_dim)` as vectors."""

from torch import Tensor, nn


class NoEmbedding(nn.Module):
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


class LabelEmbedding(nn.Linear):
    """A learned vector for each class, with standard normal entries to start from.

    Parameters
    ----------
    label_dim : int
        Width of a label, 1 or more.
    width : int
        Width of the vectors.
    """

    def __init__(self, label_dim: int, width: int):
        super().__init__(label_dim, width, bias=False)
        nn.init.normal_(self.weight)
