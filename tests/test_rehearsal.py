"""Parts that are not skgan's own are tried once before the first step, named when they break a promise, and blamed later."""

import numpy as np
import pytest
import torch
from plugin_env import OFFER, PART, plugin_environment, spec
from refusals import check_words, number_of, refused, watched
from torch import nn

from skgan import GANEstimator, rehearsal
from skgan.architectures.mlp import MLP
from skgan.conditioning.concat import Concat
from skgan.exceptions import PluginError
from skgan.interfaces import Architecture, Augmentation, Callback, Critique, Metric, Tags
from skgan.losses.nonsaturating import NonSaturating
from skgan.optimizers.adam import Adam
from skgan.regularizers.lecam import LeCam
from skgan.regularizers.r1 import R1

TINY = {"architecture": MLP(width=8, depth=1), "loss": "nonsaturating", "regularizers": None, "max_iter": 3}
TINY |= {"latent_dim": 4, "batch_size": 8, "random_state": 0}
X, Y = np.random.default_rng(0).standard_normal((20, 3)), np.array(list("abcd") * 5)


class Mirror(Augmentation):
    """Turns samples around."""

    def __call__(self, x, rng):
        return -x


def changed(base, **methods):
    """Return an object of a class of this module whose methods return something else."""

    def constant(value):
        return lambda self, *details: value(*details) if callable(value) else value

    body = {name: constant(value) for name, value in methods.items()}
    return type("Mine", (base,), {**body, "__module__": __name__})()


WHOLE = Tags(whole_batch=True)
BREACHES = {
    "a penalty that is a number": ("regularizers", changed(R1, penalty=1.0), "regularizer", "penalty", "type float"),
    "a penalty of another length": ("regularizers", changed(R1, penalty=torch.zeros(5)), "regularizer", "(8,), a scalar or None", "(5,)"),
    "a penalty of no row": ("regularizers", changed(R1, penalty=torch.zeros(0)), "regularizer", "penalty", "(0,)"),
    "a penalty of whole numbers": ("regularizers", changed(R1, penalty=torch.zeros(8, dtype=torch.long)), "regularizer", "real numbers", "int64"),
    "factors of another shape": ("regularizers", changed(R1, weights=torch.ones(8, 1)), "regularizer", "weights", "(8, 1)"),
    "a state that is a list": ("regularizers", changed(R1, state=[1]), "regularizer", "state", "type list"),
    "a state of numbers": ("regularizers", changed(R1, state={"mean": 0.5}), "regularizer", "a dict of tensors", "type dict"),
    "networks of nobody": ("regularizers", changed(R1, modules={"critic": nn.Linear(2, 2)}), "regularizer", "by 'generator'", "type dict"),
    "networks that are none": ("regularizers", changed(R1, modules={"generator": 3}), "regularizer", "modules", "type dict"),
    "an augmentation of other shape": ("augmentation", changed(Mirror, __call__=lambda x, rng: x[:, :2]), "augmentation", "__call__", "(8, 2)"),
    "an augmentation of nothing": ("augmentation", changed(Mirror, __call__=None), "augmentation", "__call__", "Got None"),
    "an auxiliary term of text": ("conditioning", changed(Concat, auxiliary="98"), "conditioning", "auxiliary", "type str"),
    "an embedding that is a function": ("conditioning", changed(Concat, embed=lambda spec: len), "conditioning", "embed", "type builtin"),
    "an embedding without a width": ("conditioning", changed(Concat, embed=lambda spec: nn.Identity()), "conditioning", "out_features", "type Identity"),
    "a head of nothing": ("conditioning", changed(Concat, head=None), "conditioning", "head", "Got None"),
    "no optimizer": ("optimizer", changed(Adam, make=None), "optimizer", "a torch.optim.Optimizer", "Got None"),
    "a rate below 0": ("optimizer", changed(Adam, rate=-1.0), "optimizer", "at least 0", "type float"),
    "a rate that is a tensor": ("optimizer", changed(Adam, rate=torch.ones(())), "optimizer", "rate", "()"),
    "figures that are floats": ("loss", changed(NonSaturating, watch={"a": 0.5}), "loss", "watch", "type dict"),
    "figures that are none": ("loss", changed(NonSaturating, watch=None), "loss", "watch", "Got None"),
    "a vector with whole_batch": ("loss", changed(NonSaturating, tags=WHOLE), "loss", "shape ()", "(8,)"),
}  # fmt: skip


@pytest.mark.parametrize("case", BREACHES)
def test_a_breach_is_named_before_the_first_step(case, tmp_path, monkeypatch):
    name, part, *says = BREACHES[case]
    monkeypatch.setattr(torch.optim.Adam, "step", None)
    gan = GANEstimator(**(TINY | {name: part, "checkpoint_dir": tmp_path / "runs"}))
    message = refused(gan, lambda gan: gan.fit(X, Y), PluginError)
    check_words(message, (*says, "'Mine' must return", "Training has not begun. Mend it"))
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_differentiated_is_named():
    class Broken(R1):
        def penalty(self, batch):
            logits = batch.fake_.logits.exp()
            value = logits.square()
            logits.detach().add_(1)
            return value

    message = refused(GANEstimator(**(TINY | {"regularizers": Broken()})), lambda gan: gan.fit(X), PluginError)
    check_words(message, ("'Broken'", "penalty", "has a gradient", "torch refuses to differentiate"))


class Net(nn.Module):
    """A network that counts, drops, and takes batch statistics."""

    def __init__(self, n, m, judge):
        super().__init__()
        self.judge = judge
        self.body = nn.Sequential(nn.Linear(n, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, m))
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x, y):
        self.seen += self.training
        said = self.body(torch.cat([x, y], 1))
        return Critique(said[:, 0], said) if self.judge else said


class Mine(Architecture):
    """Foreign networks with buffers."""

    def generator(self, spec, conditioning):
        return Net(spec.latent_dim + spec.label_dim, spec.n_values, False)

    def discriminator(self, spec, conditioning):
        return Net(spec.n_values + spec.label_dim, 2, True)


class MyLeCam(LeCam):
    """A foreign part with a state."""


@pytest.mark.parametrize("members", [1, 2])
def test_the_rehearsal_leaves_no_trace(members, monkeypatch):
    params = TINY | {"architecture": Mine(), "regularizers": MyLeCam(), "n_discriminators": members}
    played, original = [], rehearsal.play
    monkeypatch.setattr(rehearsal, "play", lambda *parts: (played.append(1), original(*parts)))
    rehearsed = GANEstimator(**params).fit(X, Y)
    monkeypatch.setattr(rehearsal, "play", lambda *parts: None)
    monkeypatch.setattr(rehearsal, "build", lambda model: None)
    plain = GANEstimator(**params).fit(X, Y)
    one, other = (gan._model_.stored()[0] for gan in (rehearsed, plain))
    assert [name for name in other if not np.array_equal(one[name], other[name])] == []
    assert any(name.endswith("seen") for name in one)
    assert len(played) == 1


def test_parts_of_skgan_are_not_rehearsed(monkeypatch):
    monkeypatch.setattr(rehearsal, "_thrown_away", None)
    GANEstimator(architecture=MLP(8, 1), regularizers=["r1", "lecam"], loss="hinge", max_iter=1).fit(X, Y)


def test_a_second_pass_is_not_rehearsed(monkeypatch):
    gan = GANEstimator(**(TINY | {"architecture": Mine()})).partial_fit(X, Y)
    monkeypatch.setattr(rehearsal, "_thrown_away", None)
    gan.partial_fit(X, Y)


class Counting(NonSaturating):
    """Notes how many rows it sees."""

    seen: list = []

    def generator(self, batch):
        self.seen.append(len(batch.real))
        return super().generator(batch)


@pytest.mark.parametrize(("micro_batch", "rows"), [(None, 8), (3, 3), ("auto", 8)])
def test_the_rehearsal_takes_no_more_memory_than_a_step(micro_batch, rows):
    Counting.seen.clear()
    GANEstimator(**(TINY | {"loss": Counting(), "micro_batch": micro_batch, "max_iter": 1})).fit(X)
    assert Counting.seen[0] == rows


def test_nothing_is_built_for_a_part_that_builds_nothing(monkeypatch):
    gan = GANEstimator(**(TINY | {"conditioning": changed(Concat, embed=None)}))
    with watched(monkeypatch) as done:
        refused(gan, lambda gan: gan.fit(X, Y), PluginError)
    assert done == []


# --- later ----------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    with plugin_environment(tmp_path / "site") as environment:
        yield environment


class Ended(Callback):
    """Notes that it was told of the end."""

    seen: list = []

    def on_exception(self, view, error):
        self.seen.append((view.step, type(error)))


FAILING = PART.format(cls="Theirs").replace(
    "return -self.scale",
    "if batch._draws.args[0] >= 5:\n                raise KeyError('98765')\n            return -self.scale",
)


@pytest.mark.fault("F33")
def test_a_plugin_that_raises_at_a_step_is_named_with_the_step(site, tmp_path):
    site.install("skgan-theirs", OFFER.format(specs=spec("theirs", "skgan_f33:Theirs")), skgan_f33=FAILING)
    Ended.seen.clear()
    gan = GANEstimator(**(TINY | {"loss": "theirs", "callbacks": Ended(), "checkpoint_dir": tmp_path / "runs"}))
    message = refused(gan, lambda gan: gan.fit(X, Y), PluginError)
    check_words(
        message, ("'skgan-theirs' 1.2.3", "KeyError", "'Theirs.generator' at step 2", "as it was", "Ask its authors")
    )
    assert Ended.seen == [(2, KeyError)]
    kept = [path for path in sorted((tmp_path / "runs").iterdir()) if path.is_dir()]
    assert GANEstimator.load(kept[-1]).n_iter_ == 0


@pytest.mark.fault("F33")
def test_the_error_of_a_part_of_ones_own_keeps_its_type_and_is_noted():
    class Failing(NonSaturating):
        def discriminator(self, batch):
            if number_of(batch)[0] >= 4:
                raise KeyError("mine")
            return super().discriminator(batch)

    with pytest.raises(KeyError, match="mine") as caught:
        GANEstimator(**(TINY | {"loss": Failing()})).fit(X)
    assert caught.value.__notes__ == ["Raised by Failing.discriminator at step 2 of the fit."]


@pytest.mark.fault("F33")
def test_running_out_of_memory_in_a_plugin_is_still_that(site):
    text = FAILING.replace("raise KeyError('98765')", "raise MemoryError")
    site.install("skgan-theirs", OFFER.format(specs=spec("theirs", "skgan_f33b:Theirs")), skgan_f33b=text)
    refused(GANEstimator(**(TINY | {"loss": "theirs"})), lambda gan: gan.fit(X), MemoryError)


class Meddling(NonSaturating):
    """Changes everything global that it can reach."""

    def discriminator(self, batch):
        torch.manual_seed(1)
        np.random.seed(1)
        torch.rand(3)
        return super().discriminator(batch)


@pytest.mark.fault("F35")
@pytest.mark.moves_global_state
def test_a_part_that_moves_global_generators_changes_no_number():
    mine, theirs = (GANEstimator(**(TINY | {"loss": loss})).fit(X, Y) for loss in (NonSaturating(), Meddling()))
    one, other = (gan._model_.stored()[0] for gan in (mine, theirs))
    assert [name for name in one if not name.startswith("history") and not np.array_equal(one[name], other[name])] == []


class Careless(NonSaturating):
    """Switches gradients off and forgets to switch them on."""

    def discriminator(self, batch):
        values = super().discriminator(batch)
        torch.set_grad_enabled(False)
        return values


@pytest.mark.fault("F35")
def test_a_part_that_leaves_gradients_off_is_named():
    gan = GANEstimator(**(TINY | {"loss": Careless()}))
    message = refused(gan, lambda gan: gan.fit(X), PluginError)
    check_words(message, ("loss 'Careless'", "discriminator", "gradients switched off"))
    assert torch.is_grad_enabled()


# --- metrics --------------------------------------------------------------------------------------


class Wordy(Metric):
    """A metric that says something else."""

    def __init__(self, answer=None):
        self.answer = answer

    def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
        return self.answer


@pytest.mark.parametrize("answer", [None, "good", [1.0, 2.0]])
def test_a_metric_that_gives_no_number_is_named(answer):
    gan = GANEstimator(**(TINY | {"scoring": Wordy(answer)})).fit(X)
    message = refused(gan, lambda gan: gan.score(X), PluginError)
    check_words(
        message,
        ("metric 'Wordy' must return a number", "Got None" if answer is None else type(answer).__name__, "Mend it"),
    )
