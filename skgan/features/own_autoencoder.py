"""A small autoencoder that learns the user's own rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from skgan.interfaces import Features, Integer

NAMES = {"own-autoencoder": "OwnAutoencoder"}


class OwnAutoencoder(Features):
    r"""The code of a small autoencoder that learned to rebuild the real rows; "auto" for images without classes.

    .. math:: \phi = e, \qquad \min_{e, d}\; \mathbb{E} \|x - d(e(x))\|^2

    Parameters
    ----------
    width : int, default=32
        Numbers in a code, in [1, inf).
    steps : int, default=600
        Of Adam with 64 rows each, in [1, inf).
    random_state : int, default=0
        Of weights and batches, in [0, inf).

    References
    ----------
    .. [1] Hinton, Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", Science 2006.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.own_autoencoder import OwnAutoencoder
    >>> X = np.random.default_rng(0).standard_normal((20, 5))
    >>> OwnAutoencoder(width=2, steps=5).learn(X)(X[:3]).shape
    (3, 2)
    """

    constraints = {"width": (Integer(1),), "steps": (Integer(1),), "random_state": (Integer(0),)}
    learns = True

    def __init__(self, width: int = 32, steps: int = 600, random_state: int = 0):
        self.width = width
        self.steps = steps
        self.random_state = random_state

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Callable[[np.ndarray], np.ndarray]:
        """Return the encoder of an autoencoder of X, `(n, *shape)`; classes are not looked at."""
        import torch

        from skgan.features._networks import asked, train

        rng = torch.Generator().manual_seed(self.random_state)
        x = torch.from_numpy(np.array(X, np.float32))
        both = self._both(tuple(X.shape[1:]), rng)
        train(both, lambda places: (both(x[places]) - x[places].flatten(1)).square().mean(), len(x), self.steps, rng)
        return lambda X: asked(both[0], X)

    def work(self, n: int, shape: tuple[int, ...]) -> float:
        """Return the multiplications of the steps."""
        import torch

        from skgan.features._networks import work

        return work(self._both(shape, torch.Generator()), shape, n, self.steps)

    def _both(self, shape: tuple[int, ...], rng: Any) -> Any:
        """Return the encoder and the decoder."""
        from torch import nn

        from skgan.features._networks import encoder, made

        hidden = 4 * self.width
        code = encoder(shape, self.width, rng)
        back = (
            made(nn.Linear, rng, self.width, hidden),
            nn.LeakyReLU(0.2),
            made(nn.Linear, rng, hidden, math.prod(shape)),
        )
        return nn.Sequential(code, nn.Sequential(*back))

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few steps of a narrow network."""
        return [{"width": 4, "steps": 5}]
