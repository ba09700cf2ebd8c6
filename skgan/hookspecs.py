"""The hooks through which an installed package offers parts and looks on: one sentence each.

A plugin is a distribution with an entry point in one of two groups. The module that an entry point
in the group ``skgan`` leads to implements family hooks, each of which returns `ComponentSpec` records;
no part is imported before its name is asked for. The module of an entry point in the group
``skgan.events`` implements the hooks that are told of fits; it is loaded at the first fit, so it is a
module of its own. ``docs/plugins.md`` shows how to write both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from skgan.interfaces import DataSpec

PROJECT = "skgan"

#: entry-point group -> what the hooks of its modules are for
PARTS_GROUP = "skgan"
EVENTS_GROUP = "skgan.events"

#: versions of what `skgan.interfaces` asks of a part that this skgan can train with: the oldest and the newest
PART_API = (1, 1)

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class ComponentSpec:
    """What a plugin says of one part: its family, its name and where its class is.

    Parameters
    ----------
    kind : str
        The family: ``"loss"``, ``"regularizer"``, ``"architecture"`` ...
    name : str
        The name users write; ``-`` and ``_`` are the same, and so are lower and upper case.
    target : str or type
        ``"package.module:Class"``, imported when the name is first used; or the class itself, which costs
        its import whenever plugins are looked for.
    summary : str, default=""
        One line for listings.
    aliases : tuple of str, default=()
        Further names.
    api : int, default=1
        Version of the part's interface that it was written for, in [1, inf).
    requires : tuple of str, default=()
        Import names of packages it needs; a missing one is named when the part is used.

    Examples
    --------
    >>> from skgan import ComponentSpec
    >>> ComponentSpec("loss", "theirs", "their_package.losses:Theirs", aliases=("their-loss",)).name
    'theirs'
    """

    kind: str
    name: str
    target: str | type
    _: KW_ONLY
    summary: str = ""
    aliases: tuple[str, ...] = ()
    api: int = 1
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What observers are told of a fit: text and frozen records, nothing that training reads.

    Parameters
    ----------
    params : mapping of str to str
        The estimator's parameters, each as its ``repr``.
    spec : DataSpec
        What the networks know of the data.
    provenance : mapping
        Where each part came from.
    """

    params: Mapping[str, str]
    spec: DataSpec
    provenance: Mapping[str, Any]


@hookspec
def skgan_losses() -> Iterable[ComponentSpec]:
    """Offer losses."""
    return ()


@hookspec
def skgan_regularizers() -> Iterable[ComponentSpec]:
    """Offer regularizers."""
    return ()


@hookspec
def skgan_architectures() -> Iterable[ComponentSpec]:
    """Offer architectures: pairs of networks built from the data's shape."""
    return ()


@hookspec
def skgan_conditionings() -> Iterable[ComponentSpec]:
    """Offer ways to feed labels to both networks."""
    return ()


@hookspec
def skgan_augmentations() -> Iterable[ComponentSpec]:
    """Offer differentiable augmentations."""
    return ()


@hookspec
def skgan_optimizers() -> Iterable[ComponentSpec]:
    """Offer optimizers."""
    return ()


@hookspec
def skgan_samplers() -> Iterable[ComponentSpec]:
    """Offer ways to draw samples after training."""
    return ()


@hookspec
def skgan_encoders() -> Iterable[ComponentSpec]:
    """Offer column encoders."""
    return ()


@hookspec
def skgan_constraints() -> Iterable[ComponentSpec]:
    """Offer rules for the rows of tables."""
    return ()


@hookspec
def skgan_metrics() -> Iterable[ComponentSpec]:
    """Offer metrics."""
    return ()


@hookspec
def skgan_features() -> Iterable[ComponentSpec]:
    """Offer features: what metrics compare samples by."""
    return ()


@hookspec
def skgan_callbacks() -> Iterable[ComponentSpec]:
    """Offer callbacks."""
    return ()


@hookspec
def skgan_show_versions() -> Mapping[str, Any]:
    """Return what `skgan.show_versions` shall print beside the plugin's own version."""
    return {}


@hookspec
def skgan_fit_started(run: Run) -> None:
    """Be told that a ``fit`` or ``partial_fit`` is about to train; what is returned is ignored."""


@hookspec
def skgan_fit_finished(run: Run, error: BaseException | None) -> None:
    """Be told that it has ended, with the error that ended it or None; the error goes on its way."""


HOOKS = {
    "loss": "skgan_losses",
    "regularizer": "skgan_regularizers",
    "architecture": "skgan_architectures",
    "conditioning": "skgan_conditionings",
    "augmentation": "skgan_augmentations",
    "optimizer": "skgan_optimizers",
    "sampler": "skgan_samplers",
    "encoder": "skgan_encoders",
    "constraint": "skgan_constraints",
    "metric": "skgan_metrics",
    "features": "skgan_features",
    "callback": "skgan_callbacks",
}

#: entry-point group -> the hooks that are called in its modules
HOOKS_OF_GROUP = {
    PARTS_GROUP: (*HOOKS.values(), "skgan_show_versions"),
    EVENTS_GROUP: ("skgan_fit_started", "skgan_fit_finished"),
}
