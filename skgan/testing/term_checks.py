"""What a player minimises: checks of losses, regularizers, and the terms of conditionings."""

from __future__ import annotations

import copy
from typing import Any
from unittest import SkipTest

import numpy as np
import torch
from torch import Tensor

from skgan.interfaces import Component, Loss
from skgan.objective import mean
from skgan.testing._common import expect, global_generators
from skgan.testing._worlds import World, linear_world, normal, players_of, turns, worlds
from skgan.testing._worlds import term_of as term

#: widths of the central differences
STEP = 1e-5


def check_term_is_finite(part: Component) -> None:
    """The term and its gradients are finite, for two networks with weights as training has them."""
    for world, player in turns(part):
        _finite(world, player, "weights of usual size")


def check_term_is_finite_at_zero(part: Component) -> None:
    """They are finite where all weights are zero, so that logits and slopes are 0, and where real equals fake."""
    for world, player in turns(part, updates=1):
        with torch.no_grad():
            for weight in world.trained("generator") + world.trained("discriminator"):
                weight.zero_()
        _finite(world, player, "weights of zero")
    for world in worlds(part):
        if world.spec.shape != (5,) or world.spec.label_kind != "none" or world.spec.categorical_codes:
            continue
        rows = normal((7,), (6, 5))
        for player in players_of(part):
            _finite(linear_world(part, rows, rows.clone()), player, "real samples that equal the fake ones")


def _finite(world: World, player: str, where: str) -> None:
    value, gradients = world.gradients(player, world.trained(player))
    expect(torch.isfinite(value), f"the {player}'s term must be finite at {where}; got {float(value)}")
    bad = [tuple(each.shape) for each in gradients if each is not None and not torch.isfinite(each).all()]
    expect(not bad, f"the {player}'s gradient must be finite at {where}; it is not for weights of shape {bad[:1]}")


def check_term_has_its_shape(part: Component) -> None:
    """A loss is shaped like the logits, other terms `(n,)` or a scalar; several discriminators may look on."""
    whole = part.tags().whole_batch
    for discriminators in (1, 2):
        for world, player in turns(part, updates=1, discriminators=discriminators):
            value, batch = world.wanted(player), world.batch(player)
            logits = tuple(batch.fake_.logits.shape)
            got = tuple(value.shape)
            if isinstance(part, Loss):
                wanted = () if whole else logits
                expect(got == wanted, f"the {player}'s loss must have shape {wanted}, that of the logits; got {got}")
            else:
                rows = got and got[0] in (len(batch.real), discriminators * len(batch.real))
                expect(got == () or rows, f"the {player}'s term must have shape (n,) or (), n = 6; got {got}")
            expect(value.dtype == world.dtype, f"the term of float64 numbers must be float64, not {value.dtype}")


def check_gradient_reaches_its_player(part: Component) -> None:
    """The playing network and the part's own networks get a gradient; the discriminator's turn moves no generator."""
    reached: dict[str, list[bool]] = {}
    for world, player in turns(part):
        own: list[list[Tensor]] = [list(world.networks[player].parameters())]
        own += [list(world.modules[name].parameters()) for name in world.modules if name == player]
        for index, weights in enumerate(own):
            _, gradients = world.gradients(player, weights)
            moved = any(each is not None and bool(each.abs().max() > 0) for each in gradients)
            name = f"the {player}" if index == 0 else f"the part's own network of the {player}"
            reached.setdefault(name, []).append(moved)
        if player == "discriminator":
            _, gradients = world.gradients(player, world.trained("generator"))
            expect(
                all(each is None or not each.any() for each in gradients),
                "in the discriminator's turn no gradient may reach the generator",
            )
    for name, moves in reached.items():
        expect(any(moves), f"a gradient must reach {name} in its turn; got none: is it detached, or another's turn?")


def check_gradient_is_the_finite_difference(part: Component) -> None:
    """The gradient to the weights is the slope of the value, by central differences in float64."""
    detached = 0
    for world, player in turns(part, updates=2):
        weights = world.trained(player)
        value, gradients = world.gradients(player, weights)
        if all(each is None for each in gradients):
            continue
        for seed in range(2):
            direction = [normal((8, seed, i), each.shape) for i, each in enumerate(weights)]
            pairs = zip(gradients, direction, strict=True)
            slope = sum(float((g * d).sum()) for g, d in pairs if g is not None)
            above, below = (_moved(world, player, weights, direction, sign * STEP) for sign in (1, -1))
            measured = (above[0] - below[0]) / (2 * STEP)
            if abs(measured - slope) <= 1e-5 * max(abs(slope), abs(measured)) + 1e-8 * max(1.0, abs(float(value))):
                continue
            # A running mean that takes in the present batch, as a constant, has another slope by design.
            running = any(not torch.equal(a, b) for a, b in zip(above[1], below[1], strict=True))
            expect(running, f"the {player}'s gradient must be {measured:.6g} along a direction; got {slope:.6g}")
            detached += 1
    if detached:
        raise SkipTest("its state takes in the batch, as a constant, before it is used")


def _moved(
    world: World, player: str, weights: list[Tensor], direction: list[Tensor], step: float
) -> tuple[float, list[Tensor]]:
    """Return the value, and what the part keeps after it, with weights a step along a direction."""
    before = [weight.detach().clone() for weight in weights]
    with world.undone():
        with torch.no_grad():
            for weight, way in zip(weights, direction, strict=True):
                weight.add_(step * way)
        value = float(mean(world.wanted(player)).detach())
        kept = [tensor.clone() for tensor in world.tensors()]
    with torch.no_grad():
        for weight, old in zip(weights, before, strict=True):
            weight.copy_(old)
    return value, kept


def check_float32_is_close_to_float64(part: Component) -> None:
    """Numbers stay in the dtype they came in, and float32 gives what float64 gives."""
    for narrow, wide in zip(turns(part, dtype=torch.float32), turns(part), strict=True):
        (world, player), (reference, _) = narrow, wide
        value = world.wanted(player)
        expect(value.dtype == torch.float32, f"the term of float32 numbers must be float32, not {value.dtype}")
        if _draws(reference, player):
            continue  # other numbers are drawn in another dtype
        got, expected = (float(mean(each).detach()) for each in (value, reference.wanted(player)))
        near = abs(got - expected) <= 2e-4 * max(1.0, abs(expected))
        expect(near, f"the {player}'s term must be {expected:.7g} in float32 as in float64; got {got:.7g}")


def _draws(world: World, player: str) -> bool:
    with world.undone():
        batch = world.batch(player)
        term(world.part, batch)
    return batch.drawn


def check_order_of_rows_does_not_matter(part: Component) -> None:
    """The mean is the same when rows come in another order, and pairs too unless the tags say ``pairing``."""
    tags, order = part.tags(), torch.tensor([3, 0, 5, 1, 4, 2])
    if (tags.pairing or tags.whole_batch) and not isinstance(part, Loss):
        raise SkipTest("its tags say that rows belong together")
    for world, player in turns(part, updates=1):
        expected = world.value(player)
        if _draws(world, player):
            continue
        _close(world.value(player, order), expected, f"the {player}'s term of the same rows in another order")
        if not tags.pairing and not world.spec.label_dim:
            world.z = world.z[order]
            rolled = world.value(player)
            _close(rolled, expected, f"the {player}'s term (without Tags(pairing=True)) of fakes in another order")


def check_batch_size_does_not_matter(part: Component) -> None:
    """A batch taken twice has the same mean: no sum over rows, no norm of the whole batch."""
    if part.tags().whole_batch or (part.tags().pairing and not isinstance(part, Loss)):
        raise SkipTest("its tags say that it is a number of the whole batch")
    twice = torch.arange(12) % 6
    for world, player in turns(part, updates=1):
        if not _draws(world, player):
            _close(world.value(player, twice), world.value(player), f"the {player}'s term of a batch taken twice")


def check_each_row_counts_by_itself(part: Component) -> None:
    """The term of a batch is the mean of the terms of its rows, unless tags or a state say otherwise."""
    tags = part.tags()
    if isinstance(part, Loss) or tags.whole_batch or tags.pairing:
        raise SkipTest("it may look at the whole batch")
    for world, player in turns(part, updates=1):
        if world.tensors():
            raise SkipTest("its state takes in the batch")
        if not _draws(world, player):
            rows = [world.value(player, slice(i, i + 1)) for i in range(len(world.real))]
            if all(row is not None for row in rows):
                mean_of_rows = torch.stack([row for row in rows if row is not None]).mean()
                message = f"the {player}'s term (without Tags(whole_batch=True)), against the mean of its rows,"
                _close(world.value(player), mean_of_rows, message)
            continue
        with world.undone():
            before = world.wanted(player).detach()
        world.real[-1], world.z[-1] = world.real[0], world.z[0]
        after = world.wanted(player).detach()
        if before.ndim and len(before) == len(world.real):
            _close(after[:-1].sum(), before[:-1].sum(), "the term of rows that did not change beside one that did")


def _close(value: Tensor | None, expected: Tensor | None, what: str) -> None:
    if value is None or expected is None:
        expect(value is expected, f"{what} must not come and go with the number of rows")
        return
    near = bool((value - expected).abs() <= 1e-9 * max(1.0, abs(float(expected))))
    expect(near, f"{what} must be {float(expected):.8g}; got {float(value):.8g}")


def check_same_numbers_give_the_same_value(part: Component) -> None:
    """Asked twice about the same batch in the same state, it says the same; all chance is in ``batch.rng(part)``."""
    for world, player in turns(part):
        first, second = (world.value(player) for _ in range(2))
        _equal(second, first, f"the {player}'s term when it is asked for again")


def check_global_generators_are_left_alone(part: Component) -> None:
    """The global generators of torch, NumPy and Python are neither read nor moved."""
    values = []
    for seed in (1, 2):
        with global_seed(seed):
            before = global_generators()
            values.append([world.value(player) for world, player in turns(part, updates=1)])
            moved = [name for name, state in global_generators().items() if before.get(name, state) != state]
        expect(not moved, f"the global generators of {moved} must stay where they are: draw from batch.rng(self)")
    for first, second in zip(*values, strict=True):
        _equal(second, first, "the term under another seed of the global generators")


def _equal(value: Tensor | None, expected: Tensor | None, what: str) -> None:
    if value is not None and expected is not None:
        same = torch.equal(value, expected)
        expect(same, f"{what} must be the same, {float(expected)!r}; got {float(value)!r}")


class global_seed:
    """Seeds the global generators, and puts them back."""

    def __init__(self, seed: int):
        self.seed = seed

    def __enter__(self) -> None:
        import random

        self.before = torch.get_rng_state(), np.random.get_state(), random.getstate()
        torch.manual_seed(self.seed)
        np.random.seed(self.seed)
        random.seed(self.seed)

    def __exit__(self, *error: object) -> None:
        import random

        torch.set_rng_state(self.before[0])
        np.random.set_state(self.before[1])
        random.setstate(self.before[2])


def check_state_stays_in_the_batch(part: Component) -> None:
    """What it counts is in ``batch.state[self]``, changed in place; the object and its class stay as they are."""
    twin = copy.deepcopy(part)
    own, shared = visible(twin), visible(type(twin))
    for world in worlds(twin):
        for player in players_of(twin):
            declared = {name: (id(tensor), tensor.shape, tensor.dtype) for name, tensor in world.kept.items()}
            for _ in range(2):
                world.update(player)
            left = {name: (id(tensor), tensor.shape, tensor.dtype) for name, tensor in world.kept.items()}
            changed = sorted(name for name in declared.keys() | left.keys() if declared.get(name) != left.get(name))
            expect(not changed, f"the state {changed} must be changed in place, and keep its shape and dtype")
    for what, before, now in (("object", own, visible(twin)), ("class", shared, visible(type(twin)))):
        changed = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        expect(not changed, f"the {what}'s attributes {changed} must not change: a checkpoint cannot know them")


def visible(owner: Any) -> dict[str, str]:
    """Return the attributes of an object or a class as text, tensors and arrays in full."""
    found = {}
    for name, value in vars(owner).items():
        if callable(value) or isinstance(value, classmethod | staticmethod | property) or name.startswith("__"):
            continue
        tensor = value.detach().numpy().tolist() if isinstance(value, Tensor) else value
        found[name] = repr(tensor.tolist() if isinstance(tensor, np.ndarray) else tensor)
    return {name: text for name, text in found.items() if not name.startswith("_abc")}
