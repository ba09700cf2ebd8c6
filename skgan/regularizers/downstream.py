"""The downstream loss of tables."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Batch, DataSpec, Integer, Real, Regularizer, Tags

NAMES = {"downstream": "Downstream"}


class Downstream(Regularizer):
    r"""A classifier that learns on real rows should find in fake rows the category that they hold.

    .. math:: \lambda\, \mathrm{CE}(C(x_{-t}), x_t)

    The classifier C sees all columns but the target t. In the discriminator's turn it learns on real rows, in the
    generator's turn the generator gets the gradient of the same loss on fake rows.

    Parameters
    ----------
    column : int, default=-1
        Place of the target among the columns of a table that are all category, from -n to n - 1.
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).
    width : int, default=128
        Width of the classifier's two hidden layers, in [1, inf).

    References
    ----------
    .. [1] Zhao et al., "CTAB-GAN+: Enhancing Tabular Data Synthesis", Frontiers in Big Data 2024, section 3.4.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(regularizers=["r1", "r2", "downstream"]).set_params(regularizers__downstream__weight=0.5)
    GANEstimator(regularizers=['r1', 'r2', Downstream(weight=0.5)])
    """

    constraints = {"column": (Integer(-(10**6)),), "weight": (Real(0.0),), "width": (Integer(1),)}
    player = "both"

    def __init__(self, column: int = -1, weight: float = 1.0, width: int = 128):
        self.column = column
        self.weight = weight
        self.width = width

    def tags(self) -> Tags:
        """Return that it is a number of the whole batch, of a table."""
        return Tags(kinds=("vector",), whole_batch=True)

    def modules(self, spec: DataSpec) -> dict[str, nn.Module]:
        """Return the classifier, trained in the discriminator's turn."""
        target = _target(spec.columns, self.column)
        return {"discriminator": _Classifier(spec.n_values, target, self.width)} if target else {}

    def penalty(self, batch: Batch) -> Tensor | None:
        """Return the penalty of the batch, a scalar; None where no column is all category."""
        if not batch.modules[self]:
            return None
        classifier = batch.modules[self]["discriminator"]
        rows = batch.real if batch.player == "discriminator" else batch.fake
        return self.weight * classifier(rows.detach() if batch.player == "discriminator" else rows)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a small classifier."""
        return [{"width": 8}]


class _Classifier(nn.Module):
    def __init__(self, n_values: int, target: tuple[int, int], width: int):
        super().__init__()
        self.start, self.end = target
        seen = n_values - (self.end - self.start)
        layers = [nn.Linear(max(seen, 1), width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)]
        self.stack = nn.Sequential(*layers, nn.Linear(width, self.end - self.start))

    def forward(self, x: Tensor) -> Tensor:
        """Return the cross-entropy of the target in samples `(n, *shape)`, a scalar."""
        seen = torch.cat([x[:, : self.start], x[:, self.end :]], 1)
        if not seen.shape[1]:
            seen = x.new_zeros(len(x), 1)
        return functional.cross_entropy(self.stack(seen), x[:, self.start : self.end])


def _target(columns: tuple, place: int) -> tuple[int, int] | None:
    """Return where the span of the target begins and ends in a sample."""
    start = sum(numbers for numbers, _, _ in columns)
    spans = []
    for numbers, width, _ in columns:
        if width and not numbers:
            spans.append((start, start + width))
        start += width
    return spans[place] if -len(spans) <= place < len(spans) else None
