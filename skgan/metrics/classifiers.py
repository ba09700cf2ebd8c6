"""What classifiers say: of the labels that were asked for, and of how sure and how varied samples are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import clone

from skgan.interfaces import Integer, Tags, sentence
from skgan.metrics._sets import FEATURES, FeatureMetric, Rows, Said, SetMetric, labels_of, learned

NAMES = {
    "label-fidelity": "LabelFidelity",
    "gan-test": "LabelFidelity",
    "cas": "ClassificationAccuracy",
    "gan-train": "ClassificationAccuracy",
    "inception-score": "InceptionScore",
    "is": "InceptionScore",
}


class LabelFidelity(SetMetric):
    r"""How often a classifier fitted on real rows finds in a sample the label that it was asked for.

    .. math:: \frac{1}{m} \sum_i [\hat{y}_{\mathrm{real}}(\tilde{x}_i) = \tilde{y}_i]

    Parameters
    ----------
    classifier : classifier or None, default=None
        A scikit-learn classifier; None takes ``SVC(gamma=0.001, random_state=0)``, good on pixels from 0 to 16.

    References
    ----------
    .. [1] Shmelkov, Schmid, Alahari, "How good is my GAN?", ECCV 2018 (there "GAN-test").

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.classifiers import LabelFidelity
    >>> X, y = np.array([[0.0], [0.1], [9.0], [9.1]]), np.array([0, 0, 1, 1])
    >>> float(LabelFidelity()(X, X, y_real=y, y_fake=y))
    1.0
    """

    bounds = (0.0, 1.0)

    def __init__(self, classifier: Any = None):
        self.classifier = classifier

    def tags(self) -> Tags:
        """Return that it needs classes."""
        return Tags(labels=("classes",))

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the share of samples `(m, d)` that are found to be what they should be."""
        return accuracy(self.classifier, real, fake)


class ClassificationAccuracy(SetMetric):
    r"""How often a classifier fitted on samples is right about real rows: samples that teach are true and varied.

    .. math:: \frac{1}{n} \sum_i [\hat{y}_{\mathrm{fake}}(x_i) = y_i]

    Parameters
    ----------
    classifier : classifier or None, default=None
        A scikit-learn classifier; None takes ``SVC(gamma=0.001, random_state=0)``, good on pixels from 0 to 16.

    References
    ----------
    .. [1] Ravuri, Vinyals, "Classification Accuracy Score for Conditional Generative Models", NeurIPS 2019.
    .. [2] Shmelkov, Schmid, Alahari, "How good is my GAN?", ECCV 2018 (there "GAN-train").

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.classifiers import ClassificationAccuracy
    >>> X, y = np.array([[0.0], [0.1], [9.0], [9.1]]), np.array([0, 0, 1, 1])
    >>> float(ClassificationAccuracy()(X, X[::-1], y_real=y, y_fake=y))
    0.0
    """

    bounds = (0.0, 1.0)

    def __init__(self, classifier: Any = None):
        self.classifier = classifier

    def tags(self) -> Tags:
        """Return that it needs classes."""
        return Tags(labels=("classes",))

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the share of real rows `(n, d)` that are found to be what they are."""
        return accuracy(self.classifier, fake, real)


class InceptionScore(FeatureMetric):
    r"""How sure a classifier is of each sample, and how varied it finds them all; from 1 to the number of classes.

    .. math:: \exp\, \mathbb{E}_x\, \mathrm{KL}\big(p(y|x)\, \|\, p(y)\big)

    The value is the mean over parts of the samples, its uncertainty their standard deviation. It never looks at real
    rows, but for the classifier that is learned from them.

    Parameters
    ----------
    splits : int, default=10
        Parts, in [1, inf); at most one for two samples.
    features : str, Features or "auto", default="auto"
        Whose classifier: features that have one, such as "own-classifier" or "inception". "auto" takes a logistic
        regression on the real rows and their classes when the metric itself is called.

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.classifiers import InceptionScore
    >>> round(InceptionScore(splits=1).of_probabilities(np.eye(4)).value, 6)
    4.0
    """

    bounds = (1.0, math.inf)
    constraints = {"splits": (Integer(1),), "features": FEATURES}

    def __init__(self, splits: int = 10, features: Any = "auto"):
        self.splits = splits
        self.features = features

    def tags(self) -> Tags:
        """Return that it needs classes to learn from, unless its features bring their own."""
        known = getattr(self.features, "knows_classes", False)
        return Tags() if known else Tags(labels=("classes",))

    def seen(self, real: Rows, fake: Rows) -> tuple[Rows, Rows]:
        """Return the rows, and the class probabilities of the samples in their place."""
        if isinstance(self.features, str):
            from sklearn.linear_model import LogisticRegression

            real, fake = super().seen(real, fake)
            y, _ = labels_of(real, Rows(fake.X, real.y))
            return real, Rows(LogisticRegression(max_iter=1000).fit(real.X, y).predict_proba(fake.X), fake.y)
        look = learned(self.features, real)
        if not hasattr(look, "probabilities"):
            raise ValueError(
                sentence(
                    "features must have a classifier for the inception score.",
                    f"Got {self.features!r:.80}. Pass y_real, or take 'own-classifier' or 'inception'.",
                )
            )
        return real, Rows(np.asarray(look.probabilities(fake.X), np.float64), fake.y)

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the score of samples whose class probabilities are `fake.X`, `(m, K)`."""
        shuffled = np.random.default_rng(len(fake)).permutation(len(fake))  # in their one order, parts would be alike
        return self.of_probabilities(fake.X[shuffled])

    def of_probabilities(self, p: np.ndarray) -> Said:
        """Return the score of class probabilities `(m, K)`: its mean and its standard deviation over parts.

        Parameters
        ----------
        p : ndarray of shape (m, K)
            Rows of numbers that sum to 1.
        """
        pieces = np.array_split(p, max(min(self.splits, len(p) // 2), 1))
        scores = [np.exp(_divergences(piece).mean()) for piece in pieces]
        return Said(float(np.mean(scores)), float(np.std(scores)) if len(scores) > 1 else None)

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of one linear classifier."""
        return 10.0 * n_fake * width


def accuracy(classifier: Any, learned_from: Rows, judged: Rows) -> Said:
    """Return the share of rows whose label a classifier finds that other rows have taught, and its standard error."""
    from sklearn.svm import SVC

    y_learned, y_judged = labels_of(learned_from, judged)
    model = SVC(gamma=0.001, random_state=0) if classifier is None else clone(classifier)
    if len(np.unique(y_learned)) == 1:
        right = y_judged == y_learned[0]
    else:
        right = model.fit(learned_from.X, y_learned).predict(judged.X) == y_judged
    return Said(float(right.mean()), float(right.std() / np.sqrt(len(right))))


def _divergences(p: np.ndarray) -> np.ndarray:
    """Return the divergence of each row from their mean, `(m,)`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = p * (np.log(p) - np.log(p.mean(axis=0)))
    return np.where(p > 0, terms, 0.0).sum(axis=1)
