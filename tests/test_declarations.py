"""Parts of others that break their word: each is named before anything counts, and what was stays as it was."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from skgan import GANEstimator
from skgan.declarations import check, defaults
from skgan.encoding.min_max import MinMax
from skgan.exceptions import PluginError, TrainingWarning
from skgan.interfaces import Augmentation, Callback, Constraint, Loss, Optimizer, Regularizer, Sampler, Tags

pytestmark = pytest.mark.goal("G24")

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


@pytest.mark.fault("F35")
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
    with pytest.warns(TrainingWarning, match="Theirs returned an object of type .* from on_tick"):
        GANEstimator(callbacks=part, **TINY).fit(X)


@pytest.mark.fault("F35")
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


# --- tables -----------------------------------------------------------------------------------------

TABLE = pd.DataFrame({"a": X[:, 0].astype(float), "b": np.where(X[:, 1] > 0, "u", "v")})


class Positive(Constraint):
    """No number below 0 in a."""

    def fit(self, table):
        """Learn nothing."""
        return self

    def enforce(self, table, rng):
        """Return the sizes of a."""
        return table | {"a": np.abs(table["a"])}

    def kept(self, table):
        """Return where a is not below 0."""
        return table["a"] >= 0

    def learned(self):
        """Return nothing."""
        return {}

    def restore(self, arrays):
        """Take nothing over."""


def nothing(self, *given):
    return None


def after(family, method, change):
    """Return a method that changes what that of a family returns."""
    return {method: lambda self, *given: change(getattr(family, method)(self, *given))}


ENCODERS = {
    "not itself": ({"fit": nothing}, "itself from fit. Got None"),
    "numbers below 0": (after(MinMax, "fit", lambda self: vars(self).update(numbers=-1) or self), "fit as numbers"),
    "no codes": (after(MinMax, "encode", lambda pair: pair[0]), "numbers and codes from encode"),
    "few rows": (after(MinMax, "encode", lambda pair: (pair[0][:3], pair[1])), "shape (3, 1)"),
    "too wide": (after(MinMax, "encode", lambda pair: (np.hstack([pair[0]] * 2), pair[1])), "shape (40, 2)"),
    "too large": (after(MinMax, "encode", lambda pair: (pair[0] * 3, pair[1])), "between -1 and 1"),
    "missing": (after(MinMax, "encode", lambda pair: (pair[0] * np.nan, pair[1])), "between -1 and 1"),
    "codes below 0": (after(MinMax, "encode", lambda pair: (pair[0], pair[1] - 1)), "codes in [0, 1)"),
    "codes that are real": (after(MinMax, "encode", lambda pair: (pair[0], pair[1] / 2)), "whole numbers"),
    "decoded nothing": ({"decode": nothing}, "(40,) from decode. Got None"),
    "decoded few": (after(MinMax, "decode", lambda column: column[:1]), "Got an array of shape (1,)"),
    "decoded gaps": (after(MinMax, "decode", lambda column: column * np.nan), "without gaps from decode"),
    "decoded text": (after(MinMax, "decode", lambda column: np.full(len(column), "x")), "numbers for a column"),
    "learned nothing": ({"learned": nothing}, "a dict of arrays from learned"),
}
RULES = {
    "not itself": ({"fit": nothing}, "itself from fit. Got None"),
    "no table": ({"enforce": nothing}, "from enforce. Got None"),
    "a column less": ({"enforce": lambda self, table, rng: {"a": table["a"]}}, "a dict of the columns it was given"),
    "a row less": (after(Positive, "enforce", lambda table: {name: c[1:] for name, c in table.items()}), "(40,)"),
    "lists": (after(Positive, "enforce", lambda table: {name: list(c) for name, c in table.items()}), "type list"),
    "kept in numbers": (after(Positive, "kept", lambda kept: kept * 1), "booleans of shape (40,)"),
    "learned nothing": ({"learned": nothing}, "a dict of arrays from learned"),
}


def refused_of_tables(part, words, **given):
    gan = GANEstimator(**given, **TINY)
    before = dict(vars(gan))
    with pytest.raises(PluginError) as error:
        gan.fit(TABLE)
    assert f"The {part} 'Theirs'" in str(error.value)
    assert words in str(error.value)
    assert vars(gan) == before


@pytest.mark.parametrize(("members", "words"), ENCODERS.values(), ids=ENCODERS)
def test_an_encoder_is_tried_on_the_column_it_has_learned(members, words):
    refused_of_tables("encoder", words, columns={"a": of_class(MinMax, **members)})


@pytest.mark.parametrize(("members", "words"), RULES.values(), ids=RULES)
def test_a_rule_is_tried_on_the_table_it_has_learned(members, words):
    refused_of_tables("constraint", words, constraints=of_class(Positive, **members))


def test_encoders_and_rules_that_keep_their_word_are_used():
    gan = GANEstimator(columns={"a": of_class(MinMax)}, constraints=of_class(Positive), **TINY).fit(TABLE)
    drawn = gan.sample(20)
    assert (drawn["a"] >= 0).all()


def test_what_an_encoder_says_of_a_column_is_its_own_word():
    def fit(self, column):
        raise ValueError("a is none of its kind")

    with pytest.raises(ValueError, match=r"^a is none of its kind$"):
        GANEstimator(columns={"a": of_class(MinMax, fit=fit)}, **TINY).fit(TABLE)


def test_what_an_encoder_raises_is_told_as_its_own():
    def encode(self, column, rng=None):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as error:
        GANEstimator(columns={"a": of_class(MinMax, encode=encode)}, **TINY).fit(TABLE)
    assert error.value.__notes__ == ["Raised by Theirs.encode."]


LATER = {
    "encoder": {
        "columns": {"a": of_class(MinMax, **after(MinMax, "decode", lambda column: column[: len(column) // 40 * 40]))}
    },
    "constraint": {
        "constraints": of_class(Positive, enforce=lambda self, table, rng: table if len(table["a"]) == 40 else None)
    },
}


@pytest.mark.parametrize("part", LATER)
def test_one_that_breaks_its_word_later_is_named_where_samples_are_drawn(part):
    gan = GANEstimator(**LATER[part], **TINY).fit(TABLE)
    with pytest.raises(PluginError, match=f"The {part} 'Theirs' must return .* use another {part}"):
        gan.sample(7)
