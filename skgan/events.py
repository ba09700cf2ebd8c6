"""Plugins that look on: told once that a fit starts and once that it has ended, and unable to change it.

Only modules of the entry-point group ``skgan.events`` are loaded for it.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any

from skgan import plugins
from skgan.exceptions import PluginError, PluginLoadWarning
from skgan.hookspecs import EVENTS_GROUP, Run
from skgan.validation import sentence

if TYPE_CHECKING:
    from skgan.model import Model

_LONGEST_REPR = 500


class Events:
    """Tells the observing plugins of one fit; as a context manager it sees how the fit ends.

    Examples
    --------
    >>> from skgan.events import Events
    >>> with Events() as events:
    ...     pass  # events.fit_started(estimator, model), then train
    """

    def __init__(self) -> None:
        self._run: Run | None = None

    def __enter__(self) -> Events:
        return self

    def fit_started(self, estimator: Any, model: Model) -> None:
        """Tell that `model` is about to be trained."""
        if not _observers():
            return
        from skgan import resolution

        self._run = Run(
            params=MappingProxyType({name: _text(v) for name, v in estimator.get_params(deep=False).items()}),
            spec=model.spec,
            provenance=MappingProxyType(resolution.provenance(model.parts)),
        )
        _tell("skgan_fit_started", run=self._run)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._run is None:
            return
        if error is None:
            _tell("skgan_fit_finished", run=self._run, error=None)
        else:
            with suppress(Warning):  # where warnings are errors: the first error is the one to see
                _tell("skgan_fit_finished", run=self._run, error=error)


def _observers() -> list[plugins.Plugin]:
    return [plugin for plugin in plugins.loaded(EVENTS_GROUP) if plugin.status == "loaded"]


def _tell(hook: str, **details: Any) -> None:
    failures = []
    for plugin in _observers():
        try:
            with plugins.put_back_modes():
                plugins.call(plugin, hook, **details)
        except PluginError as error:
            plugin.status, plugin.error = "stopped", plugins.reason(error)
            failures.append((plugin.distribution, plugin.error))
    for distribution, reason in failures:
        warnings.warn(
            sentence(
                f"The plugin {distribution!r} is told of no more fits: {reason}.",
                "Training goes on as without it. Update or uninstall it.",
            ),
            PluginLoadWarning,
            stacklevel=4,
        )


def _text(value: Any) -> str:
    try:
        text = repr(value)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= _LONGEST_REPR else text[: _LONGEST_REPR - 1] + "…"
