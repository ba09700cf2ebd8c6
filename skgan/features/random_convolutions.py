"""Random convolutions, which need neither data nor a download."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from skgan.interfaces import Features, Integer, Tags

NAMES = {"random-convolutions": "RandomConvolutions", "random": "RandomConvolutions"}


class RandomConvolutions(Features):
    r"""What a convolutional network of random weights makes of an image: means and deviations of its channels.

    .. math:: \phi(x) = \big(\mathrm{mean}\, h_l, \mathrm{std}\, h_l\big)_{l}, \qquad h_l = \sigma(W_l * h_{l-1})

    after each layer, over four pieces of the image. The same for everybody who uses the same seed.

    Parameters
    ----------
    channels : int, default=32
        Of each layer, in [1, inf).
    layers : int, default=3
        In [1, inf); fewer where the image is small.
    random_state : int, default=0
        Of the weights, in [0, inf).

    References
    ----------
    .. [1] Saxe et al., "On Random Weights and Unsupervised Feature Learning", ICML 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.random_convolutions import RandomConvolutions
    >>> X = np.random.default_rng(0).standard_normal((20, 1, 8, 8))
    >>> RandomConvolutions(channels=4, layers=1).learn(X)(X[:3]).shape
    (3, 32)
    """

    constraints = {"channels": (Integer(1),), "layers": (Integer(1),), "random_state": (Integer(0),)}

    def __init__(self, channels: int = 32, layers: int = 3, random_state: int = 0):
        self.channels = channels
        self.layers = layers
        self.random_state = random_state

    def tags(self) -> Tags:
        """Return that it needs images."""
        return Tags(kinds=("image",))

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Callable[[np.ndarray], np.ndarray]:
        """Return the network for images of as many channels as X has, `(n, c, h, w)`."""
        import torch
        from torch import nn
        from torch.nn import functional

        from skgan.features._networks import asked, made

        rng = torch.Generator().manual_seed(self.random_state)
        widths = [X.shape[1], *[self.channels] * self.layers]
        layers = [made(nn.Conv2d, rng, a, b, 3, padding=1) for a, b in itertools.pairwise(widths)]

        def pooled(x: torch.Tensor) -> torch.Tensor:
            found = []
            for layer in layers:
                x = functional.leaky_relu(layer(x), 0.2)
                mean = functional.adaptive_avg_pool2d(x, 2)
                found += [mean, (functional.adaptive_avg_pool2d(x * x, 2) - mean**2).clamp(min=0).sqrt()]
                if min(x.shape[2:]) >= 4:
                    x = functional.avg_pool2d(x, 2)
            return torch.cat(found, dim=1).flatten(1)

        return lambda X: asked(pooled, X)
