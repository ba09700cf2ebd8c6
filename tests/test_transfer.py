"""Trainings that start from a saved model: what fits is taken over, what does not starts as it would have."""

import re

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skgan import GANEstimator, transfer
from skgan.architectures.mlp import MLP
from skgan.exceptions import CheckpointError, IncompatibleComponentError, InvalidParameterError

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((30, 3)).astype(np.float32), np.arange(30) % 3
Z = RNG.standard_normal((9, 4))


def tiny(**params):
    settings = {"architecture": MLP(8, 2), "latent_dim": 4, "batch_size": 10, "max_iter": 3, "random_state": 0}
    return GANEstimator("nonsaturating", **settings | params, device="cpu")


def networks_of(gan):
    tensors = gan._model_.state.tensors()
    return {k: v for k, v in tensors.items() if k.startswith(("generator.", "discriminator.", "average."))}


def begun(gan, y):
    """Return the players that a fit of an equal estimator begins with: one step of no length shows them."""
    other = clone(gan).set_params(max_iter=1, learning_rate=1e-30, discriminator_learning_rate=1e-30)
    return {name: tensor for name, tensor in networks_of(other.fit(X, y)).items() if not name.startswith("average")}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model"
    gan = tiny(max_iter=20).fit(X, Y)
    gan.save(path)
    return gan, path


def test_players_that_fit_are_taken_over_to_the_bit(saved):
    gan, path = saved
    for name, tensor in begun(tiny(random_state=5, init_from=path), Y).items():
        assert torch.equal(networks_of(gan)[name], tensor), name


def test_the_average_is_taken_over_too(saved):
    gan, path = saved
    other = tiny(random_state=5).fit(X, Y)
    transfer.take_over(other._model_, transfer.saved_networks(path, GANEstimator.load), path)
    np.testing.assert_array_equal(other.sample(9, y=Y[:9], latents=Z), gan.sample(9, y=Y[:9], latents=Z))


def test_labels_of_other_classes_start_anew_and_all_else_does_not(saved):
    gan, path = saved
    y = np.arange(30) % 5
    alone = begun(tiny(random_state=5), y)
    fitted = tiny(random_state=5, init_from=str(path)).fit(X, y)
    told = fitted.transfer_
    assert told.reshaped
    assert (told.new, told.unused) == ((), ())
    for name, tensor in begun(tiny(random_state=5, init_from=path), y).items():
        there = networks_of(gan)[name]
        assert (name in told.copied) == (there.shape == tensor.shape), name
        assert torch.equal(tensor, there if name in told.copied else alone[name]), name
    sizes = {name: tensor.numel() for name, tensor in networks_of(fitted).items()}
    assert told.share == sum(sizes[name] for name in told.copied) / sum(sizes.values())
    assert fitted.sample(2, y=4).shape == (2, 3)


def test_a_table_says_what_became_of_each_tensor(saved, capsys):
    told = tiny(init_from=saved[1], verbose=1).fit(X, np.arange(30) % 5).transfer_
    lines = str(told).splitlines()
    assert lines[0] == f"{told.share:.1%} of the networks' numbers taken over"
    assert [line.split()[0] for line in lines[1:]] == ["copied", "other", "new", "unused"]
    assert int(lines[1].split()[1]) == len(told.copied)
    assert str(told) in capsys.readouterr().out


@pytest.mark.parametrize("other", [{"architecture": MLP(64, 2)}, {"latent_dim": 64}])
def test_a_model_that_hardly_fits_is_refused_and_nothing_changes(saved, other):
    gan = tiny(**other, init_from=saved[1])
    before = dict(vars(gan))
    with pytest.raises(IncompatibleComponentError) as caught:
        gan.fit(X, Y)
    assert vars(gan) == before
    message = str(caught.value)
    assert message.startswith("The 'init_from' parameter of GANEstimator must be a model with networks like those of")
    assert int(re.search(r"of which (\d+)% of the numbers fit", message)[1]) < 50
    assert message.endswith("or leave init_from=None.")


def test_a_place_without_a_model_is_refused_before_data_is_looked_at(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"'init_from' .* where nothing is\. Call save"):
        tiny(init_from=tmp_path / "nothing").fit("no data at all")
    with pytest.raises(CheckpointError, match="path must be a directory that save wrote"):
        tiny(init_from=tmp_path).fit("no data at all")
    with pytest.raises(InvalidParameterError, match="'init_from' parameter of GANEstimator must be a str or a path"):
        tiny(init_from=3).fit(X)


def test_a_training_that_goes_on_does_not_start_again(saved):
    path = saved[1]
    first = tiny(init_from=path, warm_start=True).fit(X, Y)
    twice = first.fit(X, Y)
    assert twice.n_iter_ == 6
    once = tiny(init_from=path, max_iter=6).fit(X, Y)
    for name, tensor in networks_of(once).items():
        assert torch.equal(networks_of(twice)[name], tensor), name
    partly = tiny(init_from=path).partial_fit(X, Y)
    assert partly.transfer_.share == 1
    assert "transfer_" not in vars(partly.set_params(init_from=None, warm_start=False).fit(X, Y))


def test_a_saved_training_does_not_say_where_it_began(saved, tmp_path):
    gan = tiny(init_from=saved[1]).fit(X, Y)
    gan.save(tmp_path / "model")
    assert str(saved[1]) not in (tmp_path / "model" / "config.json").read_text()
    assert GANEstimator.load(tmp_path / "model").init_from is None
