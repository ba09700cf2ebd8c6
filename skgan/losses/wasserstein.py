"""The Wasserstein loss."""

from skgan.interfaces import DataSpec
from skgan.losses._critic import Critic
from skgan.losses._custom import PENALTY_OF_IMAGES, PENALTY_PER_FEATURE

NAMES = {"wasserstein": "Wasserstein"}


class Wasserstein(Critic):
    r"""The difference of the critic's means, with one critic update for each of the generator's.

    .. math:: L_D = D(G(z)) - D(x), \qquad L_G = -D(G(z))

    Bare, nothing bounds the critic's slope and it diverges. By its defaults it comes with the zero-centred
    penalty ``"r1"``, under which it converges and estimates a multiple of the distance; other
    ``regularizers`` replace it, such as ``"spectral-norm"``.

    References
    ----------
    .. [1] Arjovsky, Chintala, Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017, equation 3.
    .. [2] Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="wasserstein", regularizers="spectral-norm")
    GANEstimator(loss='wasserstein', regularizers='spectral-norm')
    """

    def defaults(self, spec: DataSpec) -> dict:
        """Return the penalty, weighted for the number of features."""
        weight = PENALTY_PER_FEATURE * spec.n_values if spec.kind == "vector" else PENALTY_OF_IMAGES
        return {"regularizers": [("r1", {"weight": weight})]}
