"""Spectral normalisation."""

from torch import nn

from skgan.interfaces import Integer, Regularizer, Tags
from skgan.layers import normalize_spectrally

NAMES = {"spectral-norm": "SpectralNorm", "sn": "SpectralNorm"}


class SpectralNorm(Regularizer):
    r"""Divides each weight of the discriminator by its largest singular value.

    .. math:: W \mapsto W / \sigma(W), \quad \sigma(W) = \max_{\|h\| = 1} \|W h\|

    estimated by power iteration, one round each training forward pass; W is `(out, everything else)`.

    Parameters
    ----------
    n_power_iterations : int, default=1
        Rounds of power iteration, in [1, inf).

    References
    ----------
    .. [1] Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="spectral-norm")
    GANEstimator(loss='nonsaturating', regularizers='spectral-norm')
    """

    constraints = {"n_power_iterations": (Integer(1),)}

    def __init__(self, n_power_iterations: int = 1):
        self.n_power_iterations = n_power_iterations

    def tags(self) -> Tags:
        """Return that it keeps the discriminator's weights small."""
        return Tags(limits_weights=True)

    def prepare(self, module: nn.Module, player: str) -> None:
        """Put the division before every linear, convolutional and label weight of the discriminator."""
        if player == self.player:
            normalize_spectrally(module, rounds=self.n_power_iterations)
