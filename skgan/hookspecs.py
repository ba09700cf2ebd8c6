"""The hooks through which an installed package offers parts, one a family.

A plugin is a distribution with an entry point in the group ``skgan`` whose module implements some
of these; each returns `ComponentSpec` records, and nothing is imported before a name is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pluggy

PROJECT = "skgan"

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
        The name users write; ``-`` and ``_`` are the same.
    target : str
        ``"package.module:Class"``; imported when the name is first used.
    summary : str, default=""
        One line for listings.

    Examples
    --------
    >>> from skgan import ComponentSpec
    >>> ComponentSpec("loss", "theirs", "their_package.losses:Theirs").name
    'theirs'
    """

    kind: str
    name: str
    target: str
    summary: str = ""


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
def skgan_metrics() -> Iterable[ComponentSpec]:
    """Offer metrics."""
    return ()


@hookspec
def skgan_callbacks() -> Iterable[ComponentSpec]:
    """Offer callbacks."""
    return ()


HOOKS = {
    "loss": "skgan_losses",
    "regularizer": "skgan_regularizers",
    "architecture": "skgan_architectures",
    "conditioning": "skgan_conditionings",
    "augmentation": "skgan_augmentations",
    "optimizer": "skgan_optimizers",
    "sampler": "skgan_samplers",
    "encoder": "skgan_encoders",
    "metric": "skgan_metrics",
    "callback": "skgan_callbacks",
}
