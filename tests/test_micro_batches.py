"""Batches in pieces add up to the whole; what cannot be cut is refused; "auto" follows from free memory."""

from contextlib import suppress

import numpy as np
import pytest
import torch

from skgan import GANEstimator, engine, memory, micro_batches, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError, TrainingDivergedError, TrainingWarning
from skgan.losses.nonsaturating import NonSaturating
from skgan.testing import Rerun

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.standard_normal((60, 4)).astype(np.float32), RNG.integers(0, 3, 60)
IMAGES = RNG.integers(0, 256, (24, 8, 8, 3)).astype(np.uint8)
NO_DRAWS = [None, "r1", "r2", "r1r2", "ortho", "drift", "label-smoothing", "entropy", "spectral-norm", "weight-clip"]


def fitted(**params):
    settings = {"architecture": MLP(8, 1), "max_iter": 12, "batch_size": 20, "random_state": 0, "latent_dim": 3}
    return GANEstimator(**{**settings, **params}).fit(ROWS, LABELS)


def weights(gan):
    return {name: tensor.double() for name, tensor in gan._model_.state.tensors().items() if "optimizer" not in name}


def assert_close(gan, other):
    mine, theirs = weights(gan), weights(other)
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.parametrize("size", [1, 7, 10])
@pytest.mark.parametrize("loss", ["rpgan", "nonsaturating", "hinge", "wasserstein"])
def test_pieces_add_up_to_the_whole(loss, size):
    whole, cut = fitted(loss=loss), fitted(loss=loss, micro_batch=size)
    assert (whole.micro_batch_, cut.micro_batch_) == (None, size)
    assert_close(whole, cut)
    for name, values in whole.history_.items():
        if not name.startswith("seconds"):
            np.testing.assert_allclose(cut.history_[name], values, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("regularizer", NO_DRAWS)
def test_penalties_of_pieces_add_up(regularizer):
    if regularizer == "spectral-norm":  # its power iteration takes one round a forward pass
        pytest.skip("more rounds in pieces")
    settings = {"loss": "nonsaturating", "regularizers": regularizer, "learning_rate": 1e-3}
    assert_close(fitted(**settings), fitted(**settings, micro_batch=6))


def test_every_part_is_cut_or_refused():
    cut = set()
    for kind in ("loss", "regularizer"):
        for name in registry.names(kind):
            settings = {"loss": name} if kind == "loss" else {"loss": "nonsaturating", "regularizers": name}
            with suppress(IncompatibleComponentError):
                gan = fitted(**settings, micro_batch=6, max_iter=2)
                assert all(torch.isfinite(tensor).all() for tensor in weights(gan).values()), name
                cut.add(name)
    assert {"rpgan", "hinge", "wgan-gp", "r1", "gp", "cr"} <= cut
    assert not {"ragan", "lecam", "dragan", "top-k", "path-length", "began"} & cut


@pytest.mark.parametrize("settings", [{"loss": "ragan"}, {"regularizers": "lecam", "loss": "nonsaturating"},
                                      {"regularizers": "dragan", "loss": "nonsaturating"},
                                      {"regularizers": "top-k", "loss": "nonsaturating"}])  # fmt: skip
def test_what_looks_at_the_whole_batch_is_refused(settings):
    with pytest.raises(IncompatibleComponentError, match=r"micro_batch.*as a whole.*Got 6.*Use a smaller"):
        fitted(**settings, micro_batch=6)
    fitted(**settings, micro_batch=20, max_iter=1)  # no smaller than the batch


def test_batch_normalisation_in_pieces_is_said():
    gan = GANEstimator(architecture="dcgan", micro_batch=4, batch_size=8, max_iter=2, random_state=0)
    with pytest.warns(TrainingWarning, match="sees 4 rows at a time instead of 8"):
        gan.set_params(architecture__channels=4).fit(IMAGES)


def test_a_recorded_step_in_pieces_computes_the_same():
    eager = fitted(micro_batch=6)
    with engine.techniques(recorder=Rerun):
        recorded = fitted(micro_batch=6)
    assert_close(eager, recorded)


def test_auto_fits_the_free_memory(monkeypatch):
    plain = fitted(max_iter=3)
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10**12)
    gan = fitted(max_iter=3, micro_batch="auto")
    assert gan.micro_batch_ is None
    assert_close(plain, gan)  # measuring has changed nothing
    sizes = []
    for free in (40_000, 20_000, 10_000, 100):
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        sizes.append(fitted(max_iter=1, micro_batch="auto").micro_batch_)
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] < 20
    assert sizes[-1] == 1


def test_what_is_kept_grows_with_the_rows():
    gan = fitted(max_iter=1)
    data_of = {}
    original = micro_batches._kept
    kept = lambda *args: data_of.setdefault(args[-1], original(*args))  # noqa: E731
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(micro_batches, "_kept", kept)
        gan.set_params(micro_batch="auto").fit(ROWS, LABELS)
    assert sorted(data_of) == [4, 8]
    assert 1.5 < data_of[8] / data_of[4] <= 2.1


class Exploding(NonSaturating):
    """Loses its senses at one row."""

    def discriminator(self, batch):
        return super().discriminator(batch) / (batch.real[:, :1].flatten() < float(ROWS[:, 0].max()))


def test_the_culprit_is_named_in_pieces_too():
    settings = {"regularizers": None, "architecture": MLP(8, 1), "micro_batch": 6, "batch_size": 20}
    gan = GANEstimator(Exploding(), **settings, max_iter=200, random_state=0)
    with pytest.raises(TrainingDivergedError, match="'loss'"):
        gan.fit(ROWS)


@pytest.mark.parametrize("value", [0, -3, 2.5, "all", True])
def test_other_sizes_are_refused(value):
    with pytest.raises(ValueError, match="micro_batch"):
        fitted(micro_batch=value)
