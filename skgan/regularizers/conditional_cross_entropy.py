"""The cross-entropy between what a generator of tables was asked for and what it gives."""

import torch
from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer, Tags
from skgan.layers import Spans

NAMES = {"conditional-cross-entropy": "ConditionalCrossEntropy"}


class ConditionalCrossEntropy(Regularizer):
    r"""The generator should give the value that it was asked for.

    .. math:: -\lambda \log \mathrm{softmax}(l_j)_v

    with the raw values :math:`l_j` of the span of the column j that was asked for and its category v; 0 for rows with
    nothing asked for.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.3.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(regularizers="conditional-cross-entropy")
    GANEstimator(regularizers='conditional-cross-entropy')
    """

    constraints = {"weight": (Real(0.0),)}
    player = "generator"

    def __init__(self, weight: float = 1.0):
        self.weight = weight

    def tags(self) -> Tags:
        """Return that values must be asked for."""
        return Tags(reads_condition=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each sample, `(n,)`."""
        spans = next((layer for layer in batch.module.modules() if isinstance(layer, Spans)), None)
        if spans is None:
            return batch.fake.new_zeros(len(batch.fake))
        if spans.sample is not batch.fake:
            batch.generate(batch.z)
        width = sum(spans.widths)
        asked = batch.y[:, -width:]
        # The largest raw value of each span, so that no exponential overflows.
        logits = spans.logits
        owner = spans.owner.expand(len(logits), -1)
        top = torch.full((len(logits), len(spans.widths)), -torch.inf, device=logits.device)
        top = top.scatter_reduce(1, owner, logits.detach(), "amax")
        shifted = logits - top.gather(1, owner)
        total = torch.zeros_like(top).scatter_add(1, owner, shifted.exp())
        surprise = total.log().gather(1, owner) - shifted
        return self.weight * (asked * surprise).sum(1)
