"""A linear layer of several inputs, as if they stood side by side, which nobody has to put there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

#: columns that libraries multiply at once; they take a quarter longer for an odd number
_EVEN = 16


class Marks(NamedTuple):
    """The entries of a matrix `(n, width)` that are not 0: in which row, which column, and what they are."""

    rows: Tensor
    columns: Tensor
    values: Tensor
    width: int

    @classmethod
    def of(cls, matrix: Tensor) -> Marks:
        """Return those of a matrix, row by row; on a GPU its host waits for them."""
        rows, columns = matrix.nonzero(as_tuple=True)
        return cls(rows, columns, matrix[rows, columns], matrix.shape[1])

    def matrix(self, n: int) -> Tensor:
        """Return the matrix of n rows again."""
        whole = self.values.new_zeros(n, self.width)
        whole[self.rows, self.columns] = self.values
        return whole


def joined(layer: nn.Linear, inputs: Sequence[Tensor | Marks]) -> Tensor:
    r"""Return what a linear layer makes of inputs side by side.

    .. math:: [x_1, x_2, \dots] W^\top + b = x_1 W_1^\top + x_2 W_2^\top + \dots + b

    No gradient is computed for inputs that need none, and where an input is given by its marks the weights of its
    other entries are not looked at.

    Parameters
    ----------
    layer : nn.Linear
        The layer.
    inputs : sequence of Tensor or Marks
        Of shape `(n, width)` each; the first is a tensor.

    Returns
    -------
    Tensor
        Of shape `(n, layer.out_features)`.
    """
    device = layer.weight.device.type
    if torch.is_autocast_enabled(device):  # one sum, rounded once
        matrices = [each.matrix(len(inputs[0])) if isinstance(each, Marks) else each for each in inputs]
        return layer(torch.cat(matrices, 1))
    widths = [each.width if isinstance(each, Marks) else each.shape[1] for each in inputs]
    missing = 0 if torch.is_grad_enabled() else -layer.out_features % _EVEN
    bias = None if layer.bias is None else _filled_up(layer.bias, missing)
    weights = _filled_up(layer.weight, missing).split(widths, 1)
    first = inputs[0]
    assert isinstance(first, Tensor)
    found = functional.linear(first, weights[0], bias)
    for given, weight in zip(inputs[1:], weights[1:], strict=True):
        if isinstance(given, Marks):
            if len(given.rows):
                found.index_add_(0, given.rows, weight.t()[given.columns] * given.values[:, None])
        else:
            found.addmm_(given, weight.t())
    return found[:, : layer.out_features] if missing else found


def _filled_up(tensor: Tensor, missing: int) -> Tensor:
    """Return weights or a bias with outputs that are always 0 after its own."""
    return torch.cat([tensor, tensor.new_zeros(missing, *tensor.shape[1:])]) if missing else tensor
