"""The confidence penalty."""

from torch import Tensor
from torch.nn.functional import softplus

from skgan.interfaces import Batch, Real, Regularizer, Tags

NAMES = {"entropy": "ConfidencePenalty", "confidence-penalty": "ConfidencePenalty"}


class ConfidencePenalty(Regularizer):
    r"""Keeps the discriminator from being too sure, by the entropy of its verdicts.

    .. math:: -\frac{\lambda}{2} \left(H(D(x)) + H(D(G(z)))\right), \quad
              H(t) = -p \log p - (1 - p) \log (1 - p) = \mathrm{sp}(t) - p t, \quad p = \sigma(t)

    with :math:`\mathrm{sp}(t) = \log(1 + e^t)`.

    Parameters
    ----------
    weight : float, default=0.001
        Weight :math:`\lambda`, in [0, inf).

    References
    ----------
    .. [1] Pereyra et al., "Regularizing Neural Networks by Penalizing Confident Output Distributions", 2017.
    .. [2] Ho, Ermon, "Generative Adversarial Imitation Learning", NeurIPS 2016, whose runs give it to discriminators.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="entropy")
    GANEstimator(loss='nonsaturating', regularizers='entropy')
    """

    constraints = {"weight": (Real(0.0),)}

    def __init__(self, weight: float = 1e-3):
        self.weight = weight

    def tags(self) -> Tags:
        """Return that a sigmoid of the logit must be a probability."""
        return Tags(meanings=("log-ratio",))

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each pair, `(n, *heads)`."""
        of_real, of_fake = (softplus(t) - t.sigmoid() * t for t in (batch.real_.logits, batch.fake_.logits))
        return -self.weight / 2 * (of_real + of_fake)
