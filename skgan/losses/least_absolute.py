"""The least-absolute loss."""

from torch import Tensor

from skgan.interfaces import Batch, DataSpec, Loss, Tags
from skgan.losses._custom import dcgan_adam

NAMES = {"least-absolute": "LeastAbsolute", "mae": "LeastAbsolute"}


class LeastAbsolute(Loss):
    r"""The least-squares loss with absolute differences, so that every sample pulls equally hard.

    .. math:: L_D = |D(x) - 1| + |D(G(z))|, \qquad L_G = |D(G(z)) - 1|

    References
    ----------
    .. [1] Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, whose squares it replaces.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="least-absolute")
    GANEstimator(loss='least-absolute')
    """

    def tags(self) -> Tags:
        """Return that the logit is a median of 1 and 0, not a mean."""
        return Tags(meaning="median")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return abs(r - 1) + abs(f), `(n, *heads)`."""
        return (batch.real_.logits - 1).abs() + batch.fake_.logits.abs()

    def generator(self, batch: Batch) -> Tensor:
        """Return abs(f - 1), `(n, *heads)`."""
        return (batch.fake_.logits - 1).abs()

    def defaults(self, spec: DataSpec) -> dict:
        """Return DCGAN's Adam, but for vectors, where the networks say what they train best with."""
        return {} if spec.kind == "vector" else dcgan_adam()
