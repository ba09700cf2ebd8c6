"""TrainState and train(): the loop, on one screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from skgan.averaging import Average
from skgan.data import Rows
from skgan.guard import Guard
from skgan.history import Means
from skgan.interfaces import Regularizer
from skgan.micro_batches import Accumulated
from skgan.objective import Objective, Terms


def train(state: TrainState, batches: Iterator[Rows], objective: Objective) -> Iterator[TrainState]:
    """Yield `state` after each generator update, without end; whoever iterates decides when to stop."""
    while True:
        for _ in range(objective.n_critic):
            batch = objective.batch(state, next(batches), player="discriminator")  # fakes made without gradient
            state.discriminator.update(objective.discriminator(batch))

        batch = objective.batch(state, next(batches), player="generator")
        state.generator.update(objective.generator(batch))

        state.average.update()
        state.step += 1
        yield state


class Player:
    """One network, its optimizer, and how it is updated.

    Parameters
    ----------
    name : {"generator", "discriminator"}
        Which one it is.
    module : nn.Module
        The network.
    extra : list of nn.Module
        Networks of parts that this player trains too.
    optimizer : torch.optim.Optimizer
        Over the parameters of both.
    rate : callable
        Factor on the learning rate at a generator update.
    updates_per_step : int
        Updates of this player for each generator update.
    guard : Guard
        Keeps non-finite numbers away from the weights.
    regularizers : list of Regularizer
        Those of this player, for what they do after an update.
    """

    def __init__(
        self,
        name: str,
        module: nn.Module,
        extra: list[nn.Module],
        optimizer: torch.optim.Optimizer,
        rate: Callable[[int], float],
        updates_per_step: int,
        guard: Guard,
        regularizers: list[Regularizer],
    ):
        self.name = name
        self.module = module
        self.optimizer = optimizer
        self.parameters = [p for part in (module, *extra) for p in part.parameters()]
        self.guard = guard
        self.updates = 0
        self.means = Means()
        self.share: Callable[[list[Tensor]], list[Tensor]] | None = None
        self._rate = rate
        self._factor: float | None = None
        self._updates_per_step = updates_per_step
        self._learning_rates = [group["lr"] for group in optimizer.param_groups]
        changes_weights = [part for part in regularizers if type(part).after_update is not Regularizer.after_update]
        self._after_update = [part.after_update for part in changes_weights]

    def update(self, terms: Terms | Accumulated) -> None:
        """Take one step down the sum of `terms`, in one backward, touching this network only."""
        gradients = terms.gradients(self.parameters)
        total = terms.total.detach()
        if self.share is not None:
            *gradients, total = self.share([*gradients, total])
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = like(parameter, gradient)

        self.prepare()
        self.guard.look(total, gradients)
        with self.guard.holding(self.optimizer):
            self.optimizer.step()

        for after_update in self._after_update:
            after_update(self.module)
        self.updates += 1
        self.means.add(terms.losses | terms.watched)

    def prepare(self) -> None:
        """Bring the learning rate of the next update to the optimizer."""
        factor = self.factor
        if factor == self._factor:
            return
        self._factor = factor
        for group, learning_rate in zip(self.optimizer.param_groups, self._learning_rates, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(learning_rate * factor)
            else:
                group["lr"] = learning_rate * factor

    @property
    def factor(self) -> float:
        """The factor on the learning rate at the next update."""
        return self._rate(self.updates // self._updates_per_step)

    @property
    def rate_is_on_device(self) -> bool:
        """Whether the optimizer reads its learning rate from the device, so that a recorded update can follow it."""
        return all(isinstance(group["lr"], Tensor) for group in self.optimizer.param_groups)

    def keep_rate_on_device(self) -> None:
        """Let the optimizer read its learning rate and counts from the device, where it knows how to."""
        self._factor = None
        device = self.parameters[0].device
        on_gpu = device.type == "cuda"
        for group in self.optimizer.param_groups:
            if (on_gpu and "capturable" in group) or group.get("fused"):
                group["capturable"] = on_gpu
                dtype = torch.float32 if on_gpu else torch.float64  # the one type that each fused kernel reads
                group["lr"] = torch.tensor(float(group["lr"]), dtype=dtype, device=device)


@dataclass
class TrainState:
    """Everything that training changes; a checkpoint is made from `tensors()` and `counters()`.

    Parameters
    ----------
    generator, discriminator : Player
        The two networks with their optimizers.
    average : Average
        The running average of the generator.
    guard : Guard
        Whether a number stopped being finite.
    parts : dict of str to dict of str to Tensor
        What the parts learn or count in, by the part's name.
    modules : dict of str to dict of str to Module
        The parts' own networks, by the part's name and the player that trains them.
    step : int
        Generator updates so far: the one clock.
    statistics : dict of str to Tensor
        Sums since the last tick that augmentations adapt to; empty when none does.
    rollbacks : int
        How often training went back to an earlier tick; part of the key of all later random numbers.
    """

    generator: Player
    discriminator: Player
    average: Average
    guard: Guard
    parts: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    modules: dict[str, dict[str, nn.Module]] = field(default_factory=dict)
    step: int = 0
    statistics: dict[str, Tensor] = field(default_factory=dict)
    rollbacks: int = 0

    @property
    def device(self) -> torch.device:
        """Where the networks are."""
        return self.generator.parameters[0].device

    @property
    def players(self) -> tuple[Player, Player]:
        """Both players."""
        return self.discriminator, self.generator

    def tensors(self) -> dict[str, Tensor]:
        """Return every tensor of the state by name; views, not copies."""
        found = {
            f"{player.name}.{name}": tensor
            for player in self.players
            for name, tensor in player.module.state_dict().items()
        }
        found |= {f"average.{name}": tensor for name, tensor in self.average.module.state_dict().items()}
        for part, tensors in self.parts.items():
            found |= {f"parts.{part}.{name}": tensor for name, tensor in tensors.items()}
        found |= {f"statistics.{name}": tensor for name, tensor in self.statistics.items()}
        for part, modules in self.modules.items():
            for player, module in modules.items():
                found |= {f"modules.{part}.{player}.{name}": t for name, t in module.state_dict().items()}
        for owner in self.players:
            for index, values in owner.optimizer.state_dict()["state"].items():
                found |= {
                    f"optimizer.{owner.name}.{index}.{name}": value
                    for name, value in values.items()
                    if isinstance(value, Tensor)
                }
        return found

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Undo what is done to any tensor of the state inside."""
        before = {name: tensor.detach().clone() for name, tensor in self.tensors().items()}
        try:
            yield
        finally:
            with torch.no_grad():
                for name, tensor in self.tensors().items():
                    tensor.copy_(before[name])

    def counters(self) -> dict[str, int]:
        """Return every count of the state by name."""
        counts = {f"{player.name}_updates": player.updates for player in self.players}
        return {"step": self.step, "rollbacks": self.rollbacks, "average_updates": self.average.updates, **counts}

    def keep_on_device(self) -> None:
        """Let no number of the host change from step to step, so that a recorded step can be repeated."""
        for player in self.players:
            player.keep_rate_on_device()
        self.average.keep_weight_on_device()
        self.guard.reads = False

    def prepare(self) -> None:
        """Bring what the next step reads from the device there."""
        for player in self.players:
            player.prepare()
        self.average.prepare()

    def count(self, counters: dict[str, int]) -> None:
        """Take over what `counters()` gave."""
        self.step = counters["step"]
        self.rollbacks = counters.get("rollbacks", 0)
        self.average.updates = counters["average_updates"]
        for player in self.players:
            player.updates = counters[f"{player.name}_updates"]

    def load(self, tensors: dict[str, Tensor], counters: dict[str, int]) -> None:
        """Take over what `tensors()` and `counters()` gave, in place."""
        for player in self.players:
            _load_optimizer(player, tensors)
        with torch.no_grad():
            mine = self.tensors()
            if mine.keys() != tensors.keys():
                differing = sorted(mine.keys() ^ tensors.keys())
                raise KeyError(f"{len(differing)} tensors do not match, first {differing[0]!r}")
            for name, tensor in mine.items():
                if tensor.shape != tensors[name].shape:
                    raise ValueError(f"{name} has shape {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}")
                tensor.copy_(tensors[name])
        self.count(counters)


def like(parameter: Tensor, values: Tensor) -> Tensor:
    """Return values in the memory format of a parameter; fused optimizers pair numbers by their place in memory."""
    return values if values.stride() == parameter.stride() else torch.empty_like(parameter).copy_(values)


def _load_optimizer(player: Player, tensors: dict[str, Tensor]) -> None:
    prefix = f"optimizer.{player.name}."
    states: dict[int, dict[str, Tensor]] = {}
    for full, tensor in tensors.items():
        if full.startswith(prefix):
            index, _, name = full.removeprefix(prefix).partition(".")
            parameter = player.parameters[int(index)].detach()
            tensor = like(parameter, tensor) if tensor.shape == parameter.shape else tensor
            states.setdefault(int(index), {})[name] = tensor
    if states and {frozenset(state) for state in states.values()} != {frozenset(states[0])}:
        raise KeyError(f"the optimizer of the {player.name} lacks numbers of some weights")
    if states and len(states) != len(player.parameters):
        raise KeyError(f"the optimizer of the {player.name} lacks some weights")
    own = player.optimizer.state_dict()
    if not states or not _fits(own["state"], states):  # otherwise copied in place, since a graph may know the places
        player.optimizer.load_state_dict({"state": states, "param_groups": own["param_groups"]})


def _fits(own: dict[int, dict[str, Tensor]], states: dict[int, dict[str, Tensor]]) -> bool:
    """Return whether an optimizer already keeps numbers of these names and shapes."""
    return own.keys() == states.keys() and all(
        own[index].keys() == states[index].keys()
        and all(own[index][name].shape == tensor.shape for name, tensor in states[index].items())
        for index in own
    )
