"""The door to the metrics for whoever has names, and data as it comes: arrays, images, DataFrames, estimators.

Behind it a metric sees rows as the networks do, images with their axes, and tables as they are where it says so.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from skgan import memory, registry, rehearsal, resolution, seeding
from skgan.interfaces import DataSpec, Metric, Score
from skgan.validation import as_array, check_finite, sentence, short, shown

if TYPE_CHECKING:
    from torch import Tensor

    from skgan.estimator import GANEstimator

#: rows that an estimator's samples are compared with, at most
MOST_ROWS = 2000


def function(name: str) -> Callable[..., Score]:
    """Return a metric as a function of two sets of rows as they come.

    Parameters
    ----------
    name : str
        Of the metric.

    Returns
    -------
    callable
        ``f(X_real, X_fake, *, y_real=None, y_fake=None, layout="auto", image_shape=None, **parameters)``.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan import judging
    >>> float(judging.function("energy")(np.zeros((4, 2)), np.zeros((5, 2))))
    0.0
    """
    part = registry.resolve("metric", name)

    def measure(
        X_real: Any,
        X_fake: Any,
        *,
        y_real: Any = None,
        y_fake: Any = None,
        layout: str = "auto",
        image_shape: tuple[int, ...] | None = None,
        **params: Any,
    ) -> Score:
        more = {key: params.pop(key) for key in _further(part) if key in params}
        metric = resolution.component("metric", name, "scoring", params)
        return compare(metric, X_real, X_fake, y_real, y_fake, layout=layout, image_shape=image_shape, **more)

    measure.__name__ = measure.__qualname__ = name.replace("-", "_")
    measure.__doc__ = (
        f"Return what {part.__name__} says of two sets of rows, as arrays, images or DataFrames come.\n\n"
        "Columns are compared in the scale of the real rows, images between -1 and 1; further keywords are\n"
        f"its parameters.\n\n{inspect.getdoc(part)}"
    )
    return measure


def compare(
    metric: Metric,
    X_real: Any,
    X_fake: Any,
    y_real: Any = None,
    y_fake: Any = None,
    *,
    layout: str = "auto",
    image_shape: tuple[int, ...] | None = None,
    **more: Any,
) -> Score:
    """Return what a metric says of two sets of rows as they come.

    Parameters
    ----------
    metric : Metric
        Its features may still be a name.
    X_real, X_fake : array-like, tensor or DataFrame of shape (n_samples, ...)
        Rows or images.
    y_real, y_fake : array-like of shape (n_samples,), optional
        Their classes.
    layout, image_shape
        As of `skgan.GANEstimator`.
    **more : dict
        Further sets of rows that the metric takes, such as ``X_held_out``.
    """
    return prepared(metric, X_real, X_fake, y_real, y_fake, layout=layout, image_shape=image_shape, **more).score()


class Asked(NamedTuple):
    """A metric with its features as an object, and both sets as it takes them."""

    metric: Metric
    X_real: Any
    X_fake: Any
    y_real: np.ndarray | None
    y_fake: np.ndarray | None
    more: dict[str, Any]

    def score(self) -> Score:
        """Return what the metric says."""
        return self.metric(self.X_real, self.X_fake, y_real=self.y_real, y_fake=self.y_fake, **self.more)


def prepared(
    metric: Metric,
    X_real: Any,
    X_fake: Any,
    y_real: Any = None,
    y_fake: Any = None,
    *,
    layout: str = "auto",
    image_shape: tuple[int, ...] | None = None,
    **more: Any,
) -> Asked:
    """Return a metric and two sets of rows as it takes them; the arguments are those of `compare`."""
    y_real, y_fake = _labels(y_real), _labels(y_fake)
    if metric.takes_tables:
        return Asked(metric, as_array(X_real), as_array(X_fake), y_real, y_fake, {})
    sets = {"X_real": X_real, "X_fake": X_fake, **more}
    seen, kind, bounded = _as_seen(sets, layout, image_shape)
    shape = tuple(seen["X_real"].shape[1:])
    labelled = y_real is not None and y_real.ndim == 1
    spec = DataSpec(kind, shape, bounded, "classes" if labelled else "none", int(labelled), 1)
    metric = resolution.metric(metric, spec, labelled)
    rows = {name: _rows(metric, x) for name, x in seen.items()}
    return Asked(metric, rows.pop("X_real"), rows.pop("X_fake"), y_real, y_fake, rows)


def judge(estimator: GANEstimator, metric: Any, X: Any, y: Any = None) -> Any:
    """Return what a metric says of an estimator's samples beside rows X: as many samples, of the same labels.

    Parameters
    ----------
    estimator : GANEstimator
        Fitted.
    metric : Metric or callable
        A metric, or a scorer of scikit-learn: ``f(estimator, X, y) -> float``.
    X : array-like, tensor or DataFrame of shape (n_samples, ...)
        Real rows, best held out; at most `MOST_ROWS` of them are looked at, always the same.
    y : array-like, optional
        Their labels.

    Returns
    -------
    Score or float
        What the metric returns, in its own direction.
    """
    model = estimator._fitted_model()
    if not isinstance(metric, Metric):
        return metric(estimator, X, y)
    labels = estimator._encoding_.labels
    labelled = y is not None and labels.dim > 0
    metric = resolution.metric(metric, model.spec, labelled)
    x = estimator._encoded(X)
    if len(x) < 2:
        raise ValueError("X must have at least 2 rows to be compared with samples. Got 1. Give more rows.")
    key = (*model.key, "score")
    chosen = np.sort(seeding.numpy_generator(key).permutation(len(x))[:MOST_ROWS])
    stored = labels.encode(estimator._labels_for(len(x), y if labelled else None, key)[chosen])
    with memory.explained(estimator._out_of_memory_on(len(chosen))):
        drawn = estimator._draw(model, len(chosen), stored, None, estimator.sampler, key)
        asked = {}
        if labelled:
            seen = (stored if labels.kind == "classes" else labels.expand(stored).flatten(1)).numpy()
            asked = {"y_real": seen, "y_fake": seen}
        if metric.takes_tables:
            value = metric(rows_at(as_array(X), chosen), drawn, **asked)
        else:
            value = metric(_rows(metric, x[chosen]), _rows(metric, estimator._encoded(drawn)), **asked)
    rehearsal.check_score(metric, value)
    return value


def number_of(scorer: Any, value: Any) -> float:
    """Return what a metric, or a function of the user's, said of an estimator; refuse what is no number."""
    if isinstance(value, Real | np.bool_) or getattr(value, "shape", None) == ():
        return float(value)
    raise TypeError(
        sentence(
            "The 'scoring' parameter of GANEstimator must be a function that returns a number.",
            f"Got {shown(value)} from {short(getattr(scorer, '__name__', type(scorer).__name__))!r}.",
            "Return one float for (estimator, X, y).",
        )
    )


def higher_is_better(metric: Any, value: float) -> float:
    """Return a metric's value, or minus it where lower is better, as scikit-learn wants scores."""
    number = number_of(metric, value)
    return number if getattr(metric, "greater_is_better", True) else -number


def scorers(scoring: Any) -> dict[str, Any]:
    """Return what `scoring` stands for by name: metrics and callables, the first one first.

    Parameters
    ----------
    scoring : str, Metric, callable, list of them or "auto"
        As of `skgan.GANEstimator`.
    """
    members = scoring if isinstance(scoring, list | tuple) else [scoring]
    found: dict[str, Any] = {}
    for member in members:
        if isinstance(member, str) and member == "auto":
            member = "energy"
        if callable(member) and not isinstance(member, type | Metric):
            found[getattr(member, "__name__", type(member).__name__)] = member
        else:
            part = resolution.component("metric", member, "scoring")
            found[registry.name_of("metric", part)] = part
    if len(found) < max(len(members), 1):
        raise resolution.InvalidParameterError(
            sentence(
                "The 'scoring' parameter of GANEstimator must hold one metric or more, each once.",
                f"Got {len(members)} of {len(found)} names. Leave out what is there twice.",
            )
        )
    return found


def rows_at(X: Any, places: np.ndarray) -> Any:
    """Return the rows of a container at some places."""
    return X.iloc[places] if hasattr(X, "iloc") else X[places]


def as_numbers(X: Any, *others: Any) -> list[np.ndarray]:
    """Return tables, or arrays of any shape, as flat numbers in the scale of the first."""
    named = {"X_real": X, **{f"X_{i}": each for i, each in enumerate(others)}}
    return [x.flatten(1).numpy() for x in _as_seen(named, "auto", None)[0].values()]


# --- rows as the networks see them ----------------------------------------------------------------


def _rows(metric: Metric, x: Tensor) -> np.ndarray:
    """Return samples as a metric takes them: flat, but with their axes where it looks at images or has features."""
    kinds = metric.tags().kinds
    keeps_axes = (kinds is not None and "vector" not in kinds) or "features" in metric.get_params(deep=False)
    return (x if keeps_axes else x.flatten(1)).numpy()


def _as_seen(sets: dict[str, Any], layout: str, image_shape: Any) -> tuple[dict[str, Tensor], str, bool]:
    """Return sets of rows in the scale of the first, what kind of data they are, and whether they are bounded."""
    from skgan.encoding import scaling
    from skgan.encoding.layout import Layout

    real = as_array(sets["X_real"])
    if hasattr(real, "columns"):
        sets = _numbers({name: as_array(X) for name, X in sets.items()})
        real = sets["X_real"]
    flat = {name: _checked(name, as_array(X), real.shape[1:]) for name, X in sets.items()}
    outside = Layout(real, flat["X_real"], layout, image_shape)
    scale = scaling.make(outside.kind, outside.take_off(flat["X_real"]))
    seen = {name: scale.expand(scale.encode(outside.take_off(rows))) for name, rows in flat.items()}
    return seen, outside.kind, scale.bounded


def _checked(name: str, X: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    if X.ndim < 2 or X.shape[1:] != shape or not len(X) or X.dtype.kind not in "biuf":
        raise ValueError(
            sentence(
                f"{name} must be numbers of shape (n, ...), as X_real is. Got shape {X.shape} and dtype {X.dtype},",
                f"beside samples of shape {tuple(shape)}. Bring both sets into one layout.",
            )
        )
    rows = X.reshape(len(X), -1)
    check_finite(rows)
    return rows


def _numbers(frames: dict[str, Any]) -> dict[str, np.ndarray]:
    """Return DataFrames as numbers: categories of the first one-hot, missing numbers at its median."""
    from sklearn.compose import make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import OneHotEncoder

    frames = {name: frame.set_axis([str(column) for column in frame.columns], axis=1) for name, frame in frames.items()}
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    numbers = make_column_selector(dtype_include="number")
    others = make_column_selector(dtype_exclude="number")
    both = make_column_transformer((SimpleImputer(strategy="median"), numbers), (words, others))
    both.fit(frames["X_real"])
    return {name: np.asarray(both.transform(frame), np.float64) for name, frame in frames.items()}


def _labels(y: Any) -> np.ndarray | None:
    return None if y is None else np.asarray(as_array(y, "y"))


def _further(part: type) -> list[str]:
    """Return the names of sets of rows that a metric takes beside the two."""
    known = ("self", "X_real", "X_fake", "y_real", "y_fake")
    return [name for name in inspect.signature(part.__call__).parameters if name not in known]
