"""Regularizers: closed forms on linear discriminators, finite differences, how often they are due, whom they move."""

import numpy as np
import pytest
import torch
from scipy import special, stats
from sklearn.base import clone
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits
from turns import (
    IMAGES,
    PENALTIES,
    REGULARIZERS,
    VECTORS,
    Net,
    batch_of,
    bent_maker,
    check_finite_differences,
    draws,
    linear,
    linear_maker,
    loss_for,
    model_of,
    model_with,
    penalty_of,
    rows_of,
    state_of,
    turn,
    two_heads,
    two_layers,
)

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.ensemble import Ensemble
from skgan.interfaces import Augmentation, Regularizer
from skgan.latents import Codes
from skgan.objective import mean

OF_THE_DISCRIMINATOR = [part for part in PENALTIES if part().player in ("discriminator", "both")]
#: those that ask for logits or slopes: features are the input of the discriminators here, behind which no weight is
OF_LOGITS = [part for part in OF_THE_DISCRIMINATOR if part.__name__ != "Reconstruction"]
SLOPES = [part for part in PENALTIES if part().tags().differentiates]
LAZY = [part for part in SLOPES if "every_updates" in part().get_params()]

#: class -> its value where the discriminator has slope `norm` everywhere
ON_A_SLOPE = {
    "GradientPenalty": lambda weight, norm: weight * (norm - 1) ** 2,
    "LipschitzPenalty": lambda weight, norm: weight * max(norm - 1, 0) ** 2,
    "R1": lambda weight, norm: weight / 2 * norm**2,
    "R2": lambda weight, norm: weight / 2 * norm**2,
    "R1R2": lambda weight, norm: weight / 2 * (norm**2 + norm**2),
    "Dragan": lambda weight, norm: weight * (norm - 1) ** 2,
    "Divergence": lambda weight, norm: weight / 2 * 2 * norm**6,
}
WITH_CLOSED_FORM = [part for part in SLOPES if part.__name__ in ON_A_SLOPE]
#: those whose random numbers make a difference even where real and fake are the same
RESTLESS = {"Dragan", "Consistency", "BalancedConsistency", "LatentConsistency"}
AT_REST = [part for part in OF_THE_DISCRIMINATOR if part.__name__ not in RESTLESS]
#: parameters under which a batch does not move a running mean, and a penalty is not too light to be measured
MEASURABLE = {
    "LeCam": {"decay": 1 - 1e-13, "start": 0},
    "ConfidencePenalty": {"weight": 1.0},
    "Drift": {"weight": 1.0},
}
SHAPES = [(1,), (5,), (2, 9), (1, 1, 1), (3, 7, 13), (2, 3, 4, 5)]


class Triple(Augmentation):
    def __call__(self, x, rng):
        return 3 * x


def named(name, **params):
    return registry.resolve("regularizer", name)(**params)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("weight", [0.0, 1.0, 7.5])
@pytest.mark.parametrize("part", WITH_CLOSED_FORM)
def test_linear_discriminator_gives_the_closed_form(part, weight, shape):
    discriminator, norm = linear(int(np.prod(shape)))

    value = penalty_of(part(weight=weight), discriminator, draws(0, 6, *shape), draws(1, 6, *shape))

    np.testing.assert_allclose(value.item(), ON_A_SLOPE[part.__name__](weight, norm), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("part", WITH_CLOSED_FORM)
def test_penalty_reads_the_gradient_to_the_sample_before_augmentation(part):
    discriminator, norm = linear(5)

    value = penalty_of(part(weight=2.0), discriminator, draws(0, 6, 5), draws(1, 6, 5), [Triple()])

    np.testing.assert_allclose(value.item(), ON_A_SLOPE[part.__name__](2.0, 3 * norm), rtol=1e-9)


@pytest.mark.parametrize("part", WITH_CLOSED_FORM)
def test_penalty_of_several_discriminators_is_the_mean_over_them(part):
    members, slopes = zip(*[linear(5, seed) for seed in (20, 30)], strict=True)

    value = penalty_of(part(weight=2.0), Ensemble(list(members)), draws(0, 6, 5), draws(1, 6, 5))

    expected = np.mean([ON_A_SLOPE[part.__name__](2.0, slope) for slope in slopes])
    np.testing.assert_allclose(value.item(), expected, rtol=1e-9)


@pytest.mark.parametrize("part", AT_REST)
def test_penalty_does_not_change_when_the_batch_is_duplicated(part):
    discriminator, x = two_layers(5), draws(0, 6, 5)
    twice = torch.cat([x, x])

    value = penalty_of(part(), discriminator, twice, twice)

    torch.testing.assert_close(value, penalty_of(part(), discriminator, x, x), rtol=1e-12, atol=0)


@pytest.mark.parametrize("part", AT_REST)
def test_penalty_of_each_sample_moves_with_it(part):
    part, discriminator, x = part(), two_layers(5), draws(0, 6, 5)
    order = torch.tensor([3, 0, 5, 1, 4, 2])

    straight, shuffled = (part.penalty(batch_of(part, discriminator, r, r)) for r in (x, x[order]))

    assert straight.shape == (6,)
    torch.testing.assert_close(shuffled, straight[order], rtol=1e-12, atol=0)


def test_the_slope_of_several_logits_is_that_of_their_mean():
    discriminator, x = two_heads(5), draws(0, 6, 5)
    apart = [
        torch.autograd.functional.jacobian(lambda x, i=i: discriminator(x, None).logits[:, i].sum(), x) for i in (0, 1)
    ]

    found = batch_of(named("r1"), discriminator, x, x).gradient("real")

    torch.testing.assert_close(found.detach(), (apart[0] + apart[1]) / 2, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("heads", [two_layers, two_heads])
@pytest.mark.parametrize("part", OF_LOGITS)
def test_gradient_to_the_weights_is_the_finite_difference(part, heads):
    part = part(**MEASURABLE.get(part.__name__, {}))
    discriminator, maker, real, z = heads(5), bent_maker(3, 5), draws(0, 6, 5), draws(1, 6, 3)

    def value():
        return mean(part.penalty(turn(part, "discriminator", maker, discriminator, real, z)))

    check_finite_differences(value, list(discriminator.parameters()), rtol=1e-5)


@pytest.mark.parametrize("part", OF_THE_DISCRIMINATOR)
def test_flat_discriminator_has_a_finite_gradient(part):
    discriminator = two_layers(5, scale=0.0)

    value = penalty_of(part(), discriminator, draws(0, 6, 5), draws(1, 6, 5))
    gradients = torch.autograd.grad(value, list(discriminator.parameters()), materialize_grads=True)

    assert all(torch.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("name", ["gp", "gp-lp", "dragan"])
def test_norm_is_that_of_one_sample_where_it_was_looked_at(name):
    part, discriminator = named(name, weight=3.0), Net(Bowl())
    real, fake = draws(0, 6, 3, 4), 2 * draws(1, 6, 3, 4)

    value = part.penalty(batch_of(part, discriminator, real, fake))

    over = np.linalg.norm(discriminator.asked[-1].detach().numpy().reshape(6, -1), axis=1) - 1
    expected = 3.0 * (np.maximum(over, 0) if name == "gp-lp" else over) ** 2
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-9)


class Bowl(nn.Module):
    """|x|^2 / 2, whose slope at x is |x|."""

    def forward(self, x):
        return x.square().sum(1, keepdim=True) / 2


def test_one_sided_penalty_leaves_a_gentle_slope_alone():
    discriminator = two_layers(5, scale=0.1)
    real, fake = draws(0, 6, 5), draws(1, 6, 5)

    assert penalty_of(named("gp-lp"), discriminator, real, fake).item() == 0
    assert penalty_of(named("gp"), discriminator, real, fake).item() > 1


def test_dragan_looks_around_the_real_samples():
    part, (discriminator, _) = named("dragan"), linear(6)
    real = 3 * draws(0, 4000, 6) + 1

    penalty_of(part, discriminator, real, torch.full_like(real, 1e9))

    steps = (discriminator.asked[-1].detach() - real).numpy() / real.numpy().std()
    reach = steps.max(1)
    assert steps.min() >= 0
    assert 0.49 < steps.max() <= 0.5
    # given a, the largest of 6 uniform numbers has mean 6/7 and second moment 6/8; a has 1/2 and 1/3
    np.testing.assert_allclose([reach.mean(), (reach**2).mean()], [0.5 * 0.5 * 6 / 7, 0.25 * 6 / 8 / 3], rtol=0.03)
    shares = steps / reach[:, None]
    assert stats.kstest(shares[shares < 1], "uniform").pvalue > 1e-3


def test_dragan_has_a_slope_to_keep_to():
    discriminator, norm = linear(5)

    value = penalty_of(named("dragan", weight=2.0, slope=0.3), discriminator, draws(0, 6, 5), draws(1, 6, 5))

    np.testing.assert_allclose(value.item(), 2 * (norm - 0.3) ** 2, rtol=1e-9)


@pytest.mark.parametrize("name", ["gp", "gp-lp"])
@pytest.mark.parametrize("shape", [(5,), (3, 7, 13)], ids=str)
def test_gradient_penalty_looks_at_one_point_between_each_pair(shape, name):
    part, (discriminator, _) = named(name), linear(int(np.prod(shape)))

    penalty_of(part, discriminator, torch.ones(64, *shape).double(), torch.zeros(64, *shape).double())

    share = discriminator.asked[-1].detach().flatten(1)
    assert (share == share[:, :1]).all()
    assert len(share[:, 0].unique()) == 64
    assert stats.kstest(share[:, 0].numpy(), "uniform").pvalue > 0.01


def test_gradient_penalty_moves_along_the_line_of_its_pair():
    part, (discriminator, _) = named("gp"), linear(5)
    real, fake = draws(0, 6, 5), draws(1, 6, 5)

    penalty_of(part, discriminator, real, fake)

    share = (discriminator.asked[-1].detach() - fake) / (real - fake)
    torch.testing.assert_close(share, share[:, :1].expand_as(share), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "samples"), [("r1", 0), ("r2", 1)])
def test_zero_centred_penalty_looks_at_its_own_samples_only(name, samples):
    part, discriminator = named(name), two_layers(5)
    sets = [draws(0, 6, 5), draws(1, 6, 5)]
    changed = [draws(9, 6, 5) if index != samples else x for index, x in enumerate(sets)]

    value = penalty_of(part, discriminator, *changed)

    torch.testing.assert_close(value, penalty_of(part, discriminator, *sets), rtol=0, atol=0)


def terms_at(updates, part):
    """Return the terms of the discriminator's update of that number."""
    model = model_with(part, VECTORS, architecture="mlp")
    model.state.discriminator.updates = updates
    objective = model.objective()
    return objective.discriminator(objective.batch(model.state, rows_of(VECTORS), "discriminator")).losses


@pytest.mark.parametrize("part", LAZY)
def test_lazy_penalty_is_due_at_every_kth_update_and_k_times_as_heavy(part):
    name = registry.name_of("regularizer", part)
    always = terms_at(0, part(weight=2.0))[name]

    lazy = [terms_at(updates, part(weight=2.0, every_updates=3)).get(name) for updates in range(7)]

    assert [value is not None for value in lazy] == [True, False, False, True, False, False, True]
    for value in lazy[::3]:
        torch.testing.assert_close(value, 3 * always, rtol=1e-6, atol=0)


@pytest.mark.parametrize("part", LAZY)
def test_every_update_is_what_comes_without_saying(part):
    spelled, unsaid = terms_at(1, part(every_updates=1)), terms_at(1, part())

    assert spelled.keys() == unsaid.keys()
    assert all(torch.equal(spelled[name], unsaid[name]) for name in spelled)


@pytest.mark.parametrize("architecture", ["mlp", "dcgan"])
@pytest.mark.parametrize("part", OF_THE_DISCRIMINATOR)
def test_penalty_moves_the_discriminator_only(part, architecture):
    model = model_with(part(), IMAGES, architecture=architecture)
    objective, state = model.objective(), model.state
    with torch.no_grad():
        torch._foreach_mul_(state.discriminator.parameters, 3.0)  # steep enough for a penalty of one side
    batch = objective.batch(state, rows_of(IMAGES), "discriminator")
    value = objective.discriminator(batch).losses[registry.name_of("regularizer", part)]

    to_generator = torch.autograd.grad(value, state.generator.parameters, allow_unused=True, retain_graph=True)
    to_discriminator = torch.autograd.grad(value, state.discriminator.parameters, materialize_grads=True)

    assert all(gradient is None for gradient in to_generator)
    assert any(gradient.any() for gradient in to_discriminator)


def test_both_zero_centred_penalties_are_the_sum_of_the_two():
    discriminator, real, fake = two_layers(5), draws(0, 6, 5), draws(1, 6, 5)

    parts = [named(name, weight=3.0) for name in ("r1r2", "r1", "r2")]
    both, of_real, of_fake = (part.penalty(batch_of(part, discriminator, real, fake)) for part in parts)

    torch.testing.assert_close(both, of_real + of_fake, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("regularizers", "rows_of_passes"),
    [(["r1", "r2"], [2]), ("r1r2", [2]), (["drift", "entropy", "label-smoothing", "lecam"], [2]), ("r1", [1, 1])],
    ids=str,
)
def test_penalties_share_the_forward_passes_of_the_loss(regularizers, rows_of_passes):
    """Real and fake together where both or none of them are differentiated, and never a third pass."""
    model = model_of(VECTORS, loss="nonsaturating", architecture="mlp", regularizers=regularizers)
    passes = []
    rows = rows_of(VECTORS)
    model.state.discriminator.module.register_forward_pre_hook(lambda _, given: passes.append(len(given[0])))
    objective = model.objective()

    objective.discriminator(objective.batch(model.state, rows, "discriminator"))

    assert passes == [count * len(rows.x) for count in rows_of_passes]


NORMALISED = [
    (spec, architecture, conditioning)
    for spec, architecture in ((VECTORS, "mlp"), (IMAGES, "mlp"), (IMAGES, "dcgan"))
    for conditioning in ("concat", "projection")
]


def normalised(spec, architecture, conditioning, regularizers="spectral-norm"):
    architecture = registry.resolve("architecture", architecture)
    small = architecture(**architecture.get_test_params()[0])
    return model_of(spec, architecture=small, conditioning=conditioning, regularizers=regularizers)


def ask(model, times=1):
    rows = rows_of(model.spec)
    with torch.no_grad():
        for _ in range(times):
            critique = model.state.discriminator.module(rows.x, rows.y)
    return critique.logits


def tensors_of(module):
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


@pytest.mark.parametrize(("spec", "architecture", "conditioning"), NORMALISED)
def test_every_weight_of_the_discriminator_has_largest_singular_value_one(spec, architecture, conditioning):
    model = normalised(spec, architecture, conditioning)
    module = model.state.discriminator.module

    ask(model, times=500)
    module.eval()

    weights = [getattr(layer, "weight", None) for layer in module.modules()]
    matrices = [weight.detach().flatten(1).numpy() for weight in weights if torch.is_tensor(weight)]
    largest = [np.linalg.svd(matrix, compute_uv=False)[0] for matrix in matrices]
    assert len(largest) >= 2
    np.testing.assert_allclose(largest, 1.0, atol=1e-3)


def test_spectral_norm_leaves_the_generator_as_it_was_drawn():
    with_it, without = (normalised(IMAGES, "dcgan", "projection", part) for part in ("spectral-norm", None))

    torch.testing.assert_close(
        tensors_of(with_it.state.generator.module), tensors_of(without.state.generator.module), rtol=0, atol=0
    )


def test_spectral_norm_estimate_moves_in_training():
    model = normalised(IMAGES, "dcgan", "projection")
    before = tensors_of(model.state.discriminator.module)

    ask(model)

    after = tensors_of(model.state.discriminator.module)
    assert {name.rpartition(".")[2] for name in before if not torch.equal(before[name], after[name])} == {"_u", "_v"}


def test_spectral_norm_estimate_stays_in_evaluation():
    model = normalised(IMAGES, "dcgan", "projection")
    module = model.state.discriminator.module.eval()
    before = tensors_of(module)

    ask(model, times=3)

    torch.testing.assert_close(tensors_of(module), before, rtol=0, atol=0)


def test_spectral_norm_estimate_is_kept_with_the_model():
    model = normalised(IMAGES, "dcgan", "projection")
    ask(model, times=5)
    model.state.discriminator.module.eval()

    twin = model.copy()

    torch.testing.assert_close(
        tensors_of(twin.state.discriminator.module), tensors_of(model.state.discriminator.module), rtol=0, atol=0
    )
    assert torch.equal(ask(twin), ask(model))


def test_weights_are_clipped_in_place():
    module = two_layers(5, scale=0.1)
    before = {name: (tensor.data_ptr(), tensor.numpy().copy()) for name, tensor in module.state_dict().items()}

    named("weight-clip", limit=0.05).after_update(module)

    clipped = np.concatenate([array.ravel() for _, array in before.values()])
    assert (np.abs(clipped) > 0.05).any()
    assert (np.abs(clipped) < 0.05).any()
    for name, tensor in module.state_dict().items():
        pointer, array = before[name]
        assert tensor.data_ptr() == pointer
        np.testing.assert_array_equal(tensor.numpy(), np.clip(array, -0.05, 0.05))


def test_weights_are_clipped_after_each_update_of_the_discriminator_only():
    model = model_of(VECTORS, architecture=MLP(8, 2), regularizers="weight-clip", n_critic=2)
    objective, state = model.objective(), model.state

    state.discriminator.update(objective.discriminator(objective.batch(state, rows_of(VECTORS), "discriminator")))

    largest = {player.name: max(p.abs().max().item() for p in player.parameters) for player in state.players}
    assert largest["discriminator"] <= np.float32(0.01)
    assert largest["generator"] > 0.01


@pytest.mark.parametrize("loss", ["nonsaturating", "lsgan"])
@pytest.mark.parametrize(("real", "fake"), [(0.1, 0.0), (0.0, 0.2), (0.3, 0.25)])
def test_label_smoothing_is_the_loss_with_smoothed_targets(loss, real, fake):
    part, discriminator = named("label-smoothing", real=real, fake=fake), two_layers(5)
    batch = batch_of(part, discriminator, 2 * draws(0, 6, 5), 2 * draws(1, 6, 5))
    r, f = batch.real_.logits, batch.fake_.logits

    value = mean(registry.resolve("loss", loss)().discriminator(batch)) + mean(part.penalty(batch))

    if loss == "lsgan":
        truth = (r - 1 + real).square().mean() / 2 + (f - fake).square().mean() / 2
        constant = -(real**2 + fake**2) / 2 + real
    else:
        to_real, to_fake = torch.full_like(r, 1 - real), torch.full_like(f, fake)
        truth = binary_cross_entropy_with_logits(r, to_real) + binary_cross_entropy_with_logits(f, to_fake)
        constant = 0.0
    torch.testing.assert_close(value, truth + constant, rtol=1e-12, atol=1e-12)
    weights = list(discriminator.parameters())
    slopes = [torch.autograd.grad(of, weights, retain_graph=True) for of in (value, truth)]
    torch.testing.assert_close(*slopes, rtol=1e-9, atol=1e-12)


def test_label_smoothing_is_for_losses_with_targets():
    assert loss_for(named("label-smoothing")) == "nonsaturating"
    assert {"critic", "margin", "relative"}.isdisjoint(named("label-smoothing").tags().meanings)


def test_confidence_is_minus_the_entropy_of_the_verdict():
    part, discriminator = named("entropy", weight=2.0), two_layers(5)
    real, fake = 4 * draws(0, 6, 5), 4 * draws(1, 6, 5)

    value = part.penalty(batch_of(part, discriminator, real, fake)).detach().numpy()

    r, f = (special.expit(discriminator(x, None).logits.detach().numpy()) for x in (real, fake))
    entropy = [stats.entropy([p, 1 - p]) for p in (r, f)]
    np.testing.assert_allclose(value, -2.0 * np.mean(entropy, axis=0), rtol=1e-9)


def test_confidence_is_least_at_zero_and_finite_far_away():
    part, wanted = named("entropy"), np.array([0.0, 0.0, 800.0, -800.0])
    x = torch.tensor(wanted)[:, None]

    value = part.penalty(batch_of(part, Net(nn.Identity()), x, x))

    np.testing.assert_allclose(value.numpy(), np.array([-np.log(2), -np.log(2), 0, 0]) * 1e-3, atol=1e-15)


def test_drift_is_the_square_of_real_logits():
    part, discriminator, real = named("drift", weight=3.0), two_heads(5), draws(0, 6, 5)

    value = part.penalty(batch_of(part, discriminator, real, draws(1, 6, 5)))

    logits = discriminator(real, None).logits.detach().numpy()
    np.testing.assert_allclose(value.detach().numpy(), 3.0 * logits**2, rtol=1e-12)


@pytest.mark.parametrize("start", [0, 4, 1000])
def test_anchors_move_as_a_loop_says(start):
    part, discriminator = named("lecam", weight=0.7, decay=0.8, start=start), two_heads(5)
    state, anchors = state_of(part), np.zeros(2)
    for update in range(12):
        real, fake = draws(update, 6, 5), draws(100 + update, 6, 5)
        r, f = (discriminator(x, None).logits.detach().numpy() for x in (real, fake))
        decay = 0.8 if update >= start else 0.0
        anchors = decay * anchors + (1 - decay) * np.array([r.mean(), f.mean()])
        expected = 0.7 * (np.maximum(r - anchors[1], 0) ** 2 + np.maximum(anchors[0] - f, 0) ** 2)

        value = part.penalty(batch_of(part, discriminator, real, fake, state=state))

        np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-9, atol=1e-15)
        np.testing.assert_allclose([state["real"], state["fake"]], anchors, rtol=1e-12)
    assert state["updates"] == 12


def test_logits_at_the_crossed_anchors_cost_nothing():
    part, state = named("lecam", start=0, decay=1 - 1e-13), {"real": 2.0, "fake": -1.0, "updates": 5.0}
    state = {name: torch.tensor(value).double() for name, value in state.items()}
    ones = torch.ones(4, 1).double()

    value = part.penalty(batch_of(part, Net(nn.Identity()), -ones, 2 * ones, state=state))

    np.testing.assert_allclose(value, 0, atol=1e-20)


# --- consistency ----------------------------------------------------------------------------------

CONSISTENT = {"cr": (1, {"weight": 3.0}), "bcr": (2, {"real_weight": 3.0, "fake_weight": 5.0})}


def consistency_turn(name, shape, n=6, **params):
    part = named(name, **CONSISTENT[name][1], **params)
    discriminator, _ = linear(int(np.prod(shape)))
    real, fake = draws(0, n, *shape), draws(1, n, *shape)
    value = part.penalty(batch_of(part, discriminator, real, fake)).detach().numpy()
    asked = [x.detach() for x in discriminator.asked]
    originals = {"real": real, "fake": fake}
    changed = [x for x in asked if not any(torch.equal(x, original) for original in originals.values())]
    assert len(changed) == CONSISTENT[name][0]
    return value, discriminator, list(zip(originals.values(), changed, strict=False))


@pytest.mark.parametrize("shape", [(5,), (2, 16), (2, 9, 16), (1, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("name", CONSISTENT)
def test_consistency_is_the_square_of_what_a_change_does_to_the_logit(name, shape):
    value, discriminator, pairs = consistency_turn(name, shape)

    logits = [[discriminator(x, None).logits.detach().numpy() for x in pair] for pair in pairs]
    weights = list(CONSISTENT[name][1].values())
    expected = sum(w * (before - after) ** 2 for w, (before, after) in zip(weights, logits, strict=True))
    assert (expected > 0).sum() >= 4
    np.testing.assert_allclose(value, expected, rtol=1e-9, atol=1e-15)


def shifted(x, places):
    """Return x `(c, *lengths)` moved, its edges mirrored."""
    source = np.pad(x, [(0, 0)] + [(abs(p), abs(p)) for p in places], mode="reflect")
    starts = [abs(p) - p for p in places]
    return source[(slice(None), *(slice(s, s + n) for s, n in zip(starts, x.shape[1:], strict=True)))]


def found_shifts(before, after, reach):
    """Return the shifts by up to `reach` places that lead from one sample to the other."""
    grid = np.stack(np.meshgrid(*[np.arange(-r, r + 1) for r in reach], indexing="ij"), -1).reshape(-1, len(reach))
    return [tuple(places) for places in grid if np.array_equal(shifted(before, places), after)]


@pytest.mark.parametrize(("shape", "reach"), [((2, 16), (2,)), ((2, 9, 16), (1, 2))], ids=str)
@pytest.mark.parametrize("name", CONSISTENT)
def test_images_and_signals_are_shifted_by_up_to_an_eighth(name, shape, reach):
    _, _, pairs = consistency_turn(name, shape, n=40)

    seen = []
    for before, after in pairs:
        found = [found_shifts(b, a, reach) for b, a in zip(before.numpy(), after.numpy(), strict=True)]
        assert all(len(places) == 1 for places in found)
        seen.append([places for (places,) in found])
        assert {abs(p[-1]) for p in seen[-1]} == {0, 1, 2}
    assert len(seen) == 1 or seen[0] != seen[1]


def test_images_are_mirrored_when_asked():
    _, _, [(before, after)] = consistency_turn("cr", (2, 9, 16), n=40, flip=True, shift=0.0)

    mirrored = [torch.equal(a, b.flip(-1)) for b, a in zip(before, after, strict=True)]
    kept = [torch.equal(a, b) for b, a in zip(before, after, strict=True)]
    assert [m != k for m, k in zip(mirrored, kept, strict=True)] == [True] * 40
    assert 8 < sum(mirrored) < 32


@pytest.mark.parametrize("shape", [(5,), (1, 3, 4, 5)], ids=str)
@pytest.mark.parametrize("name", CONSISTENT)
def test_rows_and_volumes_get_noise(name, shape):
    _, _, pairs = consistency_turn(name, shape, n=200)

    for before, after in pairs:
        noise = (after - before).numpy().ravel() / 0.05
        assert stats.kstest(noise, "norm").pvalue > 1e-3


def latent_turn(player):
    part = named("zcr", discriminator_weight=3.0, generator_weight=0.7, noise=0.2)
    (maker, matrix), (discriminator, _) = linear_maker(3, 2, 4), linear(8)
    real, z, y = draws(0, 500, 2, 4), draws(1, 500, 3), draws(2, 500, 1)
    value = part.penalty(turn(part, player, maker, discriminator, real, z, y=y))
    (_, first_y), (moved, second_y) = maker.asked
    assert torch.equal(first_y, second_y)
    return value.detach().numpy(), (moved - z).numpy(), matrix, discriminator


def test_discriminator_should_not_tell_near_latents_apart():
    value, step, matrix, discriminator = latent_turn("discriminator")

    weight = discriminator.inner[0].weight.detach().numpy()[0]
    assert stats.kstest(step.ravel() / 0.2, "norm").pvalue > 1e-3
    np.testing.assert_allclose(value, 3.0 * (step @ matrix.T @ weight) ** 2, rtol=1e-9, atol=1e-15)


def test_generator_should_take_near_latents_apart():
    value, step, matrix, _ = latent_turn("generator")

    np.testing.assert_allclose(value, -0.7 * ((step @ matrix.T) ** 2).mean(1), rtol=1e-9)


# --- all of them ----------------------------------------------------------------------------------

GENERAL = [part for part in REGULARIZERS if "none" in (part().tags().labels or ("none",))]
EACH = [*GENERAL, registry.resolve("regularizer", "historical-average")(player="both")]
TINY = {"architecture": MLP(width=8, depth=2), "batch_size": 6, "latent_dim": 5, "random_state": 0}
TABLE = draws(0, 20, 3).float().numpy()
PICTURES = draws(1, 20, 8, 8).clamp(-1, 1).float().numpy()


def estimator(part, **params):
    part = clone(part) if isinstance(part, Regularizer) else part()
    prior = Codes(categorical=(2,), continuous=1) if part.tags().reads_codes else "gaussian"
    return GANEstimator(loss_for(part), regularizers=part, prior=prior, **(TINY | params))


@pytest.mark.parametrize("part", GENERAL)
def test_a_turn_moves_its_own_player_only(part):
    model = model_with(part(), VECTORS, architecture=MLP(8, 2))
    objective, state = model.objective(), model.state
    for mine, other in (state.players, state.players[::-1]):
        before = [p.clone() for player in (mine, other) for p in player.parameters]

        mine.update(getattr(objective, mine.name)(objective.batch(state, rows_of(VECTORS), mine.name)))

        moved = [not torch.equal(a, b) for a, b in zip(before, [*mine.parameters, *other.parameters], strict=True)]
        assert any(moved[: len(mine.parameters)])
        assert not any(moved[len(mine.parameters) :])


@pytest.mark.parametrize("data", [TABLE, PICTURES], ids=["table", "pictures"])
@pytest.mark.parametrize("part", GENERAL)
def test_twenty_steps_are_finite(part, data):
    gan = estimator(part, max_iter=20).fit(data)

    arrays, _ = gan._model_.stored()
    assert all(np.isfinite(array).all() for array in arrays.values())
    assert np.isfinite(gan.sample(3)).all()


@pytest.mark.parametrize("part", EACH)
def test_six_steps_are_three_saved_and_three_more(part, tmp_path):
    whole = estimator(part, max_iter=6).fit(TABLE)
    estimator(part, max_iter=3).fit(TABLE).save(tmp_path / "half")

    halves = GANEstimator.load(tmp_path / "half").set_params(warm_start=True).fit(TABLE)

    (mine, counted), (theirs, counted_too) = whole._model_.stored(), halves._model_.stored()
    assert counted == counted_too
    assert mine.keys() == theirs.keys()
    assert [name for name in mine if mine[name].tobytes() != theirs[name].tobytes()] == []


def test_every_count_is_kept():
    counted = {
        registry.name_of("regularizer", part): set(part().state(VECTORS)) for part in GENERAL if part().state(VECTORS)
    }
    assert counted == {
        "lecam": {"real", "fake", "updates"},
        "path-length": {"length"},
        "top-k": {"updates"},
    }
