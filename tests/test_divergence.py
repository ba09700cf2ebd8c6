"""Numbers that go wrong: what is said, that no weight sees it, and the way back to the last good tick."""

import math

import numpy as np
import pytest
import torch
from refusals import number_of

import skgan
from skgan import GANEstimator, guard
from skgan.architectures.mlp import MLP
from skgan.conditioning.concat import Concat
from skgan.exceptions import CheckpointError, TrainingDivergedError, TrainingWarning
from skgan.guard import LARGEST_LOGIT
from skgan.interfaces import Callback, Regularizer
from skgan.losses.nonsaturating import NonSaturating
from skgan.rollback import MOST, LastGood
from skgan.validation import LONGEST_MESSAGE
from skgan.watch import TICK

TINY = {"architecture": MLP(width=8, depth=1), "latent_dim": 4, "batch_size": 8, "max_iter": 3, "random_state": 0}
X = np.random.default_rng(0).standard_normal((40, 3))
Y = np.arange(40) % 3


def tiny(**params):
    return GANEstimator(**(TINY | params))


def bits(state, *prefixes):
    found = state.tensors()
    return {name: t.numpy().tobytes() for name, t in found.items() if name.startswith(prefixes or "")}


def networks(gan, *players):
    players = players or ("generator", "discriminator", "average")
    return bits(gan._model_.state, *(f"{kind}{player}." for player in players for kind in ("", "optimizer.")))


class Seen(Callback):
    """Calls a function of the test; callbacks are cloned, so it is kept on the class."""

    function = None

    def on_exception(self, view, error):
        type(self).function(view, error)


def on_exception(function):
    return type("Seen", (Seen,), {"function": staticmethod(function)})()


def never(player, number, rollbacks):
    return False


def at(turn, times=math.inf):
    """Return when to fail: in one turn, counted from 0, until training went back so often."""
    return lambda player, number, rollbacks: number == turn and rollbacks < times


class Bad(NonSaturating):
    """Its term is `value` in turns that `when(player, number, rollbacks)` names."""

    def __init__(self, when=never, value=math.nan):
        self.when = when
        self.value = value

    def spoilt(self, batch, loss):
        return loss + self.value if self.when(batch.player, *number_of(batch)) else loss

    def discriminator(self, batch):
        return self.spoilt(batch, super().discriminator(batch))

    def generator(self, batch):
        return self.spoilt(batch, super().generator(batch))


class BadPenalty(Regularizer):
    """A penalty of value 0; in turns that `when` names it, or its gradient alone, is not a number."""

    def __init__(self, when=never, gradient_only=False, player="discriminator"):
        self.when = when
        self.gradient_only = gradient_only
        self.player = player

    def penalty(self, batch):
        logits = batch.fake_.logits
        if not self.when(batch.player, *number_of(batch)):
            return logits * 0
        return (logits - logits.detach()).abs().sqrt() if self.gradient_only else logits * math.nan


class BadConditioning(Concat):
    """A term of value 0, and NaN in turns that `when` names."""

    def __init__(self, when=never, hidden=4):
        self.when = when
        self.hidden = hidden

    def auxiliary(self, batch):
        return batch.fake_.logits * (math.nan if self.when(batch.player, *number_of(batch)) else 0)


def parts(kind, when):
    return {
        "loss": {"loss": Bad(when)},
        "penalty": {"loss": "nonsaturating", "regularizers": BadPenalty(when)},
        "generator penalty": {"loss": "nonsaturating", "regularizers": BadPenalty(when, player="generator")},
        "gradient": {"loss": "nonsaturating", "regularizers": BadPenalty(when, gradient_only=True)},
        "conditioning": {"loss": "nonsaturating", "conditioning": BadConditioning(when)},
    }[kind]


# --- what is said, and what is kept ---------------------------------------------------------------


@pytest.mark.goal("G15")
@pytest.mark.fault("F15")
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
@pytest.mark.parametrize(
    ("kind", "turn", "term"),
    [
        ("loss", 10, "loss"),
        ("loss", 11, "loss"),
        ("penalty", 10, "badpenalty"),
        ("generator penalty", 11, "badpenalty"),
        ("gradient", 10, "badpenalty"),
        ("conditioning", 10, "conditioning"),
        ("conditioning", 11, "conditioning"),
    ],
)
def test_the_weights_are_those_before_the_bad_update(kind, turn, term, optimizer, tmp_path):
    kept = {}
    look = on_exception(
        lambda view, error: kept.update({p: bits(view._state, f"{p}.", f"optimizer.{p}.") for p in good})
    )
    step, is_generator = divmod(turn, 2)
    good = {"discriminator": step + is_generator, "generator": step}
    bad = tiny(max_iter=12, optimizer=optimizer, callbacks=look, **parts(kind, at(turn)))
    before = dict(vars(bad))
    with pytest.raises(TrainingDivergedError) as caught:
        bad.fit(X, Y)
    for player, steps in good.items():
        clean = tiny(max_iter=steps, optimizer=optimizer, **parts(kind, never)).fit(X, Y)
        assert kept[player] == networks(clean, player)
    assert vars(bad) == before
    with pytest.raises(ValueError, match="not fitted"):
        bad.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
    player = "generator" if is_generator else "discriminator"
    message = str(caught.value)
    assert f"{player}'s update of step {step} in '{term}'." in message
    assert len(message) <= LONGEST_MESSAGE


def test_the_message_holds_the_values_of_all_terms():
    with pytest.raises(TrainingDivergedError) as caught:
        tiny(max_iter=12, loss=Bad(at(10), -math.inf), regularizers=BadPenalty()).fit(X)
    assert "in 'loss'. Values of its terms: 'loss' -inf, 'badpenalty' 0." in str(caught.value)


@pytest.mark.fault("F16")
def test_a_bad_gradient_names_the_first_weight():
    gan = tiny(max_iter=12, **parts("gradient", at(10)))
    with pytest.raises(TrainingDivergedError) as caught:
        gan.fit(X)
    first = next(iter(dict(tiny().fit(X).discriminator_.named_parameters())))
    assert f"The first gradient that is not finite is that of '{first}'" in str(caught.value)
    assert "nan" not in str(caught.value).replace("finite", "")


def test_naming_the_culprit_leaves_the_global_generator_alone():
    before = torch.random.get_rng_state()
    with pytest.raises(TrainingDivergedError):
        tiny(max_iter=12, loss=Bad(at(10))).fit(X)
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.goal("G15")
def test_save_refuses_numbers_that_are_not_finite(tmp_path):
    gan = tiny().fit(X)
    with torch.no_grad():
        next(gan.generator_ema_.parameters()).view(-1)[0] = math.inf
    with pytest.raises(CheckpointError, match="NaN or infinity in 'average"):
        gan.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


# --- growing without bound ------------------------------------------------------------------------


@pytest.mark.fault("F18")
@pytest.mark.parametrize("loss", ["wasserstein", "nonsaturating", "lsgan"])
def test_exploding_is_an_error_while_the_weights_are_finite(loss):
    seen = []

    def look_at_weights(view, error):
        found = view._state.tensors().items()
        seen.append(all(t.isfinite().all() for name, t in found if not name.startswith("optimizer.")))

    look = on_exception(look_at_weights)
    for seed in range(4):
        gan = tiny(
            loss=loss, regularizers=None, learning_rate=1e3, max_iter=3 * TICK, random_state=seed, callbacks=look
        )
        with pytest.raises(TrainingDivergedError):
            gan.fit(X)
    assert seen == [True] * 4


def test_logits_past_the_limit_are_an_error_though_finite(monkeypatch):
    sizes = []
    gan = tiny(loss="wasserstein", regularizers=None, learning_rate=0.1, max_iter=TICK).fit(X)
    sizes = [abs(gan.history_[f"discriminator/{which}_logit"][0]) for which in ("real", "fake")]
    monkeypatch.setattr(guard, "LARGEST_LOGIT", max(sizes) * 1.01)
    tiny(loss="wasserstein", regularizers=None, learning_rate=0.1, max_iter=TICK).fit(X)
    monkeypatch.setattr(guard, "LARGEST_LOGIT", max(sizes) * 0.99)
    with pytest.raises(TrainingDivergedError, match=f"logits have grown to .* at step {TICK}"):
        tiny(loss="wasserstein", regularizers=None, learning_rate=0.1, max_iter=TICK).fit(X)
    assert LARGEST_LOGIT == 1e6


class Shifting(BadPenalty):
    """Adds infinity to a number that it keeps."""

    def state(self, spec):
        return {"kept": torch.zeros(3)}

    def penalty(self, batch):
        batch.state[self]["kept"].add_(math.inf if self.when(batch.player, *number_of(batch)) else 1.0)
        return batch.fake_.logits * 0


def test_a_number_beside_the_weights_that_is_not_finite_is_an_error_at_the_tick():
    with pytest.raises(
        TrainingDivergedError, match=r"Numbers of .parts\.shifting\.kept. are not finite any more at step 3"
    ):
        tiny(loss="nonsaturating", regularizers=Shifting(at(2))).fit(X)
    tiny(loss="nonsaturating", regularizers=Shifting()).fit(X)


# --- going back -----------------------------------------------------------------------------------


def going_back(when, **params):
    return tiny(loss=Bad(when), on_divergence="rollback", **params)


def test_going_back_is_training_from_the_last_good_tick_with_other_numbers():
    gan = going_back(at(2 * TICK + 7, times=1), max_iter=2 * TICK)
    with pytest.warns(
        TrainingWarning, match=f"goes back to step {TICK} and takes other random numbers, for the 1. time"
    ) as w:
        gan.fit(X)
    assert len(w) == 1
    assert "'loss' nan" in str(w[0].message)
    assert gan.history_["step"] == [TICK, 2 * TICK]
    assert gan.history_["rollbacks"] == [0, 1]
    assert np.isfinite([*gan.history_.values()]).all()
    by_hand = tiny(loss=Bad(), max_iter=TICK, warm_start=True).fit(X)
    straight = networks(tiny(loss=Bad(), max_iter=2 * TICK).fit(X))
    by_hand._model_.state.rollbacks = 1
    by_hand.fit(X)
    assert networks(gan) == networks(by_hand) != straight


def test_without_a_failure_the_way_back_changes_nothing():
    gan = going_back(never, max_iter=TICK + 3).fit(X)
    assert networks(gan) == networks(tiny(loss=Bad(), max_iter=TICK + 3).fit(X))
    assert gan.history_["rollbacks"] == [0, 0]


@pytest.mark.parametrize(("turn", "tick"), [(0, 0), (5, 0), (2 * TICK + 41, TICK)])
def test_there_is_a_way_back_from_the_first_step_and_from_the_closing_tick(turn, tick):
    with pytest.warns(TrainingWarning, match=f"goes back to step {tick} "):
        gan = going_back(at(turn, times=1), max_iter=TICK + 30).fit(X)
    assert gan.n_iter_ == TICK + 30
    assert gan._model_.state.counters()["generator_updates"] == TICK + 30


@pytest.mark.goal("G16")
@pytest.mark.fault("F19")
@pytest.mark.parametrize("turn", [4, 2 * TICK + 4])
def test_a_number_that_stays_bad_ends_after_three_times(turn):
    turns = []

    def when(player, number, rollbacks):
        turns.append(rollbacks)
        return number == turn

    gan = going_back(when, max_iter=10 * TICK)
    before = dict(vars(gan))
    with (
        pytest.warns(TrainingWarning) as warned,
        pytest.raises(TrainingDivergedError, match=r"discriminator.s update .* did not help 3 times") as caught,
    ):
        gan.fit(X)
    assert len(warned) == MOST == 3
    assert len(caught.value.args[0]) <= LONGEST_MESSAGE
    assert "'loss' nan" in str(caught.value)
    assert set(turns) == {0, 1, 2, 3}
    assert len(turns) <= 2 * TICK * (MOST + 1) + 2 * turn + MOST + 1
    assert vars(gan) == before


def test_progress_makes_earlier_failures_count_no_more():
    ticks = 5
    gan = going_back(lambda player, number, rollbacks: rollbacks <= number // (2 * TICK), max_iter=ticks * TICK)
    with pytest.warns(TrainingWarning) as warned:
        gan.fit(X)
    assert len(warned) == ticks > MOST
    assert gan.history_["rollbacks"] == [1, 2, 3, 4, 5]


def test_an_explosion_goes_back_too(monkeypatch):
    monkeypatch.setattr(guard, "LARGEST_LOGIT", 0.0)
    with (
        pytest.warns(TrainingWarning) as warned,
        pytest.raises(TrainingDivergedError, match="to step 0 did not help 3"),
    ):
        tiny(on_divergence="rollback").fit(X)
    assert len(warned) == MOST


def test_resuming_after_going_back_is_exact(tmp_path):
    skgan.register(BadOnce)
    gan = tiny(loss=BadOnce(), on_divergence="rollback", max_iter=TICK)
    with pytest.warns(TrainingWarning):
        whole = tiny(loss=BadOnce(), on_divergence="rollback", max_iter=TICK + 20).fit(X)
    with pytest.warns(TrainingWarning):
        gan.fit(X).save(tmp_path / "model")
    loaded = GANEstimator.load(tmp_path / "model").set_params(warm_start=True, max_iter=20)
    loaded.fit(X)
    assert networks(loaded) == networks(whole)
    assert loaded._model_.state.counters() == whole._model_.state.counters()
    assert loaded._model_.state.rollbacks == 1
    assert loaded.history_["rollbacks"] == [1, 1]
    skgan.unregister("loss", "badonce")


class BadOnce(NonSaturating):
    """Not a number in turn 8, until training went back."""

    def discriminator(self, batch):
        bad = number_of(batch) == (8, 0)
        return super().discriminator(batch) + (math.nan if bad else 0.0)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_everything_that_training_changes_is_put_back(optimizer):
    settings = {
        "optimizer": optimizer,
        "regularizers": ["r1", "historical-average", "lecam", "spectral-norm"],
        "loss": "nonsaturating",
        "max_iter": 4,
    }
    state = tiny(**settings).fit(X, Y)._model_.state
    wanted, counters = bits(state), state.counters()
    good = LastGood(state)
    for _ in range(2):
        for tensor in state.tensors().values():
            tensor.copy_(torch.full_like(tensor, 3))
        state.step, state.average.updates, state.generator.updates, state.discriminator.updates = 9, 9, 9, 9
        good.back()
        assert bits(state) == wanted
    assert state.counters() == counters | {"rollbacks": 2}
    assert {name.split(".")[0] for name in wanted} >= {"generator", "discriminator", "average", "optimizer", "parts"}
