"""Spectral normalisation."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from skgan.interfaces import Integer, Regularizer
from skgan.layers import LabelEmbedding

NAMES = {"spectral-norm": "SpectralNorm", "sn": "SpectralNorm"}

_WEIGHTED = (
    LabelEmbedding,
    nn.Linear,
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)


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

    def prepare(self, module: nn.Module, player: str) -> None:
        """Put the division before every linear, convolutional and label weight of the discriminator."""
        if player != self.player:
            return
        for layer in list(module.modules()):
            if isinstance(layer, _WEIGHTED):
                spectral_norm(layer, n_power_iterations=self.n_power_iterations, eps=1e-12)
