"""A small classifier that learns the user's own classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from skgan.interfaces import Features, IncompatibleComponentError, Integer, Tags, sentence

NAMES = {"own-classifier": "OwnClassifier"}


class OwnClassifier(Features):
    r"""The last hidden layer of a small network that learned to tell the classes of the real rows.

    .. math:: \phi = h, \qquad \min_{h, W}\; -\mathbb{E} \log \mathrm{softmax}(W h(x))_y

    It needs no download and sees what matters in greyscale, medical or tabular data, where a network for photographs is
    a guess. It also gives class probabilities, so the inception score has a meaning on any labelled data.

    Parameters
    ----------
    width : int, default=64
        Numbers in a vector, in [1, inf).
    steps : int, default=400
        Of Adam with 64 rows each, in [1, inf).
    random_state : int, default=0
        Of weights and batches, in [0, inf).

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.own_classifier import OwnClassifier
    >>> X, y = np.random.default_rng(0).standard_normal((20, 5)), np.arange(20) % 2
    >>> look = OwnClassifier(width=8, steps=5).learn(X, y)
    >>> look(X[:3]).shape, look.probabilities(X[:3]).shape
    ((3, 8), (3, 2))
    """

    constraints = {"width": (Integer(1),), "steps": (Integer(1),), "random_state": (Integer(0),)}
    learns = True
    knows_classes = False

    def __init__(self, width: int = 64, steps: int = 400, random_state: int = 0):
        self.width = width
        self.steps = steps
        self.random_state = random_state

    def tags(self) -> Tags:
        """Return that it needs classes."""
        return Tags(labels=("classes",))

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the hidden layer of a network that learned y, `(n,)`, from X."""
        import torch
        from torch import nn

        from skgan.features._networks import encoder, made, train

        if y is None or np.ndim(y) != 1:
            raise IncompatibleComponentError(
                sentence(
                    "The features 'own-classifier' need the classes of the real rows, one for each.",
                    "Got none, or labels of another kind. Pass y_real, or take 'own-autoencoder'.",
                )
            )
        rng = torch.Generator().manual_seed(self.random_state)
        codes = np.unique(y, return_inverse=True)[1].reshape(-1)
        x, labels = torch.from_numpy(np.array(X, np.float32)), torch.from_numpy(codes)
        hidden = encoder(tuple(X.shape[1:]), self.width, rng).append(nn.LeakyReLU(0.2))
        head = made(nn.Linear, rng, self.width, int(codes.max()) + 1)
        both = nn.Sequential(hidden, head)
        train(
            both, lambda places: nn.functional.cross_entropy(both(x[places]), labels[places]), len(x), self.steps, rng
        )
        return _Look(hidden, head)

    def work(self, n: int, shape: tuple[int, ...]) -> float:
        """Return the multiplications of the steps; those of the last layer are few."""
        import torch

        from skgan.features._networks import encoder, work

        return work(encoder(shape, self.width, torch.Generator()), shape, n, self.steps)

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return few steps of a narrow network."""
        return [{"width": 8, "steps": 5}]


class _Look:
    """A network that tells classes: its hidden layer, and what it says."""

    def __init__(self, hidden: Any, head: Any):
        self._hidden = hidden
        self._head = head

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return the hidden layer, `(n, width)`."""
        from skgan.features._networks import asked

        return asked(self._hidden, X)

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Return class probabilities, `(n, K)`."""
        from skgan.features._networks import asked

        return asked(lambda x: self._head(self._hidden(x)).double().softmax(1), X)
