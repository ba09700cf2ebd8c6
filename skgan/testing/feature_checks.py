"""What samples are compared by: maps learned from real rows, the same each time, one row at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skgan.interfaces import Features
from skgan.testing._common import expect, global_generators
from skgan.testing.metric_checks import as_seen_by, sets
from skgan.testing.term_checks import global_seed

#: rows that are learned from, and samples that are asked about
N = 24


def look(part: Features, seed: int = 0) -> Callable[[np.ndarray], np.ndarray]:
    """Return what a part learns from the rows of a seed and their classes."""
    X, y = sets(seed, N)
    return part.learn(as_seen_by(part, X), y)


def samples(part: Features, n: int = N) -> np.ndarray:
    """Return samples that nothing was learned from."""
    return as_seen_by(part, sets(1, n)[0])


def check_features_are_vectors(part: Features) -> None:
    """A map gives one finite vector for each sample, all of one width."""
    see = look(part)
    first, second = np.asarray(see(samples(part))), np.asarray(see(samples(part, 7)))
    fits = first.ndim == 2 and len(first) == N and second.shape == (7, first.shape[1])
    expect(fits, f"a map must give vectors (n, d); got shapes {first.shape} and {second.shape} for {N} and 7 samples")
    expect(np.isfinite(first).all(), "the vectors must be finite")


def check_features_differ_where_samples_do(part: Features) -> None:
    """Samples that differ have vectors that differ."""
    vectors = np.asarray(look(part)(samples(part)))
    expect((vectors != vectors[:1]).any(axis=1).sum() == N - 1, "samples that differ must have vectors that differ")


def check_each_sample_is_seen_alone(part: Features) -> None:
    """A sample's vector does not depend on the others that are asked about."""
    see = look(part)
    among, alone = np.asarray(see(samples(part)))[:5], np.asarray(see(samples(part)[:5]))
    near = np.allclose(among, alone, rtol=1e-4, atol=1e-5 * np.abs(among).max())
    expect(near, "the vector of a sample must be the same whatever other samples are asked about")


def check_learning_again_gives_the_same(part: Features) -> None:
    """What is learned twice is the same, bit for bit; no global generator is read or moved, and no row changed."""
    found = []
    X, y = sets(0, N)
    X = as_seen_by(part, X)
    kept = X.copy()
    for seed in (1, 2):
        with global_seed(seed):
            before = global_generators()
            found.append(np.asarray(part.learn(X, y)(samples(part))))
            moved = [name for name, was in global_generators().items() if before.get(name, was) != was]
        expect(not moved, f"the global generators of {moved} must stay where they are")
    expect(np.array_equal(found[0], found[1]), "what is learned again must be the same, bit for bit")
    expect(np.array_equal(X, kept), "the rows must be the same after they were learned from")


def check_learning_is_declared(part: Features) -> None:
    """What does not say that it learns, by ``learns``, gives the same map whatever the rows are."""
    same = np.array_equal(look(part)(samples(part)), look(part, 5)(samples(part)))
    expect(same or part.learns, "a map that depends on the real rows must be declared with learns = True")


def check_probabilities_are_probabilities(part: Features) -> None:
    """Where a map tells classes, its ``probabilities`` are rows that sum to 1."""
    see: Any = look(part)
    if not hasattr(see, "probabilities"):
        return
    p = np.asarray(see.probabilities(samples(part)))
    fits = p.ndim == 2 and len(p) == N and (p >= 0).all() and np.allclose(p.sum(axis=1), 1, atol=1e-6)
    expect(fits, "probabilities must be rows of numbers from 0 that sum to 1")
