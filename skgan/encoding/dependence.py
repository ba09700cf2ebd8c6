"""Columns that follow from another: each value of the other comes with one value of theirs.

Networks need not learn, and never miss, what is a table of pairs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

#: rows for each category of the other column, on average, from which a rule is believed; and its categories at most
ROWS_OF_EACH, MOST_LEVELS = 20, 2000


def found(codes: Sequence[np.ndarray | None], fixed: Sequence[bool]) -> dict[int, tuple[int, np.ndarray]]:
    """Return for each column that follows from another that column's place and the code for each of its codes.

    Parameters
    ----------
    codes : sequence of array or None
        The categories of each column, `(n,)`; None for a column of numbers.
    fixed : sequence of bool
        Which columns shall not follow, since their encoder was asked for.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.dependence import found
    >>> city, country = np.tile([0, 1, 2], 40), np.tile([0, 1, 1], 40)
    >>> found([city, country], [False, False])
    {1: (0, array([0, 1, 1]))}
    """
    follows: dict[int, tuple[int, np.ndarray]] = {}
    sources: set[int] = set()
    widths = [0 if own is None else int(own.max(initial=-1)) + 1 for own in codes]
    for place, own in enumerate(codes):
        if own is None or fixed[place] or place in sources or widths[place] < 2:
            continue
        for source, other in enumerate(codes):
            if other is None or source == place or source in follows or not widths[place] <= widths[source]:
                continue
            if widths[source] > MOST_LEVELS or len(other) < ROWS_OF_EACH * widths[source]:
                continue
            if widths[source] == widths[place] and source > place:
                continue
            mapping = _mapping(other, own, widths[source])
            if mapping is not None:
                follows[place] = (source, mapping)
                sources.add(source)
                break
    return follows


def check(follows: Mapping[int, tuple[int, np.ndarray]], widths: Sequence[int]) -> None:
    """Refuse rules that cannot have been found."""
    for place, (source, mapping) in follows.items():
        if not 0 <= source < len(widths) or source in follows or mapping.dtype != np.int64:
            raise ValueError("a column follows from one that there is not")
        if mapping.shape != (widths[source],) or mapping.min() < 0 or mapping.max() >= widths[place]:
            raise ValueError("a column follows from one with other categories")


def _mapping(other: np.ndarray, own: np.ndarray, width: int) -> np.ndarray | None:
    mapping = np.zeros(width, np.int64)
    mapping[other] = own
    return mapping if np.array_equal(mapping[other], own) else None
