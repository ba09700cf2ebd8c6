"""Label fidelity."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import clone

from skgan.interfaces import Metric, Score, Tags

NAMES = {"label-fidelity": "LabelFidelity"}


class LabelFidelity(Metric):
    r"""How often a classifier fitted on real rows finds in a sample the label that it was asked for.

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
    >>> from skgan.metrics.label_fidelity import LabelFidelity
    >>> X, y = np.array([[0.0], [0.1], [9.0], [9.1]]), np.array([0, 0, 1, 1])
    >>> float(LabelFidelity()(X, X, y_real=y, y_fake=y))
    1.0
    """

    def __init__(self, classifier: Any = None):
        self.classifier = classifier

    def tags(self) -> Tags:
        """Return that it needs labels."""
        return Tags(labels=("classes",))

    def __call__(
        self,
        X_real: np.ndarray,
        X_fake: np.ndarray,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
    ) -> Score:
        """Return the share of the rows of `X_fake`, `(m, d)`, that are found to be what `y_fake` says."""
        from sklearn.svm import SVC

        if y_real is None or y_fake is None:
            raise ValueError("Label fidelity needs y_real and y_fake. Got None. Pass the labels of both sets.")
        classifier = SVC(gamma=0.001, random_state=0) if self.classifier is None else clone(self.classifier)
        value = classifier.fit(X_real, y_real).score(X_fake, y_fake)
        protocol = {
            "metric": "label-fidelity",
            "classifier": repr(classifier),
            "n_real": len(X_real),
            "n_fake": len(X_fake),
        }
        return Score(value, protocol=protocol)
