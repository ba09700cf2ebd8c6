"""A step recorded once and repeated: the same kernels on the same places, launched all together.

What a step does is not written here; `train` is run once while a recorder listens. Before each repetition the
numbers that a step reads are put where the recording looks for them: which rows, the seeds of its random numbers,
learning rates, the weight of the average. Python's own counters are moved along by what the step moved them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

from skgan.engine import warn_slow
from skgan.seeding import Key, global_generator, seed_of

if TYPE_CHECKING:
    from skgan.data import Dataset, Rows
    from skgan.engine import Loop
    from skgan.objective import Objective
    from skgan.training import TrainState

#: steps that are run one kernel at a time before the first is recorded: what is made lazily must be there
WARM_UP = 3
#: different steps, by which regularizers are due, that are recorded at the most; further ones run eagerly
MOST_VARIANTS = 16

Variant = tuple[tuple[bool, ...], ...]


class Recorder(Protocol):
    """Records what a function does on a device, without doing it, and does it again."""

    def eagerly(self, function: Callable[[], Any]) -> None:
        """Run a function as it will be when it is recorded, for what it makes at the first time."""

    def record(self, function: Callable[[], Any], generators: list[torch.Generator]) -> Callable[[], None]:
        """Return what repeats a function that draws from `generators`; the function has no effect now."""


class CudaGraphs:
    """CUDA graphs that share one pool of memory.

    Parameters
    ----------
    device : torch.device
        A GPU.
    search_convolutions : bool
        Whether cuDNN times its algorithms for each convolution when a step is run for the first time.
    """

    def __init__(self, device: torch.device, search_convolutions: bool = True):
        self._search = search_convolutions
        self._stream = torch.cuda.Stream(device)
        self._pool = torch.cuda.graph_pool_handle()

    def eagerly(self, function: Callable[[], Any]) -> None:
        """Run a function on the stream that will be recorded."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream), self._searching():
            function()
        torch.cuda.current_stream().wait_stream(self._stream)

    def record(self, function: Callable[[], Any], generators: list[torch.Generator]) -> Callable[[], None]:
        """Return the replay of a graph of the kernels that a function launches."""
        graph = torch.cuda.CUDAGraph()
        for generator in generators:
            graph.register_generator_state(generator)
        # other threads - of another fit, of a callback - may use the device meanwhile
        recording = torch.cuda.graph(graph, pool=self._pool, stream=self._stream, capture_error_mode="thread_local")
        with self._searching(), recording:
            function()
        return graph.replay

    @contextmanager
    def _searching(self) -> Iterator[None]:
        """Let cuDNN choose by the clock for as long as a step is run or recorded."""
        cudnn = torch.backends.cudnn
        before, cudnn.benchmark = cudnn.benchmark, self._search
        try:
            yield
        finally:
            cudnn.benchmark = before


class Streams:
    """The random numbers of a step, one generator for each of its streams, kept from step to step.

    Parameters
    ----------
    objective : Objective
        Knows what each stream follows from.
    turns : int
        Updates in a step.
    """

    def __init__(self, objective: Objective, turns: int):
        self._objective = objective
        self._turns = turns
        self._kept: dict[tuple[int, str], torch.Generator] = {}
        self._asked: set[tuple[int, str]] = set()
        self.recording = False

    def generator_of(self, number: int, stream: str, device: torch.device) -> torch.Generator:
        """Return the generator of a stream in the update of batch `number`; what the objective asks."""
        which = number % self._turns, stream
        self._asked.add(which)
        if self.recording:  # seeded before each repetition
            return self._kept[which]
        if which not in self._kept:
            self._kept[which] = torch.Generator(device)
        return self._kept[which].manual_seed(seed_of(self._objective.key_of(number, stream)))

    def asked(self) -> list[tuple[int, str]]:
        """Return the streams that were asked for since the last call."""
        asked = sorted(self._asked)
        self._asked.clear()
        return asked

    def generators(self, which: list[tuple[int, str]]) -> list[torch.Generator]:
        """Return the generators of some streams."""
        return [self._kept[each] for each in which]

    def seed(self, which: list[tuple[int, str]], first: int) -> None:
        """Seed some streams for the step whose first batch has that number."""
        for turn, stream in which:
            self._kept[turn, stream].manual_seed(seed_of(self._objective.key_of(first + turn, stream)))


@dataclass
class Program:
    """A recorded step: what repeats it, the streams it draws from, and what it does to Python's counters."""

    replay: Callable[[], None]
    streams: list[tuple[int, str]]
    counts: dict[str, int]
    means: dict[str, dict[str, int]]
    factors: list[float]


class Recording:
    """The steps of `train`, each kind of them recorded after it has been run once.

    Parameters
    ----------
    train : callable
        The loop.
    state : TrainState
        Changed in place.
    data : Dataset
        Where rows come from.
    objective : Objective
        What the players minimise.
    recorder : Recorder
        Records the steps.
    strange : bool
        Whether the networks have layers that may draw from torch's global generator.
    """

    def __init__(
        self,
        train: Loop,
        state: TrainState,
        data: Dataset,
        objective: Objective,
        recorder: Recorder,
        strange: bool = False,
    ):
        self._train = train
        self._state = state
        self._data = data
        self._objective = objective
        self._recorder = recorder
        self._strange = strange
        self._turns = objective.n_critic + 1
        self._streams = Streams(objective, self._turns)
        self._places = data.places(0, self._turns).clone()
        fetched = data.fetched(0, self._turns)
        self._fetched = None if fetched is None else fetched.clone()
        self._programs: dict[Variant, Program | None] = {}
        self._streams_of: dict[Variant, list[tuple[int, str]]] = {}
        self._steps_run = 0
        state.keep_on_device()

    def steps(self) -> Iterator[TrainState]:
        """Yield the state after each step; end where steps cannot be recorded, so that somebody else goes on."""
        state = self._state
        eager = self._train(state, self._batches(), self._objective)
        while True:
            first = state.step * self._turns
            self._places.copy_(self._data.places(first, self._turns))
            fetched = self._data.fetched(first, self._turns)
            if self._fetched is not None and fetched is not None:
                self._fetched.copy_(fetched)
            state.prepare()
            variant = self._variant()
            program = self._programs.get(variant)
            if program is None and self._may_be_recorded(variant):
                program = self._recorded(variant)
                if program is None:
                    return
            if program is not None and self._repeats(program):
                self._streams.seed(program.streams, first)
                program.replay()
                self._count(program)
            else:
                drew = self._run(eager)
                self._streams_of[variant] = self._streams.asked()
                self._steps_run += 1
                if drew:
                    warn_slow("layers that draw from torch's global generator")
                    yield state
                    return
            yield state

    def _run(self, eager: Iterator[TrainState]) -> bool:
        """Take a step one kernel at a time; return whether it drew from torch's global generator."""
        with self._drawing_from_streams():
            if not self._strange:
                self._recorder.eagerly(lambda: next(eager))
                return False
            key: Key = (*self._objective.key, "global", self._state.step)
            with global_generator(key, self._data.device):
                before = _places_of_global_generators(self._data.device)
                self._recorder.eagerly(lambda: next(eager))
                return before != _places_of_global_generators(self._data.device)

    def _variant(self) -> Variant:
        """Return which regularizers are due in each turn of the next step."""
        objective, state = self._objective, self._state
        updates = [("discriminator", state.discriminator.updates + turn) for turn in range(objective.n_critic)]
        updates.append(("generator", state.generator.updates))
        return tuple(
            tuple(part in due for part in objective.regularizers)
            for due in (objective.due(player, count) for player, count in updates)
        )

    def _may_be_recorded(self, variant: Variant) -> bool:
        known = variant in self._streams_of
        return known and self._steps_run >= WARM_UP and len(self._programs) < MOST_VARIANTS

    def _repeats(self, program: Program) -> bool:
        """Return whether a recorded step is the next one: a rate that is a number of the host is frozen in it."""
        pairs = zip(self._state.players, program.factors, strict=True)
        return all(player.rate_is_on_device or player.factor == factor for player, factor in pairs)

    def _recorded(self, variant: Variant) -> Program | None:
        """Return the next step, recorded; with one warning None when it cannot be. Nothing is changed."""
        state = self._state
        streams = self._streams_of[variant]
        before, means = state.counters(), {player.name: dict(player.means.counts) for player in state.players}
        steps = self._train(state, self._batches(), self._objective)  # another run of the loop, at its beginning
        try:
            with self._drawing_from_streams(recording=True):
                replay = self._recorder.record(lambda: next(steps), self._streams.generators(streams))
        except (RuntimeError, NotImplementedError) as error:
            warn_slow(f"what it does ({type(error).__name__}: {str(error).splitlines()[0][:150]})")
            return None
        finally:
            counts = {name: count - before[name] for name, count in state.counters().items()}
            moved = {
                player.name: {name: n - means[player.name].get(name, 0) for name, n in player.means.counts.items()}
                for player in state.players
            }
            state.count(before)
            for player in state.players:
                player.means.counts = means[player.name]
        program = Program(replay, streams, counts, moved, [player.factor for player in state.players])
        self._programs[variant] = program
        return program

    def _count(self, program: Program) -> None:
        """Move the counters of the host along by one step."""
        state = self._state
        state.count({name: count + program.counts[name] for name, count in state.counters().items()})
        for player in state.players:
            counts = player.means.counts
            for name, moved in program.means[player.name].items():
                counts[name] = counts.get(name, 0) + moved

    def _batches(self) -> Iterator[Rows]:
        """Yield the batches of the next step from the places that a recording knows."""
        size = self._data.batch_size
        while True:
            first = self._state.step * self._turns
            for turn in range(self._turns):
                rows = slice(turn * size, (turn + 1) * size)
                x = None if self._fetched is None else self._fetched[rows]
                yield self._data.at(self._places[rows], first + turn, x)

    @contextmanager
    def _drawing_from_streams(self, recording: bool = False) -> Iterator[None]:
        self._streams.recording = recording
        self._objective.generator_of = self._streams.generator_of
        try:
            yield
        finally:
            self._objective.generator_of = self._objective.new_generator
            self._streams.recording = False


def _places_of_global_generators(device: torch.device) -> tuple[bytes, int]:
    """Return how far torch's global generators have come, of the CPU and of a GPU."""
    on_gpu = torch.cuda.default_generators[device.index or 0].get_offset() if device.type == "cuda" else 0
    return torch.random.get_rng_state().numpy().tobytes(), on_gpu
