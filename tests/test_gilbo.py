"""How much of the latents is to be seen in samples, where it is known."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError, InvalidParameterError
from skgan.gilbo import gilbo

X, Y = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40) % 2


class Sums(nn.Module):
    """x_i = z_2i + share * z_(2i+1): two latents a number, of which the sum alone is to be seen."""

    def __init__(self, share):
        super().__init__()
        weight = torch.zeros(3, 8)
        for i in range(3):
            weight[i, 2 * i], weight[i, 2 * i + 1] = 1.0, share
        self.weight = nn.Parameter(10 * weight)

    def forward(self, z, y):
        return z @ self.weight.T


class Deaf(nn.Module):
    """The same sample for all latents."""

    def __init__(self):
        super().__init__()
        self.constant = nn.Parameter(torch.ones(3))

    def forward(self, z, y):
        return self.constant.expand(len(z), -1)


def gan_with(generator, y=None, **params):
    settings = {"architecture": MLP(8, 1), "latent_dim": 8, "max_iter": 1, "random_state": 0}
    gan = GANEstimator(**settings | params).fit(X, y)
    gan._model_.state.average.module = generator
    return gan


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_of_sums_it_is_the_closed_form(share):
    """An encoder of independent latents sees z_2i with variance s^2 / (1 + s^2), z_(2i+1) with 1 / (1 + s^2)."""
    expected = 3 * 0.5 * (math.log((1 + share**2) / share**2) + math.log(1 + share**2))
    score = gilbo(gan_with(Sums(share)), 30_000)
    assert float(score) == pytest.approx(expected, rel=0.05)
    assert float(score) < expected + 4 * score.uncertainty  # a bound from below


def test_a_generator_that_ignores_its_latents_tells_nothing_of_them():
    score = gilbo(gan_with(Deaf()), 2000, steps=500)
    assert abs(float(score)) < 0.1
    assert gilbo(gan_with(Sums(1.0), Y), 200, steps=50).better_than(gilbo(gan_with(Deaf(), Y), 200, steps=50))


def test_it_is_the_same_again_and_refuses_what_it_cannot_measure():
    gan = gan_with(Sums(1.0), Y)
    assert gilbo(gan, 100, steps=5, y=1) == gilbo(gan, 100, steps=5, y=1)
    with pytest.raises(InvalidParameterError, match="'steps' parameter of gilbo"):
        gilbo(gan, steps=0)
    with pytest.raises(IncompatibleComponentError, match=r"needs Gaussian latents.*Got Uniform"):
        gilbo(gan_with(Sums(1.0), prior="uniform"))
