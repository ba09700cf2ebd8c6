"""Oversampling by a GAN, for imbalanced-learn: ``GANOverSampler().fit_resample(X, y)``.

imbalanced-learn is the optional dependency ``skgan[imblearn]``; without it the class works by itself, and with it in
its pipelines too, which ask for no more than `fit_resample`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, clone
from sklearn.utils import InputTags, Tags, TargetTags, check_random_state
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from skgan import memory
from skgan.estimator import GANEstimator
from skgan.exceptions import InvalidParameterError
from skgan.validation import (
    Choice,
    Integer,
    Kind,
    RandomState,
    Real,
    as_array,
    check_columns,
    check_table,
    check_X,
    listed,
    sentence,
    shown,
)

__all__ = ["GANOverSampler"]

_STRATEGIES = ("auto", "not majority", "minority", "not minority", "all")


class GANOverSampler(OneToOneFeatureMixin, BaseEstimator):
    """Adds samples of a conditional GAN to classes that have few rows.

    Parameters
    ----------
    estimator : GANEstimator or None, default=None
        What draws the new rows; it is cloned. None is ``GANEstimator()``.
    sampling_strategy : str, float, dict or callable, default="auto"
        Which classes get how many rows. "minority": the smallest class becomes as large as the largest;
        "not majority" and "auto": every class but the largest; "not minority", "all": likewise. A float in (0, 1], for
        two classes: the size of the smaller over that of the larger afterwards. A dict: class to rows afterwards. A
        callable: from y to such a dict.
    random_state : int, RandomState or None, default=None
        Seed of the training and of the new rows.

    Attributes
    ----------
    estimator_ : GANEstimator
        The fitted GAN; missing where no class needed rows.
    sampling_strategy_ : dict
        New rows of each class.
    n_features_in_ : int
        Columns of X.
    feature_names_in_ : ndarray of str
        Their names, when X had some.

    See Also
    --------
    GANEstimator : What draws the rows.

    References
    ----------
    .. [1] Douzas, Bacao, "Effective data generation for imbalanced learning using conditional generative adversarial
       networks", Expert Systems with Applications 2018.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skgan import GANEstimator
    >>> from skgan.imblearn import GANOverSampler
    >>> X, y = make_classification(200, weights=[0.9], random_state=0)
    >>> sampler = GANOverSampler(GANEstimator(max_iter=20), random_state=0)
    >>> X_more, y_more = sampler.fit_resample(X, y)
    >>> int((y_more == 0).sum()) == int((y_more == 1).sum())
    True
    """

    _sampling_type = "over-sampling"
    _estimator_type = "sampler"

    def __init__(self, estimator: Any = None, *, sampling_strategy: Any = "auto", random_state: Any = None):
        self.estimator = estimator
        self.sampling_strategy = sampling_strategy
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> GANOverSampler:
        """Check X and y, and say how many rows each class will get; nothing is trained.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or images of shape (n_samples, ...)
            The data.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        GANOverSampler
            This one.

        Raises
        ------
        ValueError
            When X or y cannot be used; nothing has changed then.
        InvalidParameterError
            When a parameter has a value that is not allowed.
        """
        with self._as_it_was_on_error():
            self._checked(X, y)
        return self

    def fit_resample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return X and y followed by new rows of the classes that have few.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features), or images of shape (n_samples, ...)
            The data; a DataFrame may hold text, missing values and dates, images come as GANEstimator takes them.
        y : array-like of shape (n_samples,)
            Classes.

        Returns
        -------
        X : ndarray or DataFrame of shape (n_samples_new, ...)
            As X came, then the new rows.
        y : ndarray or Series of shape (n_samples_new,)
            Their classes.

        Raises
        ------
        ValueError
            When X or y cannot be used; nothing has changed then.
        InvalidParameterError
            When a parameter has a value that is not allowed.
        """
        if isinstance(X, list) or isinstance(y, list):
            return _as_lists(X, y, self.fit_resample)
        if (dense := _dense(X)) is not X:
            more_X, more_y = self.fit_resample(dense, y)
            return more_X.astype(X.dtypes.to_dict()), more_y
        with self._as_it_was_on_error():
            rows, labels, wanted = self._checked(X, y)
            self.__dict__.pop("estimator_", None)
            if not any(wanted.values()):
                return X, y
            gan = GANEstimator() if self.estimator is None else clone(self.estimator)
            rng = check_random_state(self.random_state)
            if gan.random_state is None and self.random_state is not None:
                gan.set_params(random_state=int(rng.randint(2**31 - 1)))
            fresh = _repeated(wanted, labels.dtype)
            self.estimator_ = gan.fit(rows, labels)
            return _with(X, self.estimator_.sample(y=fresh)), _with_labels(y, labels, fresh)

    def fit_sample(self, X: Any, y: Any) -> tuple[Any, Any]:
        """Return what `fit_resample` returns, under its old name.

        Parameters
        ----------
        X, y
            As for `fit_resample`.
        """
        return self.fit_resample(X, y)

    def __sklearn_tags__(self) -> Any:
        tags = _Tags(estimator_type="sampler", target_tags=TargetTags(required=True))
        tags.input_tags = _InputTags(two_d_array=True)
        return tags

    @contextmanager
    def _as_it_was_on_error(self) -> Iterator[None]:
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    def _checked(self, X: Any, y: Any) -> tuple[Any, np.ndarray, dict[Any, int]]:
        """Return rows to fit on, labels `(n,)` and how many rows each class gets."""
        from skgan.encoding import columns

        check_table(type(self).__name__, self.get_params(deep=False), _TABLE, _DEFAULTS)
        if y is None:
            raise ValueError("GANOverSampler requires y to be passed, but the target y is None. Give the classes.")
        rows = as_array(X)
        if columns.is_table(rows, getattr(self.estimator, "columns", None)):
            rows = check_columns(self, rows, reset=True)
        else:
            check_X(self, rows, reset=True)
        labels = _labels_of(y)
        if len(labels) != len(rows):
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: [{len(rows)}, {len(labels)}]"
            )
        self.sampling_strategy_ = self._wanted(labels, y)
        return rows, labels, self.sampling_strategy_

    def _wanted(self, labels: np.ndarray, y: Any) -> dict[Any, int]:
        classes, counts = np.unique(labels, return_counts=True)
        if len(classes) < 2:
            raise ValueError(
                f"The target 'y' needs to have more than 1 class. Got {len(classes)} class instead. Give both."
            )
        now = dict(zip(classes.tolist(), counts.tolist(), strict=True))
        strategy, most = self.sampling_strategy, int(counts.max())
        if callable(strategy):
            strategy = strategy(y)
            if not hasattr(strategy, "items"):
                raise _not_allowed("be a function that returns a dict of class and rows", shown(strategy))
        if isinstance(strategy, str):
            largest, smallest = classes.tolist()[counts.argmax()], classes.tolist()[counts.argmin()]
            left_out = {"auto": largest, "not majority": largest, "not minority": smallest}.get(strategy)
            chosen = [smallest] if strategy == "minority" else [c for c in now if strategy == "all" or c != left_out]
            return {c: most - now[c] for c in chosen}
        if isinstance(strategy, dict):
            return self._of_dict(strategy, now)
        if len(classes) > 2:
            raise ValueError(
                '"sampling_strategy" can be a float only when the type of target is binary. Got more. Use a dict.'
            )
        least = classes.tolist()[counts.argmin()]
        more = round(most * strategy) - now[least]
        if more < 0:
            raise ValueError(
                sentence(
                    "The specified ratio required to remove samples from the minority class while trying to generate",
                    f"new samples. Got {strategy}; there are {now[least] / most:.3g} already. Increase the ratio.",
                )
            )
        return {least: more}

    def _of_dict(self, strategy: dict[Any, int], now: dict[Any, int]) -> dict[Any, int]:
        unknown = [c for c in strategy if c not in now]
        fractions = [c for c, count in strategy.items() if not Integer().accepts(count)]
        fewer = [] if fractions else [c for c, count in strategy.items() if c in now and count < now[c]]
        if unknown:
            raise _not_allowed("give classes of y their rows", f"{listed(unknown, 3)}, which y lacks")
        if fractions:
            raise _not_allowed("give whole numbers of rows", f"something else for {listed(fractions, 3)}")
        if fewer:
            raise _not_allowed("give classes at least their rows", f"fewer rows of {listed(fewer, 3)} than there are")
        return {c: int(count) - now[c] for c, count in strategy.items()}


@dataclass
class _InputTags(InputTags):
    """Tags of the input as imbalanced-learn reads them."""

    dataframe: bool = True


@dataclass
class _SamplerTags:
    sample_indices: bool = False


@dataclass
class _Tags(Tags):
    """Tags as imbalanced-learn reads them."""

    sampler_tags: _SamplerTags = field(default_factory=_SamplerTags)


_TABLE = {
    "estimator": (Kind("a GANEstimator", "fit", "sample"), Choice(None)),
    "sampling_strategy": (
        Choice(*_STRATEGIES),
        Real(0.0, 1.0, closed="right"),
        Kind("a dict of class and rows", "items"),
        Kind("a function of y", "__call__"),
    ),
    "random_state": (RandomState(),),
}
_DEFAULTS = GANOverSampler().get_params(deep=False)


def _not_allowed(allowed: str, came: str) -> InvalidParameterError:
    return InvalidParameterError(
        sentence(
            f"The 'sampling_strategy' parameter of GANOverSampler must {allowed}.",
            f"Got {came}. Give the numbers of rows afterwards, for example {{'rare': 500}}.",
        )
    )


def _labels_of(y: Any) -> np.ndarray:
    """Return one class for each row, `(n,)`, or refuse y."""
    from skgan.encoding.class_labels import Classes
    from skgan.encoding.label_base import as_labels, missing

    labels = as_labels(y)
    if labels.ndim == 2 and labels.shape[1] > 1:
        if type_of_target(labels) != "multilabel-indicator" or (labels.sum(1) != 1).any():
            raise ValueError("Multilabel and multioutput targets are not supported. Give y one class for each row.")
        return labels.argmax(1)  # one column for each class
    labels = column_or_1d(labels)
    if (without := int(missing(labels).sum())) > 0:
        raise ValueError(
            sentence(
                "y must hold a class for each row.",
                f"Got {without} of {len(labels)} rows without: Input y contains NaN. Drop them, or fill them in.",
            )
        )
    if labels.dtype == object:
        Classes(labels, len(labels))  # refuses labels of several types
    check_classification_targets(labels)
    return labels


def _repeated(wanted: dict[Any, int], dtype: np.dtype) -> np.ndarray:
    """Return as many labels of each class as are wanted."""
    with memory.explained(lambda: (f"{sum(wanted.values())} new rows", "Ask for fewer in sampling_strategy.")):
        return np.repeat(np.array(list(wanted), dtype), list(wanted.values()))


def _dense(X: Any) -> Any:
    """Return a DataFrame whose columns are stored sparsely with dense ones, everything else as it is."""
    return X.sparse.to_dense() if hasattr(X, "iloc") and all(str(t).startswith("Sparse") for t in X.dtypes) else X


def _as_lists(X: Any, y: Any, resample: Any) -> tuple[Any, Any]:
    """Return what `resample` makes of lists, as lists."""
    more_X, more_y = resample(np.asarray(X) if isinstance(X, list) else X, np.asarray(y) if isinstance(y, list) else y)
    return more_X.tolist() if isinstance(X, list) else more_X, more_y.tolist() if isinstance(y, list) else more_y


def _with(X: Any, new: Any) -> Any:
    """Return X followed by new rows, in its own kind."""
    if hasattr(X, "iloc"):
        import pandas as pd

        return pd.concat([X, new.set_axis(X.columns, axis=1).astype(X.dtypes.to_dict())], ignore_index=True)
    X = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
    return np.concatenate([X, np.asarray(new).astype(X.dtype, copy=False)])


def _with_labels(y: Any, labels: np.ndarray, new: np.ndarray) -> Any:
    """Return y followed by new labels, in its own kind."""
    if hasattr(y, "iloc"):
        import pandas as pd

        if getattr(y, "ndim", 1) == 2:
            if y.shape[1] > 1:
                return pd.concat(
                    [y, pd.DataFrame(np.eye(y.shape[1])[new.astype(int)], columns=y.columns).astype(y.dtypes)]
                )
            return pd.concat([y, pd.DataFrame({y.columns[0]: new}).astype(y.dtypes.to_dict())], ignore_index=True)
        return pd.concat([y, pd.Series(new, name=y.name).astype(y.dtype)], ignore_index=True)
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] > 1:
        return np.concatenate([array, np.eye(array.shape[1])[new.astype(int)].astype(array.dtype)])
    both = np.concatenate([labels, new.astype(labels.dtype)])
    return both.reshape(-1, 1) if array.ndim == 2 else both
