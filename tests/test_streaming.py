"""Rows that stay in a file: the same numbers as in memory, little memory, nothing left running."""

import threading
import tracemalloc

import numpy as np
import pytest
import torch

from skgan import GANEstimator, engine, memory, streaming
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.testing import Rerun

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((90, 5)).astype(np.float32)
IMAGES = RNG.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
LABELS = RNG.integers(0, 3, 90)


def fitted(X, y=None, **params):
    if X.ndim == 2:
        params["architecture"] = MLP(8, 1)
    settings = {"max_iter": 23, "batch_size": 16, "random_state": 0, "latent_dim": 3}
    return GANEstimator(**{**settings, **params}).fit(X, y)


def tensors(gan):
    return {name: tensor.clone() for name, tensor in gan._model_.state.tensors().items()}


def assert_same(gan, other):
    mine, theirs = tensors(gan), tensors(other)
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    np.testing.assert_array_equal(gan.sample(5, random_state=0), other.sample(5, random_state=0))


@pytest.mark.parametrize("loss", ["rpgan", "wgan-gp"])
@pytest.mark.parametrize("X", [ROWS, IMAGES], ids=["rows", "images"])
def test_streamed_rows_train_the_same(X, loss):
    y = LABELS[: len(X)]
    with engine.techniques(stream=True):
        streamed = fitted(X, y, loss=loss)
        with engine.techniques(recorder=Rerun):
            recorded = fitted(X, y, loss=loss)
    assert_same(fitted(X, y, loss=loss), streamed)
    assert {thread.name for thread in threading.enumerate() if thread.name.startswith("skgan-rows")} == set()
    mine, theirs = tensors(streamed), tensors(recorded)
    assert all(torch.equal(mine[n], theirs[n]) for n in mine if not n.startswith("average"))


def test_blocks_are_fetched_in_step_and_once(monkeypatch):
    monkeypatch.setattr(streaming, "BYTES_AT_ONCE", 16 * 5 * 4 * 4)  # two steps of two batches
    asked = []
    original = streaming.Streamed._gathered
    monkeypatch.setattr(
        streaming.Streamed, "_gathered", lambda self, places: asked.append(places) or original(self, places)
    )
    with engine.techniques(stream=True):
        streamed = fitted(ROWS, max_iter=12)
    assert_same(fitted(ROWS, max_iter=12), streamed)
    assert {len(places) for places in asked} == {64}
    assert len(asked) == 7  # of twelve steps, and one ahead


def test_a_file_larger_than_the_share_stays_a_file(tmp_path, monkeypatch):
    np.save(tmp_path / "rows.npy", ROWS)
    X = np.load(tmp_path / "rows.npy", mmap_mode="r")
    made = []
    original = streaming.Streamed.__init__
    monkeypatch.setattr(
        streaming.Streamed, "__init__", lambda self, *a, **k: made.append(self) or original(self, *a, **k)
    )
    resident = fitted(X)
    assert not made
    monkeypatch.setattr(memory, "free_bytes", lambda device: int(X.nbytes / streaming.SHARE_OF_FREE) - 1)
    streamed = fitted(X)
    assert len(made) == 1
    assert_same(resident, streamed)
    fitted(ROWS)  # which is in memory already
    assert len(made) == 1


@pytest.mark.parametrize(
    ("X", "limit"),
    [
        (RNG.standard_normal((20000, 60)).astype(np.float32), True),
        (RNG.integers(0, 256, (20000, 8, 8, 3)).astype(np.uint8), True),
        (RNG.random((20000, 8, 8), np.float32), True),
        (ROWS, False),
        (IMAGES, False),
        (np.arange(90)[:, None] * 10**6, False),
    ],
    ids=["rows", "bytes", "floats", "few rows", "few bytes", "wide numbers"],
)
@pytest.mark.filterwarnings("ignore:X holds whole numbers:UserWarning")
def test_rows_to_train_on_stay_in_their_file_when_others_are_held_out(X, limit, tmp_path, monkeypatch):
    """What is trained on is never one array in memory, and the numbers are those of a fit in memory."""
    from skgan import validation

    settings = {"early_stopping": True, "validation_fraction": 0.2, "max_iter": 9}
    settings["scoring"] = lambda gan, X, y=None: 0.0
    if X.ndim > 2:
        settings["architecture"] = DCGAN(4, 8)
    resident = fitted(X, **settings)
    np.save(tmp_path / "rows.npy", X)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    if not limit:
        return assert_same(resident, fitted(mapped, **settings))
    monkeypatch.setattr(memory, "free_bytes", lambda device: int(X.nbytes / streaming.SHARE_OF_FREE / 2))
    monkeypatch.setattr(validation, "BYTES_AT_ONCE", X.nbytes // 50)
    monkeypatch.setattr(streaming, "BYTES_AT_ONCE", X.nbytes // 50)
    resident = fitted(X, **settings)
    tracemalloc.start()
    try:
        streamed = fitted(mapped, **settings)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert_same(resident, streamed)
    assert peak < 0.5 * X.nbytes  # one copy of what is trained on would be 0.95


@pytest.mark.parametrize("wrap", [lambda a: a, lambda a: a[2:], lambda a: a.reshape(len(a), -1).T.T, np.asarray])
def test_what_looks_into_a_file_is_known(tmp_path, wrap):
    np.save(tmp_path / "images.npy", IMAGES)
    assert streaming.in_file(wrap(np.load(tmp_path / "images.npy", mmap_mode="r")))
    assert not streaming.in_file(wrap(IMAGES))


def test_passes_over_all_rows_do_not_depend_on_how_many_are_taken_at_once(monkeypatch):
    from skgan import validation

    whole = fitted(ROWS * 3 + 1, LABELS)
    monkeypatch.setattr(validation, "BYTES_AT_ONCE", 64)
    assert list(map(len, validation.pieces(ROWS))) == [3] * 30
    small = fitted(ROWS * 3 + 1, LABELS)
    for name, tensor in tensors(whole).items():
        torch.testing.assert_close(tensors(small)[name], tensor, rtol=1e-3, atol=1e-4)
    X = ROWS.copy()
    X[77, 3] = np.nan
    with pytest.raises(ValueError, match="row 77, column 3"):
        fitted(X)


def test_an_error_of_reading_ends_the_fit(monkeypatch):
    calls = []

    def fails(self, rows, places):
        calls.append(len(places))
        if len(calls) > 2:
            raise OSError("the disk is gone")
        return torch.zeros(len(places), 5)

    from skgan.encoding import Encoding

    monkeypatch.setattr(Encoding, "encode_some", fails)
    monkeypatch.setattr(streaming, "BYTES_AT_ONCE", 16 * 5 * 4 * 2)
    gan = GANEstimator(architecture=MLP(8, 1), max_iter=50, batch_size=16)
    with engine.techniques(stream=True), pytest.raises(OSError, match="the disk is gone"):
        gan.fit(ROWS)
    assert not hasattr(gan, "generator_")
