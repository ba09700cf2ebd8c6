"""Changes of samples: differentiable, row by row, and by the generator that is handed over."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from unittest import SkipTest

import torch
from torch import Tensor

from skgan.interfaces import Augmentation, DataSpec
from skgan.testing._common import expect, global_generators
from skgan.testing._parts import specs_for
from skgan.testing._worlds import normal
from skgan.testing.term_checks import global_seed, visible

ROWS = 6
#: of the central differences
STEP = 1e-5
SIGNS = (-0.9, -0.2, 0.3, 0.75, 0.95)


def rng(seed: int = 0) -> torch.Generator:
    """Return a generator of a seed."""
    return torch.Generator().manual_seed(seed)


def samples_of(part: Augmentation, dtype: torch.dtype = torch.float64) -> Iterator[tuple[DataSpec, Tensor]]:
    """Yield samples of each shape that the part goes with."""
    shapes = set()
    for spec in specs_for(part):
        if spec.shape not in shapes:
            shapes.add(spec.shape)
            yield spec, normal((1,), (ROWS, *spec.shape)).tanh().to(dtype)


def states_of(part: Augmentation, spec: DataSpec) -> Iterator[dict[str, Tensor]]:
    """Yield the state as it starts, and as it is after ticks of several kinds."""
    yield part.state(spec)
    for sign in SIGNS:
        for rows, step in ((6400.0, 100.0), (1e8, 3.0)):
            state = {name: tensor.clone() for name, tensor in part.state(spec).items()}
            part.adapt(state, statistics(sign, rows, step))
            yield state


def statistics(sign: float, rows: float, step: float) -> dict[str, Tensor]:
    """Return what an augmentation adapts to at a tick."""
    figures = {"step": step, "rows": rows, "real_logit": sign, "fake_logit": -sign, "real_sign": sign}
    return {name: torch.tensor(value) for name, value in figures.items()}


def check_shape_and_dtype_are_kept(part: Augmentation) -> None:
    """Samples keep shape and dtype, float32 and float64, and stay finite in every state."""
    for dtype in (torch.float32, torch.float64):
        for spec, x in samples_of(part, dtype):
            for state in states_of(part, spec):
                out = part.with_state(x, rng(), state)
                expect(out.shape == x.shape, f"samples must keep shape {tuple(x.shape)}; got {tuple(out.shape)}")
                expect(out.dtype == dtype, f"samples must stay {dtype}; got {out.dtype}")
                expect(torch.isfinite(out).all(), "changed samples must be finite")
            expect(part(x, rng()).shape == x.shape, f"samples must keep shape {tuple(x.shape)} without a state too")


def check_gradient_passes(part: Augmentation) -> None:
    """A gradient passes to the samples in every state."""
    for spec, x in samples_of(part):
        for state in states_of(part, spec):
            leaf = x.clone().requires_grad_()
            out = part.with_state(leaf, rng(), state)
            expect(out.requires_grad, "a gradient must pass to the samples; it is cut off")
            gradient = torch.autograd.grad((out * normal((2,), out.shape)).sum(), leaf, allow_unused=True)[0]
            expect(gradient is not None and gradient.any(), "a gradient must pass to the samples; got none")


def check_derivatives_are_the_finite_differences(part: Augmentation) -> None:
    """First and second derivatives to the samples are those of the values, by central differences."""
    for spec, x in samples_of(part):
        state = list(states_of(part, spec))[-1]
        first_way, second_way, weights = (normal((3, index), x.shape) for index in range(3))

        def value(x: Tensor, state: dict = state, weights: Tensor = weights) -> Tensor:
            return (part.with_state(x, rng(), state).sin() * weights).sum()

        def slope(leaf: Tensor, way: Tensor = first_way) -> Tensor:
            gradient = torch.autograd.grad(value(leaf), leaf, create_graph=True)[0]
            return (gradient * way).sum()

        leaf = x.clone().requires_grad_()
        first = slope(leaf)
        second = (torch.autograd.grad(first, leaf)[0] * second_way).sum()
        differences = [
            (value(x + STEP * first_way) - value(x - STEP * first_way)) / (2 * STEP),
            (_at(slope, x + STEP * second_way) - _at(slope, x - STEP * second_way)) / (2 * STEP),
        ]
        for order, got, wanted in zip(("first", "second"), (first.detach(), second), differences, strict=True):
            near = torch.isclose(got, wanted, rtol=1e-5, atol=1e-5)
            message = f"must be {float(wanted):.6g}; got {float(got):.6g}"
            expect(near, f"the {order} derivative of samples of shape {spec.shape} {message}")


def _at(slope: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return slope(x.detach().requires_grad_()).detach()


def check_each_row_is_changed_by_itself(part: Augmentation) -> None:
    """Another last sample leaves the other rows as they were."""
    for spec, x in samples_of(part):
        for state in states_of(part, spec):
            before = part.with_state(x, rng(), state)
            moved = x.clone()
            moved[-1] = -2 * moved[-1] + 0.5
            after = part.with_state(moved, rng(), state)
            apart = float((after[:-1] - before[:-1]).abs().max())
            expect(
                apart < 1e-12, f"a row must not depend on its batch; another last row moves the others by {apart:.3g}"
            )


def check_it_follows_from_the_generator(part: Augmentation) -> None:
    """One seed of `rng` gives the same again whatever the global generators hold, and they stay where they are."""
    for spec, x in samples_of(part):
        state = list(states_of(part, spec))[-1]
        outs = []
        for seed in (1, 2):
            with global_seed(seed):
                before = global_generators()
                outs.append(part.with_state(x, rng(3), state))
                moved = [name for name, was in global_generators().items() if before.get(name, was) != was]
            expect(not moved, f"the global generators of {moved} must stay where they are: draw from rng")
        expect(torch.equal(*outs), "one seed of rng must give the same samples again")


def check_state_is_changed_in_place(part: Augmentation) -> None:
    """`adapt` changes `state` in place and keeps shape and dtype; a call changes neither it nor the object."""
    twin = copy.deepcopy(part)
    own = visible(twin)
    for spec, x in samples_of(twin, torch.float32):
        state = twin.state(spec)
        declared = {name: (id(tensor), tensor.shape, tensor.dtype) for name, tensor in state.items()}
        for sign in SIGNS:
            twin.adapt(state, statistics(sign, 640.0, 100.0))
            kept = {name: tensor.clone() for name, tensor in state.items()}
            twin.with_state(x, rng(), state)
            left = {name: (id(tensor), tensor.shape, tensor.dtype) for name, tensor in state.items()}
            expect(left == declared, "the state must be changed in place, and keep its shape and dtype")
            expect(all(torch.equal(state[name], kept[name]) for name in kept), "changing samples must leave the state")
    now = visible(twin)
    expect(now == own, f"the attributes {sorted(now.keys() ^ own.keys()) or 'of the object'} must not change")


def check_it_changes_something(part: Augmentation) -> None:
    """In some state some sample is changed."""
    for spec, x in samples_of(part):
        if any(
            not torch.equal(part.with_state(x, rng(s), state), x) for state in states_of(part, spec) for s in (0, 1)
        ):
            return
    if not list(samples_of(part)):
        raise SkipTest("it goes with no data")
    raise AssertionError("some sample must be changed in some state; got all of them back as they were")
