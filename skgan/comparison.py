"""Several models side by side: every metric on the same rows, with intervals, as a table and a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skgan import judging, seeding
from skgan.exceptions import InvalidParameterError
from skgan.model_selection import Interval, interval
from skgan.validation import as_array, sentence, short, shown

#: metrics where the user names none: of every kind of data, of tables, of images, and where there are classes
EVERYWHERE = ("energy", "precision", "recall", "coverage", "copies")
OF_TABLES, OF_IMAGES, OF_CLASSES = ("column-shapes", "pair-trends"), ("fid",), ("label-fidelity",)
#: samples of each model in a picture
_SHOWN = 16


class Comparison:
    """What metrics say of several models, on the same rows and as many samples of each.

    Parameters
    ----------
    intervals : dict of str to dict of str to Interval
        By model and metric.
    samples : dict of str to array
        Of each model.
    X : array
        The rows.
    """

    def __init__(self, intervals: dict[str, dict[str, Interval]], samples: dict[str, Any], X: Any):
        self.intervals = intervals
        self.samples = samples
        self.X = X

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics."""
        return list(next(iter(self.intervals.values())))

    def best(self, metric: str | None = None) -> str:
        """Return the name of the best model by a metric, the first one by default."""
        metric = metric or self.metrics[0]
        scores = {name: found[metric].score for name, found in self.intervals.items()}
        greater = next(iter(scores.values())).greater_is_better
        return (max if greater else min)(scores, key=lambda name: float(scores[name]))

    def table(self) -> str:
        """Return lines of text, one a model; a star stands beside the best and those that it is not apart from."""
        head = ["", *(f"{name} {self._arrow(name)}" for name in self.metrics)]
        lines = [head]
        for model, found in self.intervals.items():
            cells = [f"{each}{'*' if self._may_be_best(model, name) else ' '}" for name, each in found.items()]
            lines.append([model, *cells])
        widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
        return "\n".join(
            "  ".join(
                [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
            ).rstrip()
            for line in lines
        )

    def as_frame(self) -> Any:
        """Return a pandas DataFrame: one row a model and metric, with score, low and high."""
        import pandas as pd

        rows = [
            {"model": model, "metric": name, "score": float(each.score), "low": each.low, "high": each.high}
            for model, found in self.intervals.items()
            for name, each in found.items()
        ]
        return pd.DataFrame(rows)

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw samples of each model above its scores with intervals; needs matplotlib.

        Parameters
        ----------
        path : str or Path, optional
            Where to write the picture.

        Returns
        -------
        matplotlib.figure.Figure
            The figure.
        """
        from matplotlib.figure import Figure

        names, metrics = list(self.intervals), self.metrics
        columns = max(len(names) + 1, len(metrics))
        figure = Figure(figsize=(2.2 * columns, 2.4 + 0.5 * len(names) + 1.6), layout="constrained")
        pieces: Any = figure.subfigures(2, 1, height_ratios=[2.2, 1.2 + 0.4 * len(names)])
        above, below = pieces
        axes = np.atleast_1d(above.subplots(1, len(names) + 1))
        for axis, (name, X) in zip(axes, {"real rows": self.X, **self.samples}.items(), strict=True):
            _draw(axis, X, self.X)
            axis.set_title(name, fontsize=9)
        for axis, metric in zip(np.atleast_1d(below.subplots(1, len(metrics), sharey=True)), metrics, strict=True):
            for place, name in enumerate(names):
                each = self.intervals[name][metric]
                colour = "tab:blue" if self._may_be_best(name, metric) else "tab:gray"
                axis.plot([each.low, each.high], [place, place], color=colour, linewidth=3, solid_capstyle="butt")
                axis.plot(float(each.score), place, "o", color=colour)
            axis.set_yticks(range(len(names)), names, fontsize=8)
            axis.set_title(f"{metric} ({self._arrow(metric)} is better)", fontsize=8)
            axis.tick_params(axis="x", labelsize=7)
            axis.set_ylim(len(names) - 0.5, -0.5)
            axis.grid(axis="x", alpha=0.3)
        if path is not None:
            figure.savefig(path, dpi=120)
        return figure

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__

    def _arrow(self, metric: str) -> str:
        return "up" if next(iter(self.intervals.values()))[metric].score.greater_is_better else "down"

    def _may_be_best(self, model: str, metric: str) -> bool:
        best = self.intervals[self.best(metric)][metric]
        mine = self.intervals[model][metric]
        return best is mine or not best.apart_from(mine)


def compare(
    estimators: Sequence[Any] | Mapping[str, Any],
    X: Any,
    y: Any = None,
    *,
    scoring: Any = None,
    names: Sequence[str] | None = None,
    n_resamples: int = 50,
    random_state: int = 0,
) -> Comparison:
    """Put fitted models side by side: the same rows, samples with the same labels, every metric with an interval.

    Parameters
    ----------
    estimators : list of GANEstimator, or dict of str to GANEstimator
        Fitted; anything with ``sample(n, random_state=...)`` will do, with ``y=`` when y is given.
    X : array-like, tensor or DataFrame of shape (n_samples, ...)
        Rows that none of them was trained on; at most 2,000 of them are looked at.
    y : array-like of shape (n_samples,), optional
        Their classes.
    scoring : str, Metric or list of them, optional
        None takes a few for this kind of data.
    names : list of str, optional
        Of the models; by default the parameters in which they differ.
    n_resamples : int, default=50
        For each interval, in [2, inf).
    random_state : int, default=0
        Of samples and intervals.

    Returns
    -------
    Comparison
        Prints as a table; ``plot("models.png")`` draws it.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import skgan
    >>> X, y = load_iris(return_X_y=True)
    >>> fits = {name: skgan.GANEstimator(name, max_iter=5, random_state=0).fit(X, y) for name in ("rpgan", "hinge")}
    >>> skgan.compare(fits, X, y, scoring="coverage").metrics
    ['coverage']
    """
    models = _named(estimators, names)
    X = as_array(X)
    if y is not None and len(as_array(y, "y")) != len(X):
        raise ValueError(
            f"y must have one label for each row of X. Got {len(y)} for {len(X)}. Pass both of one length."
        )
    chosen = np.sort(seeding.numpy_generator(("compare", random_state)).permutation(len(X))[: judging.MOST_ROWS])
    X = judging.rows_at(X, chosen)
    y = None if y is None else judging.rows_at(as_array(y, "y"), chosen)
    parts = judging.scorers(list(scoring or _usual(X, y)) if not isinstance(scoring, str) else scoring)
    found: dict[str, dict[str, Interval]] = {}
    samples = {}
    for name, model in models.items():
        labels = y if y is not None and getattr(model, "label_kind_", "classes") != "none" else None
        drawn = (
            model.sample(len(X), random_state=random_state)
            if labels is None
            else model.sample(y=labels, random_state=random_state)
        )
        samples[name] = drawn = _like(X, drawn, name)
        found[name] = {
            metric: interval(part, X, drawn, y, y, n_resamples=n_resamples, random_state=random_state)
            for metric, part in parts.items()
        }
    return Comparison(found, samples, X)


def _like(X: Any, drawn: Any, name: str) -> Any:
    """Return samples as X came, an array for an array; refuse those of other data."""
    if hasattr(drawn, "iloc") and not hasattr(X, "iloc") and all(kind.kind in "biuf" for kind in drawn.dtypes):
        drawn = drawn.to_numpy()
    if hasattr(drawn, "iloc") != hasattr(X, "iloc") or np.shape(drawn)[1:] != np.shape(X)[1:]:
        kinds = [f"a {type(each).__name__} of samples of shape {np.shape(each)[1:]}" for each in (drawn, X)]
        raise ValueError(
            sentence(
                f"estimators must draw what X is. Got {kinds[0]} from {short(name)!r}, and X is {kinds[1]}.",
                "Compare models of one kind of data, on rows that look as in fit.",
            )
        )
    return drawn


def _usual(X: Any, y: Any) -> list[str]:
    image = getattr(X, "ndim", 2) in (3, 4)
    classes = y is not None and getattr(y, "ndim", 1) == 1 and len(np.unique(np.asarray(y))) <= max(len(y) // 5, 2)
    usual = [*(OF_IMAGES if image else ()), *EVERYWHERE, *(() if image else OF_TABLES)]
    return usual + list(OF_CLASSES if classes else ())


def _named(estimators: Any, names: Sequence[str] | None) -> dict[str, Any]:
    if isinstance(estimators, Mapping):
        models = dict(estimators)
    elif isinstance(estimators, list | tuple):
        given = list(names) if names is not None else _told_apart(estimators)
        given = [name if given.count(name) == 1 else f"{name} ({i + 1})" for i, name in enumerate(given)]
        if len(given) != len(estimators):
            raise InvalidParameterError(
                f"names must be as many as estimators. Got {len(given)} for {len(estimators)}. Name each model once."
            )
        models = dict(zip(given, estimators, strict=True))
    else:
        models = {}
    if not models or not all(hasattr(model, "sample") for model in models.values()):
        raise InvalidParameterError(
            sentence(
                "estimators must be a list or a dict of fitted models with a sample method.",
                f"Got {shown(estimators)}{'' if models else ', with none in it'}. Pass for example [gan_a, gan_b].",
            )
        )
    return models


def _told_apart(models: Sequence[Any]) -> list[str]:
    """Return what each model is called: the parameters in which it differs from another one, or its class."""
    params = [model.get_params(deep=False) if hasattr(model, "get_params") else {} for model in models]
    words = [{name: repr(value).replace("\n", "") for name, value in each.items()} for each in params]
    names = list(dict.fromkeys(name for each in words for name in each))
    differ = [name for name in names if len({each.get(name) for each in words}) > 1]
    told = [", ".join(f"{name}={each[name]}" for name in differ if name in each) for each in words]
    return [text[:40] or type(model).__name__ for text, model in zip(told, models, strict=True)]


def _draw(axis: Any, X: Any, real: Any) -> None:
    """Draw a few images, or the rows on the two axes along which real rows vary most."""
    axis.set_xticks([])
    axis.set_yticks([])
    X = np.asarray(X) if not hasattr(X, "columns") else X
    if getattr(X, "ndim", 2) in (3, 4):
        from skgan.pictures import to_images

        tiles = np.pad(to_images(np.asarray(X)[:_SHOWN])[:, :3], ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=1.0)
        side = int(np.ceil(np.sqrt(len(tiles))))
        canvas = np.ones((tiles.shape[1], side * tiles.shape[2], side * tiles.shape[3]))
        for place, tile in enumerate(tiles):
            top, left = place // side * tiles.shape[2], place % side * tiles.shape[3]
            canvas[:, top : top + tiles.shape[2], left : left + tiles.shape[3]] = tile
        axis.imshow(canvas[0] if len(canvas) < 3 else canvas.transpose(1, 2, 0), cmap="gray", vmin=0, vmax=1)
        return
    rows, mine = (np.asarray(each) for each in judging.as_numbers(real, X))
    centre = rows.mean(axis=0)
    axes = np.linalg.svd(rows - centre, full_matrices=False)[2][:2]
    for points, colour in ((rows, "lightgray"), (mine, "tab:blue")):
        flat = (points - centre) @ axes.T
        axis.plot(flat[:500, 0], flat[:500, -1], ".", color=colour, markersize=2)
