"""Fully connected networks, for any shape."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from skgan.interfaces import Architecture, Conditioning, Critique, DataSpec, Integer, Real, Tags

NAMES = {"mlp": "MLP"}


class MLP(Architecture):
    """Two stacks of linear layers; a sample is a vector of its values.

    Parameters
    ----------
    width : int, default=128
        Width of the hidden layers, in [1, inf).
    depth : int, default=3
        Number of hidden layers, in [1, inf).
    slope : float, default=0.05
        Slope of the leaky ReLU below zero, in [0, 1).

    References
    ----------
    .. [1] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="mlp").set_params(architecture__width=64)
    GANEstimator(architecture=MLP(width=64))
    """

    constraints = {"width": (Integer(1),), "depth": (Integer(1),), "slope": (Real(0.0, 1.0),)}

    def __init__(self, width: int = 128, depth: int = 3, slope: float = 0.05):
        self.width = width
        self.depth = depth
        self.slope = slope

    def tags(self) -> Tags:
        """Return that labels must be vectors."""
        return Tags(labels=("none", "classes", "multilabel", "continuous"))

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, *shape)`."""
        embed = conditioning.embed(spec)
        return _Generator(embed, self._stack(spec.latent_dim + embed.out_features), self.width, spec)

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        return _Discriminator(conditioning.embed(spec), self._stack(spec.n_values), conditioning.head(self.width, spec))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a small network."""
        return [{"width": 16, "depth": 2}]

    def _stack(self, inputs: int) -> nn.Sequential:
        widths = [inputs, *[self.width] * self.depth]
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), nn.LeakyReLU(self.slope)]
        return nn.Sequential(*layers)


class _Generator(nn.Module):
    def __init__(self, embed: nn.Module, stack: nn.Sequential, width: int, spec: DataSpec):
        super().__init__()
        self.embed = embed
        self.stack = stack
        self.out = nn.Linear(width, spec.n_values)
        self.squash = nn.Tanh() if spec.bounded else nn.Identity()
        self.shape = spec.shape

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return samples `(n, *shape)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        h = self.stack(torch.cat([z, self.embed(y)], 1))
        return self.squash(self.out(h)).unflatten(1, self.shape)


class _Discriminator(nn.Module):
    def __init__(self, embed: nn.Module, stack: nn.Sequential, head: nn.Module):
        super().__init__()
        self.embed = embed
        self.stack = stack
        self.head = head

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of samples `(n, *shape)` with labels `(n, label_dim)`."""
        return self.head(self.stack(x.flatten(1)), self.embed(y))
