"""What each family of parts must provide. The page a plugin author reads.

A part derives from one class here, stores plain values in its constructor, says its names in a
literal ``NAMES = {"name": "Class"}`` at the top of its file, and is found. It imports this module,
`skgan.layers` and torch, and no other part. What it cannot be built for it refuses with
`IncompatibleComponentError`, in a `sentence` of four parts.

What losses, regularizers and conditionings are given is a `skgan.objective.Batch`:

=================================  ==================================================================
``player``                         ``"discriminator"`` or ``"generator"``: whose turn it is
``real``, ``fake``                 samples, `(n, *shape)`; they share ``y``
``z``, ``y``, ``labelled``         latents `(n, latent_dim)`, labels `(n, *label_shape)`, mask `(n,)`
``real_``, ``fake_``               what the discriminator says of them, a `Critique` each
``gradient("real")``               of the logits (the mean of a sample's) to the real samples, `(n, *shape)`;
                                   or ``"fake"``. Of k discriminators one after the other, `(k n, *shape)`
``gradient_at(x)``                 the same at other samples `x`
``critique(x, y=None)``            the discriminator on other samples, through the same door
``generate(z, y=None)``            the generator; with gradient only in its own turn
``styled``                         whether the generator is style-based and has the two halves that follow
``map(z, y=None)``                 styles of latents; with gradient only in the generator's turn
``synthesize(w)``                  samples of styles; with gradient only in the generator's turn
``grad(outputs, inputs)``          a differentiable gradient of anything else
``module``                         the playing network, for penalties on weights
``rng(part)``                      a `torch.Generator` that belongs to this update and this part
``state[part]``, ``modules[part]``  what the part declared, changed in place
=================================  ==================================================================
"""

from __future__ import annotations

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from sklearn.base import BaseEstimator

from skgan.digests import digest
from skgan.exceptions import IncomparableScoresError, IncompatibleComponentError, InvalidParameterError
from skgan.validation import Boolean, Choice, Integer, Kind, Name, Pair, Real, Several, check_table, sentence

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn

    from skgan.layers import Embedding
    from skgan.objective import Batch

__all__ = [
    "Architecture",
    "Asking",
    "Augmentation",
    "Batch",
    "Boolean",
    "Callback",
    "Choice",
    "ColumnSpec",
    "Component",
    "Conditioning",
    "Constraint",
    "Critique",
    "DataSpec",
    "Encoder",
    "Features",
    "IncompatibleComponentError",
    "Integer",
    "InvalidParameterError",
    "Kind",
    "Loss",
    "Metric",
    "Name",
    "Optimizer",
    "Pair",
    "Real",
    "Regularizer",
    "Sampler",
    "Score",
    "Several",
    "Stop",
    "Tags",
    "digest",
    "sentence",
]


class ColumnSpec(NamedTuple):
    """What the networks know of one column of a table.

    A sample holds the numbers of all columns and then the spans of all columns, each in the columns' order. An entry
    of a span is 1 and the others are 0. Where one of the first `alone` entries is 1 the column's numbers are 0.
    """

    numbers: int
    width: int
    alone: int = 0


@dataclass(frozen=True)
class DataSpec:
    """What the networks must know of the data.

    Parameters
    ----------
    kind : {"vector", "image", "signal", "volume"}
        What a sample is.
    shape : tuple of int
        Of one sample, channels first.
    bounded : bool
        Whether samples lie in [-1, 1], so that the generator ends in tanh.
    label_kind : {"none", "classes", "multilabel", "continuous", "image"}
        What y is.
    label_dim : int
        Numbers in a label, 0 without labels.
    latent_dim : int
        Width of a latent.
    label_shape : tuple of int, optional
        Of one label: `(label_dim,)`, or `(c, h, w)` of an image.
    categorical_codes : tuple of int, default=()
        Widths of the one-hot codes that latents begin with.
    continuous_codes : int, default=0
        Number of the uniform codes that follow them.
    columns : tuple of ColumnSpec, default=()
        The columns of a table, whose samples are vectors; none for other data.
    condition_dim : int, default=0
        The last numbers in a label, which say of each entry of the spans whether it is asked for.
    """

    kind: str
    shape: tuple[int, ...]
    bounded: bool
    label_kind: str
    label_dim: int
    latent_dim: int
    label_shape: tuple[int, ...] = ()
    categorical_codes: tuple[int, ...] = ()
    continuous_codes: int = 0
    columns: tuple[ColumnSpec, ...] = ()
    condition_dim: int = 0

    def __post_init__(self) -> None:
        if not self.label_shape:
            object.__setattr__(self, "label_shape", (self.label_dim,))

    @property
    def n_values(self) -> int:
        """Numbers in one sample."""
        total = 1
        for length in self.shape:
            total *= length
        return total


class Critique(NamedTuple):
    """What a discriminator says: logits `(n, *heads)`, features `(n, d)`, class logits `(n, K)` or None."""

    logits: Tensor
    features: Tensor
    class_logits: Tensor | None = None


@dataclass(frozen=True)
class Tags:
    """What a part needs or does; combinations that cannot work are refused before the first step.

    `skgan.compatibility` has one rule for each of these, and the table of pairs in the documentation
    is made from them.

    Parameters
    ----------
    kinds : tuple of str, optional
        Kinds of data the part works with; None means any.
    labels : tuple of str, optional
        Kinds of labels the part works with, ``"none"`` among them; None means any.
    meaning : {"log-ratio", "margin", "target", "median", "critic", "relative", "energy"}, optional
        What a loss makes of the logit: log p_data / p_model; a margin around 0; a regression by squares to
        1 and 0, or by absolute errors; a potential whose differences count; only differences of pairs;
        minus an energy. None: it does not say.
    meanings : tuple of str, optional
        The meanings of the logit under which the part makes sense; None means any.
    reconstructs : bool
        An architecture's discriminator is an autoencoder whose logit is minus its error.
    pairing : bool
        A loss compares real i with fake i.
    whole_batch : bool
        A loss is a scalar of the whole batch, a penalty a number of it, not a mean over samples.
    batch_statistics : bool
        What an architecture's discriminator says of one sample depends on the others in training.
    penalised_together : bool
        Penalties on gradients go with an architecture's batch statistics: its discriminator sees only how much samples
        differ, and the gradient is that of the sum of the batch's logits.
    double_backward : bool
        A discriminator can be differentiated twice; penalties on gradients need it.
    differentiates : bool
        A regularizer takes gradients of the discriminator, which must then be differentiable twice.
    weighs : bool
        A regularizer multiplies the samples' losses by `weights`.
    limits_weights : bool
        A regularizer or architecture keeps the discriminator's weights small; two would work against each other.
    scales_weights : bool
        An architecture's weights are scaled when they are used (equalised learning rate): limits on weights as they are
        kept mean something else, and its own optimizer and learning rate come before a loss's.
    clips_weights : bool
        A regularizer cuts the discriminator's weights off after an update; penalties on its slopes would go unheard.
    classifies : bool
        A conditioning reads class logits, which its head gives and an autoencoder does not.
    reads_codes : bool
        A regularizer reads latent codes, which the prior must then have.
    normal_latents : bool
        A sampler takes the prior for standard normal.
    square : bool
        An architecture or augmentation needs images as wide as high.
    rows_at_once : int
        Rows that an architecture's discriminator judges together, or a regularizer differentiates together; a batch
        must hold a multiple of them.
    tables : bool
        A part works with tables only, of columns that the networks know.
    reads_condition : bool
        A regularizer reads which values of a table's rows are asked for.
    one_sided : bool
        A metric looks for one fault only, so that samples far from the data may score well.
    """

    kinds: tuple[str, ...] | None = None
    labels: tuple[str, ...] | None = None
    meaning: str | None = None
    meanings: tuple[str, ...] | None = None
    reconstructs: bool = False
    pairing: bool = False
    whole_batch: bool = False
    batch_statistics: bool = False
    penalised_together: bool = False
    double_backward: bool = True
    differentiates: bool = False
    weighs: bool = False
    limits_weights: bool = False
    scales_weights: bool = False
    clips_weights: bool = False
    classifies: bool = False
    reads_codes: bool = False
    normal_latents: bool = False
    square: bool = False
    rows_at_once: int = 1
    tables: bool = False
    reads_condition: bool = False
    one_sided: bool = False


class Component(BaseEstimator):
    """What all parts share: parameters as scikit-learn has them, and what they declare."""

    #: parameter -> constraints, checked when fit starts
    constraints: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    #: parameter -> what papers tried: a list, or the ends of a range that is searched on a logarithmic scale
    tried: ClassVar[Mapping[str, list[Any] | tuple[float, float]]] = {}

    def validate(self) -> None:
        """Raise `InvalidParameterError` when a parameter is out of its range."""
        fresh = type(self)().get_params(deep=False) if self.constraints else {}
        check_table(type(self).__name__, self.get_params(deep=False), self.constraints, fresh)

    def tags(self) -> Tags:
        """Return what this part needs or does."""
        return Tags()

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return the tensors this part learns or counts in, as they start."""
        return {}

    def modules(self, spec: DataSpec) -> dict[str, nn.Module]:
        """Return extra networks of this part by the player that trains them."""
        return {}

    def param_space(self) -> dict[str, Any]:
        """Return what a search may try of each parameter: lists, and distributions of SciPy around the present value.

        It follows from `constraints`, and from `tried` where papers say more.
        """
        from skgan.search_spaces import around

        return around(self.get_params(deep=False), self.constraints, self.tried)

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return small sets of parameters that tests build this part with."""
        return [{}]


class Loss(Component, ABC):
    """What each player minimises, unreduced."""

    @abstractmethod
    def discriminator(self, batch: Batch) -> Tensor:
        """Return the discriminator's loss, shaped like the logits."""

    @abstractmethod
    def generator(self, batch: Batch) -> Tensor:
        """Return the generator's loss, shaped like the logits."""

    def defaults(self, spec: DataSpec) -> dict[str, Any]:
        """Return what its paper sets: ``regularizers``, ``n_critic``, ``optimizer``, learning rates, ``architecture``.

        Parts are given as a name or as ``(name, parameters)``.
        """
        return {}

    def watch(self, batch: Batch) -> dict[str, Tensor]:
        """Return further scalars of a discriminator's turn for the history, such as a distance it estimates."""
        return {}


class Regularizer(Component, ABC):
    """Something added to a player's loss, or done to its weights."""

    #: whose loss it joins: "discriminator", "generator" or "both"
    player: str = "discriminator"
    #: the samples whose gradient it reads: "real", "fake"
    needs_gradient: tuple[str, ...] = ()
    #: due at every so many updates of its player; the weight is multiplied by it
    every_updates: int = 1

    def penalty(self, batch: Batch) -> Tensor | None:
        """Return the penalty, `(n,)` or a scalar."""
        return None

    def prepare(self, module: nn.Module, player: str) -> None:
        """Change a network when it has been built (spectral normalisation); what it counts may go into buffers."""

    def after_update(self, module: nn.Module) -> None:
        """Change the player's network after each of its updates (weight clipping)."""

    def weights(self, batch: Batch) -> Tensor | None:
        """Return factors `(n,)` for the unreduced loss of its player."""
        return None


class Architecture(Component, ABC):
    """A generator and a discriminator built from the shape of the data."""

    @abstractmethod
    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module with ``forward(z, y) -> x``.

        A style-based one also has its two halves, ``map(z, y) -> w``, styles `(n, layers, width)` or `(n, width)`, and
        ``synthesize(w) -> x``.

        One of tables may also have ``decided(z, y)``: samples with the place of the 1 instead of each span, float32
        `(n, numbers + spans)`. Drawing asks it instead of ``forward``, where it has one.
        """

    @abstractmethod
    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module with ``forward(x, y) -> Critique``."""

    def defaults(self, spec: DataSpec) -> dict[str, Any]:
        """Return what it trains best with where neither the user nor the loss says, as losses do.

        A ``loss`` among it is taken where the user names none.
        """
        return {}


class Asking(NamedTuple):
    """Which values of a table's rows are told to both networks in training, as the condition at the end of a label.

    `share` of the rows have one column asked for, the others none. With `frequency` "true" rows are drawn as they are;
    with "log" or "uniform" a row is drawn after its value, whose probability within the column goes with the logarithm
    of its count, or is the same for all.
    """

    share: float = 0.0
    frequency: str = "true"


class Conditioning(Component, ABC):
    """How labels reach both networks. With ``label_dim == 0`` it builds no parameters."""

    @abstractmethod
    def embed(self, spec: DataSpec) -> Embedding:
        """Return a module ``y -> e`` that knows its output width, `skgan.layers.Embedding`."""

    @abstractmethod
    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return a module ``(features, e) -> Critique`` for features of `width`."""

    def modulation(self, channels: int, spec: DataSpec) -> nn.Module:
        """Return a normalisation ``(h, e) -> h`` for inside the generator; plain by default."""
        from skgan.layers import PlainNorm

        return PlainNorm(channels)

    def auxiliary(self, batch: Batch) -> Tensor | None:
        """Return a term that the playing network adds to its loss."""
        return None

    def asking(self) -> Asking:
        """Return which values of a table the networks are told of in training; none by default."""
        return Asking()


class Augmentation(Component, ABC):
    """A differentiable change of samples, applied to real and fake alike before the discriminator."""

    @abstractmethod
    def __call__(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Return changed samples, `(n, *shape)` as they came; each row by itself."""

    def with_state(self, x: Tensor, rng: torch.Generator, state: Mapping[str, Tensor]) -> Tensor:
        """Return changed samples by what the part keeps in `state`; what the discriminator's door calls."""
        return self(x, rng)

    def adapt(self, state: Mapping[str, Tensor], statistics: Mapping[str, Tensor]) -> None:
        """Change `state` in place at a tick, by what was seen since the last one.

        Parameters
        ----------
        state : mapping of str to Tensor
            What `state` declared.
        statistics : mapping of str to Tensor
            ``step``, ``rows`` seen by the discriminator since the last tick, and the means of ``real_logit``,
            ``fake_logit`` and ``real_sign``, the sign of the logits of augmented real samples.
        """


class Optimizer(Component, ABC):
    """Makes the optimizer of each player."""

    @abstractmethod
    def make(self, parameters: Iterable[Tensor], learning_rate: float) -> torch.optim.Optimizer:
        """Return a torch optimizer of `parameters`."""

    def rate(self, step: int) -> float:
        """Return the factor on the learning rate at a generator update: a schedule, 1 by default."""
        return 1.0


class Sampler(Component, ABC):
    """Draws samples after training, with bounded work.

    It is called for a fixed number of rows at a time, so that what a row becomes does not depend on how
    many are drawn.
    """

    #: latents that each sample may be chosen from
    candidates: int = 1

    @abstractmethod
    def draw(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, float]:
        """Return samples `(n, *shape)` and the share of drafts that were accepted.

        Parameters
        ----------
        generator, discriminator : nn.Module
            In evaluation mode; the generator is the average. Both must be left as they are.
        z : Tensor
            Latents from the prior, `(n, latent_dim)`; `(n, candidates, latent_dim)` where `candidates` is more than 1.
        y : Tensor
            Labels, `(n, *label_shape)`.
        rng : torch.Generator
            For all further random numbers.
        """


class Encoder(Component, ABC):
    """A column of a table to numbers and codes, and back.

    `fit` learns how many `numbers` and categories (`width`) the column has for the networks, and whether its first
    categories stand `alone`, without numbers. Columns of numbers come as float64 with NaN where one is missing,
    others as objects with None.
    """

    #: what columns it is for: of "numbers", of "categories", or "any"
    reads: ClassVar[str] = "categories"
    #: between -1 and 1, of each value
    numbers: int = 0
    #: categories
    width: int = 0
    #: the first categories, beside which the numbers are 0
    alone: int = 0

    @abstractmethod
    def fit(self, column: np.ndarray) -> Encoder:
        """Learn from a column, `(n,)`; return this encoder."""

    @abstractmethod
    def encode(self, column: np.ndarray, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers `(n, numbers)`, float32, and codes `(n,)`, int32, of a column.

        With `rng` a value may become one of several codes or numbers, as in training; without it always the same.
        """

    @abstractmethod
    def decode(self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the column of numbers `(n, numbers)` and codes `(n,)`."""

    @abstractmethod
    def learned(self) -> dict[str, np.ndarray]:
        """Return what was learned as arrays; `restore` takes them."""

    @abstractmethod
    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave, or raise ValueError when it cannot have been learned."""

    def code_of(self, value: Any) -> int:
        """Return the code of a value that one category stands for, else -1."""
        return -1

    def strange(self, column: np.ndarray) -> np.ndarray:
        """Return which values `fit` did not see, so that `encode` takes others for them, `(n,)` booleans."""
        from numpy import zeros

        return zeros(len(column), bool)

    def values_of_codes(self) -> np.ndarray | None:
        """Return the value of each code, `(width,)`, where `decode` looks at nothing else; None where it does."""
        return None


class Constraint(Component, ABC):
    """A rule for the rows of a table, which samples keep."""

    @abstractmethod
    def fit(self, table: Mapping[Any, np.ndarray]) -> Constraint:
        """Learn from the columns of the data, by name; refuse data that do not keep the rule."""

    @abstractmethod
    def enforce(self, table: dict[Any, np.ndarray], rng: np.random.Generator) -> dict[Any, np.ndarray]:
        """Return the columns of samples with the rows that break the rule mended; no row is dropped."""

    @abstractmethod
    def kept(self, table: Mapping[Any, np.ndarray]) -> np.ndarray:
        """Return which rows keep the rule, `(n,)`."""

    @abstractmethod
    def learned(self) -> dict[str, np.ndarray]:
        """Return what was learned as arrays; `restore` takes them."""

    @abstractmethod
    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave, or raise ValueError when it cannot have been learned."""


class Score(float):
    """A number that knows how it came about; those that came about otherwise cannot be ordered beside it.

    Parameters
    ----------
    value : float
        The number.
    greater_is_better : bool
        Its direction.
    protocol : dict
        What two scores must share to be compared: metric, parameters, features, numbers of rows, real rows.
    uncertainty : float, optional
        One standard error, when it is known.
    details : dict, optional
        Further figures beside the number, which decide nothing.

    Examples
    --------
    >>> from skgan.interfaces import Score
    >>> Score(0.93, greater_is_better=True, protocol={"metric": "coverage", "k": 5})
    Score(0.93, higher is better, metric='coverage', k=5)
    """

    greater_is_better: bool
    protocol: dict[str, Any]
    uncertainty: float | None
    details: dict[str, Any]

    def __new__(  # noqa: D102
        cls,
        value: float,
        *,
        greater_is_better: bool = True,
        protocol: Mapping[str, Any] | None = None,
        uncertainty: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Score:
        self = super().__new__(cls, value)
        self.greater_is_better = greater_is_better
        self.protocol = dict(protocol or {})
        self.uncertainty = uncertainty
        self.details = dict(details or {})
        return self

    def __repr__(self) -> str:
        direction = "higher" if self.greater_is_better else "lower"
        about = "" if self.uncertainty is None else f" +- {self.uncertainty:.2g}"
        said = "".join(f", {key}={value!r}" for key, value in self.protocol.items())
        return f"Score({float(self):.6g}{about}, {direction} is better{said})"

    def better_than(self, other: float) -> bool:
        """Return whether this score is strictly better, in its direction; unlike ones are refused."""
        return bool(self > other) if self.greater_is_better else bool(self < other)

    def __lt__(self, other: Any) -> Any:
        return super().__lt__(self._alike(other))

    def __le__(self, other: Any) -> Any:
        return super().__le__(self._alike(other))

    def __gt__(self, other: Any) -> Any:
        return super().__gt__(self._alike(other))

    def __ge__(self, other: Any) -> Any:
        return super().__ge__(self._alike(other))

    def _alike(self, other: Any) -> Any:
        """Return what this score may be ordered beside, or refuse it."""
        if isinstance(other, Score) and other.protocol != self.protocol:
            names = [*self.protocol, *(name for name in other.protocol if name not in self.protocol)]
            unlike = [name for name in names if self.protocol.get(name) != other.protocol.get(name)]
            told = [f"{n}: {self.protocol.get(n)!r:.60} and {other.protocol.get(n)!r:.60}" for n in unlike[:3]]
            raise IncomparableScoresError(
                sentence(
                    f"Scores must have one protocol to be compared. Got {'; '.join(told)}.",
                    "Measure both on the same rows with the same metric, or compare float(score).",
                )
            )
        return other


class Metric(Component, ABC):
    """A number for how good samples are."""

    greater_is_better: ClassVar[bool] = True
    #: the ends that no value passes, so that no interval does
    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    #: whether images are compared by features that were learned, where the user does not say by which
    needs_features: ClassVar[bool] = False
    #: whether rows are given as the user has them, tables with their columns, instead of as the networks see them
    takes_tables: ClassVar[bool] = False

    @abstractmethod
    def __call__(
        self,
        X_real: np.ndarray,
        X_fake: np.ndarray,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
    ) -> Score:
        """Compare two sets of rows, `(n, d)` and `(m, d)`; of images, where the tags say so, `(n, c, h, w)`."""

    def scored(
        self,
        value: float,
        X_real: Any,
        X_fake: Any,
        *,
        uncertainty: float | None = None,
        details: Mapping[str, Any] | None = None,
        **protocol: Any,
    ) -> Score:
        """Return a score whose protocol names the metric, its parameters, the rows and what else is given.

        Parameters
        ----------
        value : float
            The number.
        X_real, X_fake : array or DataFrame
            What was compared.
        uncertainty, details
            As of `Score`.
        **protocol : dict
            Further entries, or other values than a parameter's `repr`.
        """
        cls = type(self)
        literal = getattr(sys.modules.get(cls.__module__), "NAMES", {})
        name = next(
            (name for name, attribute in literal.items() if attribute == cls.__qualname__), cls.__name__.lower()
        )
        parameters = {key: _told(each) for key, each in self.get_params(deep=False).items()}
        rows = {"n_real": len(X_real), "n_fake": len(X_fake), "real": digest(X_real)}
        return Score(
            value,
            greater_is_better=self.greater_is_better,
            protocol={"metric": name, **parameters, **protocol, **rows},
            uncertainty=uncertainty,
            details=details,
        )

    def work(self, n_real: int, n_fake: int, width: int) -> float:
        """Return about how many multiplications a call takes: what decides how often a training can be judged.

        By default all pairs of rows are compared once, outside the matrix library, which costs ten times as much.
        """
        return 10.0 * (n_real + n_fake) ** 2 * width


def _told(value: Any) -> Any:
    """Return a parameter as a protocol holds it."""
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


class Features(Component, ABC):
    """What samples are compared by: vectors in which a distance means something.

    They are learned from real rows only, so that all samples that are compared with the same rows are seen alike.
    """

    #: whether what is learned depends on the real rows
    learns: ClassVar[bool] = False

    @abstractmethod
    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Callable[[np.ndarray], np.ndarray]:
        """Return a map of samples `(n, *shape)` to vectors `(n, d)`; deterministic, and blind to other samples.

        Parameters
        ----------
        X : ndarray of shape (n, *shape)
            Real samples as the networks see them: images `(n, c, h, w)` in [-1, 1], columns in their own scale.
        y : ndarray of shape (n,), optional
            Their classes.

        Returns
        -------
        callable
            With the attribute ``probabilities``, a map to class probabilities `(n, K)`, where there is a classifier.
        """

    def fingerprint(self) -> str:
        """Return what beside parameters and real rows decides the vectors, such as a digest of a file of weights."""
        return ""

    def work(self, n: int, shape: tuple[int, ...]) -> float:
        """Return about how many multiplications `learn` takes for n samples `(n, *shape)`; early stopping plans by it.

        By default none, as of what does not learn.
        """
        return 0.0


class Stop:
    """What a callback returns from `Callback.on_tick` to end the fit after this step."""


class Callback(Component):
    """Looks on while a fit runs, at every tick (each 100th generator update and the last).

    A callback that raises is left out from then on, with one warning; training goes on.
    """

    def on_fit_begin(self, view: Any) -> None:
        """Called before the first step with a `skgan.watch.View`."""

    def on_tick(self, view: Any) -> Stop | None:
        """Called at each tick; return `Stop()` to end the fit."""
        return None

    def on_fit_end(self, view: Any) -> None:
        """Called after the last step."""

    def on_exception(self, view: Any, error: BaseException) -> None:
        """Called when the fit ends in an error, which goes on its way."""


def __getattr__(name: str) -> Any:
    # Batch is torch's; naming it here keeps one page to import from, and torch out of `import skgan`.
    if name == "Batch":
        from skgan.objective import Batch

        return Batch
    raise AttributeError(f"module 'skgan.interfaces' has no attribute {name!r}")
