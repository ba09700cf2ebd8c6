"""The length of a path through a generator, where it is known."""

import numpy as np
import pytest
import torch
from torch import nn

from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncomparableScoresError, InvalidParameterError
from skgan.path_length import ppl

X, Y = np.random.default_rng(0).standard_normal((40, 3)), np.arange(40) % 2


class Linear(nn.Module):
    """x = W z, whose path length is the squared length of W (z_2 - z_1)."""

    def __init__(self, scale):
        super().__init__()
        self.weight = nn.Parameter(scale * torch.eye(3, 8))

    def forward(self, z, y):
        return z @ self.weight.T


def gan_with(scale, y=None):
    gan = GANEstimator(architecture=MLP(8, 1), latent_dim=8, max_iter=1, random_state=0).fit(X, y)
    gan._model_.state.average.module = Linear(scale)
    return gan


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_of_a_linear_generator_it_is_the_length_of_the_whole_way(scale):
    score = ppl(gan_with(scale), 4000, epsilon=1e-2)
    assert float(score) == pytest.approx(2 * 3 * scale**2, rel=0.05)  # E |W (z_2 - z_1)|^2, the tails left out
    assert abs(float(score) - 6 * scale**2) < 6 * score.uncertainty


def test_a_smaller_step_measures_the_same_slope():
    gan = gan_with(1.0)
    assert float(ppl(gan, 300, epsilon=1e-3)) == pytest.approx(float(ppl(gan, 300, epsilon=1e-2)), rel=0.02)


def test_it_is_the_same_again_and_comparable_only_when_measured_alike():
    gan = gan_with(1.0, Y)
    assert ppl(gan, 50, y=1) == ppl(gan, 50, y=1)
    assert ppl(gan, 50).better_than(ppl(gan_with(3.0, Y), 50))
    with pytest.raises(IncomparableScoresError, match="features: 'PCA"):
        _ = ppl(gan, 50, features="pca") < ppl(gan, 50)
    with pytest.raises(InvalidParameterError, match="'epsilon' parameter of ppl"):
        ppl(gan, 50, epsilon=0.0)
