"""Which parts go together, decided by their tags: one rule for each reason, in one list.

A rule looks at two parts, or at a part and the data, and returns why they do not go together. `check`
refuses the first such pair before anything is built; the table of pairs in the documentation asks the
same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from skgan.exceptions import IncompatibleComponentError, InvalidParameterError
from skgan.interfaces import Architecture, Component, Conditioning, DataSpec, Loss, Regularizer, Sampler
from skgan.registry import name_of
from skgan.validation import listed, sentence

if TYPE_CHECKING:
    from skgan.latents import Prior
    from skgan.resolution import Parts
    from skgan.training import TrainState

Rule = Callable[[Component, Component], str]
DataRule = Callable[[Component, DataSpec], str]


def _only_the_one_meaning(first: Component, second: Component) -> str:
    meanings = second.tags().meanings
    if not isinstance(first, Loss) or meanings is None or first.tags().meaning in meanings:
        return ""
    said = first.tags().meaning
    has = f"makes the logit a {said}" if said else "does not say what its logit means (tags().meaning)"
    return f"it needs a logit that means {listed(meanings)}, and this loss {has}"


def _energies_are_reconstruction_errors(first: Component, second: Component) -> str:
    if not isinstance(first, Loss) or not isinstance(second, Architecture):
        return ""
    energy, reconstructs = first.tags().meaning == "energy", second.tags().reconstructs
    if energy and not reconstructs:
        return "the loss needs a discriminator that is an autoencoder, such as 'autoencoder-d'"
    if reconstructs and not energy:
        return "its discriminator is an autoencoder, which only losses of an energy, 'ebgan' and 'began', can train"
    return ""


def _class_logits_come_from_a_head(first: Component, second: Component) -> str:
    if first.tags().classifies and second.tags().reconstructs:
        return "it reads class logits, and a discriminator that is an autoencoder has none"
    return ""


def _second_derivatives(first: Component, second: Component) -> str:
    if not isinstance(second, Architecture) or not first.tags().differentiates or second.tags().double_backward:
        return ""
    return "it differentiates the discriminator, whose layers have no second derivative"


def _one_sample_one_gradient(first: Component, second: Component) -> str:
    if not isinstance(second, Architecture) or not first.tags().differentiates:
        return ""
    if not second.tags().batch_statistics or second.tags().penalised_together:
        return ""
    return "it needs the gradient at each sample, and batch statistics mix the samples of a batch"


def _rows_at_once(first: Component, second: Component) -> str:
    if not isinstance(second, Architecture):
        return ""
    tags, together = first.tags(), second.tags().rows_at_once
    if tags.differentiates and tags.rows_at_once != together:
        return f"it takes the gradient at {tags.rows_at_once} rows at once, and the discriminator judges {together}"
    if together > 1 and (tags.weighs or tags.classifies):
        return f"it needs a logit for each row, and the discriminator gives one for {together}"
    return ""


def _factors_need_values(first: Component, second: Component) -> str:
    if isinstance(first, Loss) and first.tags().whole_batch and second.tags().weighs:
        return "it weighs the loss of each sample, and this loss is one number for the whole batch"
    return ""


def _one_limit_of_weights(first: Component, second: Component) -> str:
    both = all(isinstance(part, Regularizer | Architecture) and part.tags().limits_weights for part in (first, second))
    return "both limit the discriminator's weights, and one undoes the other" if both else ""


def _limits_are_for_weights_as_used(first: Component, second: Component) -> str:
    if not isinstance(first, Regularizer) or not first.tags().limits_weights or not second.tags().scales_weights:
        return ""
    return "it limits weights as they are kept, and this architecture scales them when they are used"


def _clipped_weights_have_small_slopes(first: Component, second: Component) -> str:
    if not first.tags().clips_weights or not second.tags().differentiates:
        return ""
    return "one cuts the discriminator's weights off, so that it cannot have the slopes that the other asks for"


#: each looks at a pair in both orders
PAIR_RULES: tuple[Rule, ...] = (
    _only_the_one_meaning,
    _energies_are_reconstruction_errors,
    _class_logits_come_from_a_head,
    _second_derivatives,
    _one_sample_one_gradient,
    _rows_at_once,
    _factors_need_values,
    _one_limit_of_weights,
    _limits_are_for_weights_as_used,
    _clipped_weights_have_small_slopes,
)


def _kind_of_data(part: Component, spec: DataSpec) -> str:
    kinds = part.tags().kinds
    if kinds is None or spec.kind in kinds:
        return ""
    hint = "; give X with its image axes, or say image_shape=" if spec.kind == "vector" and "image" in kinds else ""
    return f"it must be given {listed(kinds)} data, and X is {spec.kind} data of shape {spec.shape}{hint}"


def _kind_of_labels(part: Component, spec: DataSpec) -> str:
    labels = part.tags().labels
    if labels is None or spec.label_kind in labels or (isinstance(part, Conditioning) and spec.label_kind == "none"):
        return ""
    came = "there is no y" if spec.label_kind == "none" else f"y is {spec.label_kind!r}"
    return f"it needs labels of the kind {listed(labels)}, and {came}"


def _codes_to_read(part: Component, spec: DataSpec) -> str:
    if not part.tags().reads_codes or spec.categorical_codes or spec.continuous_codes:
        return ""
    return "it reads latent codes, and the prior has none; set prior='codes'"


def _square_images(part: Component, spec: DataSpec) -> str:
    if not part.tags().square or len(spec.shape) != 3 or spec.shape[1] == spec.shape[2]:
        return ""
    return f"it needs images as wide as high, and X has shape {spec.shape}"


def _columns_to_know(part: Component, spec: DataSpec) -> str:
    if not part.tags().tables or spec.columns:
        return ""
    return "it needs a table of mixed types, and X is none; give a DataFrame, or say columns={}"


def _values_asked_for(part: Component, spec: DataSpec) -> str:
    if not part.tags().reads_condition or spec.condition_dim:
        return ""
    return "it reads which values of a row are asked for, and none are; use a table and conditioning='condition-vector'"


DATA_RULES: tuple[DataRule, ...] = (
    _kind_of_data,
    _kind_of_labels,
    _codes_to_read,
    _columns_to_know,
    _values_asked_for,
    _square_images,
)


def why_not(first: Component, second: Component) -> str:
    """Return why two parts do not go together, or nothing when they do.

    Parameters
    ----------
    first, second : Component
        Two parts, in any order.

    Returns
    -------
    str
        The reason, or an empty string.

    Examples
    --------
    >>> from skgan.compatibility import why_not
    >>> from skgan.architectures.mlp import MLP
    >>> from skgan.losses.wgan_gp import WGANGP
    >>> why_not(WGANGP(), MLP())
    ''
    """
    reasons = (rule(*pair) for rule in PAIR_RULES for pair in ((first, second), (second, first)))
    return next((reason for reason in reasons if reason), "")


def why_not_data(part: Component, spec: DataSpec) -> str:
    """Return why a part does not go with data of `spec`, or nothing when it does."""
    reasons = (rule(part, spec) for rule in DATA_RULES)
    return next((reason for reason in reasons if reason), "")


def check(parts: Parts, spec: DataSpec) -> None:
    """Raise `IncompatibleComponentError` for the first pair that cannot work, naming both and the reason."""
    members = list(_members(parts))
    for kind, part in members:
        check_data(kind, part, spec)
    for i, (kind, part) in enumerate(members):
        for other_kind, other in members[i + 1 :]:
            reason = why_not(part, other)
            if reason:
                pair = f"The {other_kind} {name_of(other_kind, other)!r} and the {kind} {name_of(kind, part)!r}"
                _refuse(f"{pair} do not go together: {reason}.", other_kind)


def check_data(kind: str, part: Component, spec: DataSpec) -> None:
    """Raise `IncompatibleComponentError` when a part does not go with data of `spec`."""
    reason = why_not_data(part, spec)
    if reason:
        _refuse(f"The {kind} {name_of(kind, part)!r} does not go with this data: {reason}.", kind)


def check_batch_size(architecture: Architecture, batch_size: int) -> None:
    """Refuse a batch that cannot be parted into the rows that the discriminator judges together."""
    together = architecture.tags().rows_at_once
    if batch_size % together:
        below = batch_size // together * together
        near = listed([size for size in (below, below + together) if size])
        raise IncompatibleComponentError(
            sentence(
                f"batch_size must be a multiple of the {together} rows that {name_of('architecture', architecture)!r}",
                f"judges together. Got {batch_size}. Set it to {near.replace(', ', ' or ')}.",
            )
        )


def check_sync_batch_norm(wanted: bool, compiled: bool, micro_batch: int | str | None) -> None:
    """Refuse batch statistics of all ranks where turns are compiled or taken in pieces."""
    other = "compile=True" if compiled else "" if micro_batch is None else f"micro_batch={micro_batch!r}"
    if wanted and other:
        raise InvalidParameterError(
            sentence(
                f"The 'sync_batch_norm' parameter of GANEstimator must be False with {other}. Got True.",
                "Leave one of both.",
            )
        )


def check_batch_norms(state: TrainState) -> None:
    """Refuse networks with batch normalisation that knows nothing of other ranks."""
    for player in state.players:
        strange = [layer for layer in player.module.modules() if isinstance(layer, _BatchNorm)]
        if strange and not isinstance(strange[0], nn.SyncBatchNorm):
            raise IncompatibleComponentError(
                sentence(
                    f"sync_batch_norm=True reaches only batch normalisation of skgan.layers. Got a torch.nn."
                    f"{type(strange[0]).__name__} in the {player.name}.",
                    "Build it with spec and conditioning.modulation, or with skgan.layers.PlainNorm.",
                )
            )


def check_sampler(sampler: Sampler, parts: Parts, spec: DataSpec, prior: Prior) -> None:
    """Raise `IncompatibleComponentError` when a sampler cannot draw from what was trained."""
    from skgan.latents import Gaussian

    name = name_of("sampler", sampler)
    if sampler.tags().normal_latents and not isinstance(prior, Gaussian):
        pair = f"The sampler {name!r} and the prior {prior!r}"
        _refuse(f"{pair} do not go together: it takes latents for normal.", "sampler")
    reason = why_not_data(sampler, spec)
    for kind, part in _members(parts):
        reason = reason or why_not(part, sampler)
        if reason:
            pair = f"The sampler {name!r} and the {kind} {name_of(kind, part)!r}"
            _refuse(f"{pair} do not go together: {reason}.", "sampler")


def _refuse(what: str, kind: str) -> None:
    raise IncompatibleComponentError(
        sentence(what, f"Choose another {kind}; docs/compatibility.md lists what goes together.")
    )


def _members(parts: Parts) -> Iterator[tuple[str, Component]]:
    yield "loss", parts.loss
    yield "architecture", parts.architecture
    yield "conditioning", parts.conditioning
    for regularizer in parts.regularizers:
        yield "regularizer", regularizer
    for augmentation in parts.augmentations:
        yield "augmentation", augmentation
