"""What must hold on a GPU; run with ``pytest -m gpu`` on a machine that has one."""

import warnings
from contextlib import ExitStack

import numpy as np
import pytest
import torch

from skgan import GANEstimator, engine, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError, TrainingWarning
from skgan.training import train

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.standard_normal((40, 5)), RNG.integers(0, 3, 40)
IMAGES = RNG.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)


@pytest.fixture(scope="module", autouse=True)
def warm():
    """Import what torch imports at its first step; some of it seeds Python's global generator."""
    GANEstimator(architecture=MLP(width=4), max_iter=6, device="cuda").fit(ROWS)


@pytest.fixture
def repeatable(monkeypatch):
    """Let cuDNN use no kernels that add up in the order in which they happen to finish."""
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", True)


@pytest.mark.usefixtures("repeatable")
@pytest.mark.parametrize("loss", ["rpgan", "wgan-gp", "nonsaturating"])
@pytest.mark.parametrize("X", [ROWS, IMAGES], ids=["rows", "images"])
def test_a_fit_repeats_to_the_bit(loss, X):
    with engine.techniques(search_convolutions=False):  # which chooses by the clock
        samples = [
            GANEstimator(loss, max_iter=5, random_state=0, device="cuda").fit(X, LABELS).sample(20) for _ in "ab"
        ]
    np.testing.assert_array_equal(*samples)


def test_latents_do_not_depend_on_the_device():
    gan = GANEstimator(architecture=MLP(width=16), max_iter=5, random_state=0, device="cuda").fit(ROWS, LABELS)
    on_gpu = gan.sample(20, random_state=1)
    gan.generator_ema_.cpu()
    np.testing.assert_allclose(gan.sample(20, random_state=1), on_gpu, rtol=1e-3, atol=1e-4)


def test_a_model_trained_on_the_gpu_samples_on_the_cpu(tmp_path, monkeypatch):
    gan = GANEstimator(max_iter=5, random_state=0, device="cuda").fit(ROWS, LABELS)
    gan.save(tmp_path / "model")
    expected = gan.sample(20, random_state=1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    loaded = GANEstimator.load(tmp_path / "model").set_params(device="auto")
    np.testing.assert_allclose(loaded.sample(20, random_state=1), expected, rtol=1e-3, atol=1e-4)


def tensors(gan):
    return {name: tensor.cpu() for name, tensor in gan._model_.state.tensors().items()}


def both_ways(X, y, **params):
    """Return what an eager fit and one from CUDA graphs leave."""
    found = []
    for record in (False, True):
        # without the search, which may choose other convolutions each time
        with engine.techniques(record=record, search_convolutions=False), warnings.catch_warnings():
            warnings.simplefilter("error", TrainingWarning)
            gan = GANEstimator(**{"max_iter": 12, "random_state": 0, "device": "cuda", "batch_size": 16, **params})
            found.append(tensors(gan.fit(X, y)))
    return found


def assert_same(eager, recorded, exactly=True):
    assert eager.keys() == recorded.keys()
    for name, tensor in eager.items():
        if exactly:
            assert torch.equal(recorded[name], tensor), name
        else:
            torch.testing.assert_close(recorded[name], tensor, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize("regularizer", [None, *registry.names("regularizer")])
@pytest.mark.parametrize("loss", ["rpgan", "wgan-gp", "nonsaturating", "hinge", "ragan"])
def test_a_cuda_graph_computes_what_an_eager_step_does(loss, regularizer):
    params = {}
    if regularizer in ("mutual-information", "infogan"):
        from skgan.latents import Codes

        params["prior"] = Codes(categorical=(2,), continuous=1)
    try:
        eager, recorded = both_ways(ROWS, LABELS, loss=loss, regularizers=regularizer, **params)
    except IncompatibleComponentError:
        pytest.skip("refused together")
    assert_same(eager, recorded)


@pytest.mark.usefixtures("repeatable")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("architecture", ["dcgan", "resnet", "sndcgan", "sagan"])
def test_graphs_of_images(architecture, precision):
    settings = {"channels": 8} if architecture != "sndcgan" else {}
    part = registry.resolve("architecture", architecture)(**settings)
    eager, recorded = both_ways(IMAGES, LABELS, architecture=part, precision=precision, max_iter=8)
    assert_same(eager, recorded, exactly=False)


@pytest.mark.usefixtures("repeatable")
@pytest.mark.parametrize("augmentation", ["flip", "diffaug", "ada"])
def test_graphs_of_augmentations(augmentation):
    eager, recorded = both_ways(IMAGES, None, loss="nonsaturating", augmentation=augmentation)
    assert_same(eager, recorded, exactly=False)


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop", "sgd"])
def test_graphs_follow_learning_rates(optimizer):
    part = registry.resolve("optimizer", optimizer)(slowing_steps=3)
    assert_same(*both_ways(ROWS, LABELS, optimizer=part))


def test_graphs_of_what_is_due_now_and_then():
    r1 = registry.resolve("regularizer", "r1")(every_updates=3)
    assert_same(*both_ways(ROWS, LABELS, regularizers=r1, max_iter=30))


def test_graphs_go_back_and_on():
    assert_same(*both_ways(ROWS, LABELS, on_divergence="rollback", max_iter=230))


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("loss", ["rpgan", "wgan-gp"])
@pytest.mark.parametrize("X", [ROWS, IMAGES], ids=["rows", "images"])
def test_the_host_waits_for_nothing_between_two_ticks(loss, X, record):
    with ExitStack() as held, engine.techniques(record=record):
        gan = GANEstimator(loss, random_state=0, device="cuda", batch_size=16, max_iter=90)
        watch = gan._begin(X, LABELS, held, continues=False)
        steps = engine.run(train, watch.state, watch.data, watch.objective)
        with watch:
            for _ in range(8):
                next(steps)
            try:
                with warnings.catch_warnings():
                    warnings.filterwarnings("ignore", "Synchronization debug mode")
                    torch.cuda.set_sync_debug_mode("error")
                for _ in range(60):
                    assert not watch.sees_the_end(next(steps))
            finally:
                torch.cuda.set_sync_debug_mode("default")


def test_a_step_that_reads_back_runs_eagerly_with_one_warning():
    from skgan.losses.nonsaturating import NonSaturating

    class Reads(NonSaturating):
        def generator(self, batch):
            loss = super().generator(batch)
            return loss * (1 + 0 * float(loss.detach().mean()))

    with pytest.warns(TrainingWarning, match="not recorded") as said:
        gan = GANEstimator(Reads(), random_state=0, device="cuda", max_iter=10).fit(ROWS)
    assert len(said) == 1
    assert np.isfinite(gan.sample(5)).all()


def test_short_draws_are_heads_of_long_ones():
    gan = GANEstimator(max_iter=5, random_state=0, device="cuda").fit(IMAGES, LABELS)
    np.testing.assert_array_equal(gan.sample(3000, random_state=1)[:10], gan.sample(10, random_state=1))
