"""What a training costs, told before and during it, without changing it."""

import copy
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.datasets import load_iris

from skgan import GANEstimator, costs, watch
from skgan.architectures.mlp import MLP
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Callback

X, Y = load_iris(return_X_y=True)


def small(**params):
    return GANEstimator(**{"architecture": MLP(16, 2), "random_state": 0, "max_iter": 30, **params})


def test_an_estimate_leaves_everything_as_it_was(tmp_path):
    gan = small(checkpoint_dir=tmp_path / "runs")
    before = copy.deepcopy(vars(gan))
    cost = gan.estimate_cost(X, Y)
    assert vars(gan).keys() == before.keys()
    assert not (tmp_path / "runs").exists()
    assert cost.n_steps == 30
    assert cost.seconds_per_step > 0
    assert cost.seconds == 30 * cost.seconds_per_step
    assert cost.data_bytes == X.size * 4 + len(Y) * 4
    assert str(cost).startswith("Cost: 30 steps of ")
    np.testing.assert_array_equal(small().fit(X, Y).sample(5), small().fit(X, Y).sample(5))


def test_an_estimate_on_a_fitted_estimator_does_not_train_it():
    gan = small().fit(X, Y)
    before = {name: tensor.clone() for name, tensor in gan._model_.state.tensors().items()}
    gan.estimate_cost(X, Y)
    assert gan.n_iter_ == 30
    assert all(torch.equal(before[name], tensor) for name, tensor in gan._model_.state.tensors().items())


def test_memory_counts_what_is_there():
    cost, wide = small().estimate_cost(X), small(architecture=MLP(256, 2)).estimate_cost(X)
    weights = sum(p.nbytes for p in small().fit(X).generator_.parameters())
    assert cost.training_bytes > 4 * weights  # with its gradient, two moments and the average
    assert wide.training_bytes > 10 * cost.training_bytes
    more = small(batch_size=128).estimate_cost(X)
    assert more.training_bytes > cost.training_bytes


def test_what_fit_refuses_is_refused():
    with pytest.raises(InvalidParameterError, match="latent_dim"):
        small(latent_dim=0).estimate_cost(X)
    with pytest.raises(ValueError, match="NaN"):
        small().estimate_cost(np.full((5, 2), np.nan))


class Listens(Callback):
    """Keeps what is said of the time left."""

    said = []

    def on_tick(self, view):
        self.said.append((view.step, view.seconds_left))


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by one second whenever it is looked at."""
    monkeypatch.setattr(watch, "time", SimpleNamespace(perf_counter=itertools.count().__next__))


def test_the_time_left_is_told_from_the_twentieth_step(clock):
    Listens.said.clear()
    small(max_iter=210, callbacks=Listens()).fit(X)
    steps, left = zip(*Listens.said, strict=True)
    assert steps == (100, 200, 210)
    assert left[0] > left[1] > left[2] == 0
    Listens.said.clear()
    small(max_iter=15, callbacks=Listens()).fit(X)
    assert Listens.said == [(15, None)]


def test_history_tells_what_the_time_went_to(monkeypatch, clock):
    shares = {"data": 1.0, "discriminator": 4.0, "generator": 3.0, "penalties": 2.0}
    monkeypatch.setattr(watch, "WORTH_MEASURING", 100)
    with monkeypatch.context() as patch:
        patch.setattr(costs, "parts_of_a_step", lambda *running: shares)
        told = small(max_iter=200, loss="wgan-gp").fit(X, Y).history_
    spent = {name: told[f"seconds/{name}"][-1] for name in (*shares, "evaluation")}
    assert spent["evaluation"] > 0
    assert sum(spent.values()) == pytest.approx(told["seconds"][-1], rel=1e-9)
    assert [spent[name] / spent["data"] for name in shares] == pytest.approx(list(shares.values()))


def test_measuring_a_step_changes_nothing(monkeypatch):
    monkeypatch.setattr(watch, "WORTH_MEASURING", 100)
    told = small(max_iter=200, loss="wgan-gp").fit(X, Y)
    monkeypatch.setattr(watch, "WORTH_MEASURING", 1000)
    plain = small(max_iter=200, loss="wgan-gp").fit(X, Y)
    names = {f"seconds/{name}" for name in ("data", "discriminator", "generator", "penalties", "evaluation")}
    assert names <= told.history_.keys()
    assert not names & plain.history_.keys()
    for name, tensor in plain._model_.state.tensors().items():
        assert torch.equal(tensor, told._model_.state.tensors()[name]), name


@pytest.mark.parametrize(("seconds", "words"), [(10, "10 seconds"), (1200, "20 minutes"), (36000, "10.0 hours")])
def test_spans_are_told_in_their_unit(seconds, words):
    assert words in repr(costs.Cost(100, seconds / 100, 2**10, 2**20))
