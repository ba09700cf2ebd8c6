"""What must not change: the estimator by `sample`, the data by `fit`, anything by a fit that fails or by a copy."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import joblib
import numpy as np
from sklearn.exceptions import NotFittedError

from skgan.testing._common import (
    CENTRES,
    SPREADS,
    answers,
    changed,
    expect,
    fitted_on,
    fresh,
    labels,
    refuses,
    same,
    table,
    visible,
)


def check_sample_changes_nothing(estimator: Any) -> None:
    """Sampling moves no attribute, no answer about X, and not the training that goes on after it."""
    X, y = table(), labels()
    fitted, watched = fitted_on(estimator), fitted_on(estimator)
    before, said = visible(watched), answers(watched)
    watched.sample(70)
    watched.sample(3, random_state=0)
    expect(visible(watched) == before, f"sample must leave {changed(visible(watched), before)} as they are")
    for name, answer in answers(watched).items():
        same(answer, said[name], f"{name} after sample")
    if hasattr(watched, "partial_fit"):
        rows = [gan.partial_fit(X, y).sample(9, random_state=0) for gan in (fitted, watched)]
        same(rows[0], rows[1], "samples after training on, with samples drawn in between,")


def check_fit_leaves_data_alone(estimator: Any) -> None:
    """X and y are the same after fit, and may be read-only."""
    X, y = table(), labels()
    kept = X.copy(), y.copy()
    fitted_on(estimator, X, y)
    same(X, kept[0], "X after fit")
    same(y, kept[1], "y after fit")
    X.flags.writeable = y.flags.writeable = False
    fitted_on(estimator, X, y)


def check_failed_fit_changes_nothing(estimator: Any) -> None:
    """A fit that raises leaves an unfitted estimator unfitted, and a fitted one as it was."""
    X, y = table(), labels()
    unfitted = fresh(estimator)
    refuses(unfitted.fit, X[:0], y[:0], because="X has no rows")
    refuses(unfitted.sample, 3, because="fit has failed", error=NotFittedError)
    fitted = fitted_on(estimator)
    before, rows = visible(fitted), fitted.sample(5, random_state=0)
    bad = [(X[:0], y[:0], "X has no rows")]
    if hasattr(fitted, "classes_"):
        bad.append((X[:, :2], y[:-1], "X and y differ in length"))
    for bad_X, bad_y, reason in bad:
        refuses(fitted.fit, bad_X, bad_y, because=reason)
        expect(visible(fitted) == before, f"a failed fit must leave {changed(visible(fitted), before)} as they were")
        same(fitted.sample(5, random_state=0), rows, "samples after a failed fit")


def check_copies_sample_alike(estimator: Any) -> None:
    """A pickle, a deep copy and a joblib file draw the same rows, seeded and next in the stream."""
    fitted = fitted_on(estimator)
    fitted.sample(1)
    file = io.BytesIO()
    joblib.dump(fitted, file)
    file.seek(0)
    twins = {
        "pickle": pickle.loads(pickle.dumps(fitted)),
        "deep copy": copy.deepcopy(fitted),
        "joblib file": joblib.load(file),
    }
    seeded, unseeded = fitted.sample(9, random_state=0), fitted.sample(9)
    for name, twin in twins.items():
        same(twin.sample(9, random_state=0), seeded, f"seeded rows of the {name}")
        same(twin.sample(9), unseeded, f"rows that the {name} draws next")


def check_score_prefers_data_to_noise(estimator: Any) -> None:
    """`score` is one finite float, the same again, and higher for the training data than for wide noise."""
    fitted = fitted_on(estimator)
    if not hasattr(fitted, "score"):
        return
    X, y = table(), labels()
    noise = CENTRES + 20 * SPREADS * np.random.RandomState(1).standard_normal(X.shape)
    score = fitted.score(X, y)
    expect(isinstance(score, float) and np.isfinite(score), f"score must be a finite float, not {score!r}")
    expect(score == fitted.score(X, y), "score must be the same for the same data")
    expect(score > fitted.score(noise, y), "score must be higher for the training data than for noise")
