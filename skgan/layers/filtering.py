"""Low-pass filters between a grid and one twice as fine, which keep the two from aliasing.

Filters are convolutions with constant numbers, each channel by itself: linear in what comes in, so derivatives of any
order pass through.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


class Filter(nn.Module):
    r"""Each channel convolved with a filter whose numbers are the products of taps along both axes.

    .. math:: (f * h)_{ij} = g^2 \sum_{k, l} f_k f_l\, h_{i - m + k,\, j - m + l}, \qquad
              f = \mathrm{taps} / \textstyle\sum \mathrm{taps}

    with the margin m; values beyond the edge count as zero.

    Parameters
    ----------
    taps : sequence of float
        The filter along one axis, the same from either end; `(1, 2, 1)` and `(1, 3, 3, 1)` are usual.
    margin : int
        Zeros on each side: lengths grow by twice as many and shrink by the number of taps but one.
    gain : float, default=1.0
        The factor g along each axis, in (0, inf); 2 after zeros were put between values.

    Examples
    --------
    >>> import torch
    >>> from skgan.layers import Filter
    >>> Filter((1, 2, 1), 1)(torch.ones(1, 1, 3, 3))[0, 0, 1]
    tensor([0.7500, 1.0000, 0.7500])
    """

    kernel: Tensor

    def __init__(self, taps: Sequence[float], margin: int, gain: float = 1.0):
        super().__init__()
        self.margin = margin
        self.register_buffer("kernel", _products(taps, gain), persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        """Return h `(n, c, height, width)` filtered."""
        return functional.conv2d(h, _for_each(self.kernel, h), padding=self.margin, groups=h.shape[1])


class FilteredDown(nn.Module):
    r"""Every second value, along both axes, of a filtered image; lengths must be even.

    .. math:: h'_{ij} = \sum_{k, l} f_k f_l\, h_{2i - m + k,\, 2j - m + l}, \qquad
              m = \lfloor (\mathrm{len}(f) - 1) / 2 \rfloor

    A filter of an even length has its middle between the two values of a pair, one of an odd length on the first.

    Parameters
    ----------
    taps : sequence of float, default=(1, 3, 3, 1)
        As those of `Filter`.

    Examples
    --------
    >>> import torch
    >>> from skgan.layers import FilteredDown
    >>> FilteredDown()(torch.ones(2, 3, 8, 6)).shape
    torch.Size([2, 3, 4, 3])
    """

    kernel: Tensor

    def __init__(self, taps: Sequence[float] = (1, 3, 3, 1)):
        super().__init__()
        self.margin = (len(taps) - 1) // 2
        self.register_buffer("kernel", _products(taps, 1.0), persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        """Return `(n, c, height / 2, width / 2)` for h `(n, c, height, width)`."""
        return functional.conv2d(h, _for_each(self.kernel, h), stride=2, padding=self.margin, groups=h.shape[1])


class FilteredUp(nn.Module):
    r"""An image twice as wide and high: zeros between the values, then a filter.

    .. math:: h'_{ij} = 4 \sum_{k, l} f_k f_l\, h^0_{i + m - k,\, j + m - l}, \qquad h^0_{2i,\, 2j} = h_{ij},
              \quad 0 \text{ elsewhere}

    four times the transpose of `FilteredDown`, so that a constant stays what it is away from the edges.

    Parameters
    ----------
    taps : sequence of float, default=(1, 3, 3, 1)
        As those of `Filter`, at least two of them.

    Examples
    --------
    >>> import torch
    >>> from skgan.layers import FilteredUp
    >>> FilteredUp()(torch.ones(2, 3, 4, 3)).shape
    torch.Size([2, 3, 8, 6])
    """

    kernel: Tensor

    def __init__(self, taps: Sequence[float] = (1, 3, 3, 1)):
        super().__init__()
        self.margin = (len(taps) - 1) // 2
        self.more = len(taps) % 2
        self.register_buffer("kernel", _products(taps, 2.0), persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        """Return `(n, c, 2 * height, 2 * width)` for h `(n, c, height, width)`."""
        kernel, channels = _for_each(self.kernel, h), h.shape[1]
        return functional.conv_transpose2d(h, kernel, None, 2, self.margin, self.more, channels)


def _products(taps: Sequence[float], gain: float) -> Tensor:
    """Return the filter of both axes, `(1, 1, taps, taps)`, which sums to the square of the gain."""
    along = torch.tensor(taps, dtype=torch.float64)
    along = gain * along / along.sum()
    return torch.outer(along, along).to(torch.get_default_dtype())[None, None]


def _for_each(kernel: Tensor, h: Tensor) -> Tensor:
    """Return the filter once for each channel of h."""
    return kernel.expand(h.shape[1], -1, -1, -1)
