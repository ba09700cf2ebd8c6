"""A traced turn computes what an eager one does, draws the same numbers, and gives way where it cannot be traced."""

import numpy as np
import pytest
import torch

from skgan import GANEstimator, engine, tracing
from skgan.architectures.mlp import MLP
from skgan.exceptions import InvalidParameterError, TrainingWarning
from skgan.losses.nonsaturating import NonSaturating
from skgan.testing import Rerun

RNG = np.random.default_rng(0)
ROWS, LABELS = RNG.standard_normal((40, 5)).astype(np.float32), RNG.integers(0, 3, 40)
IMAGES = RNG.integers(0, 256, (24, 8, 8, 1)).astype(np.uint8)


@pytest.fixture(autouse=True)
def without_a_compiler(monkeypatch, request):
    if "slow" not in request.keywords:
        monkeypatch.setattr(tracing, "BACKEND", "eager")
    yield
    torch._dynamo.reset()


def fitted(X=ROWS, y=LABELS, **params):
    if X is ROWS:
        params.setdefault("architecture", MLP(8, 1))
    settings = {"max_iter": 6, "batch_size": 8, "random_state": 0, "latent_dim": 3}
    return GANEstimator(**{**settings, **params}).fit(X, y)


def assert_close(gan, other, rtol=1e-4, atol=1e-5):
    mine, theirs = gan._model_.state.tensors(), other._model_.state.tensors()
    assert mine.keys() == theirs.keys()
    for name, tensor in mine.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=rtol, atol=atol, msg=name)
    assert gan.history_.keys() == other.history_.keys()
    for name, values in gan.history_.items():
        if not name.startswith("seconds"):
            np.testing.assert_allclose(values, other.history_[name], rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(
    "params",
    [
        {"loss": "rpgan"},
        {"loss": "wgan-gp"},
        {"loss": "nonsaturating", "regularizers": ["lecam", "path-length"]},
        {"loss": "hinge", "regularizers": "spectral-norm"},
        {"loss": "nonsaturating", "regularizers": "top-k", "n_discriminators": 2},
    ],
    ids=lambda params: "-".join(map(str, params.values())),
)
def test_a_traced_turn_computes_the_same(params):
    assert_close(fitted(**params), fitted(**params, compile=True))


def test_images_with_batch_statistics_and_augmentations():
    params = {"loss": "nonsaturating", "augmentation": "diffaug", "architecture": "dcgan"}
    plain, traced = (
        GANEstimator(**params, compile=compiled, max_iter=4, batch_size=8, random_state=0)
        .set_params(architecture__channels=4)
        .fit(IMAGES)
        for compiled in (False, True)
    )
    assert_close(plain, traced, rtol=1e-3, atol=1e-4)


def test_a_traced_turn_is_recorded_too():
    with engine.techniques(recorder=Rerun):
        recorded = fitted(compile=True, loss="wgan-gp", max_iter=9)
    assert_close(fitted(loss="wgan-gp", max_iter=9), recorded)


def test_a_fit_that_goes_on_may_change_its_mind():
    plain, changed = fitted(warm_start=True), fitted(warm_start=True, compile=True)
    assert_close(plain.fit(ROWS, LABELS), changed.set_params(compile=False).fit(ROWS, LABELS))


class Reads(NonSaturating):
    """Decides by a value."""

    def generator(self, batch):
        loss = super().generator(batch)
        return loss if float(loss.detach().mean()) < 1e9 else 2 * loss


class Chances(NonSaturating):
    """Draws numbers whose distribution depends on values."""

    def generator(self, batch):
        chance = torch.full((len(batch.z),), 0.5)
        return super().generator(batch) * torch.bernoulli(chance, generator=batch.rng(self))[:, None].squeeze(1)


@pytest.mark.parametrize("loss", [Reads(), Chances()], ids=["reads", "chances"])
def test_what_cannot_be_traced_runs_as_it_is_and_is_named(loss):
    with pytest.warns(TrainingWarning, match="no effect on the generator's turn") as said:
        traced = fitted(loss=loss, compile=True)
    assert len(said) == 1
    assert_close(fitted(loss=loss), traced)


def test_pieces_are_not_compiled():
    with pytest.raises(InvalidParameterError, match=r"micro_batch.*compile=True"):
        fitted(compile=True, micro_batch=4)


@pytest.mark.parametrize("other", [{"compile": True}, {"micro_batch": 4}, {"micro_batch": "auto"}])
def test_batch_statistics_of_all_ranks_go_with_neither(other):
    words = rf"'sync_batch_norm' .* must be False with {next(iter(other))}=.* Got True\. Leave one of both\."
    with pytest.raises(InvalidParameterError, match=words):
        fitted(sync_batch_norm=True, **other)


def test_in_one_process_batch_statistics_of_all_are_its_own():
    assert_close(fitted(), fitted(sync_batch_norm=True))


@pytest.mark.slow
def test_the_real_compiler_computes_the_same():
    assert_close(fitted(loss="wgan-gp"), fitted(loss="wgan-gp", compile=True))
