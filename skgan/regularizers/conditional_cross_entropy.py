"""The cross-entropy between what a generator of tables was asked for and what it gives."""

from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer, Tags
from skgan.layers import Spans

NAMES = {"conditional-cross-entropy": "ConditionalCrossEntropy"}

#: probability that a sample is taken to give a category at least
LEAST = 1e-6


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
        return Tags(tables=True, reads_condition=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each sample, `(n,)`."""
        spans = next((layer for layer in batch.module.modules() if isinstance(layer, Spans)), None)
        width = batch.y.shape[1] if spans is None else sum(spans.widths)
        asked = batch.y[:, -width:]
        if spans is None:  # a generator of another make: its samples are all there is
            return self.weight * (asked * -batch.fake[:, -width:].clamp(LEAST, 1).log()).sum(1)
        if spans.sample is not batch.fake:
            batch.generate(batch.z)
        return self.weight * (asked * spans.surprise()).sum(1)
