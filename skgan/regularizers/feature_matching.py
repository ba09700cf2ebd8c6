"""Feature matching."""

from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer, Tags

NAMES = {"feature-matching": "FeatureMatching"}


class FeatureMatching(Regularizer):
    r"""Real and fake samples should have the same features on average.

    .. math:: \lambda \frac{1}{d} \sum_{j=1}^d
              \left|\frac{1}{n} \sum_i h_j(x_i) - \frac{1}{n} \sum_i h_j(G(z_i))\right|

    with the d features h of the discriminator, constants for real samples. No real sample is paired with a fake one.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, section 3.1, there squared.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="feature-matching")
    GANEstimator(loss='nonsaturating', regularizers='feature-matching')
    """

    constraints = {"weight": (Real(0.0),)}
    player = "generator"

    def __init__(self, weight: float = 1.0):
        self.weight = weight

    def tags(self) -> Tags:
        """Return that it is a number of the whole batch."""
        return Tags(whole_batch=True)

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of the batch, a scalar."""
        real, fake = batch.real_.features.detach(), batch.fake_.features
        return self.weight * (real.mean(0) - fake.mean(0)).abs().mean()
