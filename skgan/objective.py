"""What each player minimises: loss, regularizers and conditioning terms, and the one door into the discriminator."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from skgan import micro_batches
from skgan.data import Rows
from skgan.ensemble import Ensemble
from skgan.interfaces import Augmentation, Component, Conditioning, Critique, DataSpec, Loss, Regularizer
from skgan.latents import Prior
from skgan.layers import drawing_from, pooled_by
from skgan.precision import FLOAT32, Precision
from skgan.seeding import Key, torch_generator

if TYPE_CHECKING:
    from skgan.training import TrainState


#: what augmentations adapt to: sums since the last tick of figures whose mean they are told, and counts
MEANS = ("real_logit", "fake_logit", "real_sign")
COUNTS = ("updates", "rows")


@dataclass
class Terms:
    """The terms of a turn by name - their sum is minimised - and further figures worth watching."""

    losses: dict[str, Tensor]
    watched: dict[str, Tensor]

    @cached_property
    def total(self) -> Tensor:
        """The sum that the playing network minimises."""
        terms = list(self.losses.values())
        return terms[0] if len(terms) == 1 else torch.stack(terms).sum()

    def gradients(self, parameters: Sequence[Tensor]) -> list[Tensor]:
        """Return the gradient of the total to each parameter, zeros where there is none."""
        return list(torch.autograd.grad(self.total, parameters, materialize_grads=True))


class Batch:
    """One turn's samples and everything that may be asked about them, each computed when first read.

    Losses, regularizers and conditionings see nothing else; `skgan.interfaces` lists what it offers.

    Parameters
    ----------
    player : {"discriminator", "generator"}
        Whose turn it is.
    rows : Rows
        The real samples.
    z : Tensor
        Latents, `(n, latent_dim)`.
    state : TrainState
        The networks and what the parts keep.
    augmentations : list of Augmentation
        What stands in the door.
    due : list of Regularizer
        The player's regularizers of this turn; the samples whose gradient they read become leaves.
    names : mapping of Component to str
        What the parts are called, for their random numbers and their state.
    draws : callable
        A stream's name to its generator in this update.
    precision : Precision
        In which the networks compute.
    share : float
        The share of these rows in those of the update.
    joins : bool
        Whether the discriminator may see real and fake samples in one pass in its turn.
    total : callable, optional
        Sums a tensor over all ranks, for batch statistics of all of them.
    """

    def __init__(
        self,
        player: str,
        rows: Rows,
        z: Tensor,
        state: TrainState,
        augmentations: list[Augmentation],
        due: list[Regularizer],
        names: Mapping[Component, str],
        draws: Callable[[str], torch.Generator],
        precision: Precision = FLOAT32,
        share: float = 1.0,
        joins: bool = False,
        total: Callable[[Tensor], Tensor] | None = None,
    ):
        self.player = player
        self.share = share
        self.due = due
        self.z, self.y, self.labelled = z, rows.y, rows.labelled
        self.module: nn.Module = getattr(state, player).module
        self.state = {part: state.parts[name] for part, name in names.items()}
        self.modules = {part: state.modules[name] for part, name in names.items()}
        self.statistics = state.statistics
        self._generator = state.generator.module
        self._discriminator = state.discriminator.module
        self._augmentations = augmentations
        self._names = names
        self._draws = draws
        self._rngs: dict[str, torch.Generator] = {}
        self._precision = precision
        self._total = total
        self._calls = {stream: itertools.count() for stream in ("generator", "real", "fake", "both", "other")}
        self._gradients: dict[str, Tensor] = {}
        self._differentiate = {samples for part in due for samples in part.needs_gradient}
        # the gradient to one half of a pass would cost that to both
        self._joins = joins and player == "discriminator" and len(self._differentiate) != 1
        self.real = rows.x.detach().requires_grad_() if "real" in self._differentiate else rows.x
        self.fake = self.generate(z)
        if "fake" in self._differentiate and not self.fake.requires_grad:
            self.fake.requires_grad_()

    @cached_property
    def real_(self) -> Critique:
        """What the discriminator says of the real samples; a constant in the generator's turn."""
        if self._joins:
            return self._halves[0]
        with torch.set_grad_enabled(self.player == "discriminator" or "real" in self._differentiate):
            return self._door(self.real, self.y, "real")

    @cached_property
    def fake_(self) -> Critique:
        """What the discriminator says of the fake samples."""
        return self._halves[1] if self._joins else self._door(self.fake, self.y, "fake")

    @cached_property
    def _both(self) -> Critique:
        """What the discriminator says of the real samples and then of the fake ones, in one pass."""
        samples = [self._augmented(self.real, "real"), self._augmented(self.fake, "fake")]
        return self._judged(torch.cat(samples), torch.cat([self.y, self.y]), "both")

    @cached_property
    def _halves(self) -> tuple[Critique, Critique]:
        logits, features = self._both.logits.chunk(2), self._both.features.chunk(2)
        classes = (None, None) if self._both.class_logits is None else self._both.class_logits.chunk(2)
        real, fake = (Critique(*each) for each in zip(logits, features, classes, strict=True))
        return real, fake

    def gradient(self, which: str) -> Tensor:
        """Return the gradient of the logits to the "real" or the "fake" samples, `(n, *shape)`.

        Where a sample has several logits, as of patches, it is that of their mean. Of several discriminators it
        is that of each, one after the other, `(k n, *shape)`.
        """
        if which not in self._gradients and self._joins:
            slopes = self._slopes(self._both.logits, [self.real, self.fake])
            self._gradients = dict(zip(("real", "fake"), slopes, strict=True))
        elif which not in self._gradients:
            critique, samples = (self.real_, self.real) if which == "real" else (self.fake_, self.fake)
            (self._gradients[which],) = self._slopes(critique.logits, [samples])
        return self._gradients[which]

    def gradient_at(self, x: Tensor) -> Tensor:
        """Return the same gradient at other samples `x`, `(n, *shape)`."""
        x = x.detach().requires_grad_()
        return self._slopes(self.critique(x).logits, [x])[0]

    def critique(self, x: Tensor, y: Tensor | None = None) -> Critique:
        """Return what the discriminator says of other samples, through the same door."""
        return self._door(x, self.y if y is None else y, "other")

    def generate(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the generator's samples, with gradient only in its own turn."""
        with torch.set_grad_enabled(self.player == "generator"):
            return self._run(self._generator, "generator", z, self.y if y is None else y)

    @property
    def styled(self) -> bool:
        """Whether the generator makes samples of styles, and these of latents."""
        return hasattr(self._generator, "map") and hasattr(self._generator, "synthesize")

    def map(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the styles of latents, with gradient only in the generator's turn."""
        return self._half_of_generator("map", z, self.y if y is None else y)

    def synthesize(self, w: Tensor) -> Tensor:
        """Return the generator's samples of styles, with gradient only in its own turn."""
        return self._half_of_generator("synthesize", w)

    def _half_of_generator(self, which: str, *inputs: Tensor) -> Tensor:
        with torch.set_grad_enabled(self.player == "generator"):
            return self._run(getattr(self._generator, which), "generator", *inputs)

    def grad(self, outputs: Tensor, inputs: Tensor) -> Tensor:
        """Return the gradient of the sum of `outputs` to `inputs`, itself differentiable."""
        return torch.autograd.grad(outputs.sum(), inputs, create_graph=True)[0]

    def rng(self, part: Component | str) -> torch.Generator:
        """Return the generator of this update that belongs to `part` alone; asked again, it goes on."""
        name = part if isinstance(part, str) else self._names[part]
        if name not in self._rngs:
            self._rngs[name] = self._draws(name)
        return self._rngs[name]

    def _slopes(self, logits: Tensor, samples: list[Tensor]) -> list[Tensor]:
        """Return the gradient of the logits to each of some samples, of several discriminators one after the other."""
        each = logits.unbind(1) if isinstance(self._discriminator, Ensemble) else [logits]
        sums = [(of_one.flatten(1).mean(1) if of_one.ndim > 1 else of_one).sum() for of_one in each]
        of_each = [torch.autograd.grad(of_one, samples, create_graph=True) for of_one in sums]
        return [torch.cat(of_samples) for of_samples in zip(*of_each, strict=True)]

    def _door(self, x: Tensor, y: Tensor, stream: str) -> Critique:
        return self._judged(self._augmented(x, stream), y, stream)

    def _augmented(self, x: Tensor, stream: str) -> Tensor:
        for part in self._augmentations:
            x = part.with_state(x, self.rng(f"{self._names[part]}/{stream}"), self.state[part])
        return x

    def _judged(self, x: Tensor, y: Tensor, stream: str) -> Critique:
        return self._run(self._discriminator, stream, x, y)

    def _run(self, network: Callable[..., Any], stream: str, *inputs: Tensor) -> Any:
        """Run a network; layers that draw random numbers have a stream of their own for each of its calls."""
        rng = partial(self.rng, f"chance/{stream}/{next(self._calls[stream])}")
        with drawing_from(rng), pooled_by(self._total):
            return self._precision.run(network, *inputs)


class Pieces(NamedTuple):
    """A turn's batch that is looked at piece by piece: what makes each piece, when it is needed."""

    batches: list[Callable[[], Batch]]

    def terms(self, terms_of: Callable[[Batch], Terms]) -> micro_batches.Accumulated:
        """Return the terms of the whole turn from those of a piece."""
        return micro_batches.Accumulated(self.batches, terms_of)


class Objective:
    """Loss, regularizers, conditioning and augmentation as one objective for each player.

    Parameters
    ----------
    loss, conditioning, regularizers, augmentations
        Resolved parts.
    names : mapping of Component to str
        One name for each of them.
    n_critic : int
        Discriminator updates for each generator update.
    spec : DataSpec
        For the width of the latents.
    prior : Prior
        Standard normal numbers to latents.
    key : tuple
        Of all random numbers of the training.
    precision : Precision
        In which the networks compute.

    Attributes
    ----------
    shard : tuple of int
        Which of how many slices of each batch this process takes: its latents are that slice of the latents of all,
        and on all but the first, parts draw numbers of their own.
    joins : bool
        Whether the discriminator may see real and fake samples in one pass in its turn; `engine.may_join` says.
    total : callable or None
        Sums a tensor over all ranks, for batch statistics of all of them; None for those of a rank's own rows.
    micro_batch : int or None
        Rows of a batch that are looked at together; the gradient is that of the whole batch all the same.
    generator_of : callable
        ``generator_of(number, stream, device)``: the random numbers of one stream in the update of batch `number`.
    """

    def __init__(
        self,
        loss: Loss,
        conditioning: Conditioning,
        regularizers: list[Regularizer],
        augmentations: list[Augmentation],
        names: Mapping[Component, str],
        n_critic: int,
        spec: DataSpec,
        prior: Prior,
        key: Key,
        precision: Precision = FLOAT32,
    ):
        self.loss = loss
        self.conditioning = conditioning
        self.regularizers = regularizers
        self.augmentations = augmentations
        self.names = names
        self.n_critic = n_critic
        self.spec = spec
        self.prior = prior
        self.key = key
        self.precision = precision
        self.shard = (0, 1)
        self.joins = False
        self.total: Callable[[Tensor], Tensor] | None = None
        self.micro_batch: int | None = None
        self.generator_of: Callable[[int, str, torch.device], torch.Generator] = self.new_generator

    def new_generator(self, number: int, stream: str, device: torch.device) -> torch.Generator:
        """Return a new generator of one stream in the update of batch `number`."""
        return torch_generator(self.key_of(number, stream), device)

    def key_of(self, number: int, stream: str) -> Key:
        """Return what the random numbers of one stream in the update of batch `number` follow from."""
        return (*self._key_of_rank(stream), "batch", number, stream)

    def key_of_global(self, step: int) -> Key:
        """Return what the numbers follow from that networks draw from torch's global generator in a step."""
        return (*self._key_of_rank("global"), "global", step)

    def _key_of_rank(self, stream: str) -> Key:
        which, _ = self.shard
        return (*self.key, "rank", which) if which and stream != "z" else self.key

    def due(self, player: str, updates: int) -> list[Regularizer]:
        """Return the regularizers of a player that are due after so many of its updates."""
        mine = [part for part in self.regularizers if part.player in (player, "both")]
        return [part for part in mine if updates % part.every_updates == 0]

    def batch(self, state: TrainState, rows: Rows, player: str) -> Batch | Pieces:
        """Return the batch of `player`'s next turn, on `rows` and fresh latents, in pieces if need be."""
        pieces = self.pieces(state, rows, player)
        return pieces.batches[0]() if len(pieces.batches) == 1 else pieces

    def pieces(self, state: TrainState, rows: Rows, player: str) -> Pieces:
        """Return the batch of `player`'s next turn in pieces of at most `micro_batch` rows, made when asked for."""
        device, n, (which, slices) = rows.x.device, len(rows.x), self.shard
        noise = torch.randn(
            (n * slices, self.spec.latent_dim), generator=self._draws(rows.number, device, "", "z"), device=device
        )
        z = self.prior(noise if slices == 1 else noise[which * n : (which + 1) * n])
        due = self.due(player, getattr(state, player).updates)

        def piece(number: int, part: slice) -> Batch:
            of_part, own_z = rows, z
            if len(parts) > 1:
                of_part = Rows(rows.x[part], rows.y[part], rows.labelled[part], rows.number)
                own_z = z[part]
            draws = partial(self._draws, rows.number, device, f"/{number}" if number else "")
            share = (part.stop - part.start) / n
            rest = self.names, draws, self.precision, share, self.joins, self.total
            return Batch(player, of_part, own_z, state, self.augmentations, due, *rest)

        parts = micro_batches.cut(n, self.micro_batch or n)
        return Pieces([partial(piece, *numbered) for numbered in enumerate(parts)])

    def _draws(self, number: int, device: torch.device, suffix: str, stream: str) -> torch.Generator:
        return self.generator_of(number, stream + suffix, device)

    def discriminator(self, batch: Batch | Pieces) -> Terms | micro_batches.Accumulated:
        """Return what the discriminator minimises in this turn."""
        return self._of_discriminator(batch) if isinstance(batch, Batch) else batch.terms(self._of_discriminator)

    def generator(self, batch: Batch | Pieces) -> Terms | micro_batches.Accumulated:
        """Return what the generator minimises in this turn."""
        return self._of_generator(batch) if isinstance(batch, Batch) else batch.terms(self._of_generator)

    def _of_generator(self, batch: Batch) -> Terms:
        return Terms(self._terms(batch, self.loss.generator(batch)), {})

    def _of_discriminator(self, batch: Batch) -> Terms:
        terms = self._terms(batch, self.loss.discriminator(batch))
        real, fake = batch.real_.logits.detach(), batch.fake_.logits.detach()
        watched = {"real_logit": real.mean(), "fake_logit": fake.mean()}
        if batch.statistics:
            seen = {**watched, "real_sign": real.sign().mean()}
            for name, value in seen.items():
                batch.statistics[name].add_(value * batch.share)
            batch.statistics["updates"].add_(batch.share)
            batch.statistics["rows"].add_(len(real) * self.shard[1])
        return Terms(terms, watched | {name: value.detach() for name, value in self.loss.watch(batch).items()})

    def adapt(self, state: TrainState) -> None:
        """Let the augmentations adapt to what was seen since the last tick, and begin to count anew."""
        if not state.statistics:
            return
        sums = state.statistics
        means = {name: sums[name] / sums["updates"] for name in MEANS}
        seen = {**means, "rows": sums["rows"], "step": sums["rows"].new_tensor(state.step)}
        for part in self.augmentations:
            part.adapt(state.parts[self.names[part]], seen)
        for total in sums.values():
            total.zero_()

    def _terms(self, batch: Batch, loss: Tensor) -> dict[str, Tensor]:
        for part in batch.due:
            factors = part.weights(batch)
            if factors is not None:
                loss = loss * factors.reshape(-1, *[1] * (loss.ndim - 1))
        terms = {self.names[self.loss]: mean(loss)}
        for part in batch.due:
            penalty = part.penalty(batch)
            if penalty is not None:
                terms[self.names[part]] = mean(penalty) * part.every_updates
        auxiliary = self.conditioning.auxiliary(batch)
        if auxiliary is not None:
            terms[self.names[self.conditioning]] = mean(auxiliary)
        return terms


def mean(values: Tensor) -> Tensor:
    """Return the mean, taken in float32 or wider."""
    return values.to(torch.promote_types(values.dtype, torch.float32)).mean()
