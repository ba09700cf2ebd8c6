"""Installed plugins: found by their entry points, loaded when needed, each by itself.

A plugin that fails, in whatever way, is left out with one warning that names its distribution and the
reason; nothing else changes. Four environment variables decide which are loaded and how strictly:
``SKGAN_PLUGINS``, ``SKGAN_DISABLE_PLUGINS``, ``SKGAN_STRICT_PLUGINS`` and ``SKGAN_TRACE_PLUGINS``.
"""

from __future__ import annotations

import itertools
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import pluggy

from skgan import hookspecs, shipped
from skgan.exceptions import PluginError, PluginLoadWarning, SkganError
from skgan.hookspecs import EVENTS_GROUP, HOOKS, HOOKS_OF_GROUP, PART_API, PARTS_GROUP, PROJECT, ComponentSpec
from skgan.memory import is_out_of_memory
from skgan.shipped import normalised
from skgan.validation import did_you_mean, listed, sentence, short

BUILT_IN = "skgan"
LOCAL = "local"
MOST_PARTS = 10_000  # of one hook; an endless one is a broken one
_OFF = ("", "0", "false", "no", "off")


@dataclass(frozen=True)
class Switches:
    """What the environment says of plugins.

    Parameters
    ----------
    only : frozenset of str, optional
        The distributions that may be loaded, from ``SKGAN_PLUGINS``; None means all.
    disabled : frozenset of str
        Those that may not, from ``SKGAN_DISABLE_PLUGINS``.
    strict : bool
        Whether a plugin that cannot be loaded is an error.
    trace : bool
        Whether calls of hooks are written to stderr.
    """

    only: frozenset[str] | None = None
    disabled: frozenset[str] = frozenset()
    strict: bool = False
    trace: bool = False

    @classmethod
    def read(cls) -> Switches:
        """Return them as they are now."""
        only = os.environ.get("SKGAN_PLUGINS")
        return cls(
            only=None if only is None else _distributions(only),
            disabled=_distributions(os.environ.get("SKGAN_DISABLE_PLUGINS", "")),
            strict=os.environ.get("SKGAN_STRICT_PLUGINS", "").strip().lower() not in _OFF,
            trace=os.environ.get("SKGAN_TRACE_PLUGINS", "").strip().lower() not in _OFF,
        )

    def refusal(self, distribution: str) -> str:
        """Return why a distribution may not be loaded, or nothing."""
        if self.only is not None and canonical(distribution) not in self.only:
            return "not named in SKGAN_PLUGINS"
        return "named in SKGAN_DISABLE_PLUGINS" if canonical(distribution) in self.disabled else ""


@dataclass
class Plugin:
    """One distribution's entry points of one group, and what became of them.

    Parameters
    ----------
    distribution, version : str
        Whose they are.
    group : str
        The entry-point group.
    entry_points : tuple of str
        Each as ``"name = module"``.
    status : {"installed", "loaded", "failed", "disabled", "stopped"}
        "installed" before it is looked into, "stopped" when one of its events raised.
    error : str
        Why it failed, is disabled or was stopped.
    specs : list of ComponentSpec
        The parts it offers.
    hooks : list of str
        The hooks it implements.
    remarks : list of str
        What its users should know, said once.
    """

    distribution: str
    version: str
    group: str
    entry_points: tuple[str, ...]
    status: str = "installed"
    error: str = ""
    specs: list[ComponentSpec] = field(default_factory=list)
    hooks: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    told: bool = False
    manager: Any = field(default=None, repr=False)

    def fail(self, error: BaseException) -> None:
        """Leave it out because of `error`."""
        self.status, self.error = "failed", reason(error)
        self.specs, self.hooks, self.manager = [], [], None

    def message(self) -> str:
        """Return what a warning says of it, or nothing."""
        if self.status == "failed":
            what = "Its parts are" if self.group == PARTS_GROUP else "It is not told of fits, and its events are"
            return sentence(
                f"The plugin {self.distribution!r} was left out: {self.error}.",
                f"{what} not available; everything else is. Update or uninstall it.",
            )
        if self.status == "loaded" and self.remarks:
            return sentence(
                f"The plugin {self.distribution!r} is loaded, but look at it:", "; ".join(self.remarks) + "."
            )
        return ""


_lock = threading.RLock()
_loaded: dict[tuple[str, Switches], list[Plugin]] = {}


def canonical(distribution: str) -> str:
    """Return the one spelling of a distribution's name, as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def loaded(group: str = PARTS_GROUP, *, tell: bool = True) -> list[Plugin]:
    """Return the installed plugins of a group, loaded once; with `tell` say once what is wrong with them.

    Parameters
    ----------
    group : str
        `PARTS_GROUP` or `EVENTS_GROUP`.
    tell : bool, default=True
        Whether to warn of, or in strict mode raise, what could not be loaded. Listings show it instead.

    Raises
    ------
    PluginError
        When ``SKGAN_STRICT_PLUGINS`` is set and a plugin could not be loaded.

    Examples
    --------
    >>> from skgan import plugins
    >>> all(plugin.status in ("loaded", "failed", "disabled") for plugin in plugins.loaded(tell=False))
    True
    """
    switches = Switches.read()
    with _lock:
        found = _loaded.get((group, switches))
        if found is None:
            # Stored before it is filled, so that a plugin that asks for parts while it is loaded finds the others.
            found = _loaded[group, switches] = []
            try:
                _fill(found, group, switches)
            except BaseException:  # Ctrl-C: next time again
                del _loaded[group, switches]
                raise
    if tell:
        _tell(found, switches.strict)
    return list(found)


def forget() -> None:
    """Forget which plugins are installed; they are looked for again on the next need."""
    with _lock:
        _loaded.clear()
        installed.cache_clear()


@cache
def installed() -> tuple[tuple[str, str, dict[str, list[Any]] | BaseException], ...]:
    """Return distribution, version and entry points by group of whatever declares one of the groups; loads nothing."""
    found: dict[str, tuple[str, str, dict[str, list[Any]] | BaseException]] = {}
    for distribution in metadata.distributions():
        text = distribution.read_text("entry_points.txt") or ""
        if f"[{PARTS_GROUP}]" not in text and f"[{EVENTS_GROUP}]" not in text:
            continue
        try:
            name, version = str(distribution.metadata["Name"]), str(distribution.version)
            points: dict[str, list[Any]] | BaseException = {
                group: list(distribution.entry_points.select(group=group)) for group in HOOKS_OF_GROUP
            }
        except Exception as error:
            name, version, points = str(getattr(distribution, "_path", "unknown")).rpartition("/")[2], "unknown", error
        found.setdefault(canonical(name), (name, version, points))
    return tuple(found[name] for name in sorted(found))


def specs_of(module: Any) -> list[ComponentSpec]:
    """Return the parts that a plugin's module, or an object with hooks, offers; a broken one raises."""
    manager = _manager(trace=Switches.read().trace)
    _register(manager, module, "plugin")
    return _offered(manager)


def unavailable(spec: ComponentSpec) -> str:
    """Return why a part that is offered cannot be used here, or nothing."""
    oldest, newest = PART_API
    if not oldest <= spec.api <= newest:
        known = str(newest) if oldest == newest else f"{oldest} to {newest}"
        return f"written for part API {spec.api}; this skgan knows {known}"
    missing = [name for name in spec.requires if not _importable(name)]
    return f"needs {', '.join(missing)}" if missing else ""


def reason(error: BaseException, longest: int = 330) -> str:
    """Return an exception in a few words, even one that cannot say what it is."""
    try:
        said = " ".join(str(error).split()).rstrip(".")
    except Exception:
        said = ""
    text = said if type(error) is PluginError else f"{type(error).__name__}: {said}".rstrip(": ")
    return text if len(text) <= longest else text[: longest - 2] + " …"


def call(plugin: Plugin, hook: str, **details: Any) -> list[Any]:
    """Call one hook of one plugin. Whatever it raises, except Ctrl-C, is a `PluginError`."""
    try:
        return getattr(plugin.manager.hook, hook)(**details)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise PluginError(f"{hook} raised {reason(error)}") from error


def owner_of(module: str) -> Plugin | None:
    """Return the loaded plugin whose code a module is; loads none to find out."""
    package = module.partition(".")[0]
    with _lock:
        known = [plugin for found in _loaded.values() for plugin in found if plugin.status == "loaded"]
    for plugin in known:
        targets = [spec.target if isinstance(spec.target, str) else spec.target.__module__ for spec in plugin.specs]
        modules = [entry.partition(" = ")[2] for entry in plugin.entry_points] + targets
        if package in {name.partition(":")[0].partition(".")[0] for name in modules}:
            return plugin
    return None


def blame(error: BaseException, step: int | None, part: Any = None, method: str = "") -> None:
    """Raise a `PluginError` from an error that a plugin's own code raised; note the part on that of anybody else's.

    Parameters
    ----------
    error : BaseException
        What ended a fit, or another call.
    step : int or None
        Generator updates before it; None outside a fit.
    part, method : object and str, optional
        Whose it is known to be; otherwise the traceback is asked.
    """
    if isinstance(error, SkganError) or is_out_of_memory(error) or not isinstance(error, Exception):
        return
    when = "" if step is None else f" at step {step}"
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        owner = owner_of(str(frame.f_globals.get("__name__")))
        if owner is not None:
            raise PluginError(
                sentence(
                    f"The plugin {owner.distribution!r} {owner.version} raised {type(error).__name__} in",
                    f"{short(frame.f_code.co_qualname)!r}{when}.",
                    "The estimator is as it was before this call. Ask its authors, or use another part; its own words",
                    "are above this message.",
                )
            ) from error
        holder = frame.f_locals.get("self")
        if holder is not None and is_part(holder):
            part, method = holder, frame.f_code.co_name
            break
    if part is not None:
        error.add_note(f"Raised by {type(part).__name__}.{method}{when and f'{when} of the fit'}.")


@contextmanager
def put_back_modes() -> Iterator[None]:
    """Put torch's gradient mode and default dtype back, whatever is done to them inside."""
    import torch

    dtype = torch.get_default_dtype()
    try:
        with torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)


def is_part(holder: Any) -> bool:
    """Say whether an object is a part that is not skgan's own."""
    from skgan.interfaces import Component

    return isinstance(holder, Component) and type(holder).__module__.partition(".")[0] != BUILT_IN


def flawed(spec: ComponentSpec) -> str:
    """Return what is wrong with a spec's own values, or nothing."""
    if not isinstance(spec.kind, str) or spec.kind not in HOOKS:
        return f"the kind of a ComponentSpec must be one of {listed(HOOKS)}, got {spec.kind!r}"
    if not isinstance(spec.name, str) or not re.fullmatch(r"[A-Za-z0-9][\w.+-]*", spec.name):
        return f"the name of a {spec.kind} must be letters, digits, '-' and '_', got {spec.name!r}"
    if not isinstance(spec.target, str | type):
        return f"the target of {spec.name!r} must be 'package.module:Class', got {type(spec.target).__name__}"
    if not isinstance(spec.summary, str):
        return f"the summary of {spec.name!r} must be a str, got {type(spec.summary).__name__}"
    if not isinstance(spec.api, int) or isinstance(spec.api, bool) or spec.api < 1:
        return f"the api of {spec.name!r} must be an int of at least 1, got {spec.api!r}"
    for name, words in (("aliases", spec.aliases), ("requires", spec.requires)):
        if not isinstance(words, tuple | list) or not all(isinstance(word, str) and word for word in words):
            return f"{name} of {spec.name!r} must be a tuple of str, got {type(words).__name__}"
    return ""


def names_of(spec: ComponentSpec) -> list[str]:
    """Return the name and aliases of a part, normalised."""
    return list(dict.fromkeys(normalised(name) for name in (spec.name, *spec.aliases)))


# --- loading --------------------------------------------------------------------------------------


def _distributions(text: str) -> frozenset[str]:
    return frozenset(canonical(name.strip()) for name in text.split(",") if name.strip())


def _fill(found: list[Plugin], group: str, switches: Switches) -> None:
    for distribution, version, points in installed():
        entries = [] if isinstance(points, BaseException) else points[group]
        if not entries and (group != PARTS_GROUP or not isinstance(points, BaseException)):
            continue
        plugin = Plugin(distribution, version, group, tuple(f"{entry.name} = {entry.value}" for entry in entries))
        plugin.error = switches.refusal(distribution)
        if plugin.error:
            plugin.status = "disabled"
        elif isinstance(points, BaseException):
            plugin.fail(PluginError(f"its entry points cannot be read: {reason(points)}"))
        else:
            _load(plugin, entries, points, switches.trace)
        found.append(plugin)


def _load(plugin: Plugin, entries: Iterable[Any], points: dict[str, list[Any]], trace: bool) -> None:
    try:
        with _contained(plugin):
            if canonical(plugin.distribution) in (BUILT_IN, LOCAL):
                raise PluginError(f"the name {plugin.distribution!r} of a distribution is reserved")
            plugin.manager = _manager(trace)
            for entry in entries:
                _register(plugin.manager, entry.load(), entry.value)
            plugin.hooks = [name for hooks in HOOKS_OF_GROUP.values() for name in hooks if _implements(plugin, name)]
            if plugin.group == PARTS_GROUP:
                plugin.specs = _offered(plugin.manager)
        plugin.status = "loaded"
        plugin.remarks += [*_reserved_names(plugin), *_hooks_of_the_other_group(plugin, points)]
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin can fail only itself, in whatever way
        plugin.fail(error)


@contextmanager
def _contained(plugin: Plugin) -> Iterator[None]:
    """Keep what a plugin prints off stdout, and its warnings from becoming errors; they become remarks."""
    with warnings.catch_warnings(record=True) as caught, redirect_stdout(sys.stderr):
        warnings.simplefilter("default")
        for category in (DeprecationWarning, PendingDeprecationWarning, ImportWarning):
            warnings.simplefilter("ignore", category)  # for its authors
        yield
    plugin.remarks += [f"it warned {each.category.__name__}: {str(each.message)[:150]}" for each in caught]


def _manager(trace: bool) -> pluggy.PluginManager:
    """Return a manager for one plugin: its hooks fail alone and are traced with its names."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    if trace:
        manager.trace.root.setwriter(lambda text: sys.stderr.write(text) and None)
        manager.enable_tracing()
    return manager


def _register(manager: pluggy.PluginManager, module: Any, name: str) -> None:
    if isinstance(module, type):
        raise PluginError(f"{module.__name__} is a class, but hooks belong in a module. Name the module")
    if manager.is_registered(module):
        return
    manager.register(module, name)
    known = [hook for hooks in HOOKS_OF_GROUP.values() for hook in hooks]
    for caller in manager.get_hookcallers(module) or ():
        if not caller.has_spec() and not all(each.optionalhook for each in caller.get_hookimpls()):
            shorts = ", ".join(hook.removeprefix("skgan_") for hook in known)
            raise PluginError(
                f"unknown hook {caller.name!r}: written for another skgan version?"
                f" {did_you_mean(caller.name, known)} Known are skgan_ and: {shorts}"
            )


def _offered(manager: pluggy.PluginManager) -> list[ComponentSpec]:
    """Return what the family hooks of one plugin offer, or raise `PluginError`."""
    specs: list[ComponentSpec] = []
    for kind, hook in HOOKS.items():
        offers = getattr(manager.hook, hook)()
        for spec in itertools.chain.from_iterable(itertools.islice(offered, MOST_PARTS + 1) for offered in offers):
            if not isinstance(spec, ComponentSpec):
                raise PluginError(f"{hook} returned {type(spec).__name__}, not a ComponentSpec of a known kind")
            if flaw := flawed(spec):
                raise PluginError(f"{hook}: {flaw}")
            if spec.kind != kind:
                raise PluginError(f"{hook} returned a {spec.kind}, {spec.name!r}; that belongs in {HOOKS[spec.kind]}")
            specs.append(spec)
            if len(specs) > MOST_PARTS:
                raise PluginError(f"{hook} offers more than {MOST_PARTS} parts")
    claimed = [(spec.kind, name) for spec in specs for name in names_of(spec)]
    doubled = sorted({f"{kind} {name}" for kind, name in claimed if claimed.count((kind, name)) > 1})
    if doubled:
        raise PluginError(f"it offers {listed(doubled)} more than once")
    return specs


def _reserved_names(plugin: Plugin) -> Iterator[str]:
    taken = [(s.kind, name) for s in plugin.specs for name in names_of(s) if name in shipped.targets(s.kind)]
    for kind, name in taken:
        yield f"the {kind} name {name!r} is built in; write '{plugin.distribution}/{name}' for the plugin's"


def _hooks_of_the_other_group(plugin: Plugin, points: dict[str, list[Any]]) -> Iterator[str]:
    mine = {entry.value for entry in points[plugin.group]}
    for group, hooks in HOOKS_OF_GROUP.items():
        stray = [hook for hook in plugin.hooks if hook in hooks]
        if group != plugin.group and stray and not mine & {entry.value for entry in points[group]}:
            yield f"it implements {listed(stray)}, read only from modules of the entry-point group {group!r}"


def _implements(plugin: Plugin, hook: str) -> bool:
    return bool(getattr(plugin.manager.hook, hook).get_hookimpls())


def _importable(name: str) -> bool:
    top = name.partition(".")[0]  # looking for a submodule would import its parents
    try:
        return top in sys.modules or find_spec(top) is not None
    except (ImportError, ValueError):
        return False


def _tell(found: Iterable[Plugin], strict: bool) -> None:
    if strict:
        for plugin in found:
            if plugin.status == "failed":
                raise PluginError(f"{plugin.message()[:400]} It is an error because SKGAN_STRICT_PLUGINS is set.")
    # All are marked first: where warnings are errors the first one raises, and none is said twice.
    unsaid = [plugin for plugin in found if not plugin.told and plugin.message()]
    for plugin in unsaid:
        plugin.told = True
    for plugin in unsaid:
        warnings.warn(plugin.message(), PluginLoadWarning, stacklevel=3)
