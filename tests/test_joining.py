"""Real and fake samples in one pass of the discriminator: the same terms and gradients as from two."""

import contextlib

import numpy as np
import pytest
import torch
from torch import nn

from skgan import GANEstimator, engine, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import Tags
from skgan.layers import Dropout

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.standard_normal((40, 5)).astype(np.float32), RNG.integers(0, 3, 40)
IMAGES = RNG.integers(0, 256, (24, 16, 16, 3)).astype(np.uint8)


def primary(kind):
    return sorted({registry.resolve(kind, name): name for name in registry.names(kind)}.values())


class Turns:
    """The discriminator's turn of one estimator, taken in one pass or in two."""

    def __init__(self, X, y, **params):
        gan = GANEstimator(
            **{"batch_size": 8, "latent_dim": 4, "random_state": 0, "device": "cpu", "precision": "float32", **params}
        )
        with contextlib.ExitStack() as held:
            watch = gan._begin(X, y, held, continues=False)
            self.state, self.data, self.objective = watch.state, watch.data, watch.objective
        self.may_join = self.objective.joins
        parts = watch.model.parts
        tags = parts.architecture.tags(), parts.loss.tags()
        self.is_same_joined = engine.is_same_joined(self.state.discriminator.module, *tags)
        for player in self.state.players:
            player.module.train()

    def take(self, joins):
        """Return terms, figures and gradients by name, and the rows of each pass."""
        self.objective.joins = joins
        passes = []
        player = self.state.discriminator
        count = player.module.register_forward_pre_hook(lambda module, given: passes.append(len(given[0])))
        with self.state.put_back():
            terms = self.objective.discriminator(self.objective.batch(self.state, self.data.batch(0), "discriminator"))
            gradients = terms.gradients(player.parameters)
        count.remove()
        found = {**terms.losses, **terms.watched} | {f"gradient {i}": each for i, each in enumerate(gradients)}
        return {name: tensor.detach().double() for name, tensor in found.items()}, passes


def assert_same(X, y, **params):
    """Assert that both ways agree to float32's digits, and return the passes of each."""
    try:
        turns = Turns(X, y, **params)
    except IncompatibleComponentError:
        pytest.skip("refused together")
    (apart, passes_apart), (together, passes_together) = turns.take(False), turns.take(turns.is_same_joined)
    assert apart.keys() == together.keys()
    largest = max(float(tensor.abs().max()) for tensor in apart.values())
    for name, tensor in apart.items():
        torch.testing.assert_close(together[name], tensor, rtol=1e-4, atol=1e-6 * largest, msg=name)
    return passes_apart, passes_together


@pytest.mark.parametrize("regularizer", [None, *primary("regularizer"), ["r1", "r2"]], ids=str)
@pytest.mark.parametrize("loss", ["nonsaturating", "hinge", "lsgan", "least-absolute"])
def test_one_pass_means_what_two_do(loss, regularizer):
    assert_same(ROWS, LABELS, loss=loss, regularizers=regularizer, architecture=MLP(width=8))


@pytest.mark.parametrize("loss", primary("loss"))
def test_every_loss_reads_halves(loss):
    assert_same(ROWS, LABELS, loss=loss, regularizers=None)


@pytest.mark.parametrize("conditioning", primary("conditioning"))
def test_every_conditioning_in_one_pass(conditioning):
    assert_same(ROWS, LABELS, loss="hinge", regularizers=["r1", "r2"], conditioning=conditioning)


def data_of(architecture):
    """Return X, y and a loss that an architecture goes with."""
    tags = architecture.tags()
    images = tags.kinds is not None and "image" in tags.kinds
    X = IMAGES if images else ROWS
    y = IMAGES[:, ::-1].copy().transpose(0, 3, 1, 2) if tags.labels == ("image",) else LABELS[: len(X)]
    return X, y, "ebgan" if tags.reconstructs else "nonsaturating"


@pytest.mark.parametrize("name", sorted(set(primary("architecture")) - {"conv1d", "conv3d", "tabular"}))
def test_every_architecture_of_rows_and_images(name):
    for params in registry.resolve("architecture", name).get_test_params():
        part = registry.resolve("architecture", name)(**params)
        X, y, loss = data_of(part)
        if part.tags().reconstructs:
            y = None
        assert_same(X, y, architecture=part, loss=loss, regularizers=None)


@pytest.mark.parametrize("augmentation", ["flip", "diffaug", "noise"])
def test_halves_are_augmented_apart(augmentation):
    assert_same(IMAGES, None, loss="nonsaturating", augmentation=augmentation, architecture="dcgan")


def test_several_discriminators_take_one_pass_each():
    apart, together = assert_same(ROWS, LABELS, loss="hinge", n_discriminators=2, regularizers=["r1", "r2"])
    assert apart == [8, 8]
    assert together == [16]


def test_a_slope_of_one_half_keeps_two_passes():
    apart, together = assert_same(ROWS, LABELS, loss="nonsaturating", regularizers="r1")
    assert apart == together == [8, 8]


class Drops(nn.Module):
    def __init__(self, inner, layer):
        super().__init__()
        self.inner, self.layer = inner, layer

    def forward(self, x, y):
        return self.inner(self.layer(x), y)


@pytest.mark.parametrize(
    "layer",
    [
        Dropout(0.5),
        nn.Dropout(0.5),
        nn.RReLU(),
        nn.BatchNorm1d(5),
        nn.utils.parametrizations.spectral_norm(nn.Linear(5, 5)),
    ],
)
def test_layers_that_draw_or_remember_keep_two_passes(layer):
    plain = GANEstimator(architecture=MLP(width=8), max_iter=1).fit(ROWS, LABELS)
    discriminator = plain.discriminator_
    assert engine.is_same_joined(discriminator, Tags(), Tags())
    assert not engine.is_same_joined(Drops(discriminator, layer), Tags(), Tags())


def test_an_architecture_whose_samples_meet_keeps_two_passes():
    assert not engine.is_same_joined(nn.ReLU(), Tags(batch_statistics=True), Tags())
    assert engine.is_same_joined(nn.ReLU(), Tags(), Tags())


def test_convolutions_are_not_joined_though_they_could_be():
    turns = Turns(IMAGES, None, loss="hinge", regularizers=None, architecture="dcgan")
    assert turns.is_same_joined
    assert not turns.may_join


@pytest.mark.parametrize("loss", primary("loss"))
def test_losses_of_differences_leave_the_last_bias_alone(loss):
    """Adam makes whole steps of what is only rounding: where only differences count it must be exactly nothing."""
    turns = Turns(ROWS, LABELS, loss=loss, regularizers=None)
    tags = registry.resolve("loss", loss)().tags()
    found, passes = turns.take(turns.may_join)
    if tags.meaning in ("critic", "relative"):
        names = [name for name, _ in turns.state.discriminator.module.named_parameters()]
        assert passes == [8, 8]
        assert float(found[f"gradient {names.index('head.logit.bias')}"]) == 0


def test_joining_can_be_switched_off():
    with engine.techniques(join=False):
        assert not Turns(ROWS, LABELS, loss="hinge").may_join
    assert Turns(ROWS, LABELS, loss="hinge").may_join
