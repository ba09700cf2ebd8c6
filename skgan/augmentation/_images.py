"""What the augmentations of images share."""

import torch
from torch import Tensor

from skgan.layers.transforms import Draws, rowwise


def cut(x: Tensor, draws: Draws) -> Tensor:
    """Return images `(n, c, h, w)` with a box of half their height and width set to zero; its centre is uniform."""
    kept = []
    for length in x.shape[2:]:
        size = (length + 1) // 2
        start = draws.integers(0, length - size % 2) - size // 2
        places = torch.arange(length, device=x.device) - start[:, None]
        kept.append((places < 0) | (places >= size))
    rows, columns = kept
    return x * (rows[:, None, :, None] | columns[:, None, None, :])


def only(chosen: Tensor, changed: Tensor, x: Tensor) -> Tensor:
    """Return changed rows where `chosen` `(n,)`, and the rows of x elsewhere, to the bit."""
    return torch.where(rowwise(chosen, x), changed, x)
