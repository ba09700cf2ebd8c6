"""Where names become objects and every "auto" is decided; behind this door nobody reads a string.

Each parameter takes the user's word, else what the loss says in ``defaults``, else the architecture,
else the library. "auto" looks at the data and at what parts can do, never at a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sklearn.base import clone

from skgan import compatibility, declarations, interfaces, registry
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Component, DataSpec
from skgan.validation import listed, sentence, shown

if TYPE_CHECKING:
    from skgan.latents import Prior

FAMILIES: dict[str, type[Component]] = {
    "loss": interfaces.Loss,
    "architecture": interfaces.Architecture,
    "regularizer": interfaces.Regularizer,
    "conditioning": interfaces.Conditioning,
    "augmentation": interfaces.Augmentation,
    "optimizer": interfaces.Optimizer,
    "sampler": interfaces.Sampler,
    "metric": interfaces.Metric,
    "features": interfaces.Features,
    "callback": interfaces.Callback,
}
#: of tables: they look at columns, not at batches
OF_TABLES: dict[str, type[Component]] = {"encoder": interfaces.Encoder, "constraint": interfaces.Constraint}

#: the optimizer is one for losses that hold the discriminator's slope, as the default does with its penalties; those
#: that do not bring their own; docs/benchmarks.md says why
LIBRARY_DEFAULTS: dict[str, Any] = {
    "regularizers": [],
    "n_critic": 1,
    "optimizer": ("adam", {"betas": (0.0, 0.99), "slowing_steps": 1000}),
    "learning_rate": 1e-3,
    "conditioning": "projection",
}

#: what an architecture decides before a loss does, where its weights are scaled when used
OF_WEIGHTS = ("optimizer", "learning_rate", "discriminator_learning_rate")

#: generator updates for each row, and the least and most of them, by kind of data; docs/benchmarks.md says why
BUDGETS = {"image": (5, 200, 10_000)}
BUDGET = (8, 100, 10_000)


@dataclass
class Parts:
    """The resolved parts and numbers of one training.

    Parameters
    ----------
    loss, architecture, conditioning, optimizer
        One part each.
    regularizers, augmentations
        Lists of parts.
    n_critic : int
        Discriminator updates for each generator update.
    n_discriminators : int
        How many look at the same samples.
    learning_rate, discriminator_learning_rate : float
        Of the two players.
    """

    loss: interfaces.Loss
    architecture: interfaces.Architecture
    conditioning: interfaces.Conditioning
    optimizer: interfaces.Optimizer
    regularizers: list[interfaces.Regularizer]
    augmentations: list[interfaces.Augmentation]
    n_critic: int
    n_discriminators: int
    learning_rate: float
    discriminator_learning_rate: float

    def names(self) -> dict[Component, str]:
        """Return one name for each part: for its random numbers, its state and its figures in the history."""
        named: dict[Component, str] = {self.loss: "loss", self.conditioning: "conditioning"}
        named |= {part: registry.name_of("regularizer", part) for part in self.regularizers}
        named |= {part: f"{registry.name_of('augmentation', part)}_{i}" for i, part in enumerate(self.augmentations)}
        return named


def component(kind: str, value: Any, parameter: str = "", params: Mapping[str, Any] | None = None) -> Any:
    """Return a valid part of a family for a name, a class or an instance; an instance is cloned."""
    family = (FAMILIES | OF_TABLES)[kind]
    if isinstance(value, str):
        value = registry.resolve(kind, value)
    if isinstance(value, type) and issubclass(value, family):
        part = value(**params or {})
    elif isinstance(value, family):
        part = clone(value)
    else:
        raise InvalidParameterError(
            sentence(
                f"The {parameter or kind!r} parameter of GANEstimator must be the name of a {kind}",
                f"({listed(registry.names(kind), 8)}) or an instance of skgan.interfaces.{family.__name__}.",
                f"Got {_described(value)} instead. Derive its class from that interface.",
            )
        )
    part.validate()
    declarations.check(part)
    return part


def given(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts the user named, as objects; "auto" and None stay. Needs no data, so it comes first."""
    parts: dict[str, Any] = {}
    for name in ("loss", "architecture", "conditioning", "optimizer", "sampler"):
        value = params[name]
        free = ("auto", None) if name in ("conditioning", "sampler") else ("auto",)
        parts[name] = value if value is None and None in free else _unless_auto(name, value, name)
    parts["regularizers"] = _each("regularizer", params["regularizers"], "regularizers")
    parts["augmentation"] = _each("augmentation", params["augmentation"], "augmentation")
    parts["callbacks"] = _each("callback", params["callbacks"], "callbacks")
    named = parts["regularizers"] if isinstance(parts["regularizers"], list) else []
    names = [registry.name_of("regularizer", part) for part in named]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise InvalidParameterError(
            sentence(
                "The 'regularizers' parameter of GANEstimator must not hold one regularizer twice.",
                f"Got {listed(doubled)} more than once. Give it once, with the weight you want.",
            )
        )
    return parts


def complete(parts: Mapping[str, Any], params: Mapping[str, Any], spec: DataSpec) -> Parts:
    """Return the parts of a training, every "auto" decided for data of `spec`."""
    architecture = parts["architecture"]
    loss = parts["loss"]
    if loss == "auto":
        chosen = {} if architecture == "auto" else declarations.defaults(architecture, spec)
        loss = _made("loss", chosen.get("loss", "rpgan"))
    said = declarations.defaults(loss, spec)
    if architecture == "auto":
        architecture = _made("architecture", said.get("architecture", _usual_architecture(spec)))
    of_networks = declarations.defaults(architecture, spec)
    defaults = LIBRARY_DEFAULTS | of_networks | said
    if architecture.tags().scales_weights:  # a learning rate is one of weights as they are kept
        defaults |= {name: value for name, value in of_networks.items() if name in OF_WEIGHTS}
    regularizers = parts["regularizers"]
    if regularizers == "auto":
        regularizers = [_made("regularizer", value) for value in defaults["regularizers"]]
    else:
        _refuse_idle_parameters(loss, spec)
    conditioning = parts["conditioning"]
    if conditioning in ("auto", None):
        conditioning = _made("conditioning", defaults["conditioning"])
    rate = _number(params["learning_rate"], defaults["learning_rate"])
    resolved = Parts(
        loss=loss,
        architecture=architecture,
        conditioning=conditioning,
        optimizer=parts["optimizer"] if parts["optimizer"] != "auto" else _made("optimizer", defaults["optimizer"]),
        regularizers=list(regularizers or []),
        augmentations=list(parts["augmentation"] or []),
        n_critic=_number(params["n_critic"], defaults["n_critic"]),
        n_discriminators=params["n_discriminators"],
        learning_rate=rate,
        discriminator_learning_rate=_number(
            params["discriminator_learning_rate"], defaults.get("discriminator_learning_rate", rate)
        ),
    )
    compatibility.check(resolved, spec)
    compatibility.check_batch_size(resolved.architecture, params["batch_size"])
    return resolved


def for_tables(params: Mapping[str, Any], given: dict[str, Any]) -> tuple[dict[Any, Any], list[Any]]:
    """Return encoders or kinds by column, and rules, as objects; and decide how tables are conditioned, in `given`."""
    from skgan.encoding.column_kinds import KINDS

    if isinstance(given["conditioning"], str):
        given["conditioning"] = component("conditioning", "condition-vector")
    said = {}
    for name, value in (params["columns"] or {}).items():
        kind = isinstance(value, str) and registry.normalised(value) in KINDS
        said[name] = value if kind else component("encoder", value, "columns")
    rules = [] if params["constraints"] is None else params["constraints"]
    rules = [rules] if isinstance(rules, str) or not hasattr(rules, "__iter__") else rules
    return said, [component("constraint", rule, "constraints") for rule in rules]


def sampler(value: Any, parts: Parts, spec: DataSpec, prior: Prior) -> interfaces.Sampler | None:
    """Return the sampler that a name or an object stands for, when it can draw from what was trained."""
    if value is None:
        return None
    part = component("sampler", value, "sampler")
    compatibility.check_sampler(part, parts, spec, prior)
    return part


def metric(part: interfaces.Metric, spec: DataSpec, labelled: bool = True) -> interfaces.Metric:
    """Return a metric that can judge data of `spec`, its features as an object; "auto" looks at what the data is."""
    compatibility.check_data("metric", part, spec)
    asked = part.get_params(deep=False).get("features", "raw")
    if isinstance(asked, str) and asked == "auto" and part.needs_features and spec.kind == "image":
        asked = "own-classifier" if labelled and spec.label_kind == "classes" else "own-autoencoder"
    if isinstance(asked, str) and asked in ("auto", "raw"):
        return part
    features = component("features", asked, "features")
    compatibility.check_data("features", features, spec)
    return part.set_params(features=features)


def budget(max_iter: int | str, kind: str, n_rows: int) -> int:
    """Return how many generator updates a fit takes: a stated number for each row, within bounds."""
    if max_iter != "auto":
        return int(max_iter)
    per_row, least, most = BUDGETS.get(kind, BUDGET)
    return min(max(per_row * n_rows, least), most)


def provenance(parts: Parts) -> dict[str, dict[str, str]]:
    """Return where each part comes from: family, qualified name, distribution, version."""
    found = {}
    for kind, members in (
        ("loss", [parts.loss]),
        ("architecture", [parts.architecture]),
        ("conditioning", [parts.conditioning]),
        ("optimizer", [parts.optimizer]),
        ("regularizer", parts.regularizers),
        ("augmentation", parts.augmentations),
    ):
        for part in members:
            origin = registry.provenance(kind, type(part))
            label = kind if len(members) == 1 else f"{kind}/{registry.name_of(kind, part)}"
            found[label] = origin or {"kind": kind, "name": f"{type(part).__module__}:{type(part).__qualname__}"}
    return found


def _usual_architecture(spec: DataSpec) -> str:
    if spec.kind == "image":
        return "unet" if spec.label_kind == "image" else "dcgan"
    return "tabular" if spec.columns else "mlp"


def _unless_auto(kind: str, value: Any, parameter: str) -> Any:
    return "auto" if isinstance(value, str) and value == "auto" else component(kind, value, parameter)


def _each(kind: str, value: Any, parameter: str) -> Any:
    if value is None or (isinstance(value, str) and value == "auto" and kind == "regularizer"):
        return value
    if not isinstance(value, list | tuple):
        return [component(kind, value, parameter)]
    return [component(kind, member, f"{parameter}[{index}]") for index, member in enumerate(value)]


def _made(kind: str, value: Any) -> Any:
    name, params = value if isinstance(value, tuple) else (value, {})
    return component(kind, name, params=params)


def _number(value: Any, default: Any) -> Any:
    return default if value == "auto" or value is None else value


def _described(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else shown(value)


def _refuse_idle_parameters(loss: interfaces.Loss, spec: DataSpec) -> None:
    """Refuse a loss whose changed parameters would only have shaped the regularizers that the user replaced."""
    mine, plain = loss.defaults(spec), type(loss)().defaults(spec)
    if mine.get("regularizers") != plain.get("regularizers"):
        raise InvalidParameterError(
            sentence(
                "The 'regularizers' parameter of GANEstimator must be 'auto' where the loss's own weight counts.",
                f"Got regularizers beside {loss!r}, whose changed parameters would do nothing.",
                "Set the weight on the regularizer, or leave regularizers out.",
            )
        )
