r"""How much of the training data samples repeat.

A sample *copies* a training row when it lies nearer to it than training rows lie to each other,

.. math:: d_1 < q_{0.01}, \quad d_1 < d_2 / 2,

with d_1, d_2 its distances to the nearest two training rows and q the quantile of the positive d_1 of
training rows among themselves. The second part is needed in many dimensions, where samples of too
little variance are nearer to everything. The bound on d_1 is a quantile of nearest distances, not of all: of
those a fresh draw in the plane often comes below the 0.1 % quantile.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

#: training rows that samples are compared with at once, and in all
_CHUNK, _COMPARED = 4096, 100_000
#: distance, over the median nearest distance of training rows, below which a sample equals a row
_EQUAL = 1e-4


class Copies(NamedTuple):
    """Shares: samples that copy a training row, samples that equal one, training rows that have a twin."""

    copies: float
    duplicates: float
    twins: float


def copying(real: Tensor, places: Tensor, fake: Tensor, chunks: Iterable[Tensor]) -> Copies:
    """Return how much of the training data samples repeat.

    Parameters
    ----------
    real : Tensor
        Training rows, `(n, ...)`, to compare the samples with.
    places : Tensor
        Where they stand among all, `(n,)`.
    fake : Tensor
        Samples, `(m, ...)`.
    chunks : iterable of Tensor
        All training rows in their order, `(k, ...)` each.
    """
    asked = torch.cat([as_vectors(real), as_vectors(fake)])
    nearest = asked.new_full((len(asked), 2), math.inf)
    seen = 0
    for chunk in chunks:
        rows = as_vectors(chunk)
        distances = torch.cdist(asked, rows)
        itself = (places >= seen) & (places < seen + len(rows))
        distances[: len(real)][itself, places[itself] - seen] = math.inf
        seen += len(rows)
        nearest = torch.cat([nearest, distances], dim=1).topk(2, largest=False).values
    ours, theirs = nearest[: len(real)], nearest[len(real) :]
    apart = ours[ours[:, 0] > 0, 0]
    if not len(apart):
        return Copies(math.nan, math.nan, 1.0)
    bound = apart.quantile(0.01)
    copied = [((d[:, 0] < bound) & (d[:, 0] < d[:, 1] / 2)).to(d.dtype).mean() for d in (theirs, ours)]
    equal = (theirs[:, 0] <= _EQUAL * ours[:, 0].median()).to(theirs.dtype).mean()
    return Copies(*torch.stack([copied[0], equal, copied[1]]).tolist())


def in_chunks(n_rows: int) -> list[slice]:
    """Return the pieces in which n training rows are compared with samples; of very many the first only."""
    end = min(n_rows, _COMPARED)
    return [slice(start, min(start + _CHUNK, end)) for start in range(0, end, _CHUNK)]


def as_vectors(rows: Tensor) -> Tensor:
    """Return rows as `(n, d)` in float64, where the device has it."""
    return rows.detach().flatten(1).to(torch.float32 if rows.device.type == "mps" else torch.float64)
