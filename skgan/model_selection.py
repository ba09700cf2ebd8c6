"""Choosing among models, where scikit-learn has no helper: seeds, intervals, scorers by name, search spaces.

Searches are scikit-learn's, over parts, names and nested parameters: ``{"loss": ["wgan-gp"], "loss__gp_weight": [1]}``.
Use ``KFold(shuffle=True)`` for sorted rows: a search does not stratify for what is no classifier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skgan import judging, nesting, registry, resolution
from skgan.early_stopping import hold_out
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Metric, Score
from skgan.metrics._sets import Rows, SetMetric, in_order
from skgan.validation import Integer, Kind, RandomState, Real, check_value

__all__ = ["BestOf", "Interval", "best_of", "evaluate", "get_scorer", "interval", "param_space"]


class Interval(NamedTuple):
    """A score and where it would lie, most of the time, for other rows and samples of the same two distributions.

    Parameters
    ----------
    score : Score
        The number itself.
    low, high : float
        The ends.
    """

    score: Score
    low: float
    high: float

    def apart_from(self, other: Interval) -> bool:
        """Return whether two intervals share no number; scores that were not measured alike are refused."""
        self.score < other.score  # noqa: B015 - refuses unlike ones
        return self.low > other.high or other.low > self.high

    def __str__(self) -> str:
        return f"{float(self.score):.4g} [{self.low:.4g}, {self.high:.4g}]"


def interval(
    metric: Any,
    X_real: Any,
    X_fake: Any,
    y_real: Any = None,
    y_fake: Any = None,
    *,
    level: float = 0.95,
    n_resamples: int = 100,
    random_state: int = 0,
    layout: str = "auto",
    image_shape: tuple[int, ...] | None = None,
) -> Interval:
    r"""Return a metric with a bootstrap interval.

    .. math:: \theta \pm z \, \Big(\tfrac{1}{B} \sum_b (\theta_b - \bar\theta)^2\Big)^{1/2}

    Each :math:`\theta_b` is the metric on a random half of both sets: among halves drawn without replacement the spread
    of a mean is that of the whole. A draw with replacement would make rows their own neighbours. No end lies where the
    metric has no values.

    Parameters
    ----------
    metric : str or Metric
        What is measured.
    X_real, X_fake : array-like, tensor or DataFrame of shape (n_samples, ...)
        Rows or images.
    y_real, y_fake : array-like of shape (n_samples,), optional
        Their classes.
    level : float, default=0.95
        How often the interval holds the score, in (0, 1).
    n_resamples : int, default=100
        B, in [2, inf).
    random_state : int, default=0
        Which halves.
    layout, image_shape
        As of `skgan.GANEstimator`.

    Returns
    -------
    Interval
        The score of all rows, and the ends.

    References
    ----------
    .. [1] Politis, Romano, Wolf, "Subsampling", 1999.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.model_selection import interval
    >>> X, Y = np.random.default_rng(0).standard_normal((2, 60, 2))
    >>> found = interval("energy", X, Y)
    >>> found.low < found.score < found.high
    True
    """
    from scipy.stats import norm

    check_value("interval", "level", level, (Real(0.0, 1.0, closed="neither"),), 0.95)
    check_value("interval", "n_resamples", n_resamples, (Integer(2),), 100)
    part = resolution.component("metric", metric, "metric")
    asked = judging.prepared(part, X_real, X_fake, y_real, y_fake, layout=layout, image_shape=image_shape)
    score, on_halves = asked.score(), _on_halves(asked)
    values = [on_halves(rng) for rng in np.random.default_rng(random_state).spawn(n_resamples)]
    reach = float(norm.ppf((1 + level) / 2)) * float(np.std(values))
    low, high = np.clip([float(score) - reach, float(score) + reach], *part.bounds).tolist()
    return Interval(score, low, high)


def evaluate(estimator: Any, X: Any, y: Any = None, scoring: Any = None) -> dict[str, Any]:
    """Return what metrics say of an estimator's samples beside rows X, each with its protocol.

    Parameters
    ----------
    estimator : GANEstimator
        Fitted.
    X : array-like, tensor or DataFrame of shape (n_samples, ...)
        Real rows, best held out; at most 2,000 are looked at.
    y : array-like, optional
        Their labels.
    scoring : str, Metric, callable or list of them, optional
        None takes the estimator's.

    Returns
    -------
    dict of str to Score
        By the metric's name.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan import GANEstimator, model_selection
    >>> X, y = load_iris(return_X_y=True)
    >>> gan = GANEstimator(max_iter=5, random_state=0).fit(X, y)
    >>> sorted(model_selection.evaluate(gan, X, y, ["energy", "coverage"]))
    ['coverage', 'energy']
    """
    found = judging.scorers(estimator.scoring if scoring is None else scoring)
    return {name: judging.judge(estimator, part, X, y) for name, part in found.items()}


def get_scorer(scoring: Any) -> Callable[[Any, Any, Any], float]:
    """Return a metric as scikit-learn takes scorers, ``f(estimator, X, y=None)``, higher for better.

    Parameters
    ----------
    scoring : str, Metric or callable
        What is measured; a callable comes back as it is.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import KFold, cross_validate
    >>> from skgan import GANEstimator
    >>> from skgan.model_selection import get_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> both = {name: get_scorer(name) for name in ("energy", "label-fidelity")}
    >>> folds = KFold(2, shuffle=True, random_state=0)
    >>> sorted(cross_validate(GANEstimator(max_iter=2, random_state=0), X, y, cv=folds, scoring=both))
    ['fit_time', 'score_time', 'test_energy', 'test_label-fidelity']
    """
    (part,) = judging.scorers([scoring]).values()
    return _Scorer(part) if isinstance(part, Metric) else part


class _Scorer:
    """A metric as a scorer; a class, so that it goes to the processes of a search."""

    def __init__(self, part: Metric):
        self._part = part

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Return the score, higher for better."""
        fitted = getattr(estimator, "best_estimator_", estimator)
        return judging.higher_is_better(self._part, judging.judge(fitted, clone(self._part), X, y))

    def __repr__(self) -> str:
        return f"get_scorer({self._part!r})"


def param_space(estimator: Any) -> dict[str, Any]:
    """Return what a random search may try: the spaces of an estimator's parts by nested name, and its numbers.

    Parameters
    ----------
    estimator : GANEstimator
        Parts given by name or as objects have spaces of their own; "auto" and None have none.

    Returns
    -------
    dict
        For ``RandomizedSearchCV`` and ``HalvingRandomSearchCV``: lists and SciPy distributions. Take out what you do
        not want.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> from skgan.model_selection import param_space
    >>> sorted(param_space(GANEstimator("wgan-gp")))
    ['batch_size', 'ema_decay', 'latent_dim', 'learning_rate', 'loss__gp_weight', 'n_critic']
    """
    from scipy import stats

    found: dict[str, Any] = {
        "batch_size": [32, 64, 128],
        "ema_decay": [0.99, 0.999, 0.9999],
        "latent_dim": [16, 32, 64, 128],
        "learning_rate": stats.loguniform(5e-5, 2e-3),
        "n_critic": [1, 2, 5],
    }
    for name, kind in (nesting.ONE_PART | nesting.SEVERAL_PARTS).items():
        value = getattr(estimator, name)
        if name in ("scoring", "callbacks", "constraints") or value is None:
            continue
        for member in value if isinstance(value, list | tuple) else [value]:
            if isinstance(member, str) and member == "auto":
                continue
            part = resolution.component(kind, member, name)
            nested = f"{name}__{registry.name_of(kind, part)}" if name in nesting.SEVERAL_PARTS else name
            found |= {f"{nested}__{key}": space for key, space in part.param_space().items()}
    return found


def best_of(
    estimator: Any,
    n: int = 5,
    *,
    scoring: Any = None,
    validation_fraction: float = 0.1,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> BestOf:
    """Return an estimator that fits `estimator` with n seeds and keeps the one that is best on held-out rows.

    Parameters
    ----------
    estimator : GANEstimator
        What is fitted, as clones.
    n : int, default=5
        Seeds, in [1, inf).
    scoring : str, Metric or callable, optional
        By what; None takes the estimator's ``score``.
    validation_fraction : float, default=0.1
        Share of the rows that is held out from all of them, in (0, 1).
    n_jobs : int, optional
        Fits at once, as of joblib.
    random_state : int, RandomState or None, default=None
        What the seeds follow from.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan import GANEstimator
    >>> from skgan.model_selection import best_of
    >>> X, y = load_iris(return_X_y=True)
    >>> best = best_of(GANEstimator(max_iter=10), 3, random_state=0).fit(X, y)
    >>> best.scores_.shape, best.sample(2, y=1).shape
    ((3,), (2, 4))
    """
    return BestOf(
        estimator,
        n,
        scoring=scoring,
        validation_fraction=validation_fraction,
        n_jobs=n_jobs,
        random_state=random_state,
    )


def _has(name: str) -> Callable[[BestOf], bool]:
    return lambda self: hasattr(getattr(self, "best_estimator_", self.estimator), name)


class BestOf(MetaEstimatorMixin, BaseEstimator):
    """What `best_of` returns: fits one estimator with several seeds and stands for the best of them.

    Parameters
    ----------
    estimator, n, scoring, validation_fraction, n_jobs, random_state
        As of `best_of`.

    Attributes
    ----------
    best_estimator_ : GANEstimator
        The best one; `sample`, `score`, `transform` and the like ask it.
    scores_ : ndarray of shape (n,)
        Of each seed on the held-out rows, higher for better.
    seeds_ : ndarray of shape (n,)
        The seeds.
    """

    def __init__(
        self,
        estimator: Any,
        n: int = 5,
        *,
        scoring: Any = None,
        validation_fraction: float = 0.1,
        n_jobs: int | None = None,
        random_state: Any = None,
    ):
        self.estimator = estimator
        self.n = n
        self.scoring = scoring
        self.validation_fraction = validation_fraction
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> BestOf:
        """Fit all seeds on the same rows, judge them on the same others, and keep the best.

        Parameters
        ----------
        X, y : array-like
            As for `GANEstimator.fit`.
        """
        from joblib import Parallel, delayed
        from sklearn.utils import check_random_state

        check_value("BestOf", "n", self.n, (Integer(1),), 5)
        check_value("BestOf", "validation_fraction", self.validation_fraction, (Real(0.0, 1.0, closed="neither"),), 0.1)
        check_value("BestOf", "random_state", self.random_state, (RandomState(),))
        check_value(
            "BestOf", "estimator", self.estimator, (Kind("an estimator with sample and score", "sample", "score"),)
        )
        scorer = None if self.scoring is None else get_scorer(self.scoring)
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=self.n)
        held = hold_out(X, y, self.validation_fraction, int(seeds[0]))
        if held.X_held_out is None:
            raise InvalidParameterError("X must have two rows or more, and y one label for each. Check their lengths.")
        fits = Parallel(n_jobs=self.n_jobs)(
            delayed(_fitted)(self.estimator, seed, held, scorer) for seed in seeds.tolist()
        )
        self.seeds_, self.scores_ = seeds, np.array([score for _, score in fits])
        self.best_estimator_ = fits[int(self.scores_.argmax())][0]
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "best_estimator_")

    def score(self, X: Any, y: Any = None) -> float:
        """Return the score of the best one."""
        check_is_fitted(self)
        return self.best_estimator_.score(X, y) if self.scoring is None else get_scorer(self.scoring)(self, X, y)

    @available_if(_has("sample"))
    def sample(self, *args: Any, **settings: Any) -> Any:
        """Draw samples from the best one, as `GANEstimator.sample`."""
        check_is_fitted(self)
        return self.best_estimator_.sample(*args, **settings)

    @available_if(_has("transform"))
    def transform(self, X: Any) -> np.ndarray:
        """Return the features of the best one, as `GANEstimator.transform`."""
        check_is_fitted(self)
        return self.best_estimator_.transform(X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any, y: Any = None) -> np.ndarray:
        """Return the logits of the best one, as `GANEstimator.decision_function`."""
        check_is_fitted(self)
        return self.best_estimator_.decision_function(X, y)

    @available_if(_has("save"))
    def save(self, path: Any, overwrite: bool = False) -> None:
        """Write the best one, as `GANEstimator.save`."""
        check_is_fitted(self)
        self.best_estimator_.save(path, overwrite)


def _fitted(estimator: Any, seed: int, held: Any, scorer: Any) -> tuple[Any, float]:
    fitted = clone(estimator).set_params(random_state=seed).fit(held.X, held.y)
    score = (fitted.score if scorer is None else lambda X, y: scorer(fitted, X, y))(held.X_held_out, held.y_held_out)
    return fitted, float(score)


# --- halves ---------------------------------------------------------------------------------------


def _on_halves(asked: judging.Asked) -> Callable[[np.random.Generator], float]:
    """Return what draws halves of both sets and measures them; features are looked at once for all."""
    part = asked.metric
    sets = [(asked.X_real, asked.y_real), (asked.X_fake, asked.y_fake)]
    if isinstance(part, SetMetric):
        seen = part.seen(*(in_order(X, y) for X, y in sets))
        return lambda rng: part.measure(*(Rows(*_half(rows.X, rows.y, rng)) for rows in seen)).value

    def measured(rng: np.random.Generator) -> float:
        (X_real, y_real), (X_fake, y_fake) = (_half(X, y, rng) for X, y in sets)
        return float(part(X_real, X_fake, y_real=y_real, y_fake=y_fake))

    return measured


def _half(X: Any, y: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    places = np.sort(rng.permutation(len(X))[: max(len(X) // 2, 1)])
    return judging.rows_at(X, places), None if y is None else y[places]
