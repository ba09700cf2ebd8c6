"""The distance to a target."""

from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer, Tags

NAMES = {"l1": "L1"}


class L1(Regularizer):
    r"""The sample that the generator makes for a label should be the real sample with that label.

    .. math:: \lambda \frac{1}{d} \|G(z_i, y_i) - x_i\|_1

    with d the number of values in a sample. It is the term that keeps a translation of images near its target, so
    y must be an image.

    Parameters
    ----------
    weight : float, default=100.0
        Weight :math:`\lambda`, in [0, inf).

    References
    ----------
    .. [1] Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017, equation 3.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", architecture="pix2pix", regularizers="l1")
    GANEstimator(architecture='pix2pix', loss='nonsaturating', regularizers='l1')
    """

    constraints = {"weight": (Real(0.0),)}
    player = "generator"

    def __init__(self, weight: float = 100.0):
        self.weight = weight

    def tags(self) -> Tags:
        """Return that a label must determine its sample."""
        return Tags(labels=("image",))

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each sample, `(n,)`."""
        return self.weight * (batch.fake - batch.real.detach()).abs().flatten(1).mean(1)
