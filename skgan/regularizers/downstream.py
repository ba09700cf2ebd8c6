"""The downstream loss of tables."""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from skgan.interfaces import Batch, DataSpec, IncompatibleComponentError, Integer, Real, Regularizer, Tags, sentence

NAMES = {"downstream": "Downstream"}

#: of the running average of the classifier's weights, once it has warmed up
DECAY = 0.99


class Downstream(Regularizer):
    r"""A classifier that learns on real rows should find in fake rows the category that they hold.

    .. math:: \lambda\, \mathrm{CE}(C(x_{-t}), x_t)

    The classifier C sees all columns but the target t. It learns on real rows alone, in the generator's turn; the
    generator gets the gradient of the same loss on fake rows, under a running average of the classifier's weights.

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
    player = "generator"

    def __init__(self, column: int = -1, weight: float = 1.0, width: int = 128):
        self.column = column
        self.weight = weight
        self.width = width

    def tags(self) -> Tags:
        """Return that it is a number of the whole batch, of a table."""
        return Tags(tables=True, whole_batch=True)

    def modules(self, spec: DataSpec) -> dict[str, nn.Module]:
        """Return the classifier, trained in the generator's turn."""
        return {"generator": _Classifier(spec.n_values, _target(spec.columns, self.column), self.width)}

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return the running average of the classifier's weights, zeros to start from, and how often it moved."""
        with torch.device("meta"):
            classifier = _Classifier(spec.n_values, _target(spec.columns, self.column), self.width)
        averages = {_name(name): torch.zeros(weight.shape) for name, weight in classifier.named_parameters()}
        return {"updates": torch.zeros(()), **averages}

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of the batch, a scalar."""
        classifier, state = batch.modules[self]["generator"], batch.state[self]
        learned = classifier(batch.real)
        with torch.no_grad():
            state["updates"] += 1
            keep = ((1 + state["updates"]) / (10 + state["updates"])).clamp(max=DECAY)
            for name, weight in classifier.named_parameters():
                average = state[_name(name)]
                average.copy_(torch.lerp(weight, average.to(weight.dtype), keep.to(weight.dtype)))
        fixed = {name: state[_name(name)].to(w.dtype).clone() for name, w in classifier.named_parameters()}
        return self.weight * (learned + functional_call(classifier, fixed, (batch.fake,)))

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


def _name(weight: str) -> str:
    return weight.replace(".", "_")


def _target(columns: tuple, place: int) -> tuple[int, int]:
    """Return where the span of the target begins and ends in a sample, or refuse a place that there is not."""
    start = sum(numbers for numbers, _, _ in columns)
    spans = []
    for numbers, width, _ in columns:
        if width and not numbers:
            spans.append((start, start + width))
        start += width
    if not -len(spans) <= place < len(spans):
        raise IncompatibleComponentError(
            sentence(
                f"The column of 'downstream' must be the place of one of {len(spans)} columns that are all category.",
                f"Got {place}. Choose another, or leave 'downstream' out.",
            )
        )
    return spans[place]
