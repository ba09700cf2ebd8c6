"""What training can do without may fail without ending it; running out of memory is explained."""

import gc
import io
import os
import signal
import subprocess
import sys
import warnings
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from refusals import number_of
from torch import nn

from skgan import GANEstimator, memory
from skgan.architectures.mlp import MLP
from skgan.exceptions import DeviceMemoryError, SkganError, TrainingWarning
from skgan.history import History
from skgan.interfaces import Callback
from skgan.losses.nonsaturating import NonSaturating
from skgan.validation import LONGEST_MESSAGE
from skgan.watch import TICK

TINY = {"architecture": MLP(width=8, depth=1), "latent_dim": 4, "batch_size": 8, "random_state": 0}
X = np.random.default_rng(0).standard_normal((40, 3))


def tiny(**params):
    return GANEstimator(**(TINY | {"max_iter": 2 * TICK + 3} | params))


def state_of(gan):
    state = gan._model_.state
    return {name: tensor.numpy().tobytes() for name, tensor in state.tensors().items()} | state.counters()


def told(function):
    """Return what training warned of, and that nothing else warned."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
        gc.collect()
    assert all(w.category is TrainingWarning and len(str(w.message)) <= LONGEST_MESSAGE for w in caught)
    return [str(w.message) for w in caught]


class Failing(Callback):
    """Fails in every event that it is named for."""

    events: tuple = ()

    def fail(self, event):
        if event in self.events:
            raise RuntimeError("98765")

    def on_fit_begin(self, view):
        self.fail("on_fit_begin")

    def on_tick(self, view):
        if "preview" in self.events:
            view.sample(0)
        self.fail("on_tick")

    def on_fit_end(self, view):
        self.fail("on_fit_end")


class Closed(io.TextIOBase):
    """A stream that nobody reads."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")

    def flush(self):
        raise BrokenPipeError(32, "Broken pipe")


@pytest.fixture(scope="module")
def alone():
    return state_of(tiny().fit(X))


@pytest.mark.fault("F36")
@pytest.mark.parametrize("event", ["on_fit_begin", "on_tick", "on_fit_end", "preview"])
def test_a_callback_may_fail_in_any_event(event, alone):
    gan = tiny(callbacks=type("Mine", (Failing,), {"events": (event,)})())
    (message,) = told(lambda: gan.fit(X))
    assert "The callback Mine failed in" in message
    assert "98765" not in message
    assert state_of(gan) == alone


@pytest.mark.fault("F36", "F37")
@pytest.mark.parametrize("stream", [Closed(), None], ids=["broken pipe", "none"])
def test_a_progress_bar_may_have_nobody_to_show_it_to(stream, alone, monkeypatch):
    gan = tiny(verbose=1)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        messages = told(lambda: gan.fit(X))
    assert ["The progress bar failed with" in message for message in messages] == [True]
    assert state_of(gan) == alone


@pytest.mark.parametrize("action", ["update", "set_postfix", "close"])
def test_a_progress_bar_may_fail_at_any_time(action, alone, monkeypatch):
    from skgan.watch import _Bar

    def fail(*details, **settings):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(_Bar, action, fail)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    gan = tiny(verbose=1)
    (message,) = told(lambda: gan.fit(X))
    assert "The progress bar failed with BrokenPipeError" in message
    assert state_of(gan) == alone


def test_a_progress_bar_shows_all_steps(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    tiny(verbose=1).fit(X)
    assert f"{2 * TICK + 3}/{2 * TICK + 3}" in shown.getvalue()


@pytest.mark.fault("F36")
def test_a_history_may_fail_to_grow(alone, monkeypatch):
    def fail(self, entry):
        raise OSError("98765")

    monkeypatch.setattr(History, "append", fail)
    gan = tiny()
    (message,) = told(lambda: gan.fit(X))
    assert "The history failed with OSError" in message
    assert gan.history_ == {}
    assert state_of(gan) == alone


@pytest.mark.fault("F37")
@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
@pytest.mark.parametrize("command", ["plugins list", "--help", "plugins --help"])
def test_a_command_ends_quietly_when_nobody_reads(command):
    code = f"import sys; from skgan.cli import main; main({command.split()!r})"
    reading, writing = os.pipe()
    os.close(reading)
    environment = os.environ | {"PYTHONPATH": str(Path(memory.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], stdout=writing, stderr=subprocess.PIPE, env=environment)
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode in (1, 128 + signal.SIGPIPE)


# --- memory ---------------------------------------------------------------------------------------

KINDS = {
    "device": (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has"), "2.50 GiB"),
    "cpu": (
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory: you tried to "
            "allocate 4096 bytes. Error code 12 (Cannot allocate memory)"
        ),
        "4096 bytes",
    ),
    "numpy": (MemoryError("Unable to allocate 8.00 TiB for an array with shape (98765,)"), "8.00 TiB"),
    "blas": (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), None),
    "host": (MemoryError(), None),
}


class Hungry(NonSaturating):
    """Raises in one step; `held` is what it had made by then."""

    held: list = []
    error = None

    def __init__(self, step=0):
        self.step = step

    def discriminator(self, batch):
        values = super().discriminator(batch)
        Hungry.held.append(weakref.ref(values))
        if number_of(batch)[0] == 2 * self.step:
            raise Hungry.error
        return values


@pytest.mark.goal("G18")
@pytest.mark.fault("F21")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [0, 3])
def test_a_fit_that_runs_out_of_memory_is_explained(kind, step):
    Hungry.error, asked = KINDS[kind]
    Hungry.held.clear()
    gan = tiny(loss=Hungry(10**9), max_iter=5).fit(X)
    before, weights = dict(vars(gan)), state_of(gan)
    gan.set_params(loss=Hungry(step))
    with pytest.raises(DeviceMemoryError, match="training with batch_size=8 and samples of shape \\(3,\\)") as caught:
        gan.fit(X)
    message = str(caught.value)
    assert (f"asked for {asked}." in message) if asked else "asked for" not in message
    assert "Try batch_size=4, or a smaller architecture." in message
    assert "98765" not in message
    assert isinstance(caught.value, MemoryError)
    assert isinstance(caught.value, SkganError)
    assert [reference() for reference in Hungry.held if reference() is not None] == []
    assert {**vars(gan), "loss": 0} == {**before, "loss": 0}
    assert state_of(gan) == weights
    assert gan.sample(1).shape == (1, 3)
    rehearsed = 1 + (step > 0)  # a part that is not skgan's own is tried once before the first step
    assert len(Hungry.held) == 5 + step + 1 + rehearsed  # nothing smaller was tried


def test_other_errors_of_a_fit_stay_what_they_are():
    Hungry.error = RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    with pytest.raises(RuntimeError, match="mat1") as caught:
        tiny(loss=Hungry(0)).fit(X)
    assert caught.value is Hungry.error


def test_no_smaller_batch_than_one_is_advised():
    Hungry.error = MemoryError()
    with pytest.raises(DeviceMemoryError, match="Try a smaller architecture"):
        tiny(loss=Hungry(0), batch_size=1).fit(X)


class Full(nn.Module):
    """A network for which there is no memory."""

    def __init__(self, error):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.error = error

    def forward(self, *inputs):
        raise self.error


@pytest.mark.fault("F21")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("network", "call"),
    [
        ("average", lambda gan: gan.sample(10)),
        ("average", lambda gan: gan.score(X[:10])),
        ("average", lambda gan: gan.invert(X[:10])),
        ("discriminator", lambda gan: gan.transform(X[:10])),
        ("discriminator", lambda gan: gan.decision_function(X[:10])),
    ],
    ids=["sample", "score", "invert", "transform", "decision_function"],
)
def test_using_a_model_that_runs_out_of_memory_is_explained(kind, network, call):
    gan = tiny(max_iter=1).fit(X)
    owner = getattr(gan._model_.state, network)
    kept, owner.module = owner.module, Full(KINDS[kind][0])
    draws = gan._draws_
    with pytest.raises(DeviceMemoryError, match="10 rows of shape \\(3,\\)") as caught:
        call(gan)
    assert "Ask for fewer at a time, for example 5." in str(caught.value)
    assert gan._draws_ == draws
    owner.module = kept
    assert gan.sample(1).shape == (1, 3)
    assert call(gan) is not None


@pytest.mark.fault("F21")
def test_a_metric_that_runs_out_of_memory_is_explained(monkeypatch):
    from skgan.metrics.pair_distances import EnergyDistance

    def fail(*args, **settings):
        raise KINDS["numpy"][0]

    gan = tiny(max_iter=1).fit(X)
    monkeypatch.setattr(EnergyDistance, "__call__", fail)
    with pytest.raises(DeviceMemoryError, match=r"asked for 8\.00 TiB"):
        gan.score(X)


def test_a_preview_that_runs_out_of_memory_ends_no_training(alone, monkeypatch):
    from skgan import sampling

    def fail(*args):
        raise MemoryError

    monkeypatch.setattr(sampling, "generate", fail)
    gan = tiny(callbacks=type("Previews", (Callback,), {"on_tick": lambda self, view: view.sample(3)})())
    (message,) = told(lambda: gan.fit(X))
    assert "failed in on_tick with MemoryError" in message
    assert state_of(gan) == alone


REAL = """
import resource, numpy as np, torch
torch.set_num_threads(1)
from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.exceptions import DeviceMemoryError
X = np.random.default_rng(0).standard_normal((40, 3))
gan = GANEstimator(architecture=MLP(8, 1), max_iter=2, random_state=0).fit(X)
for line in open("/proc/self/status"):
    if line.startswith("VmSize"):
        used = int(line.split()[1]) * 1024
resource.setrlimit(resource.RLIMIT_AS, (used + 2**28, used + 2**28))
for call in (lambda: gan.sample(10**8), lambda: gan.set_params(latent_dim=10**8).fit(X)):
    try:
        call()
    except DeviceMemoryError as error:
        print(error)
    print(gan.sample(1).shape)
"""


@pytest.mark.fault("F21")
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory the way of Linux")
def test_memory_that_is_really_not_there():
    environment = os.environ | {"PYTHONPATH": str(Path(memory.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", REAL], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    sampling, first, training, second = done.stdout.splitlines()
    assert "100000000 rows of shape (3,)" in sampling
    assert "training with batch_size=64 and samples of shape (3,)" in training
    assert "asked for 3200000000 bytes" in training
    assert first == second == "(1, 3)"


WITHOUT = """
import sys
for name in ("pandas", "pyarrow", "matplotlib", "skops", "torchvision", "tensorboard"):
    sys.modules[name] = None
import numpy as np, torch
torch.set_num_threads(1)
from skgan import GANEstimator
X = np.random.default_rng(0).standard_normal((20, 3))
gan = GANEstimator(architecture="mlp", max_iter=2, random_state=0).fit(X, list("ab") * 10)
gan.save("model")
print(GANEstimator.load("model").sample(2, y="a").shape, gan.score(X) < 10)
"""


@pytest.mark.fault("F39")
def test_everything_that_needs_no_optional_package_works_without_them(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(Path(memory.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, env=environment, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["(2,", "3)", "True"]


# --- long runs ------------------------------------------------------------------------------------


class Meter(Callback):
    """Reads how much memory and how many open files this process has."""

    seen: list = []

    def on_tick(self, view):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.seen.append((pages, len(os.listdir("/proc/self/fd"))))


@pytest.mark.goal("G34")
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ten_thousand_steps_need_no_more_memory_than_a_thousand():
    Meter.seen.clear()
    gan = tiny(max_iter=10_000, callbacks=Meter(), on_divergence="rollback").fit(X)
    after_a_thousand, at_the_end = Meter.seen[10 - 1], Meter.seen[-1]
    assert at_the_end[0] < 1.05 * after_a_thousand[0]
    assert at_the_end[1] <= after_a_thousand[1]
    assert len(gan.history_["step"]) == 10_000 // TICK
