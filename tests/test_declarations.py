"""Parts of others that break their word: each is named before anything counts, and what was stays as it was."""

import numpy as np
import pytest
import torch
from torch import nn

from skgan import GANEstimator
from skgan.declarations import check, defaults
from skgan.exceptions import PluginError, TrainingWarning
from skgan.interfaces import Augmentation, Callback, Loss, Optimizer, Regularizer, Sampler, Tags

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
TINY = {"max_iter": 3, "batch_size": 8, "random_state": 0}


class Theirs(Loss):
    """Wasserstein's, which its makers change."""

    def __init__(self, breaks=None):
        self.breaks = breaks

    def discriminator(self, batch):
        """Return what is broken, if anything, and the loss."""
        if self.breaks is not None:
            self.breaks(batch)
        return batch.fake_.logits - batch.real_.logits

    def generator(self, batch):
        """Return the loss."""
        return -batch.fake_.logits


def refused(gan, *said):
    before = dict(vars(gan))
    with pytest.raises(PluginError) as error:
        gan.fit(X)
    text = str(error.value)
    assert len(text) <= 500
    assert all(word in text for word in (*said, "Training has not begun. Mend it")), text
    assert vars(gan) == before


def of_class(family, **members):
    """Return an object of a class of its own, so that nothing said of it is said of another."""
    return type("Theirs", (family,), members | {"__module__": "theirs"})()


def with_loss(**members):
    return GANEstimator(of_class(Theirs, **members), **TINY)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"a": 1}, "skgan.interfaces.Tags"),
        (None, "Got None"),
        (Tags(kinds="vector"), "a tuple of str as kinds"),
        (Tags(meanings=(1,)), "a tuple of str as meanings"),
        (Tags(meaning=3), "a str as meaning"),
        (Tags(whole_batch=1), "a bool as whole_batch"),
        (Tags(rows_at_once=0), "[1, inf) as rows_at_once"),
    ],
)
def test_tags_are_looked_at_before_they_decide(tags, said):
    refused(with_loss(tags=lambda self: tags), "loss 'Theirs'", "from tags", said)


def test_plain_tags_and_plain_defaults_pass():
    check(of_class(Theirs))
    assert defaults(of_class(Theirs, defaults=lambda self, spec: {"n_critic": 2, "regularizers": ["r1"]}), None) == {
        "n_critic": 2,
        "regularizers": ["r1"],
    }


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([1], "a dict from defaults"),
        ({"lr": 1.0}, "nothing but"),
        ({"n_critic": -1}, "[1, inf) as n_critic from defaults. Got -1"),
        ({"n_critic": 2.0}, "as n_critic"),
        ({"learning_rate": float("nan")}, "as learning_rate"),
        ({"discriminator_learning_rate": 0.0}, "as discriminator_learning_rate"),
        ({"optimizer": None}, "names of parts"),
        ({"regularizers": "r1"}, "a list as regularizers"),
        ({"regularizers": [("r1",)]}, "names of parts"),
    ],
)
def test_defaults_are_looked_at_before_they_count(said, words):
    refused(with_loss(defaults=lambda self, spec: said), "loss 'Theirs'", words)


def test_what_tags_raise_is_told_as_theirs():
    def tags(self):
        raise KeyError("kinds")

    with pytest.raises(KeyError) as error:
        with_loss(tags=tags).fit(X)
    assert error.value.__notes__ == ["Raised by Theirs.tags at step 0 of the fit."]


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("player", "critic", "one of 'discriminator', 'generator', 'both' from player. Got 'critic'"),
        ("every_updates", 0, "from every_updates. Got 0"),
        ("every_updates", 1.5, "from every_updates. Got 1.5"),
        ("needs_gradient", "real", "from needs_gradient"),
        ("needs_gradient", ("true",), "from needs_gradient"),
        ("state", lambda self, spec: {1: torch.zeros(1)}, "by their names from state"),
    ],
)
def test_what_a_regularizer_says_of_itself(member, value, words):
    part = of_class(Regularizer, **{member: value})
    refused(GANEstimator("nonsaturating", regularizers=part, **TINY), "regularizer 'Theirs'", words)


def zero(tensor):
    tensor.data.zero_()


def drop_weights(batch):
    for weight in batch.module.parameters():
        zero(weight)


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (lambda batch: zero(batch.real), "changed in place"),
        (lambda batch: zero(batch.fake), "changed in place"),
        (lambda batch: zero(batch.z), "changed in place"),
        (drop_weights, "changed in place"),
        (lambda batch: vars(batch).update(z=batch.z * 1), "another 'z'"),
        (lambda batch: torch.set_grad_enabled(False), "gradients switched off"),
        (lambda batch: torch.set_default_dtype(torch.float64), "Got torch.float64"),
    ],
    ids=["real", "fake", "z", "weights", "another z", "gradient mode", "default dtype"],
)
def test_a_term_leaves_batch_weights_and_modes_as_they_were(breaks, words):
    seen = X.copy()
    refused(with_loss(discriminator=lambda self, batch: (breaks(batch), Theirs().discriminator(batch))[1]), words)
    np.testing.assert_array_equal(X, seen)


def test_a_term_that_draws_from_the_global_generator_gets_one_of_the_step():
    def noisy():
        return with_loss(generator=lambda self, batch: torch.rand(()) - batch.fake_.logits * torch.rand(()))

    before = torch.get_rng_state()
    first = noisy().fit(X).sample(5)
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        np.testing.assert_array_equal(noisy().fit(X).sample(5), first)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda weights: torch.optim.SGD(weights[:1], 0.1), "all weights"),
        (lambda weights: torch.optim.SGD([nn.Parameter(torch.zeros(1))], 0.1), "all weights"),
        (lambda weights: torch.optim.LBFGS(weights), "no closure from make. Got LBFGS"),
    ],
    ids=["some", "others", "closure"],
)
def test_an_optimizer_moves_all_weights_by_itself(make, words):
    part = of_class(Optimizer, make=lambda self, weights, rate: make(list(weights)))
    refused(GANEstimator(optimizer=part, **TINY), "optimizer 'Theirs'", words)


@pytest.mark.parametrize("rate", [float("nan"), float("inf"), -1, "fast"])
def test_a_rate_is_a_finite_number(rate):
    members = {"make": lambda self, weights, rate: torch.optim.SGD(weights, rate), "rate": lambda self, step: rate}
    refused(GANEstimator(optimizer=of_class(Optimizer, **members), **TINY), "from rate")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x.detach(), "a gradient from __call__. Got constants"),
        (lambda x: x.double(), "torch.float32, as it was given"),
        (lambda x: x[:, :2], "shape (8, 2)"),
    ],
    ids=["constants", "float64", "narrow"],
)
def test_an_augmentation_gives_what_a_discriminator_can_take(change, words):
    part = of_class(Augmentation, __call__=lambda self, x, rng: change(x))
    refused(GANEstimator(augmentation=part, **TINY), "augmentation 'Theirs'", words)


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda x: None, "Got None"),
        (lambda x: x, "Got a tensor of shape (64, 3)"),
        (lambda x: (x[:2], 1.0), "Got a tensor of shape (2, 3)"),
        (lambda x: (x, "all"), "an object of type str"),
        (lambda x: (x * np.nan, 1.0), "Got samples that are not finite"),
    ],
    ids=["nothing", "no share", "few", "words", "nan"],
)
def test_a_sampler_draws_what_was_asked_for(draw, words):
    part = of_class(Sampler, draw=lambda self, generator, discriminator, z, y, rng: draw(generator(z, y)))
    gan = GANEstimator(**TINY).fit(X)
    with pytest.raises(PluginError) as error:
        gan.sample(5, sampler=part)
    assert "sampler 'Theirs'" in str(error.value)
    assert words in str(error.value)


def test_what_a_sampler_raises_is_told_as_its_own():
    def draw(self, generator, discriminator, z, y, rng):
        raise ZeroDivisionError

    part = of_class(Sampler, draw=draw)
    with pytest.raises(ZeroDivisionError) as error:
        GANEstimator(**TINY).fit(X).sample(5, sampler=part)
    assert error.value.__notes__ == ["Raised by Theirs.draw."]


@pytest.mark.parametrize(
    "answer",
    [lambda: 7, lambda: True],
    ids=["number", "bool"],
)
def test_an_answer_that_no_callback_gives_is_said(answer):
    part = of_class(Callback, on_tick=lambda self, view: answer())
    with pytest.warns(TrainingWarning, match="Theirs failed in on_tick"):
        GANEstimator(callbacks=part, **TINY).fit(X)


def test_a_callback_moves_no_mode_of_torch():
    def on_tick(self, view):
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)

    part = of_class(Callback, on_tick=on_tick)
    watched = GANEstimator(callbacks=part, **(TINY | {"max_iter": 102})).fit(X)
    plain = GANEstimator(**(TINY | {"max_iter": 102})).fit(X)
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    np.testing.assert_array_equal(watched.sample(4), plain.sample(4))
