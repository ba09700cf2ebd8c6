"""A turn traced once and compiled: losses, penalties and gradients become one program of fused kernels.

Compilers do not look through two gradients at once, so the turn is traced below them: what is compiled is the list of
operators that one turn ran, both gradients among them. Random numbers are drawn outside and handed in, so they are
those of an uncompiled turn. Updates of weights are not part of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from skgan.data import Rows
from skgan.objective import Objective, Terms
from skgan.validation import warn

if TYPE_CHECKING:
    from skgan.training import TrainState


#: what compiles a traced turn, as torch.compile names it
BACKEND = "inductor"


class CannotTrace(RuntimeError):
    """A turn does something that depends on values, so that it cannot be traced."""


@dataclass
class Draw:
    """Random numbers that a turn asks for: by which function, of which shape, from which stream."""

    stream: str
    function: Callable[..., Tensor]
    given: tuple[Any, ...]
    named: dict[str, Any]

    def again(self, generator: torch.Generator) -> Tensor:
        """Return the numbers, drawn from another generator."""
        return self.function(*self.given, generator=generator, **self.named)


@dataclass
class Program:
    """A compiled turn: what it draws, the program, and the names of the scalars that it returns."""

    draws: list[Draw]
    run: Callable[..., Sequence[Tensor]]
    losses: list[str]
    watched: list[str]


@dataclass
class Later:
    """A batch that is not looked at before its turn is computed."""

    state: TrainState
    rows: Rows
    player: str


@dataclass
class Compiled:
    """The terms of a compiled turn; what `Terms` offers."""

    objective: CompiledObjective
    batch: Later
    losses: dict[str, Tensor] = field(default_factory=dict)
    watched: dict[str, Tensor] = field(default_factory=dict)

    @property
    def total(self) -> Tensor:
        """The sum that the playing network minimises; after `gradients`."""
        return torch.stack(list(self.losses.values())).sum()

    def gradients(self, parameters: Sequence[Tensor]) -> list[Tensor]:
        """Return the gradient of the total to each parameter."""
        gradients, self.losses, self.watched = self.objective.computed(self.batch, parameters)
        return gradients


class CompiledObjective(Objective):
    """An objective whose turns are traced and compiled when they are met first; each by what is due in it.

    Parameters
    ----------
    plain : Objective
        What is computed.
    """

    def __init__(self, plain: Objective):
        vars(self).update(vars(plain))
        self.generator_of = self.new_generator
        self._programs: dict[tuple[Any, ...], Program | None] = {}

    def batch(self, state: TrainState, rows: Rows, player: str) -> Any:
        """Return the batch of `player`'s next turn, not looked at yet."""
        return Later(state, rows, player)

    def discriminator(self, batch: Any) -> Any:
        """Return what the discriminator minimises in this turn."""
        return Compiled(self, batch) if isinstance(batch, Later) else super().discriminator(batch)

    def generator(self, batch: Any) -> Any:
        """Return what the generator minimises in this turn."""
        return Compiled(self, batch) if isinstance(batch, Later) else super().generator(batch)

    def computed(
        self, turn: Later, parameters: Sequence[Tensor]
    ) -> tuple[list[Tensor], dict[str, Tensor], dict[str, Tensor]]:
        """Return the gradients, the terms and the watched figures of a turn."""
        due = self.due(turn.player, getattr(turn.state, turn.player).updates)
        which = (turn.player, len(turn.rows.x), tuple(part in due for part in self.regularizers))
        if which not in self._programs:
            self._programs[which] = self._compiled(turn, parameters)
        program = self._programs[which]
        if program is None:
            terms = self._terms_of(turn)
            return terms.gradients(parameters), terms.losses, terms.watched
        device = turn.rows.x.device
        generators: dict[str, torch.Generator] = {}
        drawn = []
        for draw in program.draws:
            if draw.stream not in generators:
                generators[draw.stream] = self.generator_of(turn.rows.number, draw.stream, device)
            drawn.append(draw.again(generators[draw.stream]))
        with torch.no_grad():
            found = list(program.run(turn.rows.x, turn.rows.y, turn.rows.labelled, *drawn))
        gradients, scalars = found[: len(parameters)], found[len(parameters) :]
        losses = dict(zip(program.losses, scalars, strict=False))
        return gradients, losses, dict(zip(program.watched, scalars[len(losses) :], strict=True))

    def _terms_of(self, turn: Later) -> Terms:
        batch = self.pieces(turn.state, turn.rows, turn.player).batches[0]()
        terms = getattr(super(), turn.player)(batch)
        assert isinstance(terms, Terms)
        return terms

    def _compiled(self, turn: Later, parameters: Sequence[Tensor]) -> Program | None:
        """Return a turn as a program, tried once; with one warning None when that cannot be. Nothing is changed."""
        try:
            with turn.state.put_back():
                program = self._traced(turn, parameters)
                with torch.no_grad():
                    generator = torch.Generator(turn.rows.x.device)
                    drawn = [draw.again(generator) for draw in program.draws]
                    program.run(turn.rows.x, turn.rows.y, turn.rows.labelled, *drawn)
            return program
        except Exception as error:
            if None not in self._programs.values():
                words = str(error).splitlines()[0][:150] if str(error) else ""
                warn(
                    f"compile=True has no effect on the {turn.player}'s turn, which cannot be compiled:",
                    f"{type(error).__name__}: {words}.",
                    "It computes the same without. Leave compile=False to silence this.",
                )
            return None

    def _traced(self, turn: Later, parameters: Sequence[Tensor]) -> Program:
        from torch.fx.experimental.proxy_tensor import make_fx

        rows = turn.rows
        names: tuple[list[str], list[str]] = ([], [])
        listening = _Draws(self)
        with listening:
            self._terms_of(turn).gradients(parameters)

        def whole(x: Tensor, y: Tensor, labelled: Tensor, *drawn: Tensor) -> list[Tensor]:
            with _Draws(self, list(drawn)):
                terms = self._terms_of(Later(turn.state, Rows(x.detach(), y, labelled, rows.number), turn.player))
                gradients = terms.gradients(parameters)
            for known, found in zip(names, (terms.losses, terms.watched), strict=True):
                known[:] = list(found)
            scalars = [*terms.losses.values(), *terms.watched.values()]
            return [each.detach() for each in (*gradients, *scalars)]

        generator = torch.Generator(rows.x.device)
        drawn = [draw.again(generator) for draw in listening.draws]
        traced = make_fx(whole)(rows.x, rows.y, rows.labelled, *drawn)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Program(listening.draws, torch.compile(traced, dynamic=False, backend=BACKEND), *names)


class _Draws(TorchFunctionMode):
    """Notes the random numbers that are drawn inside, or serves given ones in their order.

    Parameters
    ----------
    objective : Objective
        Whose streams are drawn from.
    given : list of Tensor, optional
        Numbers to serve instead of drawing.
    """

    def __init__(self, objective: Objective, given: list[Tensor] | None = None):
        super().__init__()
        self.draws: list[Draw] = []
        self._given = given
        self._objective = objective
        self._streams: dict[int, str] = {}
        self._kept: list[torch.Generator] = []

    def __enter__(self) -> _Draws:
        self._plain = self._objective.generator_of
        self._objective.generator_of = self._generator_of
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._objective.generator_of = self._plain

    def _generator_of(self, number: int, stream: str, device: torch.device) -> torch.Generator:
        generator = torch.Generator(device)
        self._kept.append(generator)
        self._streams[id(generator)] = stream
        return generator

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        named = dict(kwargs or {})
        generator = named.get("generator")
        if generator is None or id(generator) not in self._streams:
            return func(*args, **named)
        if any(isinstance(each, Tensor) for each in (*args, *named.values())):
            raise CannotTrace("it draws random numbers whose distribution depends on values")
        del named["generator"]
        draw = Draw(self._streams[id(generator)], func, tuple(args), named)
        self.draws.append(draw)
        return draw.again(generator) if self._given is None else self._given[len(self.draws) - 1]
