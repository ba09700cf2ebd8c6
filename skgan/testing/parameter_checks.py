"""Every parameter changes something: a value, a network, a state, a default, or when the part is due."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Any
from unittest import SkipTest

import numpy as np
import torch
from torch import Tensor, nn

from skgan.exceptions import SkganError
from skgan.interfaces import (
    Architecture,
    Augmentation,
    Component,
    Conditioning,
    Critique,
    Features,
    Loss,
    Metric,
    Optimizer,
    Regularizer,
    Sampler,
)
from skgan.seeding import global_generator
from skgan.testing import augmentation_checks, feature_checks, metric_checks, optimizer_checks, sampler_checks
from skgan.testing._common import expect
from skgan.testing._parts import SPECS, objects_of, other_objects, other_values, players_of, with_value
from skgan.testing._worlds import World, normal, term_of, worlds
from skgan.testing.network_checks import pairs, said

UPDATES = 3
#: values of a parameter that are tried first, and pairs of settings before it is called idle
MOST_ALONE, MOST_TRIED = 8, 80


def check_every_parameter_changes_something(part: Component) -> None:
    """Each parameter, moved to another valid value, changes what the part does - perhaps beside another setting."""
    names = [name for name in part.get_params(deep=False) if other_values(part, name)]
    if not names or not _behaviour_of(part):
        raise SkipTest("it has no parameters whose constraints name other values")
    bases = [part, *objects_of(type(part)), type(part)(), _quick(part)]
    known: dict[str, list[bytes]] = {}
    for name in names:
        tried = chain.from_iterable(islice(other_objects(base, name), MOST_ALONE) for base in bases)
        beside = chain.from_iterable(
            islice(other_objects(base, name), MOST_ALONE, MOST_TRIED) for base in reversed(bases)
        )
        found = any(_print(first, known) != _print(second, known) for first, second in chain(tried, beside))
        expect(found, f"the parameter {name!r} must change something; {other_values(part, name)[:4]} change nothing")


def _quick(part: Component) -> Component:
    """Return a part whose numbers of steps and the like are as small as they may be, so that they are reached."""
    whole = {
        name: other_values(part, name) for name, value in part.get_params(deep=False).items() if type(value) is int
    }
    least = {name: min(value for value in values if type(value) is int) for name, values in whole.items() if values}
    return with_value(part, **least)


def _print(part: Component, known: dict[str, list[bytes]]) -> list[bytes]:
    key = repr(sorted(part.get_params(deep=False).items(), key=str))
    if key not in known:
        known[key] = fingerprint(part)
    return known[key]


def fingerprint(part: Component) -> list[bytes]:
    """Return all that can be seen of what a part does, as bytes; a refusal in skgan's words is a part of it."""
    tell = _behaviour_of(part)
    try:
        return [_bytes(value) for value in (tell(part) if tell else ())]
    except SkganError as error:
        return [str(error).encode()]


def _bytes(value: Any) -> bytes:
    if isinstance(value, Tensor):
        return value.detach().to(torch.float64).contiguous().numpy().tobytes()
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return repr(value).encode()


def _behaviour_of(part: Component) -> Callable[[Any], Iterator[Any]] | None:
    for family, tell in _TELL.items():
        if isinstance(part, family):
            return tell
    return None


def _of_term(part: Component) -> Iterator[Any]:
    yield part.tags()
    if isinstance(part, Loss):
        yield from (part.defaults(spec) for spec in SPECS.values())
    if isinstance(part, Regularizer):
        yield part.player, [update % part.every_updates for update in range(6)]
    for player in players_of(part):
        for world in _probes(part):
            for _ in range(UPDATES):
                yield from _of_turn(world, player)
                world.update(player)
            yield from world.tensors()
            yield from world.trained(player)


def _probes(part: Component) -> Iterator[World]:
    yield from worlds(part)
    for world in worlds(part, 1) if isinstance(part, Loss) else ():
        with torch.no_grad():  # logits of the other sign: a loss may have a margin on one side only
            for weight in world.networks["discriminator"].get_submodule("head").parameters():
                weight.neg_()
        yield world


def _of_turn(world: World, player: str) -> Iterator[Any]:
    part = world.part
    with world.undone():
        batch = world.batch(player)
        yield batch.fake_.logits
        yield term_of(part, batch)
        if isinstance(part, Regularizer):
            yield part.weights(batch)
        if isinstance(part, Loss) and player == "discriminator":
            yield from part.watch(batch).values()


def _of_networks(part: Component) -> Iterator[Any]:
    yield part.tags()
    if isinstance(part, Architecture):
        yield from (part.defaults(spec) for spec in SPECS.values())
    for pair in pairs(part, 4):
        for _, network, rows in pair.networks():
            yield repr(network)
            yield from network.state_dict().values()
            yield said(network.train(), rows, pair.y)
            with global_generator(("kit", "features")):
                critique = network(rows, pair.y)
            if isinstance(critique, Critique):
                yield critique.features
    if isinstance(part, Conditioning):
        yield part.asking()
        yield from _of_modulation(part)
        yield from _of_term(part)


def _of_modulation(part: Conditioning) -> Iterator[Any]:
    spec = SPECS["labelled vectors"]
    with global_generator(("kit", "modulation")):
        embed, layer = part.embed(spec), part.modulation(4, spec)
    yield repr(layer)
    _stir(layer)
    yield layer(normal((1,), (6, 4), torch.float32), embed(torch.eye(3).repeat(2, 1)))


def _stir(module: nn.Module) -> None:
    with torch.no_grad():
        for index, weight in enumerate(module.parameters()):
            weight.add_(0.1 * normal((9, index), weight.shape, weight.dtype))


def _of_augmentation(part: Augmentation) -> Iterator[Any]:
    yield part.tags()
    for spec, x in islice(augmentation_checks.samples_of(part), 2):
        states = list(augmentation_checks.states_of(part, spec))
        yield from (tensor for state in states for tensor in state.values())
        for state in (states[0], states[-1]):
            yield part.with_state(x, augmentation_checks.rng(), state)


def _of_optimizer(part: Optimizer) -> Iterator[Any]:
    yield [part.rate(step) for step in (0, 1, 7, 1000, 10**5)]
    for steps in (1, 2, 30):
        yield from optimizer_checks.bowl(part, steps)[0]


def _of_sampler(part: Sampler) -> Iterator[Any]:
    yield part.tags(), part.candidates
    for world in sampler_checks.trained(part):
        yield from world.draw()


def _of_metric(part: Metric) -> Iterator[Any]:
    far = metric_checks.sets(1)
    for fake in (metric_checks.sets(1), (far[0] * 1.2 + 0.5, far[1])):
        yield float(metric_checks.score(part, metric_checks.sets(0), fake))


def _of_features(part: Features) -> Iterator[Any]:
    yield part.tags(), part.fingerprint()
    yield np.asarray(feature_checks.look(part)(feature_checks.samples(part, 9)))


_TELL: dict[type, Callable[[Any], Iterator[Any]]] = {
    Loss: _of_term,
    Regularizer: _of_term,
    Architecture: _of_networks,
    Conditioning: _of_networks,
    Augmentation: _of_augmentation,
    Optimizer: _of_optimizer,
    Sampler: _of_sampler,
    Metric: _of_metric,
    Features: _of_features,
}
