"""The kit for parts: each planted fault is found by the check named, and what is whole passes."""

import pickle
import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from plugin_env import plugin_environment
from torch import nn
from torch.nn.functional import softplus

from skgan import registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import ComponentNotFoundError, InvalidParameterError
from skgan.interfaces import (
    Augmentation,
    Callback,
    Conditioning,
    Critique,
    Integer,
    Loss,
    Metric,
    Optimizer,
    Real,
    Regularizer,
    Sampler,
    Score,
    Stop,
    Tags,
)
from skgan.layers import NoEmbedding
from skgan.losses.hinge import Hinge
from skgan.metrics.pair_distances import EnergyDistance
from skgan.regularizers.r1 import R1
from skgan.testing import (
    LossConformance,
    RegularizerConformance,
    check_component,
    check_plugin,
    component_checks,
    parametrize_component_checks,
)
from skgan.testing.kit import TIERS, kind_of, table_of_checks


def the_check(part, name):
    return next(check for check in component_checks(kind_of(part)) if check.__name__ == name)


# --- losses ---------------------------------------------------------------------------------------


class Logistic(Loss):
    """The logistic loss, whole: the faulty ones change one thing."""

    def discriminator(self, batch):
        return softplus(-batch.real_.logits) + softplus(batch.fake_.logits)

    def generator(self, batch):
        return softplus(-batch.fake_.logits)


class WrongSign(Loss):
    def discriminator(self, batch):
        return softplus(-batch.real_.logits) + softplus(batch.fake_.logits)

    def generator(self, batch):
        return softplus(batch.fake_.logits)


class WrongWay(Loss):
    def discriminator(self, batch):
        return softplus(batch.real_.logits) + softplus(-batch.fake_.logits)

    def generator(self, batch):
        return softplus(-batch.fake_.logits)


class Detached(Loss):
    def discriminator(self, batch):
        return softplus(-batch.real_.logits) + softplus(batch.fake_.logits)

    def generator(self, batch):
        return softplus(-batch.fake_.logits.detach())


class HalfDetached(Loss):
    def discriminator(self, batch):
        return softplus(-batch.real_.logits) * batch.fake_.logits.detach().exp()

    def generator(self, batch):
        return softplus(-batch.fake_.logits) * batch.fake_.logits.detach().exp()


class Summed(Loss):
    def discriminator(self, batch):
        return (softplus(-batch.real_.logits) + softplus(batch.fake_.logits)).sum().expand(batch.real_.logits.shape)

    def generator(self, batch):
        return softplus(-batch.fake_.logits)


class Reduced(Loss):
    def discriminator(self, batch):
        return (softplus(-batch.real_.logits) + softplus(batch.fake_.logits)).mean()

    def generator(self, batch):
        return softplus(-batch.fake_.logits).mean()


class Overflows(Loss):
    def discriminator(self, batch):
        return (1 + (-batch.real_.logits).exp()).log() + (1 + batch.fake_.logits.exp()).log()

    def generator(self, batch):
        return (1 + (-batch.fake_.logits).exp()).log()


class UntaggedPairs(Loss):
    def discriminator(self, batch):
        return softplus(batch.fake_.logits - batch.real_.logits)

    def generator(self, batch):
        return softplus(batch.real_.logits - batch.fake_.logits)


class TaggedWithoutPairs(Logistic):
    def tags(self):
        return Tags(pairing=True)


class Narrow(Loss):
    def discriminator(self, batch):
        return softplus(-batch.real_.logits.float()) + softplus(batch.fake_.logits.float())

    def generator(self, batch):
        return softplus(-batch.fake_.logits.float())


class OldSignature(Loss):
    def discriminator(self, real, fake):
        return fake - real

    def generator(self, fake):
        return -fake


class Idle(Logistic):
    """Idle.

    Parameters
    ----------
    temperature : float, default=1.0
        Not used.
    """

    constraints = {"temperature": (Real(0.0),)}

    def __init__(self, temperature=1.0):
        self.temperature = temperature


class Computes(Logistic):
    constraints = {"scale": (Real(0.0),)}

    def __init__(self, scale=1.0):
        self.scale = float(scale) + 0.0
        self.half = scale / 2


class Unchecked(Logistic):
    def __init__(self, scale=1.0):
        self.scale = scale


class AcceptsAll(Logistic):
    constraints = {"scale": (Real(0.0),)}

    def __init__(self, scale=1.0):
        self.scale = scale

    def validate(self):
        pass


class StrangeTags(Logistic):
    def tags(self):
        return Tags(kinds=("pictures",))


class UnknownDefaults(Logistic):
    def defaults(self, spec):
        return {"regularizers": ["no-such-penalty"]}


class Doubles(Logistic):
    def state(self, spec):
        return {"k": torch.zeros((), dtype=torch.float64)}


class NanWatched(Logistic):
    def watch(self, batch):
        return {"nothing": batch.real_.logits.mean() * float("nan")}


def local_class():
    class Local(Logistic):
        pass

    return Local


# --- regularizers ---------------------------------------------------------------------------------


class Slopes(Regularizer):
    """A penalty on slopes, whole: the faulty ones change one thing."""

    constraints = {"weight": (Real(0.0),)}
    needs_gradient = ("real",)

    def __init__(self, weight=1.0):
        self.weight = weight

    def tags(self):
        return Tags(differentiates=True)

    def penalty(self, batch):
        return self.weight / 2 * batch.gradient("real").flatten(1).square().sum(1)


class WithoutTheHalf(Slopes):
    def penalty(self, batch):
        return self.weight * batch.gradient("real").flatten(1).square().sum(1)


class SquaredWeight(Slopes):
    def penalty(self, batch):
        return self.weight**2 * batch.gradient("real").flatten(1).square().sum(1)


class OfTheOtherPlayer(Slopes):
    player = "generator"


class OneNorm(Slopes):
    def penalty(self, batch):
        return self.weight * (batch.gradient("real").norm() - 1).square()


class OneNormForEach(Slopes):
    def penalty(self, batch):
        norm = (batch.gradient("real").square().sum() / len(batch.real) + 1e-12).sqrt()
        return self.weight * (norm - 1).square().expand(len(batch.real))


class NanAtZero(Slopes):
    def penalty(self, batch):
        return self.weight * (batch.gradient("real").flatten(1).norm(dim=1) ** 0.5 + 0)


class RootWithoutEpsilon(Slopes):
    def penalty(self, batch):
        return self.weight * batch.gradient("real").flatten(1).square().sum(1).sqrt()


class GlobalGenerator(Slopes):
    def penalty(self, batch):
        return super().penalty(batch) * torch.rand(len(batch.real))


class ReadsGlobalSeed(Slopes):
    def penalty(self, batch):
        return super().penalty(batch) * (1 + torch.initial_seed() % 2)


class CountsOnItself(Slopes):
    def penalty(self, batch):
        self.updates = getattr(self, "updates", 0) + 1
        return super().penalty(batch) / self.updates


class CountsOnItsClass(Slopes):
    updates = 0

    def penalty(self, batch):
        type(self).updates += 1
        return super().penalty(batch)


class CountsInItsModule(Slopes):
    numbers = staticmethod(count(1).__next__)

    def penalty(self, batch):
        return super().penalty(batch) * self.numbers()


class NewTensor(Slopes):
    def state(self, spec):
        return {"seen": torch.zeros(())}

    def penalty(self, batch):
        batch.state[self]["seen"] = batch.state[self]["seen"] + 1
        return super().penalty(batch)


class TwiceLazy(Slopes):
    constraints = {"weight": (Real(0.0),), "every_updates": (Integer(1),)}

    def __init__(self, weight=1.0, every_updates=1):
        self.weight = weight
        self.every_updates = every_updates

    def penalty(self, batch):
        return super().penalty(batch) * self.every_updates


class DoesNothing(Regularizer):
    pass


class PreparesBoth(Regularizer):
    def prepare(self, module, player):
        module.register_buffer("mine", torch.zeros(()))


class Ruins(Regularizer):
    @torch.no_grad()
    def after_update(self, module):
        for weight in module.parameters():
            weight.mul_(float("nan"))


class NegativeFactors(Regularizer):
    def tags(self):
        return Tags(weighs=True)

    def weights(self, batch):
        return -batch.fake_.logits.detach().abs()


# --- networks -------------------------------------------------------------------------------------


class MeanOfBatch(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x, y):
        critique = self.inner(x, y)
        return Critique(critique.logits - critique.logits.mean(0), critique.features)


class LooksAtItsBatch(MLP):
    def discriminator(self, spec, conditioning):
        return MeanOfBatch(super().discriminator(spec, conditioning))


class Unbounded(MLP):
    def generator(self, spec, conditioning):
        network = super().generator(spec, conditioning)
        network.squash = nn.Identity()
        return network


class Forgotten(MLP):
    def generator(self, spec, conditioning):
        network = super().generator(spec, conditioning)
        network.forgotten = nn.Linear(2, 2)
        return network


class Deaf(MLP):
    def generator(self, spec, conditioning):
        return WithoutLabels(super().generator(spec, conditioning))


class WithoutLabels(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, z, y):
        return self.inner(z, torch.zeros_like(y))


class CountsSteps(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.steps = 0

    def forward(self, z, y):
        self.steps += self.training
        return self.inner(z, y) * (1 + 0.01 * self.steps)


class ForgetsOnSaving(MLP):
    def generator(self, spec, conditioning):
        return CountsSteps(super().generator(spec, conditioning))


class OneDerivative(MLP):
    def discriminator(self, spec, conditioning):
        return Once(super().discriminator(spec, conditioning))


class Once(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x, y):
        critique = self.inner(Frozen.apply(x), y)
        return Critique(critique.logits, critique.features)


class Frozen(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1.0

    @staticmethod
    def backward(ctx, slope):
        return slope.detach()


class Muffled(Conditioning):
    def embed(self, spec):
        return NoEmbedding(spec.label_dim)

    def head(self, width, spec):
        return MuffledHead(width)


class MuffledHead(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.logit = nn.Linear(width, 1)

    def forward(self, features, e):
        return Critique(self.logit(features).squeeze(1), features)


class Narrower(Muffled):
    def embed(self, spec):
        embed = NoEmbedding(spec.label_dim)
        embed.out_features += 1
        return embed


class HeavyHead(Muffled):
    def head(self, width, spec):
        head = MuffledHead(width)
        head.more = nn.Linear(width, width)
        return head


# --- the other families ---------------------------------------------------------------------------


class Rolls(Augmentation):
    def __call__(self, x, rng):
        return x + 0.1 * x.roll(1, 0)


class Blocks(Augmentation):
    def __call__(self, x, rng):
        return (x + 0.1).detach()


class GlobalNoise(Augmentation):
    def __call__(self, x, rng):
        return x + torch.randn(x.shape).to(x)


class Flattens(Augmentation):
    def __call__(self, x, rng):
        return x.float()


class Leaves(Augmentation):
    def __call__(self, x, rng):
        return x


class Climbs(Optimizer):
    def make(self, parameters, learning_rate):
        return torch.optim.SGD(list(parameters), learning_rate, maximize=True)


class OwnRate(Optimizer):
    def make(self, parameters, learning_rate):
        return torch.optim.SGD(list(parameters), 2 * learning_rate)


class Ends(Optimizer):
    def make(self, parameters, learning_rate):
        return torch.optim.SGD(list(parameters), learning_rate)

    def rate(self, step):
        return max(0.0, 1 - step / 1000)


class Remembers(torch.optim.SGD):
    def step(self, closure=None):
        for group in self.param_groups:
            for weight in group["params"]:
                steps = self.state[weight].get("steps", 0) + 1
                self.state[weight]["steps"] = steps
        return super().step(closure)


class NumbersForState(Optimizer):
    def make(self, parameters, learning_rate):
        return Remembers(list(parameters), learning_rate)


class Meddles(Sampler):
    def draw(self, generator, discriminator, z, y, rng):
        with torch.no_grad():
            next(iter(generator.parameters())).mul_(1.01)
        return generator(z, y), 1.0


class Centres(Sampler):
    def draw(self, generator, discriminator, z, y, rng):
        return generator(z - z.mean(0), y), 1.0


class Boasts(Sampler):
    def draw(self, generator, discriminator, z, y, rng):
        return generator(z, y), 2.0


class Chance(Sampler):
    def draw(self, generator, discriminator, z, y, rng):
        return generator(z + torch.randn(z.shape), y), 1.0


class UpsideDown(EnergyDistance):
    greater_is_better = True

    def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
        return Score(float(super().__call__(X_real, X_fake)), protocol={"metric": "upside-down"})


class InOrder(Metric):
    greater_is_better = False

    def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
        n = min(len(X_real), len(X_fake))
        return Score(np.abs(X_real[:n] - X_fake[:n]).mean(), greater_is_better=False, protocol={"metric": "in-order"})


class PlainNumber(Metric):
    def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
        return float(np.mean(X_fake))


class Draws(Metric):
    def __call__(self, X_real, X_fake, *, y_real=None, y_fake=None):
        return Score(np.random.random(), protocol={"metric": "draws"})


class Stops(Callback):
    def on_tick(self, view):
        return Stop()

    def on_fit_begin(self, view):
        for weight in view._state.generator.module.parameters():
            weight.data.mul_(1.01)


class Raises(Callback):
    def on_tick(self, view):
        raise RuntimeError("no")


#: name of the fault -> the part, the check that finds it, and what it says
FAULTS = {
    # the twelve that every part's author should be kept from
    "a missing factor": (SquaredWeight(), "check_weight_scales_the_penalty", "twice that of weight 1"),
    "a factor of every_updates": (
        TwiceLazy(),
        "check_every_updates_is_left_to_the_objective",
        "not depend on every_up",
    ),
    "a penalty on the wrong player": (OfTheOtherPlayer(), "check_gradient_reaches_its_player", "reach the generator"),
    "one norm for the whole batch": (OneNorm(), "check_batch_size_does_not_matter", "a batch taken twice must be"),
    "one mean norm for the batch": (OneNormForEach(), "check_each_row_counts_by_itself", "the mean of its rows"),
    "a global generator": (GlobalGenerator(), "check_global_generators_are_left_alone", r"of \['torch'\] must stay"),
    "a global seed": (ReadsGlobalSeed(), "check_global_generators_are_left_alone", "under another seed"),
    "a row that depends on its batch": (
        LooksAtItsBatch(8, 1),
        "check_rows_do_not_depend_on_their_batch",
        "must not depend",
    ),
    "an untagged batch statistic": (LooksAtItsBatch(8, 1), "check_batch_statistics_are_tagged", "on the others"),
    "a changed row that depends on its batch": (Rolls(), "check_each_row_is_changed_by_itself", "another last row"),
    "a drawn row that depends on its batch": (Centres(), "check_row_depends_on_its_own_latent", "others of its chunk"),
    "state on the object": (CountsOnItself(), "check_state_stays_in_the_batch", r"attributes \['updates'\] must not"),
    "state on the class": (CountsOnItsClass(), "check_state_stays_in_the_batch", r"attributes \['updates'\] must not"),
    "state in the module": (CountsInItsModule(), "check_same_numbers_give_the_same_value", "asked for again"),
    "state in a network's attribute": (
        ForgetsOnSaving(8, 1),
        "check_resumed_training_equals_uninterrupted",
        "bit for bit",
    ),
    "state that is replaced": (NewTensor(), "check_state_stays_in_the_batch", "changed in place"),
    "state that is a number": (NumbersForState(), "check_everything_it_remembers_is_a_tensor", "'steps'"),
    "state in float64": (Doubles(), "check_declarations_are_well_formed", "float32 or integer"),
    "a parameter that changes nothing": (
        Idle(),
        "check_every_parameter_changes_something",
        "'temperature' must change",
    ),
    "a wrong sign": (WrongSign(), "check_generator_loss_falls_as_fakes_look_more_real", "must fall"),
    "the other wrong sign": (WrongWay(), "check_discriminator_loss_falls_as_real_and_fake_part", "must fall"),
    "an optimizer that climbs": (Climbs(), "check_quadratic_is_minimised", "quadratic"),
    "a metric upside down": (UpsideDown(), "check_equal_sets_score_better", "must score above"),
    "a detached gradient": (Detached(), "check_gradient_reaches_its_player", "reach the generator in its turn"),
    "a gradient that is half detached": (HalfDetached(), "check_gradient_is_the_finite_difference", "gradient must be"),
    "a detached sample": (Blocks(), "check_gradient_passes", "must pass to the samples"),
    "a derivative that ends": (OneDerivative(8, 1), "check_double_backward_is_what_the_tag_says", "second derivative"),
    "methods of another interface": (OldSignature(), "check_methods_take_what_they_are_given", r"must take \(batch\)"),
    "NaN at zero": (RootWithoutEpsilon(), "check_term_is_finite_at_zero", "gradient must be finite at weights of zero"),
    "NaN at zero of a norm": (NanAtZero(), "check_term_is_finite_at_zero", "must be finite at weights of zero"),
    # and further ones
    "a sum over rows": (Summed(), "check_batch_size_does_not_matter", "a batch taken twice"),
    "a loss that is reduced": (Reduced(), "check_term_has_its_shape", "that of the logits"),
    "a loss that overflows": (Overflows(), "check_extreme_logits_are_survived", "logits up to 10,000"),
    "pairs without the tag": (UntaggedPairs(), "check_order_of_rows_does_not_matter", "fakes in another order"),
    "the tag without pairs": (TaggedWithoutPairs(), "check_pairing_is_what_the_tag_says", "must be left out"),
    "float64 made float32": (Narrow(), "check_term_has_its_shape", "must be float64"),
    "a constructor that computes": (Computes(), "check_constructor_only_stores", r"stores \['half', 'scale'\]"),
    "a number without a range": (Unchecked(), "check_every_number_has_a_constraint", r"a row for \['scale'\]"),
    "nonsense that is accepted": (AcceptsAll(), "check_parameters_are_validated", "must refuse scale="),
    "a parameter without a word": (Unchecked(), "check_docstring_names_every_parameter", "the parameters"),
    "no paper": (Idle(), "check_docstring_says_where_it_comes_from", "formula"),
    "no example": (Idle(), "check_docstring_has_an_example", "example"),
    "tags of another vocabulary": (StrangeTags(), "check_tags_are_well_typed", "kinds must be None or a tuple"),
    "defaults that cannot be built": (UnknownDefaults(), "check_defaults_name_what_can_be_built", "no-such-penalty"),
    "a watched figure that is no number": (NanWatched(), "check_watched_figures_are_numbers", "finite scalar"),
    "a class that cannot be imported": (local_class()(), "check_class_is_importable", "must be importable"),
    "a class that cannot be pickled": (local_class()(), "check_pickle_keeps_parameters", "pickle"),
    "a regularizer that does nothing": (DoesNothing(), "check_it_says_whose_it_is", "or it does nothing"),
    "a network of the other player": (
        PreparesBoth(),
        "check_networks_of_the_other_player_are_left_alone",
        "generator alone",
    ),
    "ruined weights": (Ruins(), "check_networks_of_the_other_player_are_left_alone", "finite after after_update"),
    "negative factors": (NegativeFactors(), "check_weights_are_factors", "not negative"),
    "samples out of range": (Unbounded(8, 1), "check_bounded_samples_stay_in_range", r"\[-1, 1\]"),
    "a forgotten weight": (Forgotten(8, 1), "check_gradient_reaches_every_weight", "forgotten"),
    "labels that are not heard": (Deaf(8, 1), "check_labels_change_what_is_said", "the generator says"),
    "labels that the head does not hear": (Muffled(), "check_labels_change_what_is_said", "the discriminator says"),
    "a width that is wrong": (Narrower(), "check_embedding_knows_its_width", "out_features"),
    "weights for labels that are not there": (
        HeavyHead(),
        "check_head_builds_nothing_for_labels_that_are_not_there",
        "at most 5 weights",
    ),
    "noise from the global generator": (
        GlobalNoise(),
        "check_it_follows_from_the_generator",
        "must stay where they are",
    ),
    "samples in another dtype": (Flattens(), "check_shape_and_dtype_are_kept", "must stay torch.float64"),
    "an augmentation that does nothing": (Leaves(), "check_it_changes_something", "some sample must be changed"),
    "another learning rate": (OwnRate(), "check_learning_rate_is_the_one_given", "0.02"),
    "a rate that ends at zero": (Ends(), "check_rate_is_a_positive_number", "must be above 0"),
    "a sampler that trains": (Meddles(), "check_networks_are_left_as_they_are", "it changes"),
    "a share above one": (Boasts(), "check_draws_have_their_shape", r"in \[0, 1\]"),
    "draws from the global generator": (Chance(), "check_draws_follow_from_the_generator", "must stay where they are"),
    "a metric that compares rows": (InOrder(), "check_order_of_rows_does_not_matter", "rows in another order"),
    "a score without a protocol": (PlainNumber(), "check_score_knows_how_it_came_about", "must return a"),
    "a score by chance": (Draws(), "check_score_is_the_same_again", "NumPy"),
    "a callback that trains": (Stops(), "check_training_is_not_changed", "the callback must"),
    "a callback that raises": (Raises(), "check_training_is_not_changed", "failed in on_tick"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_found_by_the_check_for_it(fault):
    part, name, message = FAULTS[fault]
    with pytest.raises(AssertionError, match=message) as found:
        the_check(part, name)(part)
    assert str(found.value).startswith(f"{part!r}: ")
    assert len(str(found.value)) < 700


def half_square(part, known):
    return part.weight / 2 * (known.slope**2).sum()


def logistic(part, known):
    real, fake = known.real_logits, known.fake_logits
    of_player = {
        "discriminator": np.logaddexp(0, -real) + np.logaddexp(0, fake),
        "generator": np.logaddexp(0, -fake),
    }
    return of_player[known.player].mean()


def test_a_missing_factor_is_found_by_a_reference():
    (record,) = [
        record
        for record in check_component(WithoutTheHalf(), tiers=["numeric"], reference=half_square, on_fail=None)
        if record["status"] == "failed"
    ]
    assert record["check_name"] == "check_term_equals_the_reference"
    assert "as the reference says" in str(record["exception"])


@pytest.mark.parametrize(("part", "reference"), [(Slopes, half_square), (R1, half_square), (Logistic, logistic)])
def test_what_is_whole_passes_with_its_reference(part, reference):
    records = check_component(part, tiers=["numeric"], reference=reference)
    assert {record["status"] for record in records} <= {"passed", "skipped"}
    assert records[-1]["check_name"] == "check_term_equals_the_reference"
    assert records[-1]["status"] == "passed"


def test_records_say_what_was_checked_and_how_it_went():
    records = check_component(WrongSign, tiers=["api", "numeric"], on_fail=None)
    assert {record["tier"] for record in records} == {"api", "numeric"}
    assert {"part", "check_name", "tier", "status", "exception"} == set(records[0])
    failed = {record["check_name"] for record in records if record["status"] == "failed"}
    assert "check_generator_loss_falls_as_fakes_look_more_real" in failed
    assert "check_discriminator_loss_falls_as_real_and_fake_part" not in failed
    skipped = [record for record in records if record["status"] == "skipped"]
    assert all(str(record["exception"]) for record in skipped)


def test_the_first_failure_is_raised():
    with pytest.raises(AssertionError, match=r"^WrongSign\(\): "):
        check_component(WrongSign)


def test_a_class_that_cannot_be_built_is_a_failure():
    class Needs(Logistic):
        def __init__(self, scale):
            self.scale = scale

    (record,) = check_component(Needs, on_fail=None)
    assert record["status"] == "failed"
    with pytest.raises(AssertionError, match="must build it"):
        check_component(Needs)


def test_unknown_families_and_tiers_are_refused():
    with pytest.raises(InvalidParameterError, match="Did you mean 'loss'"):
        component_checks("losss")
    with pytest.raises(InvalidParameterError, match="tiers must be one of"):
        component_checks("loss", ["fast"])
    with pytest.raises(InvalidParameterError, match="must derive from one of"):
        check_component(object())


@pytest.mark.parametrize("kind", ["loss", "regularizer", "architecture", "conditioning", "metric", "callback"])
def test_every_check_has_a_tier_and_a_promise(kind):
    checks = component_checks(kind)
    assert {check.tier for check in checks} <= set(TIERS)
    assert all(check.__doc__ for check in checks)
    assert len({check.__name__ for check in checks}) == len(checks)
    assert component_checks(kind, ["api"]) == tuple(check for check in checks if check.tier == "api")


@parametrize_component_checks([Hinge()], tiers=["api"])
def test_decorator_runs_every_check(part, check):
    check(part)


class TestByInheritance(LossConformance):
    part = Hinge


class TestByInheritanceWithReference(RegularizerConformance):
    part = R1
    reference = staticmethod(half_square)

    test_integration = None  # run in test_contracts


def test_inheritance_finds_faults_too():
    class Faulty(RegularizerConformance):
        part = OneNorm

    with pytest.raises(AssertionError, match="OneNorm"):
        Faulty().test_numeric()


# --- plugins --------------------------------------------------------------------------------------

ENTRY = """
    from skgan import ComponentSpec, hookimpl

    @hookimpl
    def skgan_losses():
        return [ComponentSpec("loss", "theirs", "skgan_theirs_impl:{cls}")]
"""
IMPL = '''
    from skgan.interfaces import Loss

    class Theirs(Loss):
        r"""A bare potential.

        .. math:: L_D = f - r, \\quad L_G = -f

        Examples
        --------
        >>> Theirs()
        Theirs()
        """

        def discriminator(self, batch):
            """Return f - r."""
            return batch.fake_.logits - batch.real_.logits

        def generator(self, batch):
            """Return -f."""
            return -batch.fake_.logits
'''


@pytest.fixture
def plugins(tmp_path):
    with plugin_environment(tmp_path / "site") as environment:
        yield environment


def failed_checks(records):
    return {record["check_name"]: str(record["exception"]) for record in records if record["status"] == "failed"}


def test_a_plugin_that_is_whole_passes(plugins):
    plugins.install("skgan-theirs", ENTRY.format(cls="Theirs"), skgan_theirs_impl=IMPL)
    records = check_plugin("skgan-theirs", tiers=["api", "numeric"])
    assert failed_checks(records) == {}
    assert {(record["kind"], record["name"]) for record in records} == {("", "skgan-theirs"), ("loss", "theirs")}
    by_name = {record["check_name"]: record["status"] for record in records}
    assert by_name["check_entry_module_leaves_torch_alone"] == "passed"
    assert by_name["check_name_leads_back"] == "passed"


def test_a_target_that_is_missing_is_found(plugins):
    plugins.install("skgan-theirs", ENTRY.format(cls="Absent"), skgan_theirs_impl=IMPL)
    failed = failed_checks(check_plugin("skgan-theirs"))
    assert set(failed) == {"check_target_leads_to_a_part"}
    assert "Absent" in failed["check_target_leads_to_a_part"]


def test_a_hook_with_a_wrong_signature_is_found(plugins):
    wrong = ENTRY.replace("skgan_losses()", "skgan_losses(registry)").format(cls="Theirs")
    plugins.install("skgan-theirs", wrong, skgan_theirs_impl=IMPL)
    failed = failed_checks(check_plugin("skgan-theirs"))
    assert set(failed) == {"check_plugin_loads"}
    assert "registry" in failed["check_plugin_loads"]
    with pytest.raises(AssertionError, match="the plugin must load"):
        check_plugin("skgan-theirs", on_fail="raise")


def test_an_entry_module_that_imports_torch_is_found(plugins):
    plugins.install("skgan-theirs", "    import torch\n" + ENTRY.format(cls="Theirs"), skgan_theirs_impl=IMPL)
    failed = failed_checks(check_plugin("skgan-theirs", tiers=["api"]))
    assert set(failed) == {"check_entry_module_leaves_torch_alone"}


def test_a_plugin_that_is_not_installed_is_named(plugins):
    with pytest.raises(ComponentNotFoundError, match="must be installed"):
        check_plugin("skgan-absent")


def test_classes_of_faults_are_ordinary_ones():
    for part, name, _ in FAULTS.values():
        if not name.startswith(("check_class", "check_pickle", "check_constructor")):
            assert pickle.loads(pickle.dumps(part)).get_params() == part.get_params()
            assert registry.provenance(kind_of(part), type(part)) is None


# --- documentation --------------------------------------------------------------------------------

PAGE = (Path(__file__).parent.parent / "docs" / "testing.md").read_text(encoding="utf-8")


def test_the_page_lists_every_check_as_its_docstring_has_it():
    assert table_of_checks() in PAGE, "put what python -m skgan.testing prints into docs/testing.md"


def test_the_code_of_the_page_runs():
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = "\n".join(blocks).replace("from skgan_softhinge.softhinge import SoftHinge", "")
    code = code.replace('"skgan-softhinge"', '"skgan", tiers=[]').replace("check_component(SoftHinge)", "")
    namespace = {"SoftHinge": Hinge, "R1": R1}
    code = code.replace("check_component(R1, ", 'check_component(R1, tiers=["numeric"], ')
    exec(compile(code, "testing.md", "exec"), namespace)
    assert namespace["TestSoftHinge"].part is Hinge
    assert all(record["status"] == "passed" for record in namespace["records"])


def test_checks_can_be_left_out_by_name():
    (full, less) = (
        check_component(Hinge(), tiers=["api"], leave_out=names) for names in ((), ["check_class_is_final"])
    )
    assert {r["check_name"] for r in full} - {r["check_name"] for r in less} == {"check_class_is_final"}
    with pytest.raises(InvalidParameterError, match="Did you mean 'check_class_is_final'"):
        check_component(Hinge(), leave_out=["check_class_is_finall"])
