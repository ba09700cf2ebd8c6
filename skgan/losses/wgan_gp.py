"""The Wasserstein loss with gradient penalty."""

from torch import Tensor

from skgan.interfaces import Batch, DataSpec, Loss, Real

NAMES = {"wgan-gp": "WGANGP"}


class WGANGP(Loss):
    r"""The Wasserstein distance, by a critic whose slope a penalty keeps near one.

    .. math:: L_D = D(G(z)) - D(x) + \lambda (\|\nabla D(\hat x)\| - 1)^2, \qquad L_G = -D(G(z))

    The penalty is the regularizer ``"gp"``, named by `defaults`; other ``regularizers`` replace it.

    Parameters
    ----------
    gp_weight : float, default=10.0
        Weight :math:`\lambda` of the penalty, in [0, inf).

    References
    ----------
    .. [1] Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017, algorithm 1.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="wgan-gp").set_params(loss__gp_weight=1.0)
    GANEstimator(loss=WGANGP(gp_weight=1.0))
    """

    constraints = {"gp_weight": (Real(0.0),)}

    def __init__(self, gp_weight: float = 10.0):
        self.gp_weight = gp_weight

    def discriminator(self, batch: Batch) -> Tensor:
        """Return f - r, `(n, *heads)`."""
        return batch.fake_.logits - batch.real_.logits

    def generator(self, batch: Batch) -> Tensor:
        """Return -f, `(n, *heads)`."""
        return -batch.fake_.logits

    def defaults(self, spec: DataSpec) -> dict:
        """Return the paper's: the penalty, five critic updates, Adam 1e-4 with (0, 0.9)."""
        return {
            "regularizers": [("gp", {"weight": self.gp_weight})],
            "n_critic": 5,
            "optimizer": ("adam", {"betas": (0.0, 0.9)}),
            "learning_rate": 1e-4,
        }
