"""Names to classes: the parts that ship with skgan, those of installed plugins, and those of this session.

Built-in names are read without importing anything and come first. Installed plugins are looked into
when a name is not built in, each on its own (`skgan.plugins`). `register` adds a part for as long as
Python runs, in the namespace ``local``.
"""

from __future__ import annotations

import importlib
import inspect
import operator
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import metadata
from typing import Any

from skgan import plugins, shipped
from skgan.exceptions import (
    AmbiguousComponentError,
    ComponentNotFoundError,
    InvalidParameterError,
    PluginError,
    PluginLoadWarning,
)
from skgan.hookspecs import HOOKS, ComponentSpec
from skgan.plugins import BUILT_IN, LOCAL
from skgan.shipped import normalised
from skgan.validation import did_you_mean, listed, sentence, shown

__all__ = ["Part", "listing", "name_of", "names", "provenance", "register", "resolve", "temporary_plugin", "unregister"]


@dataclass(frozen=True)
class Part:
    """One part that there is, as `listing` tells of it.

    Parameters
    ----------
    kind, name : str
        Its family and name.
    write : str
        What leads to it: the name, or ``"distribution/name"`` where the name alone does not.
    aliases : tuple of str
        Its further names.
    distribution, version : str
        Who offers it.
    target : str
        ``"module:Class"``.
    summary : str
        One line.
    status : str
        ``"ready"``, or why it cannot be used.
    """

    kind: str
    name: str
    write: str
    aliases: tuple[str, ...]
    distribution: str
    version: str
    target: str
    summary: str
    status: str


@dataclass(frozen=True)
class _Offer:
    """A part under one of its names: who offers it, and whether it goes before the others."""

    provider: str
    spec: ComponentSpec
    override: bool = False

    def called(self, namespace: str) -> bool:
        """Say whether `namespace` means its provider."""
        return plugins.canonical(self.provider) == plugins.canonical(namespace)


#: what `register` was given in this session
_local: list[_Offer] = []


def names(kind: str) -> list[str]:
    """Return the built-in names of a family.

    Examples
    --------
    >>> from skgan import registry
    >>> "wgan-gp" in registry.names("loss")
    True
    """
    return sorted(shipped.targets(kind))


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
        When the class cannot be imported from where its plugin says it is, or is no part of the family.

    Examples
    --------
    >>> from skgan import registry
    >>> registry.resolve("loss", "wgan_gp").__name__
    'WGANGP'
    """
    _check_kind(kind)
    offer = _find(kind, name)
    if offer.provider == BUILT_IN:
        return _imported(offer.spec.target)
    whose = f"The {kind} {name!r} of the plugin {offer.provider!r}"
    obstacle = plugins.unavailable(offer.spec)
    if obstacle.startswith("needs"):
        missing = obstacle.removeprefix("needs ")
        raise PluginError(sentence(f"{whose} needs {missing}, not installed here. Install {missing} and try again."))
    if obstacle:
        raise PluginError(sentence(f"{whose} was {obstacle}. Update {offer.provider} or skgan, or use another part."))
    try:
        part_class = _imported(offer.spec.target)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(
            sentence(
                f"{whose} could not be loaded from {_text(offer.spec.target)!r}:",
                f"{plugins.reason(error, 150)}. Ask its authors, or uninstall {offer.provider}.",
            )
        ) from error
    if flaw := _flaw(kind, part_class):
        raise PluginError(sentence(f"{whose} cannot be used: {flaw}.", "Ask its authors, or use another part."))
    return part_class


def provenance(kind: str, part_class: type) -> dict[str, str] | None:
    """Return where a part's class comes from - kind, name, distribution, version - or None when no name leads to it.

    The name is one that always leads back to it: a built-in one, ``"distribution/name"`` or ``"local/name"``.
    """
    for name, known in shipped.targets(kind).items():
        if _leads_to(known, part_class):
            hidden = any(offer.override for offer in _offers_in(_local, kind, name))
            return _record(kind, f"{BUILT_IN}/{name}" if hidden else name, BUILT_IN)
    for offer in _local:
        if offer.spec.kind == kind and _leads_to(offer.spec.target, part_class):
            return _record(kind, f"{LOCAL}/{normalised(offer.spec.name)}", LOCAL)
    if part_class.__module__.partition(".")[0] in (BUILT_IN, "__main__"):
        return None  # no plugin's, so none is loaded to find out
    for offer in _installed_offers():
        if offer.spec.kind == kind and _leads_to(offer.spec.target, part_class):
            return _record(kind, f"{offer.provider}/{normalised(offer.spec.name)}", offer.provider)
    return None


def name_of(kind: str, part: Any) -> str:
    """Return the short name that leads to a part or its class, or the class's name where none does."""
    part_class = part if isinstance(part, type) else type(part)
    origin = provenance(kind, part_class)
    return origin["name"].rpartition("/")[2] if origin else part_class.__name__.lower()


def listing(*, warn: bool = True) -> list[Part]:
    """Return every part of every family: built in, installed, and registered in this session. Imports no part.

    Parameters
    ----------
    warn : bool, default=True
        Whether to warn of plugins that could not be loaded.

    Examples
    --------
    >>> from skgan import registry
    >>> [part.target for part in registry.listing() if part.name == "wgan-gp"]
    ['skgan.losses.wgan_gp:WGANGP']
    """
    installed = _installed_offers(tell=warn)
    found = [part for kind in HOOKS for part in _built_in_parts(kind)]
    for offer in (*_local, *installed):
        name, *aliases = plugins.names_of(offer.spec)
        found.append(
            Part(
                kind=offer.spec.kind,
                name=name,
                write=_shortest(offer, name, installed),
                aliases=tuple(aliases),
                distribution=offer.provider,
                version=_version(offer.provider),
                target=_text(offer.spec.target),
                summary=offer.spec.summary,
                status=plugins.unavailable(offer.spec) or "ready",
            )
        )
    order = list(HOOKS)
    return sorted(found, key=lambda part: (order.index(part.kind), part.distribution != BUILT_IN, part.name))


def describe(kind: str, name: str) -> dict[str, Any]:
    """Return what there is to say of one part, importing it: class, parameters with defaults and ranges, document.

    Parameters
    ----------
    kind, name : str
        As for `resolve`.

    Examples
    --------
    >>> from skgan import registry
    >>> registry.describe("loss", "wgan-gp")["parameters"][0]["allowed"]
    'a finite float in the range [0, inf)'
    """
    part_class = resolve(kind, name)
    origin = provenance(kind, part_class) or _record(kind, name, "unknown")
    target = _text(part_class)
    known = next((asdict(part) for part in listing() if (part.kind, part.target) == (kind, target)), {})
    constraints = getattr(part_class, "constraints", {})
    document = inspect.getdoc(part_class) or ""
    return {
        **known,
        **origin,
        "class": target.replace(":", "."),
        "module": part_class.__module__,
        "summary": known.get("summary") or document.partition("\n")[0],
        "parameters": [
            {
                "name": parameter.name,
                "default": repr(parameter.default),
                "allowed": " or ".join(map(str, constraints.get(parameter.name, ()))),
            }
            for parameter in inspect.signature(part_class).parameters.values()
        ],
        "document": document,
    }


def register(part: Any, kind: str | None = None, name: str | None = None, *, override: bool = False) -> Any:
    """Add a part for this session, in the namespace ``local``; also a decorator of its class.

    Parameters
    ----------
    part : type or ComponentSpec
        The part's class, or what a plugin would say of it.
    kind : str, optional
        Its family. None means that of the interface which the class derives from.
    name : str, optional
        Its name. None means the one in its module's ``NAMES``, else the class's name in lower case.
    override : bool, default=False
        Whether its names go before those of built-in parts and plugins. Otherwise a built-in name
        leads to it as ``"local/name"`` only, and a plugin's name becomes ambiguous.

    Returns
    -------
    type or ComponentSpec
        `part`.

    Raises
    ------
    InvalidParameterError
        When it is no part, or another part of this session has the name.

    Examples
    --------
    >>> import skgan
    >>> from skgan.interfaces import Callback
    >>> class Quiet(Callback):
    ...     pass
    >>> skgan.register(Quiet).__name__
    'Quiet'
    >>> skgan.registry.resolve("callback", "quiet") is Quiet
    True
    >>> skgan.unregister("callback", "quiet")
    """
    spec = _spec(part, kind, name)
    _add(spec, override)
    taken = [name for name in plugins.names_of(spec) if name in shipped.targets(spec.kind)]
    if taken and not override:
        warnings.warn(
            sentence(
                f"The {spec.kind} names {listed(taken)} are built in and still mean skgan's parts.",
                f"Write '{LOCAL}/{taken[0]}' for yours, or register it with override=True.",
            ),
            PluginLoadWarning,
            stacklevel=2,
        )
    return part


def unregister(kind: str, name: str) -> None:
    """Take a part that was added by `register` away again.

    Parameters
    ----------
    kind, name : str
        Its family, and its name with or without ``local/``.

    Raises
    ------
    ComponentNotFoundError
        When there is none of that name.
    """
    short = normalised(name).removeprefix(f"{LOCAL}/")
    mine = [offer for offer in _local if offer.spec.kind == kind and normalised(offer.spec.name) == short]
    if not mine:
        known = [offer.spec.name for offer in _local if offer.spec.kind == kind]
        raise ComponentNotFoundError(
            sentence(
                f"The {kind} {shown(name)} must be one that register() added: {listed(known) or 'none so far'}.",
                did_you_mean(short, known) or "Uninstall the package of an installed plugin instead.",
            )
        )
    _local.remove(mine[0])


@contextmanager
def temporary_plugin(plugin: Any, *, override: bool = False) -> Iterator[list[ComponentSpec]]:
    """Register what a plugin offers while a ``with`` block runs, and take it away again however that ends.

    Parameters
    ----------
    plugin : type, ComponentSpec, list of them, module or object with hooks
        A part's class, what says where it is, or whatever an entry point could lead to.
    override : bool, default=False
        As for `register`.

    Yields
    ------
    list of ComponentSpec
        What was registered.

    Raises
    ------
    PluginError
        When the plugin is broken.

    Examples
    --------
    >>> from skgan import ComponentSpec, registry
    >>> with registry.temporary_plugin(ComponentSpec("loss", "mine", "skgan.losses.wgan_gp:WGANGP")):
    ...     registry.resolve("loss", "mine").__name__
    'WGANGP'
    """
    before = list(_local)
    try:
        if isinstance(plugin, list | tuple):
            specs = [_spec(part, None, None) for part in plugin]
        elif isinstance(plugin, ComponentSpec) or (isinstance(plugin, type) and _kind_of(plugin)):
            specs = [_spec(plugin, None, None)]
        else:
            try:
                specs = plugins.specs_of(plugin)
            except Exception as error:
                raise PluginError(f"The plugin cannot be used: {plugins.reason(error)}. Mend its hooks.") from error
        for spec in specs:
            _add(spec, override)
        yield specs
    finally:
        _local[:] = before


def refresh() -> None:
    """Forget which plugins are installed; they are looked for again on the next need."""
    plugins.forget()
    _version.cache_clear()


# --- looking up -----------------------------------------------------------------------------------


def _check_kind(kind: str) -> None:
    if kind not in HOOKS:
        raise InvalidParameterError(
            sentence(f"kind must be one of {listed(HOOKS)}. Got {shown(kind)}.", did_you_mean(kind, HOOKS))
        )


def _find(kind: str, name: str) -> _Offer:
    namespace, _, short = normalised(name).rpartition("/")
    if not namespace:
        forced = [offer for offer in _offers_in(_local, kind, short) if offer.override]
        if forced:
            return forced[-1]
    if namespace in ("", BUILT_IN) and short in shipped.targets(kind):
        return _Offer(BUILT_IN, ComponentSpec(kind, short, shipped.targets(kind)[short]))
    offers = [*_local, *([] if namespace in (BUILT_IN, LOCAL) else _installed_offers())]
    claims = [offer for offer in _offers_in(offers, kind, short) if not namespace or offer.called(namespace)]
    if len(claims) == 1:
        return claims[0]
    if claims:
        raise AmbiguousComponentError(
            sentence(
                f"The {kind} name {name!r} is claimed by {len(claims)} plugins.",
                f"Write one of {listed(f'{offer.provider}/{short}' for offer in claims)}.",
            )
        )
    raise _not_found(kind, name, namespace, short, offers)


def _not_found(kind: str, name: str, namespace: str, short: str, offers: list[_Offer]) -> ComponentNotFoundError:
    offered = {known for offer in offers if offer.spec.kind == kind for known in plugins.names_of(offer.spec)}
    known = sorted({*shipped.targets(kind), *offered})
    absent = [plugin for plugin in plugins.loaded(tell=False) if plugin.status in ("failed", "disabled")]
    mine = [plugin for plugin in absent if namespace and plugins.canonical(plugin.distribution) == namespace]
    if namespace == LOCAL:
        step = "Add it in this session with skgan.register."
    elif mine:
        step = f"The plugin {mine[0].distribution!r} is {mine[0].status}: {mine[0].error[:150]}."
    else:
        step = did_you_mean(short, known) or f"Install {namespace or 'the plugin that provides it'}."
    return ComponentNotFoundError(
        sentence(
            f"Unknown {kind} {name!r}: it must be one of {listed(known, 12)} or an instance.",
            step,
            f"Not loaded: {listed(plugin.distribution for plugin in absent)}." if absent and not mine else "",
        )
    )


def _installed_offers(*, tell: bool = True) -> list[_Offer]:
    return [_Offer(plugin.distribution, spec) for plugin in plugins.loaded(tell=tell) for spec in plugin.specs]


def _offers_in(offers: list[_Offer], kind: str, name: str) -> list[_Offer]:
    return [offer for offer in offers if offer.spec.kind == kind and name in plugins.names_of(offer.spec)]


def _shortest(offer: _Offer, name: str, installed: list[_Offer]) -> str:
    """Return the name alone when it leads to the offer, otherwise with its namespace."""
    claims = _offers_in([*_local, *installed], offer.spec.kind, name)
    forced = [claim for claim in claims if claim.override]
    free = claims == [offer] and name not in shipped.targets(offer.spec.kind)
    alone = forced[-1] is offer if forced else free
    return name if alone else f"{offer.provider}/{name}"


def _built_in_parts(kind: str) -> list[Part]:
    by_target: dict[str, list[str]] = {}
    for name, target in shipped.targets(kind).items():
        by_target.setdefault(target, []).append(name)
    found = []
    for target, (name, *aliases) in by_target.items():
        hidden = any(offer.override for offer in _offers_in(_local, kind, name))
        write, summary = f"{BUILT_IN}/{name}" if hidden else name, shipped.summaries(kind)[target]
        found.append(Part(kind, name, write, tuple(aliases), BUILT_IN, _version(BUILT_IN), target, summary, "ready"))
    return found


# --- one part -------------------------------------------------------------------------------------


def _text(target: str | type) -> str:
    return target if isinstance(target, str) else f"{target.__module__}:{target.__qualname__}"


def _imported(target: str | type) -> Any:
    if not isinstance(target, str):
        return target
    module, _, attribute = target.partition(":")
    return operator.attrgetter(attribute)(importlib.import_module(module))


def _leads_to(target: str | type, part_class: type) -> bool:
    """Say whether a target is this class, perhaps under the name of a package that hands it on; imports nothing."""
    if not isinstance(target, str):
        return target is part_class
    if target == _text(part_class):
        return True
    module, _, attribute = target.partition(":")
    return module in sys.modules and getattr(sys.modules[module], attribute, None) is part_class


def _flaw(kind: str, part_class: Any) -> str:
    """Return why a class cannot be a part of a family, or nothing."""
    family = _families().get(kind, object)
    if not isinstance(part_class, type) or not issubclass(part_class, family):
        came = part_class.__name__ if isinstance(part_class, type) else f"an object of {type(part_class).__name__}"
        return f"{came} does not derive from skgan.interfaces.{family.__name__}"
    if lacking := sorted(getattr(part_class, "__abstractmethods__", ())):
        return f"{part_class.__name__} lacks {listed(lacking)}"
    parameters = inspect.signature(part_class).parameters.values()
    if nested := [each.name for each in parameters if "__" in each.name]:
        return f"the constructor of {part_class.__name__} takes {listed(nested)}, but '__' leads to parts of parts"
    free = [each.name for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD]
    return f"the constructor of {part_class.__name__} takes {listed(free)} without a default" if free else ""


@cache
def _families() -> dict[str, type]:
    """Return the interface of each family that has one."""
    from skgan import interfaces

    return {kind: getattr(interfaces, kind.capitalize()) for kind in HOOKS if hasattr(interfaces, kind.capitalize())}


def _kind_of(part_class: type) -> str:
    return next((kind for kind, family in _families().items() if issubclass(part_class, family)), "")


def _spec(part: Any, kind: str | None, name: str | None) -> ComponentSpec:
    """Return what `register` was told of a part, or refuse it."""
    if isinstance(part, ComponentSpec):
        spec = replace(part, kind=kind or part.kind, name=name or part.name)
    elif isinstance(part, type):
        kind = kind or _kind_of(part)
        literal = getattr(sys.modules.get(part.__module__), "NAMES", {})
        theirs = [each for each, attribute in literal.items() if attribute == part.__qualname__]
        spec = ComponentSpec(kind, name or next(iter(theirs), part.__name__.lower()), part)
        if not kind:
            raise InvalidParameterError(
                sentence(
                    f"{part.__name__} must derive from a class of skgan.interfaces, or kind must say one of",
                    f"{listed(HOOKS)}. Got neither.",
                )
            )
    else:
        raise InvalidParameterError(
            f"part must be a class or a ComponentSpec. Got {shown(part)}. Register its class, without parentheses."
        )
    flaw = plugins.flawed(spec) or ("" if isinstance(spec.target, str) else _flaw(spec.kind, spec.target))
    if flaw:
        raise InvalidParameterError(sentence(f"part must be one that can be used: {flaw}.", "Mend it and try again."))
    return spec


def _add(spec: ComponentSpec, override: bool) -> None:
    for offer in list(_local):
        shared = sorted({*plugins.names_of(offer.spec)} & {*plugins.names_of(spec)})
        if offer.spec.kind != spec.kind or not shared:
            continue
        if _text(offer.spec.target) != _text(spec.target):
            raise InvalidParameterError(
                sentence(
                    f"name must not be one that this session has: {LOCAL}/{shared[0]} is {_text(offer.spec.target)}.",
                    f"Got it for {_text(spec.target)}. Call skgan.unregister({spec.kind!r}, {shared[0]!r}) first.",
                )
            )
        _local.remove(offer)  # the same class again, as when a notebook's cell is run twice
    _local.append(_Offer(LOCAL, spec, override))


def _record(kind: str, name: str, distribution: str) -> dict[str, str]:
    return {"kind": kind, "name": name, "distribution": distribution, "version": _version(distribution)}


@cache
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"
