"""Resolved parts made into networks, and networks made into arrays and back.

What an estimator keeps of a training is a `Model`. Pickled it holds NumPy arrays, no torch object and
no device; the networks are built again when something first asks for them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skgan.averaging import Average
from skgan.engine import may_join, place, resolve_device
from skgan.ensemble import Ensemble
from skgan.guard import Guard
from skgan.interfaces import Augmentation, DataSpec
from skgan.latents import Prior
from skgan.objective import COUNTS, MEANS, Objective
from skgan.precision import BFLOAT16, FLOAT32, Precision, is_wider_than_its_images, natural
from skgan.resolution import Parts
from skgan.sampling import features, still
from skgan.seeding import Key, global_generator
from skgan.training import Player, TrainState
from skgan.validation import warn


class Model:
    """Parts, data and weights of one training.

    Parameters
    ----------
    parts : Parts
        What it is made of.
    spec : DataSpec
        What it is made for.
    prior : Prior
        Of the latents.
    ema_decay : float or None
        Of the generator's average.
    key : tuple
        Of all random numbers.
    device : str
        Where the networks go.
    precision : Precision or None
        In which they compute; None waits for the networks and takes what is natural for them.
    """

    def __init__(
        self,
        parts: Parts,
        spec: DataSpec,
        prior: Prior,
        ema_decay: float | None,
        key: Key,
        device: str,
        precision: Precision | None = FLOAT32,
    ):
        self.parts = parts
        self.spec = spec
        self.prior = prior
        self.ema_decay = ema_decay
        self.key = key
        self.device = device
        self._precision = precision
        #: rows of a batch that are taken at a time, None for all; what fit decided last
        self.micro_batch: int | None = None
        self._state: TrainState | None = None
        self._stored: tuple[dict[str, np.ndarray], dict[str, int]] | None = None

    @property
    def state(self) -> TrainState:
        """The networks and everything else that training changes, built when first asked for."""
        if self._state is None:
            state = self._built()
            if self._stored is not None:
                arrays, counters = self._stored
                state.load({name: torch.from_numpy(array.copy()) for name, array in arrays.items()}, counters)
            for module in (state.generator.module, state.discriminator.module):
                module.eval()
            self._state, self._stored = state, None
        return self._state

    @property
    def precision(self) -> Precision:
        """In which the networks compute."""
        if self._precision is None:
            networks = self.state.generator.module, self.state.discriminator.module
            self._precision = natural(networks, self.state.device)
        return self._precision

    @property
    def step(self) -> int:
        """Generator updates so far; needs no networks."""
        return self._state.step if self._state is not None else (self._stored or ({}, {"step": 0}))[1]["step"]

    def feature_width(self) -> int:
        """Return the width of the discriminator's features."""
        x, y = torch.zeros(1, *self.spec.shape), torch.zeros(1, *self.spec.label_shape)
        return features(self.state.discriminator.module, x, y).shape[1]

    def objective(self) -> Objective:
        """Return what the players of this training minimise."""
        parts = self.parts
        self._leave_unsafe_precision()
        objective = Objective(
            parts.loss,
            parts.conditioning,
            parts.regularizers,
            parts.augmentations,
            parts.names(),
            parts.n_critic,
            self.spec,
            self.prior,
            self.key,
            self.precision,
        )
        objective.joins = may_join(self.state.discriminator.module, parts.architecture.tags(), parts.loss.tags())
        return objective

    def _leave_unsafe_precision(self) -> None:
        """Train in float32 where a processor's bfloat16 gives no gradients to rely on, with a warning."""
        state, y = self.state, torch.zeros(1, *self.spec.label_shape)
        if self.precision != BFLOAT16 or state.device.type != "cpu":
            return
        generator, discriminator = state.generator.module, state.discriminator.module
        with still(generator), still(discriminator):
            unsafe = is_wider_than_its_images(generator, torch.zeros(1, self.spec.latent_dim), y)
            unsafe |= is_wider_than_its_images(discriminator, torch.zeros(1, *self.spec.shape), y)
        if unsafe:
            self._precision = FLOAT32
            warn(
                "precision='bfloat16' is not used here: a convolution is wider than what it is laid over,",
                "and processors compute the gradient of such weights wrongly in bfloat16.",
                "Training goes on in float32. Use larger images, another architecture or a GPU.",
            )

    def copy(self) -> Model:
        """Return a model that trains on without changing this one."""
        twin = Model(self.parts, self.spec, self.prior, self.ema_decay, self.key, self.device, self._precision)
        twin.micro_batch = self.micro_batch
        twin._stored = self.stored()
        return twin

    def stored(self, copy: bool = True) -> tuple[dict[str, np.ndarray], dict[str, int]]:
        """Return all tensors as arrays, of their own unless `copy` is False, and all counters."""
        if self._stored is not None:
            return self._stored
        arrays = {name: _array(tensor, copy) for name, tensor in self.state.tensors().items()}
        return arrays, self.state.counters()

    def store(self, arrays: dict[str, np.ndarray], counters: dict[str, int]) -> None:
        """Take over what `stored()` gave, when the networks are first asked for."""
        self._state, self._stored = None, (arrays, counters)

    def counted(self) -> tuple[str, ...]:
        """Return the names of the sums between two ticks that an augmentation adapts to."""
        adapts = any(type(part).adapt is not Augmentation.adapt for part in self.parts.augmentations)
        return (*MEANS, *COUNTS) if adapts else ()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "device": "auto", "_state": None, "_stored": self.stored()}

    def networks(self) -> tuple[nn.Module, nn.Module, dict[str, dict[str, nn.Module]]]:
        """Return new networks with their first weights: generator, discriminator, and those of parts."""
        parts, spec = self.parts, self.spec
        with global_generator((*self.key, "init"), "cpu"):
            generator = parts.architecture.generator(spec, parts.conditioning)
            discriminators = [
                parts.architecture.discriminator(spec, parts.conditioning) for _ in range(parts.n_discriminators)
            ]
            discriminator = discriminators[0] if parts.n_discriminators == 1 else Ensemble(discriminators)
            modules = {name: part.modules(spec) for part, name in parts.names().items()}
            for regularizer in parts.regularizers:
                regularizer.prepare(generator, "generator")
                regularizer.prepare(discriminator, "discriminator")
        return generator, discriminator, modules

    def _built(self) -> TrainState:
        device = resolve_device(self.device)
        parts, spec = self.parts, self.spec
        generator, discriminator, modules = self.networks()
        guard = Guard(device)
        for own in modules.values():
            own.update({player: module.to(device) for player, module in own.items()})

        def player(name: str, module: nn.Module, learning_rate: float) -> Player:
            module = place(module, device)
            extra = [own[name] for own in modules.values() if name in own]
            trained = [p for part in (module, *extra) for p in part.parameters()]
            optimizer = parts.optimizer.make(trained, learning_rate)
            own = [part for part in parts.regularizers if part.player in (name, "both")]
            per_step = parts.n_critic if name == "discriminator" else 1
            return Player(name, module, extra, optimizer, parts.optimizer.rate, per_step, guard, own)

        players = {
            "generator": player("generator", generator, parts.learning_rate),
            "discriminator": player("discriminator", discriminator, parts.discriminator_learning_rate),
        }
        state = TrainState(
            generator=players["generator"],
            discriminator=players["discriminator"],
            average=Average(players["generator"].module, self.ema_decay),
            guard=guard,
            parts={
                name: {key: tensor.to(device) for key, tensor in part.state(spec).items()}
                for part, name in parts.names().items()
            },
            modules=modules,
            statistics={name: torch.zeros((), device=device) for name in self.counted()},
        )
        if device.type == "cuda":
            state.keep_on_device()
        return state


def _array(tensor: Tensor, copy: bool) -> np.ndarray:
    array = tensor.detach().cpu().contiguous().numpy()
    return array.copy() if copy else array
