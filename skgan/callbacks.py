"""What may look on while a fit runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skgan.interfaces import Callback, Choice, Integer, Kind, Stop

NAMES = {"sample-grid": "SampleGrid", "evaluation": "Evaluation"}


class SampleGrid(Callback):
    """Writes a picture of samples at every k-th tick and at the end: the same latents each time.

    Parameters
    ----------
    path : str or Path, default="samples.png"
        Where to; ``{step}`` in it is replaced by the step, otherwise the picture is overwritten.
    every_ticks : int, default=10
        Ticks (100 generator updates each) between two pictures, in [1, inf).
    n_samples : int, default=64
        Samples in a picture, in [1, inf).

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> from skgan.callbacks import SampleGrid
    >>> GANEstimator(callbacks=[SampleGrid("digits-{step}.png")])
    GANEstimator(callbacks=[SampleGrid(path='digits-{step}.png')])
    """

    constraints = {
        "path": (Kind("a path", "__fspath__"), Kind("a str", "format")),
        "every_ticks": (Integer(1),),
        "n_samples": (Integer(1),),
    }

    def __init__(self, path: str | Path = "samples.png", every_ticks: int = 10, n_samples: int = 64):
        self.path = path
        self.every_ticks = every_ticks
        self.n_samples = n_samples

    def on_tick(self, view: Any) -> None:
        """Write the picture when it is due."""
        from skgan.pictures import save_grid
        from skgan.watch import TICK

        if view.step % (self.every_ticks * TICK) == 0 or view.step == view.last_step:
            save_grid(view.sample(self.n_samples), str(self.path).format(step=view.step))


class Evaluation(Callback):
    """Judges samples beside rows of yours at every k-th tick, into columns ``evaluation/...`` of ``history_``.

    The samples come from the averaged generator, with random numbers of their own: training does not change.

    Parameters
    ----------
    X : array-like, DataFrame or None, default=None
        Rows that `fit` does not get; at most 2,000 of them are looked at. None judges nothing.
    y : array-like or None, default=None
        Their labels.
    scoring : str, Metric, callable, list of them or "auto", default="auto"
        By what, as of `GANEstimator`; the first one decides.
    every_ticks : int, default=10
        Ticks (100 generator updates each) between two looks, in [1, inf).
    n_iter_no_change : int or None, default=None
        Looks in a row without a better score after which the fit ends, in [1, inf); None for never.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan import GANEstimator
    >>> from skgan.callbacks import Evaluation
    >>> X, X_held_out = np.random.default_rng(0).standard_normal((2, 40, 2))
    >>> watching = Evaluation(X_held_out, every_ticks=1)
    >>> history = GANEstimator(max_iter=200, callbacks=watching, random_state=0).fit(X).history_
    >>> len(history["evaluation/energy"])
    2
    """

    constraints = {
        "scoring": (
            Kind("'auto' or the name of a metric", "casefold"),
            Kind("a metric", "__call__"),
            Kind("a list", "sort"),
        ),
        "every_ticks": (Integer(1),),
        "n_iter_no_change": (Integer(1), Choice(None)),
    }

    def __init__(
        self,
        X: Any = None,
        y: Any = None,
        scoring: Any = "auto",
        every_ticks: int = 10,
        n_iter_no_change: int | None = None,
    ):
        self.X = X
        self.y = y
        self.scoring = scoring
        self.every_ticks = every_ticks
        self.n_iter_no_change = n_iter_no_change

    def on_tick(self, view: Any) -> Stop | None:
        """Judge when it is due; return `Stop` when the score has not risen for too long."""
        from skgan.judging import higher_is_better, scorers
        from skgan.watch import TICK

        if self.X is None or view.step % (self.every_ticks * TICK):
            return None
        figures = view.judge(self.scoring, self.X, self.y)
        view.history.amend({f"evaluation/{name}": float(value) for name, value in figures.items()})
        name, first = next(iter(scorers(self.scoring).items()))
        seen = [higher_is_better(first, value) for value in view.history[f"evaluation/{name}"] if value == value]
        since = len(seen) - 1 - seen.index(max(seen))
        return Stop() if self.n_iter_no_change is not None and since >= self.n_iter_no_change else None
