"""Training: exact, repeatable, guarded, and the same whoever looks on."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn
from torch.nn import functional

from skgan import GANEstimator, seeding
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.callbacks import SampleGrid
from skgan.data import Dataset
from skgan.exceptions import TrainingDivergedError, TrainingWarning
from skgan.interfaces import Augmentation, Callback, Critique, Regularizer, Stop
from skgan.losses.nonsaturating import NonSaturating
from skgan.watch import TICK

TINY = {"architecture": MLP(width=8, depth=1), "conditioning": "concat", "latent_dim": 4, "batch_size": 8}
X = np.random.default_rng(0).standard_normal((40, 3))
Y = np.arange(40) % 3
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 9, 9, 1), dtype=np.uint8)


def tiny(**params):
    return GANEstimator(**({"max_iter": 3, "random_state": 0} | TINY | params)).set_params(conditioning__hidden=4)


def tensors_of(gan, *prefixes):
    found = gan._model_.state.tensors()
    return {name: t.numpy().tobytes() for name, t in found.items() if not prefixes or name.startswith(prefixes)}


def networks_of(gan):
    return tensors_of(gan, "generator.", "discriminator.", "average.", "optimizer.")


class Calls(Callback):
    """Calls functions of the test: callbacks are cloned, so what they see is kept on the class."""

    on_begin = on_tick_do = on_end = on_error = None

    def on_fit_begin(self, view):
        return type(self).on_begin and type(self).on_begin(view)

    def on_tick(self, view):
        return type(self).on_tick_do and type(self).on_tick_do(view)

    def on_fit_end(self, view):
        return type(self).on_end and type(self).on_end(view)

    def on_exception(self, view, error):
        return type(self).on_error and type(self).on_error(view, error)


def calling(**functions):
    return type("Calling", (Calls,), {name: staticmethod(function) for name, function in functions.items()})()


# --- numbers that stop being finite ---------------------------------------------------------------


class Failing(NonSaturating):
    """Its term is `value` in one player's turn when the row of the largest first value is in the batch."""

    turns: list = []

    def __init__(self, player="generator", value=float("nan")):
        self.player = player
        self.value = value

    def spoilt(self, batch, loss):
        marked = bool((batch.real.detach()[:, 0] > 5).any())
        Failing.turns.append((batch.player, marked))
        return loss + self.value if marked and batch.player == self.player else loss

    def discriminator(self, batch):
        return self.spoilt(batch, super().discriminator(batch))

    def generator(self, batch):
        return self.spoilt(batch, super().generator(batch))


class Penalty(Regularizer):
    """A penalty of value 0 whose gradient is not a number where the marked row is in the batch."""

    def penalty(self, batch):
        marked = bool((batch.real.detach()[:, 0] > 5).any())
        logits = batch.fake_.logits
        return (logits - logits.detach()).abs().sqrt() if marked else logits * 0


def marked_data():
    rows = X.copy()
    rows[7, 0] = 100.0  # more than six standard deviations of its column
    return rows


def diverges(optimizer, max_iter=12, **params):
    """Return the message of the refusal, after seeing that no weight was touched by it."""
    seen = []

    def look(view, error):
        state = view._state
        seen.append(all(bool(torch.isfinite(t).all()) for t in state.tensors().values()))

    Failing.turns.clear()
    gan = tiny(max_iter=max_iter, optimizer=optimizer, callbacks=calling(on_error=look), **params)
    before = dict(vars(gan))
    with pytest.raises(TrainingDivergedError) as caught:
        gan.fit(marked_data())
    assert seen == [True]
    assert vars(gan) == before
    return str(caught.value)


@pytest.mark.goal("G15")
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
@pytest.mark.parametrize("n_critic", [1, 3])
def test_a_bad_loss_is_named_and_reaches_no_weight(optimizer, value, player, n_critic):
    message = diverges(optimizer, loss=Failing(player, value), n_critic=n_critic)
    played = Failing.turns[2:]  # a part that is not skgan's own is tried once before the first step
    turn = played.index((player, True))
    assert f"{player}'s update of step {turn // (n_critic + 1)} in 'loss'" in message
    assert len(message) <= 500


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_a_bad_gradient_of_a_penalty_is_named(optimizer):
    message = diverges(optimizer, loss="nonsaturating", regularizers=Penalty())
    assert "discriminator's update" in message
    assert "in 'penalty'" in message


def test_a_fitted_estimator_survives_a_diverged_fit():
    gan = tiny(loss=Failing("generator")).fit(X)
    attributes, weights = dict(vars(gan)), tensors_of(gan)
    with pytest.raises(TrainingDivergedError):
        gan.set_params(max_iter=12).fit(marked_data())
    attributes["max_iter"] = 12
    assert vars(gan) == attributes
    assert tensors_of(gan) == weights


def test_a_network_that_stopped_being_sound_before_the_last_tick_is_found_after_it():
    gan = tiny(loss=Failing("discriminator"), max_iter=TICK + 3)
    with pytest.raises(TrainingDivergedError):
        gan.fit(np.concatenate([marked_data()] * 2))


# --- one update -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("architecture", "data"), [(DCGAN(4, 8), IMAGES), (DCGAN(4, 16), np.tile(IMAGES, (1, 2, 2, 3))), (MLP(8, 1), X)]
)
def test_the_first_step_of_adam_is_its_formula(architecture, data, monkeypatch):
    seen, step = [], torch.optim.Adam.step

    def recorded(optimizer):
        group = optimizer.param_groups[0]
        before = [(p.detach().clone(), p.grad.clone()) for p in group["params"]]
        step(optimizer)
        seen.append((group, before, [p.detach().clone() for p in group["params"]]))

    monkeypatch.setattr(torch.optim.Adam, "step", recorded)
    tiny(architecture=architecture, max_iter=1, optimizer="adam").fit(data)
    for group, before, after in seen:
        for (old, gradient), new in zip(before, after, strict=True):
            expected = old.double() - group["lr"] * gradient.double() / (gradient.double().abs() + group["eps"])
            torch.testing.assert_close(new.double(), expected, rtol=1e-5, atol=1e-6)
    assert len(seen) == 2


@pytest.mark.parametrize("data", [X, IMAGES], ids=["rows", "images"])
def test_training_on_is_training_through(data):
    params = {} if data is X else {"architecture": DCGAN(4, 8)}
    whole = tiny(max_iter=5, **params).fit(data)
    parts = tiny(max_iter=2, warm_start=True, **params).fit(data).set_params(max_iter=3).fit(data)
    assert networks_of(parts) == networks_of(whole)


@pytest.mark.parametrize("ema_decay", [0.5, 0.999, None])
def test_the_average_is_its_closed_form(ema_decay):
    fits = [tiny(max_iter=n, ema_decay=ema_decay).fit(X) for n in range(1, 7)]
    weights = [[p.detach().double() for p in gan.generator_.parameters()] for gan in fits]
    decays = [min(ema_decay or 0.0, (1 + t) / (10 + t)) for t in range(1, 7)]
    for index, average in enumerate(fits[-1].generator_ema_.parameters()):
        step = fits[0]._model_.copy()
        start = list(step._built().generator.module.parameters())[index].detach().double()
        expected = start * np.prod(decays)
        for t, decay in enumerate(decays):
            expected = expected + (1 - decay) * np.prod(decays[t + 1 :]) * weights[t][index]
        torch.testing.assert_close(average.double(), expected, rtol=1e-5, atol=1e-7)


# --- batches --------------------------------------------------------------------------------------


def dataset(n, batch_size, key=(0, 0)):
    codes = torch.zeros(n, dtype=torch.int32)
    x = torch.arange(n).float()[:, None]
    return Dataset(x, codes, lambda x: x, lambda c: c[:, None], lambda c: c >= 0, batch_size, key)


@pytest.mark.parametrize(("n", "batch_size"), [(10, 3), (10, 10), (7, 16), (3, 20), (64, 8), (2, 1)])
def test_every_epoch_is_a_permutation(n, batch_size):
    data = dataset(n, batch_size)
    drawn = torch.cat([data.batch(number).x[:, 0] for number in range(-(-5 * n // batch_size))])
    for epoch in range(len(drawn) // n):
        assert sorted(drawn[epoch * n : (epoch + 1) * n].tolist()) == list(range(n))
    if n > 7:
        assert drawn[:n].tolist() != drawn[n : 2 * n].tolist()


@pytest.mark.parametrize(("n", "batch_size"), [(10, 3), (7, 16)])
def test_a_batch_depends_on_its_number_alone(n, batch_size):
    data = dataset(n, batch_size)
    straight = [data.batch(number).x.tolist() for number in range(12)]
    jumping = dataset(n, batch_size)
    assert {k: jumping.batch(k).x.tolist() for k in (11, 0, 5, 4, 11)} == {k: straight[k] for k in (11, 0, 5, 4)}
    assert torch.cat([data.batch(3).x, data.batch(4).x]).tolist() == data.at(data.places(3, 2), 3).x.tolist()
    assert [dataset(n, batch_size, (1, 0)).batch(k).x.tolist() for k in range(12)] != straight


# --- the same bits --------------------------------------------------------------------------------

TRAIN = """
import hashlib, sys, torch
torch.set_num_threads(1)
sys.path.insert(0, sys.argv[1])
import test_training as t
tensors = t.tensors_of(t.tiny().fit(t.X, t.Y))
print(hashlib.sha256(b"".join(tensors[name] for name in sorted(tensors))).hexdigest())
"""


@pytest.mark.goal("G4")
def test_two_processes_train_the_same():
    command = [sys.executable, "-c", TRAIN, os.path.dirname(__file__)]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2))
    assert first == second
    assert len(first.strip()) == 64


def test_four_threads_train_the_same():
    alone = [tensors_of(tiny(random_state=seed).fit(X, Y)) for seed in (0, 1)]
    assert alone[0] != alone[1]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda seed: tensors_of(tiny(random_state=seed).fit(X, Y)), [0, 1, 0, 1]))
    assert together == alone * 2


class Drawing(Augmentation):
    """Draws numbers and adds nothing."""

    def __call__(self, x, rng):
        torch.rand(len(x), generator=rng)
        return x


class Idle(Regularizer):
    """Draws numbers and adds nothing."""

    def penalty(self, batch):
        torch.rand(3, generator=batch.rng(self))
        return batch.fake_.logits * 0


@pytest.mark.parametrize("loss", ["nonsaturating", "wgan-gp"])
@pytest.mark.parametrize("part", [{"augmentation": Drawing()}, {"regularizers": Idle()}], ids=["door", "penalty"])
def test_adding_a_part_moves_no_other_parts_numbers(loss, part):
    base = {} if "augmentation" in part else {"regularizers": ["gp"]}
    more = {"regularizers": ["gp", part["regularizers"]]} if base else part
    assert networks_of(tiny(loss=loss, **more).fit(X, Y)) == networks_of(tiny(loss=loss, **base).fit(X, Y))


def noisy(h):
    return h + torch.randn_like(h)


class Dropping(MLP):
    """A third party's networks that draw from the global generator."""

    def __init__(self, how="layer", width=8, depth=1, slope=0.05):
        super().__init__(width, depth, slope)
        self.how = how

    def discriminator(self, spec, conditioning):
        return _Dropping(spec.n_values, self.how)


class _Dropping(nn.Module):
    def __init__(self, n_values, how):
        super().__init__()
        self.first, self.last, self.how = nn.Linear(n_values, 8), nn.Linear(8, 1), how
        self.layer = nn.Dropout(0.5) if how == "layer" else nn.Identity()

    def forward(self, x, y):
        h = self.layer(self.first(x).relu())
        if self.training:
            h = {"layer": lambda h: h, "function": functional.dropout, "noise": noisy}[self.how](h)
        return Critique(self.last(h).squeeze(1), h)


@pytest.mark.parametrize("how", ["layer", "function", "noise"])
def test_a_third_partys_dropout_repeats_and_leaves_global_generators_alone(how):
    gan = tiny(architecture=Dropping(how), loss="nonsaturating")
    state = torch.random.get_rng_state()
    first = tensors_of(gan.fit(X))
    untouched = torch.equal(torch.random.get_rng_state(), state)
    torch.rand(5)
    second = tensors_of(clone(gan).fit(X))
    torch.random.set_rng_state(state)
    assert untouched
    assert first == second
    assert first != tensors_of(clone(gan).set_params(random_state=1).fit(X))


# --- looking on -----------------------------------------------------------------------------------


@pytest.mark.goal("G6")
def test_watching_changes_nothing(tmp_path):
    plain = tiny(max_iter=4, warm_start=True).fit(X, Y)
    seen = []

    def look(view):
        seen.append((view.sample(5).shape, gan.sample(3).shape, gan.score(X, Y), gan.transform(X).shape))
        torch.rand(3, generator=torch.Generator())

    gan = tiny(max_iter=4, warm_start=True).fit(X, Y)
    looking = [calling(on_begin=look, on_tick_do=look, on_end=look), SampleGrid(tmp_path / "{step}.png", 1, 4)]
    gan.set_params(callbacks=looking[:1]).fit(X, Y)
    assert networks_of(gan) == networks_of(plain.fit(X, Y))
    assert len(seen) == 3
    pictured, unseen = (tiny(callbacks=c).fit(IMAGES) for c in (looking[1:], None))
    assert networks_of(pictured) == networks_of(unseen)
    assert [file.name for file in tmp_path.iterdir()] == ["3.png"]


def test_a_preview_is_of_the_same_latents_each_time():
    seen = []
    tiny(callbacks=calling(on_tick_do=lambda view: seen.extend([view.sample(4), view.sample(2)]))).fit(X, Y)
    np.testing.assert_array_equal(seen[0][:2], seen[1])


def test_a_callback_that_raises_is_left_out_with_one_warning():
    seen = []

    def fail(view):
        seen.append(view.step)
        raise RuntimeError("98765")

    gan = tiny(max_iter=2 * TICK, callbacks=calling(on_tick_do=fail))
    with pytest.warns(TrainingWarning, match="Calling failed in on_tick with RuntimeError") as caught:
        gan.fit(X)
    assert len(caught) == 1
    assert "98765" not in str(caught[0].message)
    assert (seen, gan.n_iter_) == ([TICK], 2 * TICK)


def test_stop_ends_the_fit_at_a_tick():
    gan = tiny(max_iter=5 * TICK, callbacks=calling(on_tick_do=lambda view: Stop() if view.step == 2 * TICK else None))
    assert gan.fit(X).n_iter_ == 2 * TICK


def test_max_time_ends_the_fit():
    gan = tiny(max_iter=10**9, max_time=1e-9).fit(X)
    assert gan.n_iter_ == 1
    assert gan.history_["step"] == [1]


def test_history_has_one_row_a_tick_in_every_column():
    gan = tiny(max_iter=TICK + 5, warm_start=True, loss="wgan-gp", n_critic=1).fit(X).set_params(max_iter=TICK).fit(X)
    assert gan.history_["step"] == [TICK, TICK + 5, 2 * TICK, 2 * TICK + 5]
    assert {len(column) for column in gan.history_.values()} == {4}
    assert {"discriminator/loss", "discriminator/gp", "generator/loss", "seconds"} <= gan.history_.keys()
    assert np.isfinite([*gan.history_.values()]).all()
    assert gan.history_["seconds"] == sorted(gan.history_["seconds"])


# --- interrupts -----------------------------------------------------------------------------------


def raise_interrupt(view):
    raise KeyboardInterrupt


def send_interrupt(view):
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("interrupt", [raise_interrupt, send_interrupt])
def test_an_interrupt_keeps_what_was_trained_and_goes_on(interrupt):
    handler = signal.getsignal(signal.SIGINT)
    gan = tiny(max_iter=10 * TICK, callbacks=calling(on_tick_do=lambda view: view.step == TICK and interrupt(view)))
    with pytest.raises(KeyboardInterrupt):
        gan.fit(X)
    assert signal.getsignal(signal.SIGINT) is handler
    assert TICK <= gan.n_iter_ <= TICK + 1
    assert gan.n_iter_ == gan.history_["step"][-1]
    assert networks_of(gan) == networks_of(tiny(max_iter=gan.n_iter_).fit(X))
    assert gan.sample(2).shape == (2, 3)


def test_an_interrupt_before_the_first_step_puts_the_handler_back():
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        tiny(callbacks=calling(on_begin=raise_interrupt)).fit(X)
    now = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, handler)
    assert now is handler


class Interrupted(MLP):
    """Ctrl-C while the networks are built."""

    def generator(self, spec, conditioning):
        raise KeyboardInterrupt


def test_an_interrupt_while_building_leaves_the_old_fit():
    gan = tiny().fit(X, Y)
    samples = gan.sample(4, 1, random_state=0)
    gan.set_params(architecture=Interrupted())
    with pytest.raises(KeyboardInterrupt):
        gan.fit(X[:, :2])
    np.testing.assert_array_equal(gan.sample(4, 1, random_state=0), samples)


def test_a_generator_is_of_its_key_and_on_its_device(monkeypatch):
    def drawn(*key):
        return torch.rand(4, generator=seeding.torch_generator(key)).tolist()

    assert seeding.torch_generator(("a",)).device == torch.device("cpu")
    assert drawn("a", 1) == drawn("a", 1)
    assert len({str(drawn(*key)) for key in (("a", 1), ("a", 2), ("b", 1), ("a", "1"), ("a",))}) == 5
    asked, generator = [], torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device: asked.append(str(device)) or generator("cpu"))
    seeding.torch_generator(("a",))
    seeding.torch_generator(("a",), torch.device("cuda", 1))
    assert asked == ["cpu", "cuda:1"]
