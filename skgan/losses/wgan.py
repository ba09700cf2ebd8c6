"""The first Wasserstein GAN."""

from skgan.interfaces import DataSpec, Real
from skgan.losses._critic import Critic

NAMES = {"wgan": "WGAN"}


class WGAN(Critic):
    r"""The Wasserstein distance, by a critic whose weights are clipped after each update.

    .. math:: L_D = D(G(z)) - D(x), \quad w \in [-c, c], \qquad L_G = -D(G(z))

    The clipping is the regularizer ``"weight-clip"``, named by `defaults`; other ``regularizers`` replace
    it. It makes the critic simple and learning slow, so it is for study; ``"wgan-gp"`` came to replace it.

    Parameters
    ----------
    clip : float, default=0.01
        Largest absolute weight :math:`c`, in (0, inf).

    References
    ----------
    .. [1] Arjovsky, Chintala, Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017, algorithm 1.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="wgan").set_params(loss__clip=0.1)
    GANEstimator(loss=WGAN(clip=0.1))
    """

    constraints = {"clip": (Real(0.0, closed="neither"),)}

    def __init__(self, clip: float = 0.01):
        self.clip = clip

    def defaults(self, spec: DataSpec) -> dict:
        """Return the paper's: the clipping, five critic updates, RMSprop 5e-5."""
        return {
            "regularizers": [("weight-clip", {"limit": self.clip})],
            "n_critic": 5,
            "optimizer": "rmsprop",
            "learning_rate": 5e-5,
        }
