r"""What went wrong with a training, in words: the figure that tells, the likely cause, the parameter to change.

Each fault has one figure and one threshold. Thresholds were set on planted faults with seeds 0 to 29 and judged on
seeds 30 to 129 (`examples/benchmarks/diagnosis.py`).

================  ====================================================================================================
collapse          coverage, the share of rows that a sample comes near to; or spread, the median distance between
                  samples over that between rows (`skgan.detectors`)
copying           the share of samples that nearly repeat a training row (`skgan.metrics._copying`)
labels ignored    how often a classifier of rows finds the label that a sample was asked for, between chance and what it
                  reaches on rows that it has not seen
saturation        the discriminator's loss, over that of one that knows nothing
overfitting       how far the logits of training rows lie above those of held-out rows, on the way from samples
divergence        the size of the logits, and how often training went back
================  ====================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from skgan import detectors, seeding
from skgan.interfaces import Critique

if TYPE_CHECKING:
    from skgan.estimator import GANEstimator

#: labels found, from chance (0) to those of rows (1), below which they do not reach the samples; and how far above
#: chance a classifier must get on rows for that to be told
LOWEST_OBEDIENCE, VISIBLE = 0.5, 0.15
#: loss of the discriminator over that of one that knows nothing, below which it has nothing left to say
LOWEST_LOSS = 0.05
#: place of held-out rows between training rows (1) and samples (0) below which the discriminator knows rows by heart
LOWEST_PLACE = 0.5
#: how often a training row must have a higher logit than a sample for that to be told: on small tables sound
#: discriminators, which can hardly tell anything, lean to their training rows in up to nine pairs of ten
TOLD = 0.95
#: mean logits, in size, and the meanings of a logit whose size says something
LARGEST_LOGIT, _SIZED = 30.0, ("log-ratio", "margin", "target", "relative")


class Finding(NamedTuple):
    """One fault.

    Parameters
    ----------
    fault : str
        What it is, in a word or two.
    figure : str
        What tells it, with what a sound training has.
    cause : str
        The likely cause.
    change : str
        What to change.
    """

    fault: str
    figure: str
    cause: str
    change: str

    def __str__(self) -> str:
        return f"{self.fault}: {self.figure} {self.cause} {self.change}"


class Diagnosis(list[Finding]):
    """The faults that were found, and all figures that were looked at.

    Parameters
    ----------
    findings : list of Finding
        What is wrong; empty when nothing is.
    figures : mapping of str to float
        Everything that was measured.

    Examples
    --------
    >>> from skgan.diagnosis import diagnosed
    >>> print(diagnosed({"coverage": 0.45, "spread": 0.9, "copies": 0.0}))
    1 thing looks wrong.
    - collapse: Samples come near to 45% of the rows; sound ones to 65% at least. It may hold a part of the \
modes only, or be trained too little. Raise max_iter, raise the penalty's weight, or lower learning_rate.
    """

    def __init__(self, findings: list[Finding], figures: Mapping[str, float]):
        super().__init__(findings)
        self.figures = dict(figures)

    @property
    def faults(self) -> list[str]:
        """The names of the faults."""
        return [finding.fault for finding in self]

    def __str__(self) -> str:
        if not self:
            return f"Nothing looks wrong. Looked at: {', '.join(self.figures) or 'nothing, since there is no history'}."
        many = "1 thing looks" if len(self) == 1 else f"{len(self)} things look"
        return "\n".join([f"{many} wrong.", *(f"- {finding}" for finding in self)])

    __repr__ = __str__


def diagnose(
    estimator: GANEstimator, X: Any = None, y: Any = None, X_held_out: Any = None, y_held_out: Any = None
) -> Diagnosis:
    """Return what is wrong with a fitted estimator; what needs rows is left out without them.

    Parameters
    ----------
    estimator : GANEstimator
        Fitted.
    X, y : array-like, optional
        The rows that it was trained on, and their labels.
    X_held_out, y_held_out : array-like, optional
        Others, that it was not trained on.
    """
    figures = of_history(estimator)
    if X is not None:
        figures |= _of_rows(estimator, X, y)
        if X_held_out is not None:
            figures |= _of_held_out(estimator, (X, y), (X_held_out, y_held_out))
    return diagnosed(figures)


def diagnosed(figures: Mapping[str, float]) -> Diagnosis:
    """Return what is wrong, by figures.

    Parameters
    ----------
    figures : mapping of str to float
        As the functions of this module return them.
    """
    found = [rule(figures) for rule in RULES]
    return Diagnosis([finding for finding in found if finding is not None], figures)


# --- rules ----------------------------------------------------------------------------------------


def _collapsed(figures: Mapping[str, float]) -> Finding | None:
    coverage, spread, low = figures.get("coverage", 1.0), figures.get("spread", 1.0), detectors.SPREADS[0]
    if coverage >= detectors.LOWEST_COVERAGE and spread >= low:
        return None
    least = detectors.LOWEST_COVERAGE
    figure = f"Samples come near to {coverage:.0%} of the rows; sound ones to {least:.0%} at least."
    if coverage >= detectors.LOWEST_COVERAGE:
        figure = f"Samples lie {spread:.2f} times as far apart as rows do; sound ones {low:g} times at least."
    return Finding(
        "collapse",
        figure,
        "It may hold a part of the modes only, or be trained too little.",
        "Raise max_iter, raise the penalty's weight, or lower learning_rate.",
    )


def _scattered(figures: Mapping[str, float]) -> Finding | None:
    spread, high = figures.get("spread", 1.0), detectors.SPREADS[1]
    if spread <= high:
        return None
    return Finding(
        "divergence",
        f"Samples lie {spread:.2f} times as far apart as rows do; sound ones {high:g} times at most.",
        "The players have lost each other, or have not found each other yet.",
        "Lower learning_rate, raise the penalty's weight, or raise max_iter.",
    )


def _copying(figures: Mapping[str, float]) -> Finding | None:
    copies, twins = figures.get("copies", 0.0), figures.get("twins", 0.0)
    if not copies - twins > detectors.MOST_COPIES or twins > detectors.MOST_TWINS:
        return None
    return Finding(
        "copying",
        f"{copies:.0%} of the samples nearly repeat a training row; of fresh rows about 1% do.",
        "The networks have learned the rows by heart: too few of them, or too large networks.",
        "Set augmentation, lower max_iter or the architecture's width, set early_stopping, or give more rows.",
    )


def _deaf(figures: Mapping[str, float]) -> Finding | None:
    obeyed = figures.get("obedience", 1.0)
    if obeyed >= LOWEST_OBEDIENCE:
        return None
    return Finding(
        "labels ignored",
        f"Samples show the label asked for {max(obeyed, 0):.0%} of the way from chance to rows; sound ones"
        f" {LOWEST_OBEDIENCE:.0%} at least.",
        "Labels do not reach the generator, or do not belong to their rows.",
        "Check that y is in the order of X; set conditioning to 'ac', raise its weight, or raise max_iter.",
    )


def _saturated(figures: Mapping[str, float]) -> Finding | None:
    left = figures.get("loss left", 1.0)
    if left >= LOWEST_LOSS:
        return None
    return Finding(
        "saturated discriminator",
        f"Its loss is {left:.1%} of that of one that knows nothing; in a sound training {LOWEST_LOSS:.0%} at least.",
        "It tells every sample from every row, so that the generator hears nothing it can follow.",
        "Add or raise a gradient penalty ('r1r2'), lower discriminator_learning_rate, set augmentation='noise'.",
    )


def _overfitted(figures: Mapping[str, float]) -> Finding | None:
    place = figures.get("held-out place", 1.0)
    if place >= LOWEST_PLACE:
        return None
    return Finding(
        "overfitted discriminator",
        f"Held-out rows stand {max(place, 0):.0%} of the way from samples to training rows; sound ones 100%.",
        "It knows the training rows by heart, and takes fresh ones for samples.",
        "Set augmentation ('ada' or 'diffaug'), raise the penalty's weight, set early_stopping, or give more rows.",
    )


def _diverged(figures: Mapping[str, float]) -> Finding | None:
    logit, rollbacks = figures.get("logit", 0.0), figures.get("rollbacks", 0.0)
    if logit <= LARGEST_LOGIT and not rollbacks:
        return None
    figure = f"Training went back {rollbacks:.0f} times." if rollbacks else f"Mean logits have a size of {logit:.3g}."
    return Finding(
        "divergence",
        f"{figure} A sound training stays below {LARGEST_LOGIT:g} and goes on.",
        "The step is too long for these networks, or nothing keeps the discriminator smooth.",
        "Lower learning_rate, add a gradient penalty ('r1r2') or 'spectral-norm'.",
    )


RULES: tuple[Callable[[Mapping[str, float]], Finding | None], ...] = (
    _collapsed,
    _scattered,
    _copying,
    _deaf,
    _saturated,
    _overfitted,
    _diverged,
)


# --- figures --------------------------------------------------------------------------------------


def of_samples(
    real: Tensor, fake: Tensor, y_real: np.ndarray | None = None, y_fake: np.ndarray | None = None
) -> dict[str, float]:
    """Return coverage, spread, copies, twins and, with classes, obedience of samples beside training rows.

    Parameters
    ----------
    real, fake : Tensor
        Training rows and samples as the networks see them, `(n, ...)` and `(m, ...)`.
    y_real, y_fake : ndarray, optional
        Classes of the rows, and those that were asked for, `(n,)` and `(m,)`.
    """
    places = torch.from_numpy(seeding.numpy_generator(("diagnosis", len(real))).permutation(len(real)))
    places = places[: detectors.MOST_ROWS]
    figures = detectors.collapse(real[places], fake)
    found = detectors.copying(real[places], places, fake, (real[piece] for piece in detectors.in_chunks(len(real))))
    figures |= {"copies": found.copies, "twins": found.twins}
    if y_real is not None and y_fake is not None:
        figures |= obedience(real.flatten(1).numpy(), y_real, fake.flatten(1).numpy(), y_fake)
    return figures


def obedience(X: np.ndarray, y: np.ndarray, fake: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Return how often samples show the label asked for: 0 at chance, 1 as often as rows; nothing where rows do not.

    A classifier learns one half of the rows and is asked about the other half and about the samples.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    order = seeding.numpy_generator(("diagnosis", "halves", len(X))).permutation(len(X))[:4000]
    first, second = order[::2], order[1::2]
    if len(np.unique(y[first])) < 2:
        return {}
    best: tuple[float, float] = (-math.inf, 0.0)
    for learner in (LogisticRegression(max_iter=500), KNeighborsClassifier(min(5, len(first)))):
        judge = make_pipeline(StandardScaler(), learner).fit(X[first], y[first])
        best = max(best, (float(judge.score(X[second], y[second])), float(judge.score(fake, asked))))
    chance = max(float((asked == label).mean()) for label in np.unique(asked))
    on_rows, on_samples = best
    return {"obedience": (on_samples - chance) / (on_rows - chance)} if on_rows - chance > VISIBLE else {}


def of_history(estimator: GANEstimator) -> dict[str, float]:
    """Return what the last ticks tell: the last look at samples, logits, the loss that is left, roll-backs."""
    history, loss = estimator.history_, estimator.loss_
    last = {name: values[-1] for name, values in history.items() if values}
    figures: dict[str, float] = {}
    for name in ("coverage", "spread", "copies"):
        seen = [value for value in history.get(f"watch/{name}", []) if not math.isnan(value)]
        figures |= {name: seen[-1]} if seen else {}
    logits = [abs(last[name]) for name in ("discriminator/real_logit", "discriminator/fake_logit") if name in last]
    if logits and loss.tags().meaning in _SIZED:
        figures["logit"] = max(logits)
    nothing = loss_of_nothing(loss)
    if nothing and "discriminator/loss" in last:
        figures["loss left"] = last["discriminator/loss"] / nothing
    if last.get("rollbacks", 0.0) > 0:
        figures["rollbacks"] = last["rollbacks"]
    return figures


def loss_of_nothing(loss: Any) -> float:
    """Return the loss of a discriminator that says 0 of everything, of losses whose logits have a size; otherwise 0."""
    if loss.tags().meaning not in _SIZED or loss.tags().whole_batch:
        return 0.0
    nothing = Critique(torch.zeros(4), torch.zeros(4, 1))
    try:
        value = loss.discriminator(SimpleNamespace(player="discriminator", real_=nothing, fake_=nothing))
    except Exception:  # of a stranger that asks for more than logits
        return 0.0
    return float(value.mean())


def _of_rows(estimator: GANEstimator, X: Any, y: Any) -> dict[str, float]:
    """Return the figures of as many samples as rows are looked at, with the labels of those rows."""
    real, labels, model = estimator._encoded(X), estimator._encoding_.labels, estimator._model_
    if len(real) < detectors.FEWEST_ROWS:
        return {}
    labelled, key = y is not None and labels.dim > 0, (*model.key, "diagnosis")
    stored = labels.encode(estimator._labels_for(len(real), y if labelled else None, key))
    chosen = seeding.numpy_generator(("diagnosis", "asked", len(real))).permutation(len(real))[: detectors.MOST_ROWS]
    drawn = estimator._draw(model, len(chosen), stored[chosen], None, None, key)
    classes = stored.numpy() if labelled and labels.kind == "classes" else None
    return of_samples(real, estimator._encoded(drawn), classes, None if classes is None else classes[chosen])


def _of_held_out(estimator: GANEstimator, seen: tuple[Any, Any], held: tuple[Any, Any]) -> dict[str, float]:
    """Return where held-out rows stand between samples and training rows, by the discriminator's mean logits."""
    twin = estimator.sample(min(len(seen[0]), detectors.MOST_ROWS), random_state=0, return_y=seen[1] is not None)
    fake, asked = twin if isinstance(twin, tuple) else (twin, None)
    of_seen, of_held, of_fake = (estimator.decision_function(*pair) for pair in (seen, held, (fake, asked)))
    told = float((of_seen[:, None] > of_fake[None]).mean())  # how often a training row has the higher logit
    gap = float(of_seen.mean() - of_fake.mean())
    return {"held-out place": float(of_held.mean() - of_fake.mean()) / gap} if told > TOLD else {}
