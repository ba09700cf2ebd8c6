"""Tiny trainings around one part: two smooth networks, a few rows, and the real `Batch`.

Nothing here is drawn from a global generator, numbers are float64 unless asked otherwise, and what a
part changes - its state, the buffers of the networks - can be put back, so that a value can be asked
for again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace
from typing import Any
from unittest import SkipTest

import numpy as np
import torch
from torch import Tensor, nn

from skgan.data import Rows
from skgan.ensemble import Ensemble
from skgan.interfaces import Architecture, Component, Conditioning, Critique, DataSpec, Loss, Regularizer
from skgan.layers import Embedding, NoEmbedding, PlainNorm
from skgan.objective import Batch, mean
from skgan.seeding import global_generator, torch_generator
from skgan.testing._parts import players_of, specs_for

ROWS = 6
WIDTH = 4


class Plain(Conditioning):
    """Labels beside the latents, and beside the features before a linear logit."""

    def embed(self, spec: DataSpec) -> Embedding:
        """Return the label itself."""
        return NoEmbedding(spec.label_dim)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return a linear logit of features and label."""
        return _PlainHead(width + spec.label_dim)


class _PlainHead(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.logit = nn.Linear(width, 1)

    def forward(self, features: Tensor, e: Tensor) -> Critique:
        return Critique(self.logit(torch.cat([features, e], 1)).squeeze(1), features)


class Smooth(Architecture):
    """One hidden layer of hyperbolic tangents in each network, so that every derivative exists."""

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x``."""
        return _Generator(conditioning.embed(spec), spec)

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        return _Discriminator(conditioning.embed(spec), conditioning.head(WIDTH, spec), spec)


class _Generator(nn.Module):
    def __init__(self, embed: nn.Module, spec: DataSpec):
        super().__init__()
        self.embed = embed
        self.hidden = nn.Linear(spec.latent_dim + getattr(embed, "out_features", spec.label_dim), WIDTH)
        self.out = nn.Linear(WIDTH, spec.n_values)
        self.shape = spec.shape

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        h = self.hidden(torch.cat([z, self.embed(y.flatten(1))], 1)).tanh()
        return self.out(h).unflatten(1, self.shape)


class _Discriminator(nn.Module):
    def __init__(self, embed: nn.Module, head: nn.Module, spec: DataSpec):
        super().__init__()
        self.embed = embed
        self.head = head
        self.hidden = nn.Linear(spec.n_values, WIDTH)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        return self.head(self.hidden(x.flatten(1)).tanh(), self.embed(y.flatten(1)))


class Slope(nn.Module):
    """A linear discriminator ``<slope, x> + offset``, so that logits and gradients are known."""

    def __init__(self, slope: Tensor, offset: float = 0.0, heads: tuple[int, ...] = ()):
        super().__init__()
        self.linear = _with_weight(slope[None])
        self.offset = offset
        self.heads = heads

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the same logit for each head, and the sample as features."""
        logits = self.linear(x.flatten(1)).squeeze(1) + self.offset
        return Critique(logits.reshape(-1, *[1] * len(self.heads)).expand(-1, *self.heads), x.flatten(1))


class Copy(nn.Module):
    """A generator that returns the latents, through a matrix that is the identity."""

    def __init__(self, shape: tuple[int, ...], dtype: torch.dtype):
        super().__init__()
        self.linear = _with_weight(torch.eye(math.prod(shape), dtype=dtype))
        self.shape = shape

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return z in the shape of a sample."""
        return self.linear(z).unflatten(1, self.shape)


class Styled(nn.Module):
    """A generator with styles for each of two layers, `map` and `synthesize`, and batch normalisation between them."""

    def __init__(self, spec: DataSpec):
        super().__init__()
        self.style = nn.Linear(spec.latent_dim + spec.label_dim, 2 * WIDTH)
        self.norm = PlainNorm(WIDTH)
        self.out = nn.Linear(WIDTH, spec.n_values)
        self.shape = spec.shape

    def map(self, z: Tensor, y: Tensor) -> Tensor:
        """Return styles w `(n, 2, width)`."""
        return self.style(torch.cat([z, y.flatten(1)], 1)).tanh().unflatten(1, (2, WIDTH))

    def synthesize(self, w: Tensor) -> Tensor:
        """Return samples of styles."""
        return self.out(self.norm(w[:, 0]) * (1 + w[:, 1])).unflatten(1, self.shape)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return samples of latents."""
        return self.synthesize(self.map(z, y))


def _with_weight(weight: Tensor) -> nn.Linear:
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0], bias=False, dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
    return layer


class Watched(Batch):
    """A batch that remembers whether random numbers were asked for."""

    drawn = False

    def rng(self, part: Component | str) -> torch.Generator:
        """Return the generator, and remember."""
        self.drawn = True
        return super().rng(part)


class World:
    """Two networks and a few rows, with one part in its place.

    Parameters
    ----------
    part : Component
        A loss, a regularizer or a conditioning.
    spec : DataSpec
        What the rows look like.
    dtype : torch.dtype, default=float64
        Of all numbers.
    discriminators : int, default=1
        How many look at the rows.
    rows : int, default=6
        How many there are.
    """

    def __init__(
        self,
        part: Component,
        spec: DataSpec,
        *,
        dtype: torch.dtype = torch.float64,
        discriminators: int = 1,
        rows: int = ROWS,
    ):
        self.part = part
        self.spec = spec
        self.dtype = dtype
        self.number = 0
        conditioning = part if isinstance(part, Conditioning) else Plain()
        with global_generator(("kit", "init")):
            generator = Smooth().generator(spec, conditioning)
            members = [Smooth().discriminator(spec, conditioning) for _ in range(discriminators)]
            discriminator = members[0] if discriminators == 1 else Ensemble(members)
            modules = part.modules(spec)
        self.networks = {"generator": generator.to(dtype), "discriminator": discriminator.to(dtype)}
        self.modules = {player: module.to(dtype) for player, module in modules.items()}
        self.spread({**self.networks, **{f"own {name}": module for name, module in self.modules.items()}})
        if isinstance(part, Regularizer):
            with global_generator(("kit", "prepare")):
                for player, network in self.networks.items():
                    part.prepare(network, player)
        self.kept = {name: _as(tensor, dtype) for name, tensor in part.state(spec).items()}
        self.real, self.z, self.y = _rows(spec, rows, dtype)
        self.labelled = torch.full((rows,), spec.label_dim > 0)

    @staticmethod
    def spread(networks: dict[str, nn.Module]) -> None:
        """Give every weight a number that does not depend on how it was first drawn."""
        with torch.no_grad():
            for seed, module in enumerate(networks.values()):
                for index, weight in enumerate(module.parameters()):
                    weight.copy_(normal((5, seed, index), weight.shape, weight.dtype) * 0.7)

    def batch(self, player: str, rows: Any = slice(None)) -> Watched:
        """Return the batch of `player`, of all rows or some of them."""
        state = SimpleNamespace(
            generator=SimpleNamespace(module=self.networks["generator"]),
            discriminator=SimpleNamespace(module=self.networks["discriminator"]),
            parts={"part": self.kept},
            modules={"part": self.modules},
            statistics={},
        )
        due: list = [self.part] if isinstance(self.part, Regularizer) else []
        drawn = Rows(self.real[rows].clone(), self.y[rows].clone(), self.labelled[rows], self.number)
        z: Any = self.z[rows].clone()
        named: Any = state
        return Watched(player, drawn, z, named, [], due, {self.part: "part"}, self._stream)

    def _stream(self, name: str) -> torch.Generator:
        """Return the random numbers of a part in this update."""
        return torch_generator(("kit", self.number, name))

    def term(self, player: str, rows: Any = slice(None)) -> Tensor | None:
        """Return what the part adds in `player`'s turn, unreduced; it may change the state."""
        return term_of(self.part, self.batch(player, rows))

    def value(self, player: str, rows: Any = slice(None)) -> Tensor | None:
        """Return the mean of the term without a trace."""
        with self.undone():
            term = self.term(player, rows)
            return None if term is None else mean(term).detach()

    def gradients(self, player: str, weights: list[Tensor]) -> tuple[Tensor, list[Tensor | None]]:
        """Return the mean of the term and its gradients, without a trace."""
        with self.undone():
            total = mean(self.wanted(player))
            if not total.requires_grad:
                return total, [None] * len(weights)
            return total.detach(), list(torch.autograd.grad(total, weights, allow_unused=True))

    def wanted(self, player: str) -> Tensor:
        """Return the term, or skip the check when there is none."""
        term = self.term(player)
        if term is None:
            raise SkipTest("it adds no term")
        return term

    def trained(self, player: str) -> list[Tensor]:
        """Return the weights that move in `player`'s turn."""
        own = [self.modules[player]] if player in self.modules else []
        return [weight for module in (self.networks[player], *own) for weight in module.parameters()]

    def tensors(self) -> list[Tensor]:
        """Return everything that calling the part may change: its state and the buffers of the networks."""
        modules = (*self.networks.values(), *self.modules.values())
        return [*self.kept.values(), *(buffer for module in modules for buffer in module.buffers())]

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Put back what changes inside."""
        before = [tensor.clone() for tensor in self.tensors()]
        try:
            yield
        finally:
            with torch.no_grad():
                for tensor, old in zip(self.tensors(), before, strict=True):
                    tensor.copy_(old)

    def update(self, player: str) -> None:
        """Go on to the next update of `player`: the part is asked, and the weights move a little."""
        if isinstance(self.part, Regularizer):
            self.part.weights(self.batch(player))
        self.term(player)
        with torch.no_grad():
            for index, weight in enumerate(self.trained(player)):
                weight.add_(normal((6, self.number, index), weight.shape, weight.dtype) * 0.05)
        if isinstance(self.part, Regularizer):
            self.part.after_update(self.networks[player])
        self.number += 1


def term_of(part: Component, batch: Batch) -> Tensor | None:
    """Return what a loss, a regularizer or a conditioning adds in this turn, unreduced."""
    if isinstance(part, Loss):
        return getattr(part, batch.player)(batch)
    if isinstance(part, Regularizer):
        return part.penalty(batch)
    return part.auxiliary(batch) if isinstance(part, Conditioning) else None


def worlds(part: Component, most: int = 2, **how: Any) -> list[World]:
    """Return a world for some kinds of data that the part goes with: vectors, images, labelled ones."""
    first: dict[tuple[str, bool], DataSpec] = {}
    for spec in specs_for(part):
        if part.tags().reads_codes or not spec.categorical_codes:
            first.setdefault((spec.kind, spec.label_dim > 0), spec)
    labelled = isinstance(part, Conditioning)
    order = [(kind, wanted) for wanted in (labelled, not labelled) for kind in ("vector", "image")]
    return [
        World(part, first[key], **how)
        for key in [key for key in dict.fromkeys((*order, *first)) if key in first][:most]
    ]


def turns(part: Component, updates: int = 3, most: int = 2, **how: Any) -> Iterator[tuple[World, str]]:
    """Yield worlds and players in which the part adds a term, over a few updates; skip when there is none."""
    found = False
    for player in players_of(part):
        for world in worlds(part, most, **how):
            for _ in range(updates):
                if world.value(player) is not None:
                    found = True
                    yield world, player
                world.update(player)
    if not found:
        raise SkipTest("it adds no term")


def linear_world(part: Component, real: Tensor, fake: Tensor, heads: tuple[int, ...] = ()) -> World:
    """Return a world whose logits are the first value of a sample, with the given rows as real and fake ones."""
    shape = tuple(real.shape[1:])
    spec = DataSpec("vector", shape, False, "none", 0, fake[0].numel())
    world = World(part, spec, dtype=real.dtype, rows=len(real))
    slope = torch.zeros(real[0].numel(), dtype=real.dtype)
    slope[0] = 1.0
    world.networks = {"generator": Copy(shape, real.dtype), "discriminator": Slope(slope, heads=heads)}
    if isinstance(part, Regularizer):
        for player, network in world.networks.items():
            part.prepare(network, player)
    world.real, world.z = real, fake.flatten(1)
    return world


def normal(key: tuple[int, ...], shape: Any, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return standard normal numbers of a key."""
    return torch.tensor(_drawn(key, tuple(shape)), dtype=dtype)


@cache
def _drawn(key: tuple[int, ...], shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(key).standard_normal(shape)


def codes_first(spec: DataSpec, z: Tensor) -> Tensor:
    """Return latents that begin with the codes of `spec`."""
    start = 0
    for width in spec.categorical_codes:
        rows = torch.arange(len(z)) % width
        z[:, start : start + width] = torch.eye(width, dtype=z.dtype)[rows]
        start += width
    z[:, start : start + spec.continuous_codes] = z[:, start : start + spec.continuous_codes].tanh()
    return z


def labels_of(spec: DataSpec, n: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return labels `(n, *label_shape)` of the kind that `spec` names."""
    if spec.label_kind == "classes":
        return torch.eye(spec.label_dim, dtype=dtype)[torch.arange(n) % spec.label_dim]
    y = normal((3,), (n, *spec.label_shape), dtype)
    return (y > 0).to(dtype) if spec.label_kind == "multilabel" else y


def _rows(spec: DataSpec, n: int, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    real, z = normal((1,), (n, *spec.shape)), codes_first(spec, normal((2,), (n, spec.latent_dim)))
    return real.tanh().to(dtype) if spec.bounded else real.to(dtype), z.to(dtype), labels_of(spec, n, dtype)


def _as(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    return tensor.to(dtype) if tensor.is_floating_point() else tensor.clone()
