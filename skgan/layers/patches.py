"""A stack of convolutions that looks at every patch of an image."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.layers.convolution import halving
from skgan.layers.grid import widths

#: the side of the patch that one place sees, by the number of halvings
SEES = (7, 16, 34, 70)


class Patches(nn.Module):
    r"""Halvings, then two convolutions four wide: each place of the result sees a patch of the image.

    With 0, 1, 2, 3 halvings the patch is 7, 16, 34, 70 pixels wide.

    Parameters
    ----------
    inputs : int
        Channels of the image.
    size : tuple of int
        Its height and width.
    halvings : int or None
        How many; None takes the most, up to 3, whose patch is not wider than the image's longer side, but one where
        that is 8 or more.
    first, most : int
        Channels of the first layer, doubled at each further one up to `most`.
    """

    def __init__(self, inputs: int, size: tuple[int, ...], halvings: int | None, first: int, most: int):
        super().__init__()
        if halvings is None:
            fitting = [i for i, side in enumerate(SEES) if side <= max(size)]
            halvings = max([*fitting, 1 if max(size) >= 8 else 0])
        channels = [inputs, *widths(halvings + 2, first, most)]
        pairs = list(pairwise(channels))
        self.halvings = nn.ModuleList(halving(2, *pair) for pair in pairs[:halvings])
        self.last = nn.ModuleList(nn.Conv2d(*pair, 4) for pair in pairs[halvings:])
        self.margin = [m for length in reversed(size) for m in (0, -length % 2**halvings)]
        self.out_channels = channels[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Return features `(n, out_channels, h', w')` for images `(n, inputs, h, w)`, h' = ceil(h / 2^halvings)."""
        h = functional.pad(x, self.margin) if any(self.margin) else x
        for layer in self.halvings:
            h = functional.leaky_relu(layer(h), 0.2)
        for layer, margin in zip(self.last, ((1, 2, 1, 2), (2, 1, 2, 1)), strict=True):
            h = functional.leaky_relu(layer(functional.pad(h, margin)), 0.2)
        return h


def rows_of_places(h: Tensor) -> Tensor:
    """Return `(n h w, c)`, one row a place, of `(n, c, h, w)`."""
    return torch.movedim(h, 1, -1).flatten(0, 2)
