"""The energy-based loss."""

from torch import Tensor
from torch.nn.functional import relu

from skgan.interfaces import Batch, DataSpec, Loss, Real, Tags
from skgan.losses._custom import dcgan_adam

NAMES = {"ebgan": "EBGAN"}


class EBGAN(Loss):
    r"""An autoencoder's error is low on real samples and pushed up to a margin on fake ones.

    .. math:: L_D = E(x) + \max(m - E(G(z)), 0), \qquad L_G = E(G(z))

    The energy E is the mean squared error of ``"autoencoder-d"``, whose logit is -E.

    Parameters
    ----------
    margin : float, default=1.0
        Energy :math:`m` up to which fakes are pushed, in (0, inf); in the data's unit squared.

    References
    ----------
    .. [1] Zhao, Mathieu, LeCun, "Energy-based Generative Adversarial Networks", ICLR 2017, equations 1 and 2.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="ebgan").set_params(loss__margin=0.5)
    GANEstimator(loss=EBGAN(margin=0.5))
    """

    constraints = {"margin": (Real(0.0, closed="neither"),)}

    def __init__(self, margin: float = 1.0):
        self.margin = margin

    def tags(self) -> Tags:
        """Return that the logit is minus an energy."""
        return Tags(meaning="energy")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return E(x) + max(m - E(G(z)), 0), `(n, *heads)`."""
        return relu(self.margin + batch.fake_.logits) - batch.real_.logits

    def generator(self, batch: Batch) -> Tensor:
        """Return E(G(z)), `(n, *heads)`."""
        return -batch.fake_.logits

    def defaults(self, spec: DataSpec) -> dict:
        """Return the autoencoder with squared errors and DCGAN's Adam."""
        return {"architecture": ("autoencoder-d", {"power": 2}), **dcgan_adam()}
