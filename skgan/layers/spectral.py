"""Spectral normalisation of all weights of a network."""

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from skgan.layers.convolution import CONVOLUTIONS
from skgan.layers.embedding import LabelEmbedding

WEIGHTED: tuple[type[nn.Module], ...] = (LabelEmbedding, nn.Linear, *CONVOLUTIONS)


def normalize_spectrally(module: nn.Module, kinds: tuple[type[nn.Module], ...] = WEIGHTED, rounds: int = 1) -> None:
    r"""Divide the weights of a module's layers by their largest singular values, from now on.

    .. math:: W \mapsto W / \sigma(W), \quad \sigma(W) = \max_{\|h\| = 1} \|W h\|

    estimated by power iteration; W is `(out, everything else)`.

    Parameters
    ----------
    module : nn.Module
        Changed in place, with all modules in it.
    kinds : tuple of type, optional
        The layers it is done to; by default all linear, convolutional and label weights.
    rounds : int, default=1
        Rounds of power iteration in each training forward pass.
    """
    for layer in list(module.modules()):
        if isinstance(layer, kinds):
            spectral_norm(layer, n_power_iterations=rounds, eps=1e-12)
