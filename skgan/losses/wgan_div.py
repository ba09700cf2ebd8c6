"""The Wasserstein divergence."""

from skgan.interfaces import DataSpec, Real
from skgan.losses._critic import Critic

NAMES = {"wgan-div": "WGANDiv"}


class WGANDiv(Critic):
    r"""A Wasserstein loss whose critic pays for a power of its slope, and needs no bound on it.

    .. math:: L_D = D(G(z)) - D(x) + \frac{k}{2} (\|\nabla D(x)\|^p + \|\nabla D(G(z))\|^p), \qquad L_G = -D(G(z))

    The penalty is the regularizer ``"div"``, named by `defaults`; other ``regularizers`` replace it.

    Parameters
    ----------
    k : float, default=2.0
        Weight of the penalty, in [0, inf).
    p : float, default=6.0
        Its power, in [1, inf).

    References
    ----------
    .. [1] Wu et al., "Wasserstein Divergence for GANs", ECCV 2018, equation 9.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="wgan-div").set_params(loss__p=4.0)
    GANEstimator(loss=WGANDiv(p=4.0))
    """

    constraints = {"k": (Real(0.0),), "p": (Real(1.0),)}

    def __init__(self, k: float = 2.0, p: float = 6.0):
        self.k = k
        self.p = p

    def defaults(self, spec: DataSpec) -> dict:
        """Return the penalty, and five critic updates as WGAN-GP makes them."""
        return {"regularizers": [("div", {"weight": self.k, "power": self.p})], "n_critic": 5}
