"""A recorded step computes what an eager one does: every loss with every regularizer, by a stand-in for CUDA graphs."""

import warnings

import numpy as np
import pytest
import torch

from skgan import GANEstimator, engine, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError, TrainingWarning
from skgan.interfaces import Architecture, Loss, Regularizer
from skgan.losses.nonsaturating import NonSaturating
from skgan.testing import Rerun

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.standard_normal((40, 5)).astype(np.float32), RNG.integers(0, 3, 40)
IMAGES = RNG.integers(0, 256, (24, 8, 8, 3)).astype(np.uint8)


def primary(kind):
    return sorted({registry.resolve(kind, name): name for name in registry.names(kind)}.values())


class Counting(Rerun):
    """Remembers what was recorded."""

    made = []

    def __init__(self, device):
        super().__init__(device)
        self.made.append(self)


def both_ways(X, y, check_history=True, **params):
    """Return the tensors after an eager fit and after a recorded one, and how many steps were recorded."""
    found = []
    Counting.made.clear()
    for settings in ({"record": False}, {"recorder": Counting}):
        with engine.techniques(**settings), warnings.catch_warnings():
            warnings.filterwarnings("always", ".*slower for small")
            gan = GANEstimator(**{"max_iter": 9, "random_state": 0, "batch_size": 8, **params}).fit(X, y)
        found.append({name: tensor.detach().clone() for name, tensor in gan._model_.state.tensors().items()})
        counters = gan._model_.state.counters()
        history = {name: values for name, values in gan.history_.items() if not name.startswith("seconds")}
        found.append((counters, history))
    eager, (counts, history), recorded, (counts_of_recorded, history_of_recorded) = found
    if check_history:
        assert_same_history(history, history_of_recorded)
    assert counts == counts_of_recorded
    return eager, recorded, Counting.made[0].recorded


def assert_same_history(history, history_of_recorded):
    assert history.keys() == history_of_recorded.keys()
    for name, values in history.items():
        np.testing.assert_allclose(values, history_of_recorded[name], rtol=1e-6, atol=1e-9, err_msg=name)


def assert_same(eager, recorded):
    assert eager.keys() == recorded.keys()
    for name, tensor in eager.items():
        if name.startswith("average."):  # its three operators round otherwise than lerp's one
            torch.testing.assert_close(recorded[name], tensor, rtol=1e-5, atol=1e-6, msg=name)
        else:
            assert torch.equal(recorded[name], tensor), name


@pytest.mark.parametrize("regularizer", [None, *primary("regularizer")])
@pytest.mark.parametrize("loss", primary("loss"))
def test_a_recorded_step_computes_the_same(loss, regularizer):
    params = {"loss": loss, "regularizers": regularizer, "latent_dim": 4}
    if regularizer == "mutual-information":
        from skgan.latents import Codes

        params["prior"] = Codes(categorical=(2,), continuous=1)
    try:
        eager, recorded, count = both_ways(ROWS, LABELS, **params)
    except IncompatibleComponentError:
        pytest.skip("refused together")
    assert count >= 1
    assert_same(eager, recorded)


@pytest.mark.parametrize("architecture", [name for name in primary("architecture") if name != "tabular"])
def test_networks_recorded(architecture):
    part = registry.resolve("architecture", architecture)
    kinds = part().tags().kinds
    X = IMAGES if kinds is None or "image" in kinds else RNG.standard_normal((24, 2, 8)).astype(np.float32)
    if kinds == ("volume",):
        X = RNG.standard_normal((12, 1, 4, 4, 4)).astype(np.float32)
    params = {"layout": "ncl"} if kinds == ("signal",) else {}
    y = RNG.random((24, 3, 8, 8)) if architecture == "unet" else None
    params |= {} if architecture != "autoencoder-d" else {"loss": "began"}
    eager, recorded, count = both_ways(X, y, architecture=part(**part.get_test_params()[0]), **params)
    assert count >= 1
    assert_same(eager, recorded)


@pytest.mark.parametrize("augmentation", primary("augmentation"))
def test_augmentations_recorded(augmentation):
    X = ROWS if augmentation == "noise" else IMAGES
    eager, recorded, _ = both_ways(X, None, loss="nonsaturating", augmentation=augmentation)
    assert_same(eager, recorded)


@pytest.mark.parametrize("optimizer", primary("optimizer"))
@pytest.mark.parametrize("slowing_steps", [None, 3])
def test_learning_rates_are_followed(optimizer, slowing_steps):
    eager, recorded, _ = both_ways(
        ROWS, LABELS, optimizer=registry.resolve("optimizer", optimizer)(slowing_steps=slowing_steps)
    )
    assert_same(eager, recorded)


@pytest.mark.parametrize("conditioning", ["auto", "condition-vector"])
def test_tables_recorded(conditioning):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"age": RNG.integers(18, 80, 60), "city": RNG.choice(list("abc"), 60), "pay": RNG.random(60)})
    eager, recorded, count = both_ways(frame, None, conditioning=conditioning, batch_size=20)
    assert count >= 1
    assert_same(eager, recorded)


def test_due_and_not_due_are_two_recordings():
    eager, recorded, count = both_ways(
        ROWS, None, regularizers=registry.resolve("regularizer", "r1")(every_updates=3), max_iter=14
    )
    assert count == 2
    assert_same(eager, recorded)


def test_ticks_roll_back_and_go_on():
    eager, recorded, _ = both_ways(ROWS, LABELS, max_iter=230, on_divergence="rollback", latent_dim=2)
    assert_same(eager, recorded)


class Reads(NonSaturating):
    """Reads a number back, which cannot be recorded."""

    def generator(self, batch):
        loss = super().generator(batch)
        return loss * (1 + 0 * float(loss.detach().mean()))


def test_what_cannot_be_recorded_runs_eagerly_and_is_named():
    with pytest.warns(
        TrainingWarning, match="not recorded as a CUDA graph because of what it does.*reads a number"
    ) as said:
        eager, recorded, count = both_ways(ROWS, None, loss=Reads())
    assert len(said) == 1
    assert count == 0
    assert_same(eager, recorded)


class Strange(torch.nn.Linear):
    """A layer of which skgan knows nothing."""


class Dropping(Strange):
    """One that draws from the global generator."""

    def forward(self, h):
        return super().forward(torch.nn.functional.dropout(h, 0.5, self.training))


class Ended(torch.nn.Module):
    """A generator with one more layer."""

    def __init__(self, inner, last):
        super().__init__()
        self.inner, self.last = inner, last

    def forward(self, z, y):
        return self.last(self.inner(z, y))


class WithLast(Architecture):
    """Networks whose generator ends in a layer of another's."""

    def __init__(self, layer=Strange):
        self.layer = layer

    def generator(self, spec, conditioning):
        return Ended(MLP(8, 1).generator(spec, conditioning), self.layer(spec.n_values, spec.n_values))

    def discriminator(self, spec, conditioning):
        return MLP(8, 1).discriminator(spec, conditioning)


def test_strange_layers_are_recorded_unless_they_draw():
    eager, recorded, count = both_ways(ROWS, None, architecture=WithLast(Strange))
    assert count >= 1
    assert_same(eager, recorded)
    with pytest.warns(TrainingWarning, match="not recorded.*global generator") as said:
        eager, recorded, count = both_ways(ROWS, None, architecture=WithLast(Dropping))
    assert len(said) == 1
    assert count == 0
    assert_same(eager, recorded)


class Frozen(NonSaturating):
    """Counts on the host, which a recording does not see: a part that breaks the rules."""

    def generator(self, batch):
        self.count = getattr(self, "count", 0) + 1
        return super().generator(batch) * self.count


def test_the_stand_in_freezes_what_a_graph_would_freeze():
    eager, recorded, _ = both_ways(ROWS, None, check_history=False, loss=Frozen())
    assert not all(torch.equal(eager[name], recorded[name]) for name in eager if name.startswith("generator."))


def test_families_are_there():
    assert len(primary("loss")) >= 13
    assert len(primary("regularizer")) >= 24
    assert issubclass(registry.resolve("loss", "hinge"), Loss)
    assert issubclass(registry.resolve("regularizer", "r1"), Regularizer)
