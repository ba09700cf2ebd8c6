"""What the checks have in common: a small table, a few questions, and how a failure is told."""

from __future__ import annotations

import pickle
import random
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from sklearn.base import clone

Check = Callable[[Any], None]

CENTRES, SPREADS = np.array([1000.0, -3.0, 0.02]), np.array([5.0, 1.0, 0.01])
PRIOR = np.array([0.5, 0.35, 0.15])


def table() -> np.ndarray:
    """Return 60 rows of three columns in units far apart."""
    return CENTRES + SPREADS * np.random.RandomState(0).standard_normal((60, 3))


def labels() -> np.ndarray:
    """Return 60 labels 0, 1, 2, as often as `PRIOR` says, in no order."""
    return np.random.RandomState(0).permutation(np.repeat(np.arange(3), (60 * PRIOR).astype(int)))


def fresh(estimator: Any) -> Any:
    """Return an unfitted clone with a fixed seed."""
    estimator = clone(estimator)
    return estimator.set_params(random_state=0) if "random_state" in estimator.get_params() else estimator


def fitted_on(estimator: Any, X: Any = None, y: Any = None) -> Any:
    """Return a clone fitted on X and y, the table and its labels by default."""
    return fresh(estimator).fit(table() if X is None else X, labels() if y is None else y)


def by_label(check: Check) -> Check:
    """Make a check of a fitted estimator that samples by label; one that cannot must say so when asked."""

    @wraps(check)
    def check_or_refusal(estimator: Any) -> None:
        fitted = fitted_on(estimator)
        if hasattr(fitted, "classes_"):
            check(fitted)
        else:
            refuses(fitted.sample, 3, y=0, because="it has no classes_ to sample by")

    return check_or_refusal


def answers(fitted: Any) -> dict[str, Any]:
    """Return what the estimator says of X, by method."""
    X, y = table(), labels()
    said = {name: getattr(fitted, name)(X) for name in ("transform", "decision_function") if hasattr(fitted, name)}
    return said | ({"score": fitted.score(X, y)} if hasattr(fitted, "score") else {})


def visible(estimator: Any) -> dict[str, str]:
    """Return the parameters and public attributes as text, arrays in full."""
    public = {name: value for name, value in vars(estimator).items() if not name.startswith("_")}
    return {name: repr(value.tolist() if hasattr(value, "tolist") else value) for name, value in public.items()}


def changed(now: dict[str, str], before: dict[str, str]) -> list[str]:
    """Return the names of the attributes that differ."""
    return sorted(name for name in now.keys() | before.keys() if now.get(name) != before.get(name))


def global_generators() -> dict[str, Any]:
    """Return the states of the global generators of all loaded libraries."""
    states: dict[str, Any] = {"NumPy": pickle.dumps(np.random.get_state()), "Python": random.getstate()}
    torch = sys.modules.get("torch")
    return states if torch is None else states | {"torch": torch.get_rng_state().numpy().tobytes()}


def expect(condition: Any, message: str) -> None:
    """Assert, also under ``python -O``."""
    if not condition:
        raise AssertionError(message)


def same(value: Any, expected: Any, what: str) -> None:
    """Expect equal values."""
    expect(np.array_equal(np.asarray(value), np.asarray(expected)), f"{what} must be the same, bit for bit")


def differ(value: Any, other: Any, what: str) -> None:
    """Expect different values."""
    expect(not np.array_equal(np.asarray(value), np.asarray(other)), f"{what} must differ")


def refuses(method: Callable, *args: Any, because: str, error: Any = (ValueError, TypeError), **kwargs: Any) -> None:
    """Expect `method` to raise `error`."""
    try:
        method(*args, **kwargs)
    except error:
        return
    raise AssertionError(f"{method.__name__} must raise {getattr(error, '__name__', 'an error')} because {because}")
