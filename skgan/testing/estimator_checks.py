"""What scikit-learn's ``check_estimator`` does not ask of a generative estimator: everything about ``sample``.

The estimator under test has, as `skgan.GANEstimator` has::

    fit(X, y=None)
    sample(n_samples=None, y=None, *, random_state=None, return_y=False)

``X`` is a table of numbers, ``y`` holds class labels, and an estimator that was fitted with labels it
can sample by has ``classes_`` and ``class_prior_``. ``partial_fit``, ``transform``, ``decision_function``
and ``score`` are looked at where there are some. Each check is a function of one unfitted estimator, which
it clones; it returns nothing or raises, in most cases an `AssertionError` that says what was expected.
"""

from __future__ import annotations

from typing import Any
from unittest import SkipTest

from skgan.testing import label_checks, sample_checks, state_checks
from skgan.testing._common import Check

__all__ = ["check_generative_estimator", "generative_checks"]


def generative_checks() -> tuple[Check, ...]:
    """Return all checks, functions of one unfitted estimator, for ``pytest.mark.parametrize``.

    Returns
    -------
    tuple of callable
        Each raises when the estimator breaks the promise it is named after, and `unittest.SkipTest`
        when something it needs, such as pandas, is not installed.

    Examples
    --------
    >>> from skgan.testing import generative_checks
    >>> any(check.__name__ == "check_short_sample_is_head_of_long_one" for check in generative_checks())
    True
    """
    modules = (sample_checks, label_checks, state_checks)
    return tuple(check for module in modules for name, check in vars(module).items() if name.startswith("check_"))


def check_generative_estimator(estimator: Any, *, on_fail: str | None = "raise") -> list[dict[str, Any]]:
    """Put an estimator through all checks of `generative_checks`.

    Use it beside `sklearn.utils.estimator_checks.check_estimator`, which never calls ``sample``.

    Parameters
    ----------
    estimator : estimator
        Unfitted, and cheap to fit: it is fitted about sixty times, on 60 rows.
    on_fail : {"raise"} or None, default="raise"
        Whether to raise at the first check that fails, or only to record it.

    Returns
    -------
    list of dict
        For each check ``check_name``, ``status`` ("passed", "failed" or "skipped") and ``exception``.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> from skgan.testing import check_generative_estimator
    >>> records = check_generative_estimator(GANEstimator(architecture="mlp", max_iter=2))
    >>> {record["status"] for record in records}
    {'passed'}
    """
    records = []
    for check in generative_checks():
        status = "passed"
        exception: Exception | None = None
        try:
            check(estimator)
        except SkipTest as reason:
            status, exception = "skipped", reason
        except Exception as error:  # whatever an estimator raises where it should not
            if on_fail == "raise":
                raise
            status, exception = "failed", error
        records.append({"check_name": check.__name__, "status": status, "exception": exception})
    return records
