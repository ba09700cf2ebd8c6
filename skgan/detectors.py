r"""Does the generator repeat itself, or the training data? Figures for `history_` and warnings in words.

Two figures tell of collapse. *Coverage* is the share of real rows whose ball, reaching to the fifth
nearest other real row, holds a sample; *spread* is the median distance between two samples over that
between two real rows. Coverage does not see half the variance, spread does not see five points that
are repeated; together they see both.

What a copy is says `skgan.metrics._copying`, which the metric "copies" shares.

Everything is measured as the networks see the samples that a user gets, in float64 where there is one.

References
----------
.. [1] Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", ICML 2020.
.. [2] Meehan et al., "A Non-Parametric Test to Detect Data-Copying in Generative Models", AISTATS 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor

from skgan.metrics._copying import Copies, as_vectors, copying, in_chunks
from skgan.validation import sentence

__all__ = ["Copies", "collapse", "complaint_of_collapse", "complaint_of_copying", "copying", "in_chunks"]

#: rows, and as many samples, that are looked at; fewer rows than FEWEST_ROWS are too few to tell
MOST_ROWS, FEWEST_ROWS = 500, 50
#: updates of a fit before which a poor sample means that there is more to train, not that training went wrong
FEWEST_UPDATES = 500
#: neighbours that a row's ball reaches to
NEIGHBOURS = 5
#: coverage and spread of samples that deserve a look
LOWEST_COVERAGE, SPREADS = 0.65, (0.6, 1.7)
#: share of copies, above that of training rows among themselves, that deserves a look; and the largest such share
#: of training rows at which it can be told
MOST_COPIES, MOST_TWINS = 0.2, 0.05


def collapse(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Return coverage and spread of samples `fake`, `(m, ...)`, beside real rows, `(n, ...)`; n above `NEIGHBOURS`."""
    real, fake = as_vectors(real), as_vectors(fake)
    among_real = torch.cdist(real, real)
    radii = among_real.kthvalue(NEIGHBOURS + 1, dim=1).values
    covered = torch.cdist(real, fake).min(dim=1).values <= radii
    spread = _median_pair(torch.cdist(fake, fake)) / _median_pair(among_real)
    coverage, spread = torch.stack([covered.to(spread.dtype).mean(), spread]).tolist()
    return {"coverage": coverage, "spread": spread}


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


def _median_pair(distances: Tensor) -> Tensor:
    """Return the median of the distances between two different rows."""
    n = len(distances)
    return distances[tuple(torch.triu_indices(n, n, 1, device=distances.device))].median()
