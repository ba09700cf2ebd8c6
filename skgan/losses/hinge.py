"""The hinge loss."""

from torch import Tensor
from torch.nn.functional import relu

from skgan.interfaces import Batch, DataSpec, Loss, Tags
from skgan.losses._custom import customary

NAMES = {"hinge": "Hinge"}


class Hinge(Loss):
    r"""The discriminator learns from samples on the wrong side of a margin; the generator from all.

    .. math:: L_D = \max(1 - D(x), 0) + \max(1 + D(G(z)), 0), \qquad L_G = -D(G(z))

    References
    ----------
    .. [1] Lim, Ye, "Geometric GAN", 2017.
    .. [2] Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018, equations 16 and 17.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="hinge", regularizers="spectral-norm")
    GANEstimator(loss='hinge', regularizers='spectral-norm')
    """

    def tags(self) -> Tags:
        """Return that the logit has a margin around 0."""
        return Tags(meaning="margin")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return max(1 - r, 0) + max(1 + f, 0), `(n, *heads)`."""
        return relu(1 - batch.real_.logits) + relu(1 + batch.fake_.logits)

    def generator(self, batch: Batch) -> Tensor:
        """Return -f, which no margin cuts, `(n, *heads)`."""
        return -batch.fake_.logits

    def defaults(self, spec: DataSpec) -> dict:
        """Return ``"r1"`` for vectors, which lose modes without it, and DCGAN's Adam for the rest."""
        return customary(spec)
