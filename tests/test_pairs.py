"""Losses, discriminator regularizers and conditionings in all pairs: each runs, or is refused with a reason."""

import itertools

import numpy as np
import pytest
from scenes import ROWS, classes, data, of_tables, scene, small

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError

LOSSES = [registry.provenance("loss", part)["name"] for part in classes("loss")]
REGULARIZERS = [
    registry.provenance("regularizer", part)["name"]
    for part in classes("regularizer")
    if part().player in ("discriminator", "both") and not of_tables(part())
]
CONDITIONINGS = [registry.provenance("conditioning", part)["name"] for part in classes("conditioning")]
STEPS = 20


def pairwise_cover(*factors):
    """Return rows of values so that each pair of values of two factors is in some row, greedily few."""
    missing = {
        ((i, a), (j, b))
        for (i, first), (j, second) in itertools.combinations(enumerate(factors), 2)
        for a in first
        for b in second
    }
    rows = []
    while missing:
        (i, a), (j, b) = min(missing, key=repr)
        row = {i: a, j: b}
        for k, values in enumerate(factors):
            if k not in row:
                row[k] = max(values, key=lambda v: sum(_pair((k, v), item) in missing for item in row.items()))
        missing -= {_pair(*two) for two in itertools.combinations(row.items(), 2)}
        rows.append(tuple(row[k] for k in range(len(factors))))
    return rows


def _pair(first, second):
    return tuple(sorted((first, second), key=lambda item: item[0]))


COVER = pairwise_cover(LOSSES, REGULARIZERS, CONDITIONINGS)


def numbers_of(gan):
    arrays, _ = gan._model_.stored()
    figures = [values for name, values in gan.history_.items() if not name.startswith("seconds")]
    return [*(array for array in arrays.values() if array.dtype.kind == "f"), *map(np.asarray, figures)]


def run(loss, regularizer, conditioning):
    """Return what refused the three, or nothing after `STEPS` steps of finite numbers."""
    X, y = data("vector", "classes")
    energy = registry.resolve("loss", loss)().tags().meaning == "energy"
    gan = GANEstimator(
        loss,
        regularizers=regularizer,
        conditioning=conditioning,
        architecture=small("architecture", "autoencoder-d") if energy else MLP(width=8, depth=1),
        prior="codes" if registry.resolve("regularizer", regularizer)().tags().reads_codes else "gaussian",
        latent_dim=16,
        batch_size=ROWS,
        n_critic=1,
        max_iter=STEPS,
        random_state=0,
    )
    try:
        gan.fit(X, y)
    except IncompatibleComponentError as reason:
        return str(reason)
    assert all(np.isfinite(array).all() for array in numbers_of(gan)), (loss, regularizer, conditioning)
    return ""


def pairs_of(row):
    return {_pair(*two) for two in itertools.combinations(enumerate(row), 2)}


def test_all_pairs_run_or_are_refused_with_a_reason():
    reasons = {row: run(*row) for row in COVER}
    # What two of the three refuse says nothing of the others: give those a neighbour that goes with all.
    again = {(loss, regularizer, "projection") for (loss, regularizer, _), reason in reasons.items() if reason}
    reasons |= {row: run(*row) for row in again - reasons.keys()}

    ran = set().union(*(pairs_of(row) for row, reason in reasons.items() if not reason))
    every = set().union(*map(pairs_of, COVER))
    assert len(ran) >= 0.8 * len(every), sorted(every - ran)
    for row, reason in reasons.items():
        if reason:
            assert "do not go together" in reason
            assert sum(f"'{name}'" in reason for name in (*row, "autoencoder-d")) >= 2, (row, reason)


def test_the_cover_covers():
    rows = set(COVER)
    for i, j in itertools.combinations(range(3), 2):
        factors = (LOSSES, REGULARIZERS, CONDITIONINGS)
        assert {(row[i], row[j]) for row in rows} == set(itertools.product(factors[i], factors[j]))


def random_configuration(rng):
    """Return data and an estimator of parts drawn at random."""
    pick = lambda kind: rng.choice([registry.provenance(kind, part)["name"] for part in classes(kind)])  # noqa: E731
    kind = rng.choice(["architecture", "augmentation", "conditioning"])
    X, y, gan = scene(kind, small(kind, pick(kind)), max_iter=200)
    gan.set_params(
        loss=pick("loss"),
        regularizers=sorted({pick("regularizer") for _ in range(rng.integers(3))}),
        optimizer=pick("optimizer"),
        prior=rng.choice(["gaussian", "uniform", "truncated", "sphere", "codes"]),
        n_discriminators=int(rng.integers(1, 3)),
        random_state=int(rng.integers(1000)),
    )
    return X, y, gan


@pytest.mark.slow
def test_a_hundred_random_valid_configurations_stay_finite():
    rng = np.random.default_rng(0)
    ran = 0
    while ran < 100:
        X, y, gan = random_configuration(rng)
        try:
            gan.fit(X, y)
        except IncompatibleComponentError:
            continue
        ran += 1
        assert all(np.isfinite(array).all() for array in numbers_of(gan)), gan
