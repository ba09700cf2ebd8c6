"""A fit with checkpoints that is cut and resumed is the fit without a break, bit for bit."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch

from skgan import GANEstimator, _fs, data, exceptions, interfaces, training, watch
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.augmentation.ada import ADA
from skgan.checkpoint_dir import CheckpointDirectory
from skgan.exceptions import (
    CheckpointError,
    CheckpointExistsError,
    CheckpointMismatchError,
    CheckpointNotFoundError,
    CheckpointWriteError,
    InvalidParameterError,
    TrainingWarning,
)
from skgan.model import Model
from skgan.optimizers.adam import Adam
from skgan.regularizers.lecam import LeCam
from skgan.regularizers.r1 import R1
from skgan.resuming import fingerprint
from skgan.signals import Signals

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((20, 3)), np.array(list("abcd") * 5)
IMAGES = RNG.integers(0, 256, (20, 8, 8), dtype=np.uint8)
TOTAL = 13


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch):
    """Make ticks so short that a fit of a few steps has some of each kind."""
    monkeypatch.setattr(watch, "TICK", 4)


def tiny(folder=None, max_iter=TOTAL, **params):
    """Return an estimator whose parts keep state of all kinds: averages, counts, power iterations, sums."""
    settings = {
        "loss": "nonsaturating",
        "architecture": MLP(8, 1),
        "regularizers": ["sn", R1(every_updates=4), LeCam(start=4)],
        "conditioning": "concat",
        "optimizer": Adam(betas=(0.5, 0.9)),
        "latent_dim": 4,
        "batch_size": 8,
        "random_state": 0,
        "n_critic": 2,
    }
    places = {} if folder is None else {"checkpoint_dir": folder, "checkpoint_every_ticks": 1}
    return GANEstimator(**(settings | {"max_iter": max_iter} | places | params)).set_params(conditioning__hidden=4)


def everything(gan):
    """Return all that a fit leaves behind, as bytes and text."""
    arrays, counters = gan._model_.stored()
    found = {name: array.tobytes() for name, array in arrays.items()} | {n: str(c) for n, c in counters.items()}
    columns = [name for name in gan.history_ if not name.startswith("seconds/")]  # which long fits have
    found |= {f"history {name}": repr(gan.history_[name]) for name in columns if name != "seconds"}
    draws = gan._draws_
    found |= {f"sample {number}": gan.sample(3).tobytes() for number in range(2)}
    gan._draws_ = draws  # so that it can be asked again
    return found | {"columns": str(columns), "draws": str(draws)}


def differing(one, other):
    one, other = everything(one), everything(other)
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def names(folder):
    return sorted(entry.name for entry in Path(folder).iterdir() if entry.name != ".lock")


def interrupt_at(monkeypatch, step, number=signal.SIGINT):
    """Send a signal in the middle of the update that makes `step` steps."""
    batch = data.Dataset.batch
    left = [1]

    def interrupting(self, count):
        if count == (step - 1) * 3 + 1 and left[0]:
            left[0] -= 1
            signal.raise_signal(number)
        return batch(self, count)

    monkeypatch.setattr(data.Dataset, "batch", interrupting)


# --- cut and resumed ------------------------------------------------------------------------------

# Five steps are six epochs; a lazy penalty is due in updates 0, 4, 8 ... of the discriminator, two a step.
CUTS = {
    0: "before",
    1: "one",
    2: "a lazy penalty is due next",
    3: "and was",
    4: "a tick",
    5: "an epoch's end",
    12: "last",
}


@pytest.fixture(scope="module")
def uninterrupted():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "TICK", 4)
        return {"plain": tiny().fit(X, Y)}


@pytest.mark.goal("G5")
@pytest.mark.parametrize("step", CUTS)
def test_a_cut_leaves_no_trace(step, uninterrupted, tmp_path, monkeypatch):
    gan = tiny(tmp_path)
    with monkeypatch.context() as patch:
        interrupt_at(patch, max(step, 1))
        with pytest.raises(KeyboardInterrupt):
            gan.fit(X, Y)
    assert gan.n_iter_ == max(step, 1)
    if step == 0:
        shutil.rmtree(tmp_path / "00000002-step1")
    resumed = tiny(tmp_path, resume=True).fit(X, Y)
    assert differing(resumed, uninterrupted["plain"]) == set()
    assert names(tmp_path)[-1].endswith(f"step{TOTAL}")


@pytest.mark.goal("G5")
def test_five_cuts_leave_no_trace(uninterrupted, tmp_path):
    for step in (1, 3, 4, 9, 12, TOTAL):
        gan = tiny(tmp_path, max_iter=step, resume="auto").fit(X, Y)
        assert gan.n_iter_ == step
    assert differing(gan, uninterrupted["plain"]) == set()


OTHERS = {
    "images": ({"architecture": DCGAN(4, 8)}, IMAGES, Y),
    "adaptive": ({"augmentation": ADA(), "architecture": DCGAN(4, 8), "regularizers": None}, IMAGES, None),
    "wgan-gp": ({"loss": "wgan-gp", "regularizers": "auto", "n_critic": "auto"}, X, None),
    "numbers": ({"ema_decay": None, "optimizer": "rmsprop"}, X.astype(np.float32), RNG.standard_normal(20)),
    "rollback": ({"on_divergence": "rollback", "n_discriminators": 2, "regularizers": "sn"}, X, Y),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_trainings_resume_as_exactly(case, tmp_path):
    params, rows, labels = OTHERS[case]
    whole = tiny(max_iter=10).set_params(**params).fit(rows, labels)
    for step in (3, 6, 10):
        gan = tiny(tmp_path, step, resume="auto").set_params(**params).fit(rows, labels)
    assert differing(gan, whole) == set()


GO_ON = """
import joblib, torch
torch.set_num_threads(1)
from skgan import watch
watch.TICK = 4
gan, X, y = joblib.load("gan.joblib")
gan.set_params(max_iter=13, resume=True).fit(X, y)
joblib.dump(gan, "done.joblib")
"""


def test_another_process_resumes_as_exactly(uninterrupted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny("a", 6).fit(X, Y)
    joblib.dump((tiny("a"), X, Y), "gan.joblib")
    run(GO_ON)
    assert differing(joblib.load("done.joblib"), uninterrupted["plain"]) == set()


def run(code, **settings):
    environment = {**os.environ, "PYTHONPATH": str(Path(watch.__file__).parent.parent)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, **settings)
    assert done.returncode == settings.get("returns", 0), done.stderr
    return done


def test_a_fit_that_is_done_is_not_trained_again(tmp_path, monkeypatch):
    whole = tiny(tmp_path).fit(X, Y)
    before = names(tmp_path)
    monkeypatch.setattr(data.Dataset, "batch", None)
    again = tiny(tmp_path, resume=True).fit(X, Y)
    assert differing(again, whole) == set()
    assert names(tmp_path) == before


def test_what_fit_writes_can_be_loaded(tmp_path):
    gan = tiny(tmp_path, 6).fit(X, Y)
    loaded = GANEstimator.load(tmp_path / names(tmp_path)[-1])
    assert differing(loaded, gan) == set()
    assert loaded.get_params()["checkpoint_dir"] is None


def test_checkpoints_are_written_when_the_parameters_say(tmp_path, monkeypatch):
    written = []
    write = CheckpointDirectory.write
    monkeypatch.setattr(
        CheckpointDirectory, "write", lambda self, step, *rest: written.append(step) or write(self, step, *rest)
    )
    for every, steps in ((1, [0, 4, 8, 12, 13]), (2, [0, 8, 13]), (None, [0, 13])):
        written.clear()
        tiny(tmp_path / str(every), checkpoint_every_ticks=every).fit(X, Y)
        assert written == steps
    assert [name[9:] for name in names(tmp_path / "1")] == ["step8", "step12", "step13"]


def test_without_a_directory_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny().fit(X)
    assert names(tmp_path) == []


@pytest.mark.goal("G6")
def test_checkpoints_change_nothing(uninterrupted, tmp_path):
    assert differing(tiny(tmp_path).fit(X, Y), uninterrupted["plain"]) == set()


def test_a_fit_that_goes_on_from_memory_has_checkpoints_too(tmp_path):
    gan = tiny(max_iter=6).fit(X, Y)
    gan.set_params(warm_start=True, max_iter=4, checkpoint_dir=tmp_path).fit(X, Y)
    assert [name[9:] for name in names(tmp_path)] == ["step6", "step10"]
    shutil.rmtree(tmp_path / "00000002-step10")
    assert differing(tiny(tmp_path, 10, resume=True).fit(X, Y), gan) == set()


def test_the_bar_and_the_clock_go_on(tmp_path, capsys):
    first = tiny(tmp_path, 6).fit(X, Y)
    again = tiny(tmp_path, 10, resume=True, verbose=1).fit(X, Y)
    assert "10/10" in capsys.readouterr().err
    assert again.history_["seconds"][-1] > first.history_["seconds"][-1]
    assert again.history_["seconds"] == sorted(again.history_["seconds"])


# --- the test of the test -------------------------------------------------------------------------

#: what may be lost without a trace, and why
HARMLESS = {
    "_u": "is computed from _v before it is used",
    "rollbacks": "is zero already",
}


def entries():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "TICK", 4)
        arrays, counters = tiny(max_iter=6).fit(X, Y)._model_.stored()
    return [*arrays, *(name for name in counters if name != "step")]


@pytest.mark.goal("G5")
@pytest.mark.parametrize("name", [*entries(), "means", "ticks", "columns"])
def test_every_entry_of_a_checkpoint_matters(name, uninterrupted, tmp_path, monkeypatch):
    stored, before = Model.stored, watch.Watch._before_closing

    def spoilt(self, copy=True):
        arrays, counters = stored(self, copy)
        arrays = {n: np.zeros_like(array) if n == name else array for n, array in arrays.items()}
        return arrays, {n: 0 if n == name else count for n, count in counters.items()}

    def told(self, means):
        found = before(self, means)
        if name == "means":
            found["means"] = {player: {} for player in found["means"]}
        return found | ({name: found[name] - 1} if name in ("ticks", "columns") else {})

    try:
        with monkeypatch.context() as patch:
            patch.setattr(Model, "stored", spoilt)
            patch.setattr(watch.Watch, "_before_closing", told)
            tiny(tmp_path, 6).fit(X, Y)
        found = differing(tiny(tmp_path, resume=True).fit(X, Y), uninterrupted["plain"]) - {name}
    except exceptions.SkganError:
        found = {"noticed"}
    assert bool(found) != (name.rpartition(".")[2] in HARMLESS)


# --- signals --------------------------------------------------------------------------------------


@pytest.mark.fault("F28")
@pytest.mark.parametrize(("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
@pytest.mark.parametrize("step", [1, 7, 8])
def test_a_signal_waits_for_the_step_and_the_checkpoint(number, error, step, tmp_path, monkeypatch):
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    gan = tiny(tmp_path)
    interrupt_at(monkeypatch, step, number)
    with pytest.raises(error) as caught:
        gan.fit(X, Y)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    assert gan.n_iter_ == step
    assert gan.sample(2).shape == (2, 3)
    assert names(tmp_path)[-1].endswith(f"step{step}")
    if number == signal.SIGTERM:
        assert caught.value.code == 143


@pytest.mark.fault("F34")
def test_a_second_interrupt_does_not_wait_and_leaves_the_last_checkpoint(uninterrupted, tmp_path, monkeypatch):
    gan = tiny(tmp_path)
    with monkeypatch.context() as patch:
        interrupt_at(patch, 7)
        batch = data.Dataset.batch
        patch.setattr(
            data.Dataset,
            "batch",
            lambda self, count: (count == 20 and signal.raise_signal(signal.SIGINT)) or batch(self, count),
        )
        with pytest.raises(KeyboardInterrupt):
            gan.fit(X, Y)
    assert names(tmp_path)[-1].endswith("step4")
    assert differing(tiny(tmp_path, resume=True).fit(X, Y), uninterrupted["plain"]) == set()


def test_more_requests_to_end_do_not_hurry_but_a_second_interrupt_does():
    signals = Signals(all_of_them=True)
    signals.catch()
    try:
        for _ in range(3):
            signal.raise_signal(signal.SIGTERM)
        assert signals.error.code == 143
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signals.release()


@pytest.mark.fault("F31")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_handler_of_the_user_is_called_and_decides(number, tmp_path, monkeypatch, uninterrupted):
    called = []
    before = signal.signal(number, lambda *details: called.append(details[0]))
    try:
        interrupt_at(monkeypatch, 7, number)
        assert differing(tiny(tmp_path / "a").fit(X, Y), uninterrupted["plain"]) == set()
        assert called == [number]

        def stop(*details):
            raise TimeoutError("the night is over")

        signal.signal(number, stop)
        interrupt_at(monkeypatch, 7, number)
        gan = tiny(tmp_path / "b")
        with pytest.raises(TimeoutError, match="night"):
            gan.fit(X, Y)
        assert signal.getsignal(number) is stop
        assert gan.n_iter_ == 7
        assert names(tmp_path / "b")[-1].endswith("step7")
    finally:
        signal.signal(number, before)


def test_an_ignored_signal_stays_ignored(tmp_path, monkeypatch):
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        interrupt_at(monkeypatch, 7, signal.SIGTERM)
        assert tiny(tmp_path).fit(X, Y).n_iter_ == TOTAL
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.fault("F30")
def test_a_fit_in_a_thread_has_checkpoints(tmp_path):
    gan = tiny(tmp_path)
    thread = threading.Thread(target=gan.fit, args=(X, Y))
    thread.start()
    thread.join()
    assert names(tmp_path)[-1].endswith(f"step{TOTAL}")


TRAIN = """
import sys, joblib, torch
torch.set_num_threads(1)
from skgan import data, watch
watch.TICK = 4
gan, X, y = joblib.load("gan.joblib")
batch = data.Dataset.batch
def told(self, number):
    if number == 9:
        print("go", flush=True)
    return batch(self, number)
data.Dataset.batch = told
gan.set_params(max_iter=10**6, checkpoint_every_ticks=10**4).fit(X, y)
"""


@pytest.mark.goal("G12")
@pytest.mark.fault("F29")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, 143)])
def test_a_process_that_is_told_to_stop_leaves_a_whole_checkpoint(number, status, tmp_path):
    joblib.dump((tiny("a"), X, Y), tmp_path / "gan.joblib")
    environment = {**os.environ, "PYTHONPATH": str(Path(watch.__file__).parent.parent)}
    command = [sys.executable, "-c", TRAIN]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=tmp_path
    ) as child:
        assert child.stdout.readline() == b"go\n"
        child.send_signal(number)
        assert child.wait(timeout=100) == status
    last = names(tmp_path / "a")[-1]
    step = int(last.rpartition("step")[2])
    assert step >= 3
    assert not list((tmp_path / "a").glob(".0*"))
    loaded = GANEstimator.load(tmp_path / "a" / last)
    whole = tiny(max_iter=step).fit(X, Y)
    assert differing(loaded, whole) == set()


# --- failures -------------------------------------------------------------------------------------


def fail_from(monkeypatch, count):
    """Let the disk be full from the `count`-th checkpoint on."""
    mkdir, calls = _fs.mkdir, []

    def full(path, *mode):
        calls.append(path)
        if len(calls) >= count:
            raise OSError(28, "No space left on device")
        mkdir(path, *mode)

    monkeypatch.setattr(_fs, "mkdir", full)


def test_a_checkpoint_that_cannot_be_written_ends_the_fit_and_keeps_what_was_trained(tmp_path, monkeypatch):
    gan = tiny(tmp_path)
    with monkeypatch.context() as patch:
        fail_from(patch, 3)
        with pytest.raises(CheckpointWriteError, match="No space") as caught:
            gan.fit(X, Y)
    assert caught.value.errno == 28
    assert (gan.n_iter_, gan.sample(2).shape) == (8, (2, 3))
    assert names(tmp_path) == ["00000001-step0", "00000002-step4"]
    assert differing(tiny(tmp_path, resume=True).fit(X, Y), tiny().fit(X, Y)) == set()


def test_without_a_first_checkpoint_nothing_is_trained(tmp_path, monkeypatch):
    gan = tiny(tmp_path)
    fail_from(monkeypatch, 1)
    before = dict(vars(gan))
    with pytest.raises(CheckpointWriteError, match="No space"):
        gan.fit(X, Y)
    assert vars(gan) == before
    assert names(tmp_path) == []


class Cleaner(interfaces.Callback):
    """Somebody who tidies up while training runs."""

    def __init__(self, path=None):
        self.path = path

    def on_tick(self, view):
        shutil.rmtree(self.path)


@pytest.mark.fault("F05")
def test_a_directory_that_goes_away_in_training_is_an_error(tmp_path):
    gan = tiny(tmp_path / "a", callbacks=Cleaner(tmp_path / "a"))
    with pytest.raises(CheckpointWriteError, match="No such file"):
        gan.fit(X, Y)
    assert gan.n_iter_ == 4
    assert not (tmp_path / "a").exists()


def test_too_little_memory_for_a_checkpoint_is_an_error(tmp_path, monkeypatch):
    def large(*arguments):
        raise MemoryError

    monkeypatch.setattr("skgan.checkpoint.pieces_of", large)
    with pytest.raises(CheckpointWriteError, match="memory"):
        tiny(tmp_path).fit(X, Y)


@pytest.mark.goal("G3")
def test_a_part_without_a_name_is_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(training.Player, "update", None)
    gan = tiny(tmp_path, regularizers=type("Mine", (R1,), {"__module__": "mine"})())
    with pytest.raises(CheckpointError, match="a part with a name"):
        gan.fit(X, Y)
    assert not hasattr(gan, "n_iter_")


def damage(path):
    file = path / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def test_a_damaged_newest_checkpoint_is_left_out_with_a_warning(uninterrupted, tmp_path):
    tiny(tmp_path, 9).fit(X, Y)
    damage(tmp_path / names(tmp_path)[-1])
    with pytest.warns(TrainingWarning, match="00000004-step9.*from step 8"):
        resumed = tiny(tmp_path, resume=True).fit(X, Y)
    assert differing(resumed, uninterrupted["plain"]) == set()
    assert [name[:8] for name in names(tmp_path)] == ["00000003", "00000004", "00000005", "00000006"]


@pytest.mark.fault("F10")
@pytest.mark.parametrize("resume", [True, "auto"])
def test_when_all_are_damaged_nothing_begins_from_the_start(resume, tmp_path):
    tiny(tmp_path, 9).fit(X, Y)
    for name in names(tmp_path):
        damage(tmp_path / name)
    before = names(tmp_path)
    gan = tiny(tmp_path, resume=resume)
    with pytest.raises(CheckpointError, match="all damaged") as caught:
        gan.fit(X, Y)
    assert all(name in str(caught.value) for name in before)
    assert names(tmp_path) == before
    assert not hasattr(gan, "n_iter_")


def test_a_saved_model_among_the_checkpoints_is_none(tmp_path):
    gan = tiny(tmp_path, 4).fit(X, Y)
    gan.save(tmp_path / "00000009-step4")
    with pytest.warns(TrainingWarning, match="00000009-step4"):
        tiny(tmp_path, 6, resume=True).fit(X, Y)


# --- refused --------------------------------------------------------------------------------------


def refused(gan, error, match, rows=X, labels=Y):
    before = dict(vars(gan))
    with pytest.raises(error, match=match) as caught:
        gan.fit(rows, labels)
    assert len(str(caught.value)) <= 500
    assert vars(gan) == before
    return str(caught.value)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"resume": True}, "checkpoint_dir"),
        ({"resume": "auto"}, "checkpoint_dir"),
        ({"checkpoint_every_ticks": 3}, "checkpoint_dir"),
        ({"checkpoint_dir": "a", "resume": True, "warm_start": True}, "warm_start"),
        ({"checkpoint_dir": ""}, "directory of its own"),
        ({"checkpoint_dir": "file"}, "directory of its own"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(params, match, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    refused(tiny(**params), InvalidParameterError, match)
    assert names(tmp_path) == ["file"]


def test_partial_fit_writes_no_checkpoints_and_says_so(tmp_path):
    with pytest.raises(InvalidParameterError, match="partial_fit"):
        tiny(tmp_path / "a").partial_fit(X, Y)
    assert names(tmp_path) == []


def test_bad_data_is_refused_before_anything_is_written(tmp_path):
    refused(tiny(tmp_path / "runs" / "a"), ValueError, "NaN", rows=np.full((5, 2), np.nan), labels=None)
    assert names(tmp_path) == []


def test_nothing_is_resumed_unasked(tmp_path):
    tiny(tmp_path, 4).fit(X, Y)
    before = names(tmp_path)
    refused(tiny(tmp_path), CheckpointExistsError, "resume=True")
    assert names(tmp_path) == before


def test_resuming_needs_a_checkpoint_and_auto_does_not(uninterrupted, tmp_path):
    refused(tiny(tmp_path / "a", resume=True), CheckpointNotFoundError, "resume='auto'")
    assert names(tmp_path) == []
    assert differing(tiny(tmp_path / "a", resume="auto").fit(X, Y), uninterrupted["plain"]) == set()


def test_a_second_fit_in_the_directory_is_refused(tmp_path):
    owner = CheckpointDirectory(tmp_path / "a")
    owner.acquire()
    for resume in (False, "auto"):
        refused(tiny(tmp_path / "a", resume=resume), CheckpointWriteError, f"process, {os.getpid()}")
    owner.release()
    tiny(tmp_path / "a").fit(X, Y)
    assert tiny(tmp_path / "a", resume=True).fit(X, Y).n_iter_ == TOTAL  # whoever ended has let it go


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"batch_size": 4}, "batch_size: 8 → 4"),
        ({"loss": "hinge"}, "loss: 'nonsaturating' → 'hinge'"),
        ({"random_state": 1}, "random_state: 0 → 1"),
        ({"n_critic": 1, "latent_dim": 3}, "latent_dim: 4 → 3; n_critic: 2 → 1"),
    ],
)
def test_changed_settings_are_named(params, said, tmp_path):
    tiny(tmp_path, 4).fit(X, Y)
    before = names(tmp_path)
    assert said in refused(tiny(tmp_path, resume=True, **params), CheckpointMismatchError, "must be those")
    assert names(tmp_path) == before


def test_a_smaller_total_is_named(tmp_path):
    tiny(tmp_path, 8).fit(X, Y)
    refused(tiny(tmp_path, 7, resume=True), CheckpointMismatchError, "at least 8.*Got 7")


@pytest.mark.parametrize("resume", [False, "auto"])
def test_a_fit_that_was_quicker_is_noticed(resume, tmp_path, monkeypatch):
    acquire = CheckpointDirectory.acquire

    def late(self):
        monkeypatch.setattr(CheckpointDirectory, "acquire", acquire)
        tiny(tmp_path, 4).fit(X, Y)
        acquire(self)

    monkeypatch.setattr(CheckpointDirectory, "acquire", late)
    refused(tiny(tmp_path, resume=resume), CheckpointExistsError, "resume=True")
    assert names(tmp_path)[-1].endswith("step4")


SECRET = 123456.789


def changed(place):
    rows = X.copy()
    rows[place, 0] = SECRET
    return rows


@pytest.mark.goal("G35")
@pytest.mark.parametrize(
    ("rows", "labels", "said"),
    [
        (X[:19], Y[:19], r"shape: \(20, 3\) → \(19, 3\)"),
        (X[:, :2], Y, r"shape: \(20, 3\) → \(20, 2\)"),
        (X.astype(np.float32), Y, "dtype: float64 → float32"),
        (changed(0), Y, "values of some rows"),
        (changed(19), Y, "values of some rows"),
        (X, np.array(list("abcc") * 5), "label counts: of 4 kinds.*of 3 kinds"),
        (X, Y[::-1].copy(), "values of some rows"),
        (X, None, "label counts: .* → none"),
        (X, np.arange(20) % 4, "values of some rows"),
    ],
    ids=["rows", "columns", "dtype", "first row", "last row", "classes", "order", "no labels", "other labels"],
)
def test_other_data_is_named_and_not_shown(rows, labels, said, tmp_path):
    tiny(tmp_path, 4).fit(X, Y)
    text = refused(tiny(tmp_path, resume=True), CheckpointMismatchError, said, rows, labels)
    assert "123456" not in text


def test_a_fingerprint_sees_shape_type_labels_and_rows_wherever_they_are():
    large = np.zeros((10_000, 2))
    base = fingerprint(large, None)
    for place in (0, -1):
        other = large.copy()
        other[place, 1] = 1
        assert fingerprint(other, None)["rows"] != base["rows"]
    assert fingerprint(large.tolist(), None) == base
    assert fingerprint(torch.from_numpy(large), None) == base
    assert fingerprint(X, Y) == fingerprint(X.copy(order="F"), list(Y))
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X)
    assert fingerprint(frame, pandas.Series(Y)) == fingerprint(X, Y)
    assert fingerprint(frame.astype({0: np.float32}), Y)["dtype"] == "float32, float64"


@pytest.mark.goal("G35")
def test_another_machine_is_said(tmp_path, monkeypatch):
    tiny(tmp_path, 4).fit(X, Y)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 7)
    monkeypatch.setattr(torch, "__version__", "9.9")
    with pytest.warns(TrainingWarning) as caught:
        tiny(tmp_path, 5, resume=True).fit(X, Y)
    assert len(caught) == 1
    assert re.search(r"threads: 1 → 7; torch: \S+ → 9.9", str(caught[0].message))


def test_a_drawn_seed_goes_on(tmp_path):
    for seed in (None, np.random.RandomState(3)):
        folder = tmp_path / type(seed).__name__
        first = tiny(folder, 4, random_state=seed).fit(X, Y)
        again = tiny(folder, 6, random_state=seed, resume=True).fit(X, Y)
        assert again._model_.key == first._model_.key


def test_a_fitted_estimator_that_resumes_forgets_its_own_fit(uninterrupted, tmp_path):
    tiny(tmp_path, 6).fit(X, Y)
    gan = tiny(tmp_path, 3, random_state=5).set_params(checkpoint_dir=None, checkpoint_every_ticks=None).fit(X[:, :2])
    gan.set_params(checkpoint_dir=tmp_path, resume=True, random_state=0, max_iter=TOTAL).fit(X, Y)
    assert differing(gan, uninterrupted["plain"]) == set()
    assert gan.classes_.tolist() == list("abcd")
