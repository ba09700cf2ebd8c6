"""What labels are, and what `sample` does with them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import chisquare

from skgan.testing._common import by_label, differ, expect, fitted_on, fresh, labels, refuses, same, table


def check_fit_without_labels(estimator: Any) -> None:
    """``fit(X)`` works; asking such an estimator for labels is refused."""
    fitted = fresh(estimator).fit(table())
    expect(fitted.sample(4).shape == (4, 3), "sample must work after fit without labels")
    refuses(fitted.sample, 4, y=0, because="it was fitted without labels")
    refuses(fitted.sample, 4, return_y=True, because="it was fitted without labels")


@by_label
def check_ways_to_give_labels_agree(fitted: Any) -> None:
    """A label for all rows is that label n times, and n follows from the labels."""
    label = fitted.classes_[1]
    expected = fitted.sample(6, y=[label] * 6, random_state=0)
    for way in (
        fitted.sample(6, y=label, random_state=0),
        fitted.sample(6, y=label.item(), random_state=0),
        fitted.sample(y=np.array([label] * 6), random_state=0),
    ):
        same(way, expected, "a scalar label, and labels without n_samples,")


@by_label
def check_labels_matter(fitted: Any) -> None:
    """With one seed, two labels give different rows, and a row with the same label stays."""
    first, second = fitted.classes_[:2]
    plain = fitted.sample(y=[first] * 4, random_state=0)
    mixed = fitted.sample(y=[first, second, second, first], random_state=0)
    differ(plain[1:3], mixed[1:3], "rows of two labels")
    same(plain[[0, 3]], mixed[[0, 3]], "rows whose label stayed")


@by_label
def check_bad_labels_refused(fitted: Any) -> None:
    """An unknown label, and labels of another number than n_samples, are refused with ValueError."""
    label = fitted.classes_[0]
    for n, y in ((3, -999), (3, [label, -999, label]), (3, [label] * 2), (None, [])):
        refuses(fitted.sample, n, y=y, because=f"y is {y!r} for {n} rows", error=ValueError)


@by_label
def check_return_y(fitted: Any) -> None:
    """``return_y`` gives the labels asked for, in the classes' dtype, or the labels drawn; and the same rows."""
    asked = np.resize(fitted.classes_[::-1], 8)
    X, y = fitted.sample(y=asked, random_state=0, return_y=True)
    same(y, asked, "labels returned")
    expect(y.dtype == fitted.classes_.dtype, f"labels returned must be {fitted.classes_.dtype}, not {y.dtype}")
    same(X, fitted.sample(y=asked, random_state=0), "rows without return_y")
    X, y = fitted.sample(8, random_state=0, return_y=True)
    expect(y.shape == (8,) and np.isin(y, fitted.classes_).all(), "labels drawn must be of classes_")
    same(X, fitted.sample(y=y, random_state=0), "rows asked for by the labels that were drawn with them")


def check_labels_of_any_type(estimator: Any) -> None:
    """Texts, negative integers with gaps, booleans and NumPy scalars are labels; ``classes_`` is their sorted set."""
    codes = labels()
    for kinds in (np.array(["", "ä", "zebra"]), np.array([-7, 0, 400]), np.array([False, True, True]), [2**40, 1, 2]):
        y = np.asarray(kinds)[codes]
        for given in (y, list(y), y.tolist()):
            fitted = fitted_on(estimator, y=given)
            if not hasattr(fitted, "classes_"):
                return
            same(fitted.classes_, np.unique(y), f"classes_ of labels of type {type(given[0]).__name__}")
        for label in np.unique(y):
            drawn = [fitted.sample(2, y=way, random_state=0, return_y=True)[1] for way in (label, label.item())]
            same(drawn, np.array([[label] * 2] * 2), "labels returned")


@by_label
def check_labels_drawn_as_often_as_seen(fitted: Any) -> None:
    """Without y, classes are as frequent as in fit: a chi-square test at one seed."""
    counts = np.bincount(labels())
    expect(np.allclose(fitted.class_prior_, counts / counts.sum()), "class_prior_ must be the frequencies in y")
    _, drawn = fitted.sample(2000, random_state=0, return_y=True)
    observed = [(drawn == label).sum() for label in fitted.classes_]
    p = chisquare(observed, 2000 * counts / counts.sum()).pvalue
    expect(p > 1e-6, f"classes must be drawn like {counts / counts.sum()}, not {np.array(observed) / 2000}")
