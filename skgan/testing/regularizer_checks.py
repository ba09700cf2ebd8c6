"""What a regularizer's weight and its player mean."""

from __future__ import annotations

from unittest import SkipTest

import torch

from skgan.interfaces import Regularizer
from skgan.objective import Objective, mean
from skgan.testing._common import expect
from skgan.testing._parts import players_of, with_value
from skgan.testing._worlds import World, turns, worlds

METHODS = ("penalty", "prepare", "after_update", "weights")


def check_it_says_whose_it_is(part: Regularizer) -> None:
    """`player`, `needs_gradient` and `every_updates` are from their few values, and one method is its own."""
    players = ("discriminator", "generator", "both")
    expect(part.player in players, f"player must be one of {players}; got {part.player!r}")
    read = tuple(part.needs_gradient)
    expect(set(read) <= {"real", "fake"}, f"needs_gradient must hold 'real' and 'fake' only; got {read}")
    due = part.every_updates
    whole = isinstance(due, int) and not isinstance(due, bool) and due >= 1
    expect(whole, f"every_updates must be an int of at least 1; got {due!r}")
    own = [name for name in METHODS if getattr(type(part), name) is not getattr(Regularizer, name)]
    expect(own, f"one of {METHODS} must be its own, or it does nothing; got none")
    differentiates = part.tags().differentiates
    expect(differentiates or not read, "Tags(differentiates=True) must be set where needs_gradient is not empty")


def check_weight_scales_the_penalty(part: Regularizer) -> None:
    """With twice the `weight` the penalty is twice as large, and its gradient too."""
    if "weight" not in part.get_params(deep=False):
        raise SkipTest("it has no parameter 'weight'")
    single, double = (with_value(part, weight=weight) for weight in (1.0, 2.0))
    for (world, player), (other, _) in zip(turns(single), turns(double), strict=True):
        (value, slopes), (twice, others) = (each.gradients(player, each.trained(player)) for each in (world, other))
        near = torch.isclose(twice, 2 * value, rtol=1e-9, atol=1e-12)
        expect(
            near,
            f"the penalty of weight 2 must be {2 * float(value):.8g}, twice that of weight 1; got {float(twice):.8g}",
        )
        for slope, steep in zip(slopes, others, strict=True):
            same = slope is None or (steep is not None and torch.allclose(steep, 2 * slope, rtol=1e-9, atol=1e-12))
            expect(same, "the gradient of the penalty of weight 2 must be twice that of weight 1")


def check_every_updates_is_left_to_the_objective(part: Regularizer) -> None:
    """The penalty itself does not know how often it is due; the objective multiplies it by `every_updates`."""
    if "every_updates" not in part.get_params(deep=False):
        raise SkipTest("it has no parameter 'every_updates'")
    always, seldom = (with_value(part, every_updates=due) for due in (1, 3))
    for (world, player), (other, _) in zip(turns(always), turns(seldom), strict=True):
        value, lazy = world.value(player), other.value(player)
        assert value is not None
        assert lazy is not None
        expect(
            torch.equal(value, lazy), f"penalty() must not depend on every_updates: {float(value)} and {float(lazy)}"
        )
        with other.undone():
            total = _in_objective(seldom, other, player).detach()
        near = torch.isclose(total, 3 * value, rtol=1e-9)
        expect(near, f"with every_updates=3 the objective must add {3 * float(value):.8g}; got {float(total):.8g}")


def _in_objective(part: Regularizer, world: World, player: str) -> torch.Tensor:
    """Return what the objective adds for a part that is due."""
    batch = world.batch(player)
    terms = Objective._terms(_Alone(part), batch, batch.fake_.logits * 0)  # type: ignore[arg-type]
    return terms["part"]


class _Alone:
    """As much of an objective as adds up terms: no other part has any."""

    def __init__(self, part: Regularizer):
        self.loss = self.conditioning = self
        self.names: dict = {part: "part", self: "rest"}

    def auxiliary(self, batch: object) -> None:
        """Return no term."""


def check_networks_of_the_other_player_are_left_alone(part: Regularizer) -> None:
    """`prepare` and `after_update` keep the networks usable, and change no other player's."""
    for world in worlds(part):
        for player, network in world.networks.items():
            clean = World(_Nothing(), world.spec).networks[player]
            mine = player in players_of(part)
            same = list(network.state_dict()) == list(clean.state_dict())
            expect(mine or same, f"prepare() must leave the {player} alone: player is {part.player!r}")
        for player in players_of(part):
            before = {name: weight.clone() for name, weight in world.networks[player].state_dict().items()}
            part.after_update(world.networks[player])
            now = world.networks[player].state_dict()
            expect(before.keys() == now.keys(), "after_update() must change weights in place, and add none")
            finite = all(bool(torch.isfinite(weight).all()) for weight in now.values() if weight.is_floating_point())
            expect(finite, "weights must be finite after after_update()")
            logits = world.batch(player).fake_.logits
            expect(torch.isfinite(logits).all(), "logits must be finite with networks as the part leaves them")


class _Nothing(Regularizer):
    pass


def check_weights_are_factors(part: Regularizer) -> None:
    """`weights` are `(n,)`, not negative, finite, with a mean of about 1, and constants; the tag ``weighs`` says so."""
    for world in worlds(part):
        for player in players_of(part):
            with world.undone():
                factors = part.weights(world.batch(player))
            expect(
                (factors is not None) == part.tags().weighs,
                "Tags(weighs=...) must say whether weights() returns factors",
            )
            if factors is None:
                continue
            n = len(world.real)
            expect(tuple(factors.shape) == (n,), f"weights() must have shape {(n,)}; got {tuple(factors.shape)}")
            expect(bool(((factors >= 0) & factors.isfinite()).all()), "weights() must be finite and not negative")
            expect(not factors.requires_grad, "weights() must be constants: detach what they are computed from")
            expect(
                0.3 < float(mean(factors)) < 3, f"weights() must have a mean of about 1; got {float(mean(factors)):.3g}"
            )
