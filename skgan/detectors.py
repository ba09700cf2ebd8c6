r"""Does the generator repeat itself, or the training data? Figures for `history_` and warnings in words.

Two figures tell of collapse. *Coverage* is the share of real rows whose ball, reaching to the fifth
nearest other real row, holds a sample; *spread* is the median distance between two samples over that
between two real rows. Coverage does not see half the variance, spread does not see five points that
are repeated; together they see both.

A sample *copies* a training row when it lies nearer to it than training rows lie to each other,

.. math:: d_1 < q_{0.01}, \quad d_1 < d_2 / 2,

with d_1, d_2 its distances to the nearest two training rows and q the quantile of the positive d_1 of
training rows among themselves. The second part is needed in many dimensions, where samples of too
little variance are nearer to everything. The bound on d_1 is a quantile of nearest distances, not of all: of
those a fresh draw in the plane often comes below the 0.1 % quantile.

Everything is measured as the networks see the samples that a user gets, in float64 where there is one.

References
----------
.. [1] Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020.
.. [2] Meehan et al., "A Non-Parametric Test to Detect Data-Copying in Generative Models", AISTATS 2020.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from skgan.validation import sentence

#: rows, and as many samples, that are looked at; fewer rows than FEWEST_ROWS are too few to tell
MOST_ROWS, FEWEST_ROWS = 500, 50
#: updates of a fit before which a poor sample means that there is more to train, not that training went wrong
FEWEST_UPDATES = 500
#: neighbours that a row's ball reaches to
NEIGHBOURS = 5
#: coverage and spread of samples that deserve a look
LOWEST_COVERAGE, SPREADS = 0.6, (0.6, 1.7)
#: share of copies, above that of training rows among themselves, that deserves a look; and the largest such share
#: of training rows at which it can be told
MOST_COPIES, MOST_TWINS = 0.2, 0.05
#: training rows that samples are compared with at once, and in all
_CHUNK, _COMPARED = 4096, 100_000
#: distance, over the median nearest distance of training rows, below which a sample equals a row
_EQUAL = 1e-4


class Copies(NamedTuple):
    """Shares: samples that copy a training row, samples that equal one, training rows that have a twin."""

    copies: float
    duplicates: float
    twins: float


def collapse(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Return coverage and spread of samples `fake`, `(m, ...)`, beside real rows, `(n, ...)`; n above `NEIGHBOURS`."""
    real, fake = _flat(real), _flat(fake)
    among_real = torch.cdist(real, real)
    radii = among_real.kthvalue(NEIGHBOURS + 1, dim=1).values
    covered = torch.cdist(real, fake).min(dim=1).values <= radii
    spread = _median_pair(torch.cdist(fake, fake)) / _median_pair(among_real)
    coverage, spread = torch.stack([covered.to(spread.dtype).mean(), spread]).tolist()
    return {"coverage": coverage, "spread": spread}


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
    asked = torch.cat([_flat(real), _flat(fake)])
    nearest = asked.new_full((len(asked), 2), math.inf)
    seen = 0
    for chunk in chunks:
        rows = _flat(chunk)
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


def complaint_of_collapse(figures: dict[str, float]) -> str | None:
    """Return a warning when samples leave out much of the data, or vary too little or too much."""
    low, high = SPREADS
    if figures["coverage"] < LOWEST_COVERAGE:
        return sentence(
            f"Samples come near to {figures['coverage']:.0%} of the rows only, where a sound generator",
            f"reaches {LOWEST_COVERAGE:.0%} at least: it may have collapsed to a part of the data, or be trained too",
            "little. Raise max_iter, raise the penalty's weight or lower learning_rate.",
        )
    if figures["spread"] < low or figures["spread"] > high:
        little = figures["spread"] < low
        return sentence(
            f"Samples lie {figures['spread']:.2g} times as far apart as the rows do, outside [{low}, {high}]:",
            "the generator may have collapsed." if little else "the generator has not settled.",
            "Raise max_iter, raise the penalty's weight or lower learning_rate.",
        )
    return None


def complaint_of_copying(found: Copies) -> str | None:
    """Return a warning when many samples repeat training rows, as far as the rows do not repeat each other."""
    if found.twins > MOST_TWINS or not found.copies - found.twins > MOST_COPIES:
        return None
    return sentence(
        f"{found.copies:.0%} of the samples nearly repeat a row of the training data, {found.duplicates:.1%} exactly.",
        "The networks may have learned the rows by heart.",
        "Lower max_iter, choose a smaller architecture, set augmentation or give more rows.",
    )


def _flat(rows: Tensor) -> Tensor:
    """Return rows as `(n, d)` in float64, where the device has it."""
    return rows.detach().flatten(1).to(torch.float32 if rows.device.type == "mps" else torch.float64)


def _median_pair(distances: Tensor) -> Tensor:
    """Return the median of the distances between two different rows."""
    n = len(distances)
    return distances[tuple(torch.triu_indices(n, n, 1, device=distances.device))].median()
