"""Names to classes: the parts that ship with skgan, read without importing them, and installed plugins.

A built-in part is a file in its family's folder with a literal ``NAMES = {"name": "Class"}``; adding
the file is all there is to do. Plugins are looked for when a name is not built in, each on its own:
one that fails is left out with one warning and named in every later "no such name".
"""

from __future__ import annotations

import ast
import importlib
import warnings
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pluggy

from skgan import hookspecs
from skgan.exceptions import (
    AmbiguousComponentError,
    ComponentNotFoundError,
    PluginError,
    PluginLoadWarning,
)
from skgan.hookspecs import HOOKS, PROJECT, ComponentSpec
from skgan.validation import did_you_mean, listed, sentence

__all__ = ["names", "provenance", "resolve"]

_PLACES = {
    "loss": "losses",
    "regularizer": "regularizers",
    "architecture": "architectures",
    "conditioning": "conditioning",
    "augmentation": "augmentation",
    "optimizer": "optimizers",
    "sampler": "samplers",
    "encoder": "encoding",
    "metric": "metrics",
    "callback": "callbacks",
}
BUILT_IN = "skgan"


@dataclass
class _Plugins:
    """What the installed plugins offer: kind -> name -> [(distribution, spec)], and what went wrong."""

    offers: dict[str, dict[str, list[tuple[str, ComponentSpec]]]] = field(
        default_factory=lambda: {kind: {} for kind in HOOKS}
    )
    problems: dict[str, str] = field(default_factory=dict)


def normalised(name: str) -> str:
    """Return the one spelling of a name: lower case, ``-`` for ``_``."""
    return name.lower().replace("_", "-")


def names(kind: str) -> list[str]:
    """Return the built-in names of a family.

    Examples
    --------
    >>> from skgan import registry
    >>> "wgan-gp" in registry.names("loss")
    True
    """
    return sorted(_built_in(kind))


def resolve(kind: str, name: str) -> type:
    """Return the class that `name` stands for in the family `kind`, importing its module.

    Parameters
    ----------
    kind : str
        The family, one of the keys of `skgan.hookspecs.HOOKS`.
    name : str
        A built-in name, a plugin's short name, or ``"distribution/name"``.

    Raises
    ------
    ComponentNotFoundError
        When nothing has that name; the message names the nearest one that exists.
    AmbiguousComponentError
        When two plugins claim the name.
    PluginError
        When the class cannot be imported from where its plugin says it is.

    Examples
    --------
    >>> from skgan import registry
    >>> registry.resolve("loss", "wgan_gp").__name__
    'WGANGP'
    """
    provider, target = _find(kind, name)
    module, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except Exception as error:
        if provider == BUILT_IN:
            raise
        raise PluginError(
            sentence(
                f"The {kind} {name!r} of the plugin {provider!r} could not be loaded from {target!r}:",
                f"{type(error).__name__}. Ask its authors, or uninstall {provider}.",
            )
        ) from error


def provenance(kind: str, part_class: type) -> dict[str, str] | None:
    """Return where a part's class comes from - kind, name, distribution, version - or None when no name leads to it."""
    target = f"{part_class.__module__}:{part_class.__qualname__}"
    for name, known in _built_in(kind).items():
        if known == target:
            return _record(kind, name, BUILT_IN)
    for name, offers in _plugins().offers[kind].items():
        for distribution, spec in offers:
            if spec.target == target:
                return _record(kind, f"{distribution}/{name}", distribution)
    return None


def refresh() -> None:
    """Forget which plugins are installed; they are looked for again on the next need."""
    _plugins.cache_clear()


def _record(kind: str, name: str, distribution: str) -> dict[str, str]:
    try:
        version = metadata.version(distribution)
    except metadata.PackageNotFoundError:
        version = "unknown"
    return {"kind": kind, "name": name, "distribution": distribution, "version": version}


def _find(kind: str, name: str) -> tuple[str, str]:
    short = normalised(name).removeprefix(f"{BUILT_IN}/")
    if short in _built_in(kind):
        return BUILT_IN, _built_in(kind)[short]
    plugins = _plugins()
    distribution, _, qualified = short.rpartition("/")
    offers = [
        (provider, spec)
        for provider, spec in plugins.offers[kind].get(qualified if distribution else short, [])
        if not distribution or normalised(provider) == distribution
    ]
    if len(offers) == 1:
        return offers[0][0], offers[0][1].target
    if offers:
        choices = [f"{provider}/{spec.name}" for provider, spec in offers]
        raise AmbiguousComponentError(
            sentence(
                f"The {kind} name {name!r} is claimed by {len(offers)} plugins.",
                f"Write one of {listed(choices)}.",
            )
        )
    known = sorted({*_built_in(kind), *plugins.offers[kind]})
    failed = f"Not loaded: {listed(plugins.problems)}." if plugins.problems else ""
    raise ComponentNotFoundError(
        sentence(
            f"Unknown {kind} {name!r}: it must be one of {listed(known, 20)} or an instance.",
            did_you_mean(short, known) or "Install the plugin that provides it.",
            failed,
        )
    )


@cache
def _built_in(kind: str) -> dict[str, str]:
    """Read name -> "module:Class" of one family from the literals in its files, without importing them."""
    place = Path(__file__).parent / _PLACES[kind]
    files = [place.with_suffix(".py")] if place.with_suffix(".py").exists() else sorted(place.glob("[!_]*.py"))
    found: dict[str, str] = {}
    for file in files:
        module = ".".join(("skgan", *file.relative_to(Path(__file__).parent).with_suffix("").parts))
        for name, attribute in _literal_names(file).items():
            if name in found:
                raise PluginError(f"Two built-in parts claim the {kind} name {name!r}: {found[name]} and {module}.")
            found[name] = f"{module}:{attribute}"
    return found


def _literal_names(file: Path) -> dict[str, str]:
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "NAMES":
            return ast.literal_eval(node.value)
    return {}


@cache
def _plugins() -> _Plugins:
    """Load every installed plugin once, each by itself."""
    plugins = _Plugins()
    for entry in metadata.entry_points(group=PROJECT):
        distribution = entry.dist.name if entry.dist else entry.name
        try:
            _take_in(entry.load(), distribution, plugins)
        except (Exception, SystemExit) as error:  # a plugin can fail only itself, in whatever way
            reason = f"{type(error).__name__}: {error}"
            plugins.problems[distribution] = reason
            warnings.warn(
                sentence(
                    f"The plugin {distribution!r} was left out: {reason[:200]}.",
                    "Its parts are not available; everything else is. Update or uninstall it.",
                ),
                PluginLoadWarning,
                stacklevel=2,
            )
    return plugins


def _take_in(module: Any, distribution: str, plugins: _Plugins) -> None:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(module, distribution)
    manager.check_pending()
    specs = [spec for hook in HOOKS.values() for offered in getattr(manager.hook, hook)() for spec in offered]
    for spec in specs:
        if not isinstance(spec, ComponentSpec) or spec.kind not in HOOKS:
            raise PluginError(f"a hook returned {type(spec).__name__}, not a ComponentSpec of a known kind")
    claimed = [(spec.kind, normalised(spec.name)) for spec in specs]
    doubled = sorted({f"{kind} {name}" for kind, name in claimed if claimed.count((kind, name)) > 1})
    if doubled:
        raise PluginError(f"it offers {listed(doubled)} more than once")
    for spec in specs:
        if normalised(spec.name) in _built_in(spec.kind):
            warnings.warn(
                sentence(
                    f"The {spec.kind} name {spec.name!r} of the plugin {distribution!r} is built in.",
                    f"Write '{distribution}/{spec.name}' for the plugin's.",
                ),
                PluginLoadWarning,
                stacklevel=2,
            )
        plugins.offers[spec.kind].setdefault(normalised(spec.name), []).append((distribution, spec))
