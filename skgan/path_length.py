r"""How much samples change for a small step in latent space: a figure of a generator, so no metric of two sets.

.. math:: \mathrm{PPL} = \mathbb{E}\, \frac{1}{\epsilon^2}\,
          \big\| \phi(G(w(t))) - \phi(G(w(t + \epsilon))) \big\|^2, \qquad w(t) = \mathrm{lerp}(z_1, z_2; t)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from skgan import resolution, sampling, seeding
from skgan.interfaces import Score
from skgan.validation import Integer, Real, check_value

#: shares of the shortest and of the longest steps that are left out, as in the paper
_LEFT_OUT = 0.01


def ppl(
    estimator: Any,
    n_samples: int = 1000,
    *,
    epsilon: float = 1e-4,
    features: Any = "raw",
    y: Any = None,
    random_state: int = 0,
) -> Score:
    """Return the perceptual path length of a generator's average, lower for smoother.

    Parameters
    ----------
    estimator : GANEstimator
        Fitted.
    n_samples : int, default=1000
        Steps, in [2, inf).
    epsilon : float, default=1e-4
        Length of a step, as a share of the way between two latents, in (0, 1).
    features : str or Features, default="raw"
        What the ends of a step are compared by; the paper's are those of a network for photographs. Features that
        learn, learn from samples at the beginnings of the steps.
    y : label or array-like of shape (n_samples,), optional
        Labels of the steps; None draws them.
    random_state : int, default=0
        Of latents, places and labels.

    Returns
    -------
    Score
        With the standard error over steps. Networks see samples without rounding and clipping.

    References
    ----------
    .. [1] Karras, Laine, Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks", CVPR 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skgan import GANEstimator
    >>> from skgan.path_length import ppl
    >>> gan = GANEstimator(max_iter=5, random_state=0).fit(load_iris().data)
    >>> float(ppl(gan, 50)) > 0
    True
    """
    model = estimator._fitted_model()
    check_value("ppl", "n_samples", n_samples, (Integer(2),), 1000)
    check_value("ppl", "epsilon", epsilon, (Real(0.0, 1.0, closed="neither"),), 1e-4)
    part = resolution.component("features", features, "features")
    key = (*model.key, "path length", random_state)
    rng, labels = seeding.numpy_generator(key), estimator._encoding_.labels
    rows = slice(0, n_samples)
    starts, ends = (sampling.draw_latents(model.spec.latent_dim, model.prior, rng, 1, rows) for _ in range(2))
    place = torch.from_numpy(rng.uniform(0, 1 - epsilon, (n_samples, 1))).float()
    codes = labels.expand(labels.encode(estimator._labels_for(n_samples, y, key)))
    generator = model.state.average.module
    near, far = (
        sampling.generate(generator, torch.lerp(starts, ends, at), codes, generator, sampling.CHUNK)
        .cpu()
        .double()
        .numpy()
        for at in (place, place + epsilon)
    )
    look = part.learn(near)
    steps = ((np.asarray(look(near)) - np.asarray(look(far))) ** 2).sum(axis=1) / epsilon**2
    low, high = np.quantile(steps, [_LEFT_OUT, 1 - _LEFT_OUT])
    kept = steps[(steps >= low) & (steps <= high)]
    protocol = {
        "metric": "ppl",
        "n": n_samples,
        "epsilon": epsilon,
        "features": repr(part),
        "random_state": random_state,
    }
    error = float(kept.std() / np.sqrt(len(kept)))
    return Score(float(kept.mean()), greater_is_better=False, protocol=protocol, uncertainty=error)
