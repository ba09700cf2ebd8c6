"""Orthogonal regularization."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Batch, Real, Regularizer
from skgan.layers import Embedding, EqualizedConv, EqualizedLinear

NAMES = {"ortho": "Orthogonality"}

_EMBEDDINGS = (nn.Embedding, Embedding)
_SCALED = (EqualizedConv, EqualizedLinear)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


class Orthogonality(Regularizer):
    r"""Makes the filters of each layer of the generator orthogonal, of whatever length.

    .. math:: \beta \sum_W \|W W^\top \odot (1 - I)\|_F^2

    W is `(out, everything else)`; vectors and the embeddings of labels are left out. Truncated latents then
    stay in the range that the generator makes good samples of.

    Parameters
    ----------
    weight : float, default=0.0001
        Weight :math:`\beta`, in [0, inf).

    References
    ----------
    .. [1] Brock, Donahue, Simonyan, "Large Scale GAN Training for High Fidelity Natural Image Synthesis", ICLR 2019,
       equation 3.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(regularizers="ortho").set_params(regularizers__ortho__weight=0.001)
    GANEstimator(regularizers=Orthogonality(weight=0.001))
    """

    constraints = {"weight": (Real(0.0),)}
    player = "generator"

    def __init__(self, weight: float = 1e-4):
        self.weight = weight

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of the weights, a scalar."""
        return self.weight * torch.stack([_off_diagonal(matrix) for matrix in _matrices(batch.module)]).sum()


def _matrices(module: nn.Module) -> list[Tensor]:
    """Return the weights of a network as matrices `(out, everything else)` as it uses them, without embeddings."""
    embedding = {id(p) for layer in module.modules() if isinstance(layer, _EMBEDDINGS) for p in layer.parameters()}
    found = []
    for layer in module.modules():
        scale = layer.scale if isinstance(layer, _SCALED) else 1.0
        for weight in layer.parameters(recurse=False):
            if weight.ndim > 1 and id(weight) not in embedding:
                outputs_first = weight.transpose(0, 1) if isinstance(layer, _TRANSPOSED) else weight
                found.append(scale * outputs_first.flatten(1))
    return found


def _off_diagonal(matrix: Tensor) -> Tensor:
    """Return the sum of the squared inner products of different rows.

    Both Gram matrices of a matrix have the same Frobenius norm, so the smaller one is multiplied out.
    """
    smaller = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    return (smaller @ smaller.T).square().sum() - matrix.square().sum(1).square().sum()
