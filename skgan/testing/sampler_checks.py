"""What a sampler makes of latents: bounded, row by row, with the networks as they were."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from skgan.interfaces import DataSpec, Sampler
from skgan.testing._common import expect, global_generators
from skgan.testing._parts import specs_for
from skgan.testing._worlds import Plain, Smooth, Styled, World, codes_first, labels_of, normal
from skgan.testing.network_checks import global_generator
from skgan.testing.term_checks import global_seed, visible

ROWS = 8


class Trained:
    """Two networks in evaluation, latents and labels for a sampler."""

    def __init__(self, part: Sampler, spec: DataSpec, styled: bool):
        self.part = part
        self.spec = spec
        with global_generator(("kit", "sampler")):
            self.generator = Styled(spec) if styled else Smooth().generator(spec, Plain())
            self.discriminator = Smooth().discriminator(spec, Plain())
        World.spread({"generator": self.generator, "discriminator": self.discriminator})
        self.generator.eval()
        self.discriminator.eval()
        z = codes_first(spec, normal((1,), (ROWS * part.candidates, spec.latent_dim))).to(torch.float32)
        self.z = z if part.candidates == 1 else z.reshape(ROWS, part.candidates, spec.latent_dim)
        self.y = labels_of(spec, ROWS, torch.float32)

    def draw(self, seed: int = 0, z: Tensor | None = None) -> tuple[Tensor, Any]:
        """Return what the sampler draws."""
        rng = torch.Generator().manual_seed(seed)
        x, share = self.part.draw(self.generator, self.discriminator, self.z if z is None else z, self.y, rng)
        return x.detach(), share

    def memory(self) -> dict[str, Tensor]:
        """Return all tensors of both networks."""
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        return {f"{a}.{b}": t.clone() for a, each in networks.items() for b, t in each.state_dict().items()}


def trained(part: Sampler) -> Iterator[Trained]:
    """Yield networks for some kinds of data that the sampler goes with: a generator without styles, and one with."""
    specs = [spec for spec in specs_for(part) if spec.label_kind != "image"]
    expect(specs, "a sampler must go with some kind of data; its tags allow none")
    for spec in specs[:2]:
        yield Trained(part, spec, styled=False)
        yield Trained(part, spec, styled=True)


def check_draws_have_their_shape(part: Sampler) -> None:
    """`draw` returns finite samples `(n, *shape)` and a share in [0, 1]."""
    whole = isinstance(part.candidates, int) and part.candidates >= 1
    expect(whole, f"candidates must be an int of at least 1; got {part.candidates!r}")
    for world in trained(part):
        x, share = world.draw()
        wanted = (ROWS, *world.spec.shape)
        expect(tuple(x.shape) == wanted, f"samples must have shape {wanted}; got {tuple(x.shape)}")
        expect(torch.isfinite(x).all(), "samples must be finite")
        expect(0 <= float(share) <= 1, f"the share of accepted drafts must lie in [0, 1]; got {share}")


def check_networks_are_left_as_they_are(part: Sampler) -> None:
    """Weights, buffers, modes and gradients of both networks are the same after a draw."""
    for world in trained(part):
        before = world.memory()
        world.draw()
        now = world.memory()
        changed = [name for name in before if not torch.equal(before[name], now[name])]
        expect(not changed, f"a draw must leave the networks as they are; it changes {changed[:3]}")
        for network in (world.generator, world.discriminator):
            expect(not any(layer.training for layer in network.modules()), "networks must stay in evaluation mode")
            weights = list(network.parameters())
            expect(
                all(w.requires_grad and w.grad is None for w in weights), "weights must keep requires_grad and no grad"
            )


def check_draws_follow_from_the_generator(part: Sampler) -> None:
    """One seed of `rng` draws the same again, whatever the global generators hold, and they stay where they are."""
    for world in trained(part):
        draws = []
        for seed in (1, 2):
            with global_seed(seed):
                before = global_generators()
                draws.append(world.draw(3)[0])
                moved = [name for name, was in global_generators().items() if before.get(name, was) != was]
            expect(not moved, f"the global generators of {moved} must stay where they are: draw from rng")
        expect(torch.equal(*draws), "one seed of rng must draw the same again")


def check_row_depends_on_its_own_latent(part: Sampler) -> None:
    """Other latents of the last row leave the other rows as they were, but for rounding."""
    for world in trained(part):
        moved = world.z.clone()
        moved[-1] = codes_first(world.spec, normal((9,), moved[-1:].flatten(0, -2).shape)).reshape(moved[-1].shape)
        before, after = world.draw()[0], world.draw(z=moved)[0]
        apart = float((before[:-1] - after[:-1]).abs().max())
        expect(apart < 1e-5, f"a row must not depend on the others of its chunk; they move by {apart:.3g}")


def check_nothing_is_remembered(part: Sampler) -> None:
    """A draw leaves the object and the latents as they are."""
    twin = copy.deepcopy(part)
    own = visible(twin)
    for world in trained(twin):
        z = world.z.clone()
        world.draw()
        expect(torch.equal(z, world.z), "a draw must leave the latents it is given as they are")
    expect(visible(twin) == own, "the attributes of the object must not change: draws would depend on earlier ones")
