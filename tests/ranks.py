"""What two ranks find of each other: each function runs on both, in processes that `test_distributed.py` starts."""

import json
import os
import signal
import sys
import traceback
import warnings
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist
from joblib import Parallel, delayed
from refusals import number_of
from sklearn.model_selection import GridSearchCV

from skgan import GANEstimator, _fs, distributed, early_stopping, watch
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.augmentation.ada import ADA
from skgan.distributed import Ranks
from skgan.exceptions import (
    CheckpointExistsError,
    CheckpointMismatchError,
    CheckpointWriteError,
    IncompatibleComponentError,
    RankError,
    TrainingDivergedError,
    TrainingWarning,
)
from skgan.interfaces import Callback, Metric, Stop
from skgan.losses.nonsaturating import NonSaturating
from skgan.regularizers.lecam import LeCam
from skgan.resuming import digest_of

torch.set_num_threads(1)
signal.signal(signal.SIGINT, signal.default_int_handler)

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((37, 3)).astype(np.float32), np.arange(37) % 3
IMAGES = RNG.integers(0, 256, (20, 8, 8), dtype=np.uint8)
RANK = int(os.environ["RANK"])


def tiny(loss="nonsaturating", **params):
    settings = {"architecture": MLP(8, 1), "max_iter": 10, "batch_size": 8, "random_state": 0, "device": "cpu"}
    return GANEstimator(loss, **settings | params)


def tensors(gan):
    return gan._model_.state.tensors()


def said_by_all(what):
    """Return what both ranks say."""
    with distributed.joined() as ranks:
        return ranks.gather("what a test says", what)


def told(gan):
    """Return everything that must be the same on all ranks, as JSON."""
    state = gan._model_.state
    seen = [digest_of(tensors(gan)), state.counters(), gan.sample(3, random_state=1).tolist(), dict(gan.history_)]
    return json.dumps(seen)  # a NaN of the history is itself


def assert_same_everywhere(*gans):
    first, second = said_by_all([told(gan) for gan in gans])
    assert first == second


def raised(kind, function, *words):
    """Return the message of the error that a function raises."""
    with pytest.raises(kind) as caught:
        function()
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert len(message) <= 500
    return message


class Spoilt(NonSaturating):
    """Does something in one update of one rank: becomes NaN, raises, is interrupted ..."""

    def __init__(self, does="nan", on_rank=1, number=5, rollbacks=0):
        self.does, self.on_rank, self.number, self.rollbacks = does, on_rank, number, rollbacks

    def discriminator(self, batch):
        loss = super().discriminator(batch)
        if self.on_rank == RANK and number_of(batch) == (2 * self.number, self.rollbacks):
            return getattr(self, self.does)(loss)
        return loss

    def nan(self, loss):
        return loss * torch.nan

    def fail(self, loss):
        raise ValueError("no such luck")

    def interrupt(self, loss):
        signal.raise_signal(signal.SIGINT)
        return loss

    def hang(self, loss):
        distributed._STORE[0].wait(["rank 0 gave up"])
        return loss

    def die(self, loss):
        os._exit(9)


# --- the numbers ----------------------------------------------------------------------------------


def check_two_ranks_are_one_with_twice_the_batch():
    cases = {
        "nonsaturating": {},
        "rpgan": {},  # pairs row with row: each rank has its slice of both
        "hinge": {"optimizer": "sgd", "n_critic": 2},
        "lsgan": {"regularizers": "r1", "conditioning": "concat", "n_discriminators": 2},
    }
    differences = {}
    for loss, params in cases.items():
        both = tiny(loss, max_iter=50, **params).fit(X, Y)
        with distributed.alone():
            one = tiny(loss, max_iter=50, batch_size=16, **params).fit(X, Y)
            pieces = tiny(loss, max_iter=50, batch_size=16, micro_batch=8, **params).fit(X, Y)
        assert digest_of(tensors(pieces)) == digest_of(tensors(both)), loss  # added up in the same order
        weights = [name for name in tensors(one) if not name.startswith("optimizer")]
        differences[loss] = max(float((tensors(one)[name] - tensors(both)[name]).abs().max()) for name in weights)
        assert_same_everywhere(both)
        for name in set(one.history_) - {"seconds"}:
            np.testing.assert_allclose(both.history_[name], one.history_[name], rtol=1e-4, atol=1e-5, err_msg=name)
    assert max(differences.values()) < 1e-6, differences
    if RANK == 0:
        print("largest difference of a parameter after 50 steps:", differences)


def check_batch_statistics_of_all_ranks_are_those_of_the_whole_batch():
    """Conditional and plain, with labels and without; without the parameter each rank has its own."""
    cases = {
        "plain": (DCGAN(channels=4), {}, None),
        "conditional": (DCGAN(channels=4), {"conditioning": "cbn"}, Y[: len(IMAGES)]),
    }
    for name, (architecture, params, y) in cases.items():
        settings = params | {"architecture": architecture, "optimizer": "sgd", "max_iter": 20}
        pooled, local = (tiny(sync_batch_norm=each, **settings).fit(IMAGES, y) for each in (True, False))
        with distributed.alone():
            one = tiny(batch_size=16, **settings).fit(IMAGES, y)
        statistics = [key for key in tensors(one) if "running" in key]
        assert statistics
        far = {
            which: max(
                float((tensors(one)[key] - tensors(gan)[key]).abs().max())
                for key in tensors(one)
                if "optimizer" not in key
            )
            for which, gan in (("pooled", pooled), ("local", local))
        }
        assert far["pooled"] < 1e-6 < 1e-4 < far["local"], (name, far)
        assert_same_everywhere(pooled)


def check_batch_statistics_are_those_of_all_ranks_in_bfloat16_too():
    settings = {"architecture": DCGAN(channels=4), "optimizer": "sgd", "max_iter": 3, "precision": "bfloat16"}
    pooled, local = (tiny(sync_batch_norm=each, **settings).fit(IMAGES) for each in (True, False))
    with distributed.alone():
        one = tiny(batch_size=16, **settings).fit(IMAGES)
    assert pooled.precision_ == one.precision_ == "bfloat16"
    far = [
        max(float((tensors(one)[key] - tensors(gan)[key]).abs().max()) for key in tensors(one) if "running" in key)
        for gan in (pooled, local)
    ]
    assert far[0] < 1e-3 < far[1], far
    assert_same_everywhere(pooled)


def check_what_knows_no_other_ranks_is_refused():
    class Strange(MLP):
        def discriminator(self, spec, conditioning):
            network = super().discriminator(spec, conditioning)
            network.extra = torch.nn.BatchNorm1d(3)
            return network

    part = Strange(8, 1)
    raised(IncompatibleComponentError, lambda: tiny(architecture=part, sync_batch_norm=True).fit(X), "BatchNorm1d")


def check_a_training_alone_forgets_the_others():
    gan = tiny().fit(X)
    with distributed.alone():
        gan.partial_fit(X)
    said_by_all("still here")


def check_weights_are_the_same_before_they_are_levelled():
    digests, level = [], Ranks.level

    def listening(ranks, state):
        weights = {name: t for name, t in state.tensors().items() if not name.startswith(("parts", "statistics"))}
        digests.append(digest_of(weights))
        level(ranks, state)

    Ranks.level = listening
    try:
        tiny("wgan-gp", regularizers=["gp", LeCam(start=2)], max_iter=20).fit(X)
    finally:
        Ranks.level = level
    first, second = said_by_all(digests)
    assert len(first) == 5
    assert first == second


def check_parts_draw_other_numbers_on_each_rank_and_keep_the_same_state():
    drawn = []

    class Listening(NonSaturating):
        def discriminator(self, batch):
            drawn.append([float(torch.rand((), generator=batch.rng("probe"))), batch.z[0].tolist()])
            return super().discriminator(batch)

    gan = tiny(Listening(), regularizers=LeCam(start=2), augmentation=ADA(), max_iter=8).fit(IMAGES)
    first, second = (each[-8:] for each in said_by_all(drawn))  # without the rehearsal of a foreign part
    for probe_and_z, others in zip(first, second, strict=True):
        assert all(mine != theirs for mine, theirs in zip(probe_and_z, others, strict=True))
    with distributed.alone():
        drawn.clear()
        tiny(Listening(), regularizers=LeCam(start=2), augmentation=ADA(), max_iter=8, batch_size=16).fit(IMAGES)
    assert first == drawn[-8:]
    assert_same_everywhere(gan)
    assert any(name.startswith("parts.") and tensor.abs().sum() for name, tensor in tensors(gan).items())


def check_other_ways_to_fit():
    assert_same_everywhere(tiny(random_state=None).fit(X, Y))
    once = tiny().partial_fit(X)
    assert once.n_iter_ == 3  # 37 rows in batches of 16
    assert_same_everywhere(once, once.partial_fit(X))
    assert_same_everywhere(tiny(max_iter=3, warm_start=True).fit(X).fit(X))
    stopping = tiny(early_stopping=True, validation_fraction=0.2, max_iter=40, n_iter_no_change=2, tol=1e9).fit(X, Y)
    assert stopping.history_["step"] == [4, 8, 12]
    assert_same_everywhere(stopping)
    assert_same_everywhere(tiny(micro_batch=3).fit(X))
    assert_same_everywhere(GridSearchCV(tiny(), {"latent_dim": [2, 4]}, cv=2).fit(X).best_estimator_)
    with distributed.alone():
        assert tiny(random_state=RANK).fit(X).n_iter_ == 10
    with distributed.joined():
        workers = Parallel(n_jobs=2, backend="multiprocessing")([delayed(distributed.is_several)()] * 2)
    assert workers == [False, False]
    assert distributed.is_several()


class Planned(Metric):
    """Says what was planned, look by look; another rank than the first would be told otherwise."""

    said = []

    def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
        self.said.append(1)
        scores = (1.0, 5.0, 3.0, 4.0) if not RANK else (9.0, 8.0, 7.0, 6.0)
        return self.scored(scores[len(self.said) - 1], X_real, X_fake)


def check_early_stopping_follows_the_first_rank():
    gan = tiny(early_stopping=True, validation_fraction=0.2, max_iter=40, n_iter_no_change=2, scoring=Planned())
    gan.fit(X, Y)
    assert len(Planned.said) == (0 if RANK else 4)
    assert gan.history_["step"] == [4, 8, 12, 16]
    assert gan.n_iter_ == 8  # that of the best look
    assert_same_everywhere(gan)
    held = early_stopping.hold_out(X, Y, 0.2, gan._seed_asked_for())
    straight = tiny(max_iter=8).fit(held.X, held.y)
    mine, theirs = tensors(gan), tensors(straight)
    other = [name for name in theirs if not torch.equal(mine[name], theirs[name])]
    assert other == [], (len(theirs), other)


def check_a_group_of_the_user_is_used_and_left():
    expected = tiny(max_iter=3).fit(X)
    dist.init_process_group("gloo")
    try:
        assert_same_everywhere(tiny(max_iter=3).fit(X), expected)
        assert dist.is_initialized()
        assert digest_of(tensors(tiny(max_iter=3).fit(X))) == digest_of(tensors(expected))
    finally:
        dist.destroy_process_group()


# --- agreement ------------------------------------------------------------------------------------


def check_disagreements_are_refused_before_the_first_step():
    steps = []
    share = Ranks._share
    Ranks._share = lambda *details: steps.append(1) or share(*details)
    try:
        more = 1 if RANK else 0
        raised(RankError, lambda: tiny(latent_dim=4 + more).fit(X), "settings of rank 1", "'latent_dim': latent_dim: 4")
        raised(RankError, lambda: tiny(max_iter=9 + more).fit(X), "'max_iter'")
        raised(RankError, lambda: tiny().fit(X) if RANK else tiny().partial_fit(X), "'method'")
        raised(RankError, lambda: tiny().fit(X + more), "data", "rank 1", "X and y, rows")
        raised(RankError, lambda: tiny().fit(X[: 37 - more]), "X and y, shape", "(37, 3) and (36, 3)")
        raised(RankError, lambda: tiny(random_state=more).fit(X), "'random_state'")
        trained = tiny(max_iter=2, warm_start=True).fit(X)
        steps.clear()
        if RANK:
            with torch.no_grad():
                next(trained.generator_.parameters()).add_(1)
        raised(RankError, lambda: trained.fit(X), "'weights'", "rank 1")
        broken = X.copy()
        broken[0, 0] = np.nan
        if RANK:
            raised(ValueError, lambda: tiny().fit(broken), "NaN")
        else:
            raised(RankError, lambda: tiny().fit(X), "rank 1 failed with ValueError")
    finally:
        Ranks._share = share
    assert steps == []


class StopsAt(Callback):
    """Stops at a step; counts on the class, since callbacks are cloned."""

    seen = []

    def __init__(self, step=8):
        self.step = step

    def on_tick(self, view):
        self.seen.append(view.step)
        return Stop() if view.step == self.step else None


def check_all_stop_together():
    StopsAt.seen.clear()
    gan = tiny(callbacks=StopsAt(8), max_iter=40).fit(X)
    assert gan.n_iter_ == 8
    assert StopsAt.seen == ([] if RANK else [4, 8])
    assert_same_everywhere(gan)
    late = tiny(max_iter=40, max_time=1e-9 if RANK else 1e9).set_params(verbose=1 - RANK)
    late._settings = lambda one_pass: {}  # one clock is ahead of the other's
    assert late.fit(X).n_iter_ == 4
    assert_same_everywhere(late)


def check_a_signal_to_one_is_one_to_all(folder):
    interrupted = tiny(Spoilt("interrupt"), max_iter=40)
    raised(KeyboardInterrupt, lambda: interrupted.fit(X))
    assert interrupted.n_iter_ == 8  # the tick after step 5
    assert_same_everywhere(interrupted)
    sees_the_end = watch.Watch.sees_the_end

    def terminate(one, state):
        if RANK and state.step == 6:
            signal.raise_signal(signal.SIGTERM)
        return sees_the_end(one, state)

    watch.Watch.sees_the_end = terminate
    try:
        raised(SystemExit, lambda: tiny(max_iter=40, checkpoint_dir=folder / "terminated").fit(X), "143")
    finally:
        watch.Watch.sees_the_end = sees_the_end
    assert GANEstimator.load(newest(folder / "terminated")).n_iter_ == 8


# --- failures -------------------------------------------------------------------------------------


def check_a_number_that_is_not_finite_on_one_rank():
    words = raised(
        TrainingDivergedError, lambda: tiny(Spoilt("nan")).fit(X), "discriminator's update of step 5", "Rank 1 met it"
    )
    assert words == said_by_all(words)[0]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gan = tiny(Spoilt("nan"), on_divergence="rollback", max_iter=12).fit(X)
    assert [w.category for w in caught] == ([] if RANK else [TrainingWarning])
    assert (gan.n_iter_, gan.history_["rollbacks"][-1]) == (12, 1)
    assert_same_everywhere(gan)


def check_an_error_on_one_rank_ends_all():
    for which in (0, 1):
        before = tiny(max_iter=2).fit(X)
        gan = before.set_params(loss=Spoilt("fail", on_rank=which), max_iter=40)
        seen = dict(vars(gan))
        if which == RANK:
            raised(ValueError, partial(gan.fit, X), "no such luck")
        else:
            words = f"rank {which} failed with ValueError: no such luck", "gradients of"
            raised(RankError, partial(gan.fit, X), *words)
        assert vars(gan) == seen
        assert_same_everywhere(tiny().fit(X))  # the next fit knows nothing of it


# --- checkpoints ----------------------------------------------------------------------------------


def newest(folder):
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))[-1]


def kept(folder, max_iter=20, **params):
    settings = {"checkpoint_dir": folder, "checkpoint_every_ticks": 1, "max_iter": max_iter, "latent_dim": 4}
    return tiny(regularizers=["sn", LeCam(start=2)], augmentation=ADA(), **settings | params)


def check_a_resumed_fit_is_one_without_a_break(folder):
    straight = kept(None, checkpoint_every_ticks=None).fit(IMAGES)
    for cut in (0, 4, 12, 20):
        place = folder / f"cut{cut}"
        if cut:
            kept(place, cut).fit(IMAGES)
        resumed = kept(place, resume="auto").fit(IMAGES)
        assert digest_of(tensors(resumed)) == digest_of(tensors(straight)), cut
        assert_same_everywhere(resumed, GANEstimator.load(newest(place)))
        columns = set(straight.history_) - {"seconds"}
        assert [resumed.history_[name] for name in columns] == [straight.history_[name] for name in columns]


def check_checkpoints_are_written_once_and_refused_together(folder):
    writes = []
    write = _fs.write_directory
    _fs.write_directory = lambda *details, **more: writes.append(1) or write(*details, **more)
    try:
        kept(folder / "once", 8).fit(IMAGES)
        assert len(writes) == (0 if RANK else 3)
        raised(CheckpointExistsError, lambda: kept(folder / "once").fit(IMAGES), "resume")
        with distributed.alone():
            if not RANK:
                raised(
                    CheckpointMismatchError,
                    lambda: kept(folder / "once", resume=True).fit(IMAGES),
                    "number of ranks: 2 → 1",
                )
        said_by_all("done")

        def full(*details, **more):
            raise OSError(28, "No space left on device")

        _fs.write_directory = full
        gan = kept(folder / "once", resume=True)
        raised(CheckpointWriteError, lambda: gan.fit(IMAGES), "No space left")
        assert_same_everywhere(gan)
    finally:
        _fs.write_directory = write


# --- the end --------------------------------------------------------------------------------------


def check_a_rank_that_hangs_is_named():
    os.environ["SKGAN_TIMEOUT_SECONDS"] = "3"
    if RANK:
        raised(RankError, lambda: tiny(Spoilt("hang")).fit(X))
    else:
        raised(RankError, lambda: tiny(Spoilt("hang")).fit(X), "waited too long", "rank 1 did not come", "step 5")
        distributed._STORE[0].set("rank 0 gave up", "yes")
    del os.environ["SKGAN_TIMEOUT_SECONDS"]


def check_a_rank_that_dies_is_named():
    raised(RankError, lambda: tiny(Spoilt("die")).fit(X), "lost the others", "rank 1 did not come")


def check_the_first_rank_dies_while_saving(folder):
    rename = _fs.rename

    def die(*details):
        if not RANK and sorted(folder.glob("f25/*-step4")) == [] and sorted(folder.glob("f25/*-step0")):
            os._exit(9)
        rename(*details)

    _fs.rename = die
    raised(RankError, lambda: kept(folder / "f25").fit(IMAGES), "lost the others", "rank 0 did not come", "checkpoint")
    with distributed.alone():
        assert GANEstimator.load(newest(folder / "f25")).n_iter_ == 0


NUMBERS = (
    "two_ranks_are_one_with_twice_the_batch",
    "batch_statistics_of_all_ranks_are_those_of_the_whole_batch",
    "batch_statistics_are_those_of_all_ranks_in_bfloat16_too",
    "what_knows_no_other_ranks_is_refused",
    "a_training_alone_forgets_the_others",
    "weights_are_the_same_before_they_are_levelled",
    "parts_draw_other_numbers_on_each_rank_and_keep_the_same_state",
    "other_ways_to_fit",
    "early_stopping_follows_the_first_rank",
    "a_group_of_the_user_is_used_and_left",
    "disagreements_are_refused_before_the_first_step",
    "a_rank_that_dies_is_named",
)
FAILURES = (
    "all_stop_together",
    "a_signal_to_one_is_one_to_all",
    "a_number_that_is_not_finite_on_one_rank",
    "an_error_on_one_rank_ends_all",
    "a_resumed_fit_is_one_without_a_break",
    "checkpoints_are_written_once_and_refused_together",
    "a_rank_that_hangs_is_named",
    "the_first_rank_dies_while_saving",
)


def main(folder, *names):
    watch.TICK = 4
    early_stopping.ticks_between = lambda *_: 1
    warnings.simplefilter("error")
    assert {name for name in globals() if name.startswith("check_")} == {f"check_{name}" for name in NUMBERS + FAILURES}
    for name in names:
        check = globals()[f"check_{name}"]
        try:
            check(folder) if check.__code__.co_argcount else check()
        except BaseException:
            print(f"rank {RANK}, {name}", file=sys.stderr)
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    print(f"rank {RANK} is through")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *globals()[sys.argv[2]])
