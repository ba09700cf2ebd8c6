"""What `sample` returns, and what a seed decides."""

from __future__ import annotations

import random
from typing import Any
from unittest import SkipTest

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from skgan.testing._common import differ, expect, fitted_on, fresh, global_generators, labels, refuses, same, table


def check_sample_before_fit(estimator: Any) -> None:
    """`sample` of an estimator that was not fitted raises NotFittedError."""
    refuses(fresh(estimator).sample, 3, because="it is not fitted", error=NotFittedError)


def check_sample_has_shape_of_data(estimator: Any) -> None:
    """``sample(n)`` has n rows as wide as X, finite, contiguous and the caller's own; ``sample()`` has one."""
    X = table()
    fitted = fitted_on(estimator)
    for n in (1, 7, len(X) + 5):
        samples = fitted.sample(n)
        expect(samples.shape == (n, X.shape[1]), f"sample({n}) must have shape {(n, X.shape[1])}, not {samples.shape}")
        expect(np.isfinite(samples).all(), "samples must be finite")
        expect(samples.flags.c_contiguous and samples.flags.writeable, "samples must be contiguous and writable")
    expect(len(fitted.sample()) == 1, "sample() must return one row")


def check_sample_keeps_dtype(estimator: Any) -> None:
    """Samples have the dtype of X: floats of both widths, integers, bytes."""
    for dtype in (np.float64, np.float32, np.int64, np.int16, np.uint8):
        X = np.clip(table() * [0.1, 10, 1000], 0, 250).astype(dtype)
        samples = fitted_on(estimator, X).sample(5)
        expect(samples.dtype == dtype, f"samples of {np.dtype(dtype)} data must not be {samples.dtype}")


def check_sample_keeps_units(estimator: Any) -> None:
    """Samples of columns around 1000, -3 and 0.02 lie where those columns lie."""
    X = table()
    low, high = X.min(axis=0), X.max(axis=0)
    middle = np.median(fitted_on(estimator).sample(50, random_state=0), axis=0)
    inside = (middle >= 2 * low - high) & (middle <= 2 * high - low)
    expect(inside.all(), f"the medians of the samples, {middle}, must lie near the columns' ranges {low} to {high}")


def check_sample_keeps_images(estimator: Any) -> None:
    """Images `(n, h, w)` come back with their axes, where the tags say that three axes are welcome."""
    if not get_tags(estimator).input_tags.three_d_array:
        return
    images = np.random.RandomState(0).randint(256, size=(12, 4, 5)).astype(np.uint8)
    samples = fresh(estimator).fit(images).sample(3)
    expect(samples.shape == (3, 4, 5), f"samples of images (4, 5) must not have shape {samples.shape}")
    expect(samples.dtype == np.uint8, f"samples of uint8 images must not be {samples.dtype}")


def check_sample_keeps_dataframe(estimator: Any) -> None:
    """A DataFrame comes back as one, with its columns, their order and each one's dtype."""
    try:
        import pandas as pd
    except ImportError:
        raise SkipTest("pandas is not installed") from None
    X = pd.DataFrame(table(), columns=["zeta", "alpha", "mid point"]).assign(count=np.arange(60) % 7)
    X = X.astype({"alpha": np.float32, "count": np.int16})
    samples = fresh(estimator).fit(X, labels()).sample(5)
    expect(isinstance(samples, pd.DataFrame), f"samples of a DataFrame must not be a {type(samples).__name__}")
    expect(list(samples.columns) == list(X.columns), f"columns must be {list(X.columns)}, not {list(samples.columns)}")
    expect(list(samples.dtypes) == list(X.dtypes), f"dtypes must be {list(X.dtypes)}, not {list(samples.dtypes)}")


def check_sample_refuses_bad_numbers(estimator: Any) -> None:
    """No, fewer than no, half a sample, or a number in quotes is refused with ValueError or TypeError."""
    fitted = fitted_on(estimator)
    for bad in (0, -1, 1.5, "3"):
        refuses(fitted.sample, bad, because=f"n_samples is {bad!r}")


def check_short_sample_is_head_of_long_one(estimator: Any) -> None:
    """With one seed, ``sample(10)`` is the head of ``sample(100)``."""
    fitted = fitted_on(estimator)
    same(fitted.sample(100, random_state=3)[:10], fitted.sample(10, random_state=3), "a short sample's rows")


def check_seed_decides_sample(estimator: Any) -> None:
    """One seed draws the same rows again, another seed others; a RandomState is a seed too."""
    fitted = fitted_on(estimator)
    for make in (int, np.random.RandomState):
        same(fitted.sample(9, random_state=make(1)), fitted.sample(9, random_state=make(1)), "rows of one seed")
        differ(fitted.sample(9, random_state=make(1)), fitted.sample(9, random_state=make(2)), "rows of two seeds")


def check_calls_without_seed_differ(estimator: Any) -> None:
    """Two calls without a seed differ, but an equal fit repeats the same two."""
    first, second = fitted_on(estimator), fitted_on(estimator)
    draws = [first.sample(9), first.sample(9)]
    differ(draws[0], draws[1], "two calls without a seed")
    for draw in draws:
        same(draw, second.sample(9), "what an equal fit draws")


def check_global_generators_untouched(estimator: Any) -> None:
    """Neither fit nor sample nor score reads or moves the generators of NumPy, Python and torch."""
    before = global_generators()
    fitted = fitted_on(estimator)
    for seed in (None, 0):
        fitted.sample(5, random_state=seed)
    if hasattr(fitted, "score"):
        fitted.score(table(), labels())
    for name, state in global_generators().items():
        expect(before.get(name, state) == state, f"the global generator of {name} must stay where it is")


def check_global_generators_unread(estimator: Any) -> None:
    """An equal fit draws equal rows whatever the global generators hold."""
    kept = np.random.get_state(), random.getstate()
    draws = []
    try:
        for seed in (1, 2):
            np.random.seed(seed)
            random.seed(seed)
            draws.append(fitted_on(estimator).sample(5, random_state=0))
    finally:
        np.random.set_state(kept[0])
        random.setstate(kept[1])
    same(draws[0], draws[1], "what is drawn under another global seed")
