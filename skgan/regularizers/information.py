"""The information loss of tables."""

from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer, Tags

NAMES = {"information": "Information"}


class Information(Regularizer):
    r"""Real and fake samples should have features of the same mean and spread.

    .. math:: \lambda \frac{1}{d} \sum_j \left| \mathrm{E}\, h_j(x) - \mathrm{E}\, h_j(G(z)) \right|
              + \left| \mathrm{SD}\, h_j(x) - \mathrm{SD}\, h_j(G(z)) \right|

    with the d features h of the discriminator, constants for real samples.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).

    References
    ----------
    .. [1] Park et al., "Data Synthesis based on Generative Adversarial Networks", VLDB 2018, section 4.2.3.
    .. [2] Zhao et al., "CTAB-GAN: Effective Table Data Synthesizing", ACML 2021, section 4.1.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="information")
    GANEstimator(loss='nonsaturating', regularizers='information')
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
        means = (real.mean(0) - fake.mean(0)).abs()
        return self.weight * (means + (_spread(real) - _spread(fake)).abs()).mean()


def _spread(features: Tensor) -> Tensor:
    return (features.var(0, unbiased=False) + 1e-12).sqrt()
