"""Numbers for how good samples are: their direction, and what they may depend on."""

from __future__ import annotations

import copy
import json
import math
from typing import Any
from unittest import SkipTest

import numpy as np

from skgan.interfaces import Metric, Score
from skgan.testing._common import expect, global_generators
from skgan.testing.term_checks import global_seed, visible


def sets(seed: int, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Return rows `(n, 4)` around three centres, and which one each is around."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return 12.0 * np.eye(4)[y] + rng.standard_normal((n, 4)), y


def as_seen_by(part: Metric, X: np.ndarray) -> np.ndarray:
    """Return rows as a metric takes them: as they are, or as images of 8x8 pixels that differ as the rows do."""
    kinds = part.tags().kinds
    if kinds is None or "vector" in kinds:
        return X
    patterns = np.random.default_rng(7).standard_normal((X.shape[1], 64))
    return (X @ patterns).reshape(len(X), 1, 8, 8).astype(X.dtype)


def score(part: Metric, real: Any, fake: Any) -> Score:
    """Return what a metric says of two labelled sets."""
    return part(as_seen_by(part, real[0]), as_seen_by(part, fake[0]), y_real=real[1], y_fake=fake[1])


def check_score_knows_how_it_came_about(part: Metric) -> None:
    """A metric returns a finite `Score` whose direction is the class's and whose protocol names the metric."""
    got = score(part, sets(0), sets(1))
    expect(isinstance(got, Score), f"a metric must return a skgan.interfaces.Score; got {type(got).__name__}")
    expect(math.isfinite(got), f"the score must be finite; got {float(got)}")
    same = got.greater_is_better == part.greater_is_better
    expect(same, f"the score's direction must be the class's, greater_is_better={part.greater_is_better}")
    expect("metric" in got.protocol, f"the protocol must name the 'metric'; it has {sorted(got.protocol)}")
    json.dumps(got.protocol)


def check_equal_sets_score_better(part: Metric) -> None:
    """Two draws of one distribution score better than draws of two that lie far apart, in the declared direction.

    A metric that looks for one fault only, by its tag ``one_sided``, need not.
    """
    if part.tags().one_sided:
        raise SkipTest("it looks for one fault only")
    real, fake = sets(0), sets(1)
    far = np.roll(fake[0], 1, axis=1) * 3 + 40, fake[1]
    near_by, far_off = float(score(part, real, fake)), float(score(part, real, far))
    better = near_by > far_off if part.greater_is_better else near_by < far_off
    direction = "above" if part.greater_is_better else "below"
    expect(better, f"equal distributions must score {direction} different ones; got {near_by:.4g} and {far_off:.4g}")


def check_order_of_rows_does_not_matter(part: Metric) -> None:
    """The score is the same for rows in another order."""
    real, fake = sets(0), sets(1)
    order = np.random.default_rng(2).permutation(len(real[0]))
    expected = float(score(part, real, fake))
    got = float(score(part, (real[0][order], real[1][order]), (fake[0][order[::-1]], fake[1][order[::-1]])))
    near = math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)
    expect(near, f"the score must be {expected:.10g} for rows in another order; got {got:.10g}")


def check_score_is_the_same_again(part: Metric) -> None:
    """Asked twice a metric says the same; no global generator is read or moved, and no argument changed."""
    twin = copy.deepcopy(part)
    own, scores = visible(twin), []
    for seed in (1, 2):
        real, fake = sets(0), sets(1)
        with global_seed(seed):
            before = global_generators()
            scores.append(float(score(twin, real, fake)))
            moved = [name for name, was in global_generators().items() if before.get(name, was) != was]
        expect(not moved, f"the global generators of {moved} must stay where they are")
        kept = np.array_equal(real[0], sets(0)[0]) and np.array_equal(fake[0], sets(1)[0])
        expect(kept, "the rows must be the same after they were scored")
    expect(scores[0] == scores[1], f"the score must be {scores[0]!r} when asked again; got {scores[1]!r}")
    expect(visible(twin) == own, "the attributes of the object must not change")


def check_sets_may_differ_in_length(part: Metric) -> None:
    """Sets of different lengths, and float32 rows, are scored too."""
    real, fake = sets(0), sets(1, 45)
    got = score(part, (real[0].astype(np.float32), real[1]), (fake[0].astype(np.float32), fake[1]))
    expect(math.isfinite(got), f"the score of 60 and 45 rows in float32 must be finite; got {float(got)}")
