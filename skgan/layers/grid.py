"""The grids that convolutional networks begin and end on, for samples of any size."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Grid:
    r"""A sample's size, and the grid of about four by four that halvings by two lead to.

    There are :math:`k = \lfloor \log_2(\max(\text{size}) / 4) \rfloor` halvings, none below 4, and the grid
    measures `ceil(length / 2^k)` each way. What does not divide is padded on the way down and cropped on the way up.

    Parameters
    ----------
    size : tuple of int
        Lengths of a sample without its channels, one to three of them.

    Examples
    --------
    >>> Grid((48, 32)).doublings, Grid((48, 32)).coarse, Grid((7, 13)).coarse
    (3, (6, 4), (4, 7))
    """

    size: tuple[int, ...]

    @property
    def dimensions(self) -> int:
        """How many lengths there are."""
        return len(self.size)

    @property
    def doublings(self) -> int:
        """How often the grid is doubled to reach the size."""
        return max((max(self.size) // 4).bit_length() - 1, 0)

    @property
    def coarse(self) -> tuple[int, ...]:
        """Lengths of the grid."""
        return self.halved(self.doublings)

    def halved(self, times: int) -> tuple[int, ...]:
        """Return the lengths of a padded sample after so many halvings, at most `doublings`."""
        most = self.doublings
        return tuple(math.ceil(length / 2**most) * 2 ** (most - times) for length in self.size)

    def padded(self, x: Tensor) -> Tensor:
        """Return x `(n, c, *size)` with zeros at its far ends, so that every halving divides."""
        missing = [full - length for full, length in zip(self.halved(0), self.size, strict=True)]
        margins = [margin for length in reversed(missing) for margin in (0, length)]
        return functional.pad(x, margins) if any(missing) else x

    def cropped(self, x: Tensor) -> Tensor:
        """Return the beginning of x, `(n, c, *size)`."""
        return x[(slice(None), slice(None), *(slice(length) for length in self.size))]


def widths(count: int, first: int, most: int) -> list[int]:
    """Return the channels at `count` resolutions, the finest first: doubled each time, up to `most`."""
    return [min(first * 2**i, most) for i in range(count)]
