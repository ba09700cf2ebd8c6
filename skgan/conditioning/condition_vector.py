"""The condition vector of tables."""

import torch
from torch import Tensor, nn

from skgan.conditioning._heads import VECTORS, JointHead
from skgan.interfaces import Asking, Choice, Conditioning, Critique, DataSpec, Real, Tags
from skgan.layers import Embedding, NoEmbedding

NAMES = {"condition-vector": "ConditionVector"}


class ConditionVector(Conditioning):
    r"""Both networks are told of one value of the row, drawn anew for each row of each batch.

    The label is the label of y, one-hot, and for every category of every column whether it is asked for. With
    `share` below 1 the other rows have nothing asked for, so that samples need no condition. A column is drawn
    uniformly. With the frequency "true" rows come as often as they are; with "log" a category of the column is drawn
    with a probability :math:`\propto \log(1 + n_v)`, with "uniform" all with the same, and then a row that has it.

    Parameters
    ----------
    share : float, default=0.5
        Share of the rows that have a value asked for, in (0, 1].
    frequency : {"true", "log", "uniform"}, default="true"
        How often a category is asked for.

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.3.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(conditioning="condition-vector").set_params(conditioning__frequency="log")
    GANEstimator(conditioning=ConditionVector(frequency='log'))
    """

    constraints = {
        "share": (Real(0.0, 1.0, closed="right"),),
        "frequency": (Choice("true", "log", "uniform"),),
    }

    def __init__(self, share: float = 0.5, frequency: str = "true"):
        self.share = share
        self.frequency = frequency

    def tags(self) -> Tags:
        """Return that labels must be vectors."""
        return Tags(labels=VECTORS)

    def embed(self, spec: DataSpec) -> Embedding:
        """Return the label itself."""
        return NoEmbedding(spec.label_dim)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return a linear logit of features and label for tables, whose networks see the label beside the sample."""
        return _Linear(width + spec.label_dim) if spec.columns else JointHead(width, spec.label_dim, width)

    def asking(self) -> Asking:
        """Return how often values are asked for."""
        return Asking(self.share, self.frequency)


class _Linear(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.logit = nn.Linear(width, 1)

    def forward(self, features: Tensor, e: Tensor) -> Critique:
        """Return logits `(n,)` for features `(n, width)` and labels e."""
        return Critique(self.logit(torch.cat([features, e], 1)).squeeze(1), features)
