r"""How much samples change for a small step in latent space: a figure of a generator, so no metric of two sets.

.. math:: \mathrm{PPL} = \mathbb{E}\, \frac{1}{\epsilon^2}\,
          \big\| \phi(G(w(t))) - \phi(G(w(t + \epsilon))) \big\|^2, \qquad w(t) = \mathrm{lerp}(w_1, w_2; t)

with w the styles of a style-based generator, and the latents of any other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from skgan import resolution, sampling, seeding
from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import Score
from skgan.validation import Choice, Integer, Real, check_value, sentence

#: shares of the shortest and of the longest steps that are left out, as in the paper
_LEFT_OUT = 0.01


def ppl(
    estimator: Any,
    n_samples: int = 1000,
    *,
    epsilon: float = 1e-4,
    space: str = "auto",
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
    space : {"auto", "styles", "latents"}, default="auto"
        What is gone along: styles, of a generator with ``map(z, y)`` and ``synthesize(w)``, or latents; "auto" takes
        styles where there are any.
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
    check_value("ppl", "space", space, (Choice("auto", "styles", "latents"),), "auto")
    generator: Any = model.state.average.module
    styled = space != "latents" and hasattr(generator, "map") and hasattr(generator, "synthesize")
    if space == "styles" and not styled:
        raise IncompatibleComponentError(
            sentence(
                "The 'space' parameter of ppl must be 'latents' or 'auto' for a generator without styles.",
                f"Got {space!r}. Styles are those of style-based architectures, such as 'stylegan2'.",
            )
        )
    part = resolution.component("features", features, "features")
    key = (*model.key, "path length", random_state)
    rng, labels = seeding.numpy_generator(key), estimator._encoding_.labels
    rows = slice(0, n_samples)
    starts, ends = (sampling.draw_latents(model.spec.latent_dim, model.prior, rng, 1, rows) for _ in range(2))
    place = torch.from_numpy(rng.uniform(0, 1 - epsilon, (n_samples, 1))).float()
    codes = labels.expand(labels.encode(estimator._labels_for(n_samples, y, key)))
    if styled:
        starts, ends = (
            sampling.generate(generator.map, each, codes, generator, sampling.CHUNK) for each in (starts, ends)
        )
        place = place.to(starts.device).reshape(-1, *[1] * (starts.ndim - 1))
    run = (lambda w, y: generator.synthesize(w)) if styled else generator
    near, far = (
        sampling.generate(run, torch.lerp(starts, ends, at), codes, generator, sampling.CHUNK).cpu().double().numpy()
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
        "space": "styles" if styled else "latents",
        "features": repr(part),
        "random_state": random_state,
    }
    error = float(kept.std() / np.sqrt(len(kept)))
    return Score(float(kept.mean()), greater_is_better=False, protocol=protocol, uncertainty=error)
