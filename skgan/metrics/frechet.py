"""Distances between the Gaussians that fit two sets of features best."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from skgan.interfaces import Tags
from skgan.metrics._sets import FeatureMetric, Rows, Said, digest, remembered, shared_classes

NAMES = {"fid": "FID", "fid-mean": "FIDMean", "fid-diag": "FIDDiag", "ifid": "IntraFID", "intra-fid": "IntraFID"}


class Gaussian(NamedTuple):
    """The mean `(d,)` of rows, and R `(k, d)` with covariance R^T R, of as few rows as that takes."""

    mean: np.ndarray
    root: np.ndarray


class FID(FeatureMetric):
    r"""The Frechet distance between the Gaussians that fit the features of both sets best; 0 for equal moments.

    .. math:: \|\mu_1 - \mu_2\|^2 + \mathrm{tr}(\Sigma_1) + \mathrm{tr}(\Sigma_2)
              - 2\,\mathrm{tr}\big((\Sigma_1 \Sigma_2)^{1/2}\big)

    With :math:`\Sigma_i = R_i^T R_i` the last trace is the sum of the singular values of :math:`R_1 R_2^T`, which
    are the square roots of the eigenvalues of :math:`\Sigma_1\Sigma_2`: in float64, real, and exact also where there
    are fewer rows than features. The value depends on the numbers of rows, so the protocol holds them. Which "FID" it
    is, legacy, clean or friendly, is decided by how ``Inception(resize=...)`` brings images to its size; other features
    give other numbers under another protocol.

    Parameters
    ----------
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
       NeurIPS 2017.
    .. [2] Parmar, Zhang, Zhu, "On Aliased Resizing and Surprising Subtleties in GAN Evaluation", CVPR 2022.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.frechet import FID
    >>> X = np.array([[-1.0], [1.0]])
    >>> round(float(FID()(X, X + 3)), 6)
    9.0
    """

    bounds = (0.0, math.inf)
    greater_is_better = False

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the distance between rows `(n, d)` and `(m, d)`."""
        return Said(distance(remembered(("gaussian", digest(real.X)), lambda: fitted(real.X)), fitted(fake.X)))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the multiplications of one decomposition of the fakes and one of the product."""
        rank = min(n_fake, width)
        return 2.0 * n_fake * width * rank + 4.0 * rank**2 * width


class FIDMean(FeatureMetric):
    r"""The first term of FID alone, the squared distance between the means of the features.

    .. math:: \|\mu_1 - \mu_2\|^2

    Parameters
    ----------
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.frechet import FIDMean
    >>> float(FIDMean()(np.array([[-1.0], [1.0]]), np.array([[2.0], [2.0]])))
    4.0
    """

    bounds = (0.0, math.inf)
    greater_is_better = False

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the squared distance between the means of rows `(n, d)` and `(m, d)`."""
        return Said(float(((real.X.mean(0) - fake.X.mean(0)) ** 2).sum()))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the additions of two means."""
        return float((n_real + n_fake) * width)


class FIDDiag(FeatureMetric):
    r"""FID as if features were independent: of the variances only, so that few rows suffice.

    .. math:: \sum_j (\mu_{1j} - \mu_{2j})^2 + (\sigma_{1j} - \sigma_{2j})^2

    Parameters
    ----------
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.frechet import FIDDiag
    >>> round(float(FIDDiag()(np.array([[-1.0], [1.0]]), np.array([[-1.0], [5.0]]))), 6)
    12.0
    """

    bounds = (0.0, math.inf)
    greater_is_better = False

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the distance between rows `(n, d)` and `(m, d)`."""
        means, spreads = ([f(rows.X) for rows in (real, fake)] for f in (lambda X: X.mean(0), _deviation))
        return Said(float(((means[0] - means[1]) ** 2 + (spreads[0] - spreads[1]) ** 2).sum()))

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return the operations of two means and variances."""
        return 4.0 * (n_real + n_fake) * width


class IntraFID(FeatureMetric):
    r"""The mean over the classes of the FID between the real rows and the samples of a class.

    .. math:: \frac{1}{K} \sum_k \mathrm{FID}(X_k, Y_k)

    Parameters
    ----------
    features : str, Features or "auto", default="auto"
        What rows are compared by; "auto" is the rows as they are when the metric itself is called.

    References
    ----------
    .. [1] Miyato, Koyama, "cGANs with Projection Discriminator", ICLR 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.metrics.frechet import IntraFID
    >>> X, y = np.array([[-1.0], [1.0], [9.0], [11.0]]), np.array([0, 0, 1, 1])
    >>> round(float(IntraFID()(X, X + 3, y_real=y, y_fake=y)), 6)
    9.0
    """

    bounds = (0.0, math.inf)
    greater_is_better = False

    def tags(self) -> Tags:
        """Return that it needs classes."""
        return Tags(labels=("classes",))

    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the mean distance, with the standard error over classes, and each by its class."""
        classes = shared_classes(real, fake)
        each = [distance(*(fitted(rows.X[rows.y == label]) for rows in (real, fake))) for label in classes]
        details = dict(zip(map(str, classes.tolist()), each, strict=True))
        return Said(float(np.mean(each)), float(np.std(each) / np.sqrt(len(each))), details)


# --- Gaussians ------------------------------------------------------------------------------------


def fitted(X: np.ndarray) -> Gaussian:
    """Return the Gaussian that fits rows `(n, d)` best, its covariance with n - 1 below."""
    mean = X.mean(axis=0)
    root = (X - mean) / np.sqrt(max(len(X) - 1, 1))
    return Gaussian(mean, np.asarray(np.linalg.qr(root, mode="r")) if len(root) > root.shape[1] else root)


def distance(first: Gaussian, second: Gaussian) -> float:
    """Return the squared Frechet distance between two Gaussians; what rounding leaves below 0 is 0."""
    between = np.linalg.svd(first.root @ second.root.T, compute_uv=False).sum()
    traces = (first.root**2).sum() + (second.root**2).sum()
    return max(float(((first.mean - second.mean) ** 2).sum() + traces - 2 * between), 0.0)


def _deviation(X: np.ndarray) -> np.ndarray:
    return X.std(axis=0, ddof=1 if len(X) > 1 else 0)
