"""What a learner makes of samples of a table: how useful they are, and how easily they are told."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier

from skgan.interfaces import Integer, sentence
from skgan.metrics._sets import Said
from skgan.metrics._tables import TableMetric, Tables, as_numbers

NAMES = {"tstr": "TSTR", "detection": "Detection"}


class TSTR(TableMetric):
    r"""How well a learner fitted on samples does on real rows: balanced accuracy of classes, R^2 of numbers.

    .. math:: \frac{1}{K} \sum_k \frac{1}{n_k} \sum_{y_i = k} [\hat{y}_{\mathrm{fake}}(x_i) = k] \quad\text{or}\quad
              1 - \frac{\sum_i (y_i - \hat{y}_{\mathrm{fake}}(x_i))^2}{\sum_i (y_i - \bar{y})^2}

    "Train on synthetic, test on real". What is learned is y, or a column of the table.

    Parameters
    ----------
    target : str, int or None, default=None
        The column to learn, by name or place. None is y, and without y the last column.
    model : classifier, regressor or None, default=None
        A scikit-learn estimator; None is a random forest of 100 trees.

    References
    ----------
    .. [1] Esteban, Hyland, Raetsch, "Real-valued (Medical) Time Series Generation with Recurrent Conditional GANs",
       2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.learners import TSTR
    >>> X, y = np.array([[0.0], [0.1], [9.0], [9.1]] * 5), np.array([0, 0, 1, 1] * 5)
    >>> float(TSTR()(X, X, y_real=y, y_fake=y))
    1.0
    """

    bounds = (-math.inf, 1.0)

    def __init__(self, target: Any = None, model: Any = None):
        self.target = target
        self.model = model

    def measure(self, tables: Tables) -> Said:
        """Return what the learner reaches on the real rows."""
        columns, (y_real, y_fake), classes = self._task(tables)
        X_real, X_fake = as_numbers(columns)
        model = self._learner(classes)
        if classes and len(np.unique(y_fake)) == 1:
            said = np.repeat(y_fake[:1], len(y_real))
        else:
            said = model.fit(X_fake, y_fake).predict(X_real)
        if not classes:
            left = ((y_real - said) ** 2).sum() / max(((y_real - y_real.mean()) ** 2).sum(), 1e-300)
            return Said(float(1 - left))
        right = [(said[y_real == label] == label).mean() for label in np.unique(y_real)]
        return Said(float(np.mean(right)))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the work of a forest: about a thousand operations for each row and column looked at."""
        return 1000.0 * n_fake * np.log2(n_fake + 1) * np.sqrt(width) + 1000.0 * n_real

    def _task(self, tables: Tables) -> tuple[list, tuple[np.ndarray, np.ndarray], bool]:
        """Return the columns to learn from, what to learn in both sets, and whether that is classes."""
        columns = list(tables.columns)
        given = tables.y_real, tables.y_fake
        if self.target is None and given[0] is not None and given[1] is not None and given[0].ndim == 1:
            y = given[0], given[1]
        else:
            names = [column.name for column in columns]
            wanted = -1 if self.target is None else self.target
            place = wanted if isinstance(wanted, int) else names.index(wanted) if wanted in names else None
            if place is None or not -len(names) <= place < len(names) or len(names) < 2:
                raise ValueError(
                    sentence(
                        f"target must be one of {len(names)} columns, beside another. Got {self.target!r:.60}.",
                        "Give y_real and y_fake, or the name of a column.",
                    )
                )
            column = columns.pop(place)
            y = column.real, column.fake
            if not column.numeric:
                return columns, y, True
        whole = y[0].dtype.kind not in "fc" or bool((y[0] == np.rint(y[0])).all() and len(np.unique(y[0])) <= 20)
        return columns, y, whole

    def _learner(self, classes: bool) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        if self.model is None:
            return (RandomForestClassifier if classes else RandomForestRegressor)(min_samples_leaf=2, random_state=0)
        if is_classifier(self.model) != classes:
            raise ValueError(
                sentence(
                    f"model must be a {'classifier' if classes else 'regressor'} for this target.",
                    f"Got {type(self.model).__name__}. Leave it out for a random forest.",
                )
            )
        return clone(self.model)


class Detection(TableMetric):
    r"""How well a learner tells samples from real rows: the area under its curve, 0.5 when it cannot, 1 when always.

    .. math:: P\big(d(\tilde{x}) > d(x)\big)

    of rows that the learner d did not see, by cross-validation; below a half counts as a half.

    Parameters
    ----------
    model : classifier or None, default=None
        A scikit-learn classifier with ``predict_proba``; None is a random forest of 100 trees.
    folds : int, default=3
        In [2, inf).
    random_state : int, default=0
        Of the folds, in [0, inf).

    References
    ----------
    .. [1] Lopez-Paz, Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.learners import Detection
    >>> X = np.linspace(0, 1, 30)[:, None]
    >>> float(Detection()(X, X + 5))
    1.0
    """

    bounds = (0.5, 1.0)
    constraints = {"folds": (Integer(2),), "random_state": (Integer(0),)}
    greater_is_better = False

    def __init__(self, model: Any = None, folds: int = 3, random_state: int = 0):
        self.model = model
        self.folds = folds
        self.random_state = random_state

    def measure(self, tables: Tables) -> Said:
        """Return the area under the curve."""
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import StratifiedKFold, cross_val_predict

        X_real, X_fake = as_numbers(tables.columns)
        fake = np.repeat([0, 1], [len(X_real), len(X_fake)])
        model = RandomForestClassifier(min_samples_leaf=2, random_state=0) if self.model is None else clone(self.model)
        folds = StratifiedKFold(min(self.folds, len(X_real), len(X_fake)), shuffle=True, random_state=self.random_state)
        said = cross_val_predict(model, np.concatenate([X_real, X_fake]), fake, cv=folds, method="predict_proba")[:, 1]
        return Said(max(float(roc_auc_score(fake, said)), 0.5))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the work of a forest for each fold."""
        n = n_real + n_fake
        return 1000.0 * self.folds * n * np.log2(n + 1) * np.sqrt(width)
