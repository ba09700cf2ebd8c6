"""What parts that are not skgan's own say of themselves, looked at before it counts, and how a broken word is told.

Tags decide which parts go together, defaults which others are taken; both are read before anything is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from torch import Tensor

from skgan import plugins
from skgan.exceptions import PluginError, SkganError
from skgan.interfaces import (
    Architecture,
    Augmentation,
    Component,
    Conditioning,
    Constraint,
    DataSpec,
    Encoder,
    Loss,
    Metric,
    Optimizer,
    Regularizer,
    Sampler,
    Tags,
)
from skgan.validation import Boolean, Integer, Kind, Real, listed, sentence, short, shown


class _Words:
    """A tuple of words."""

    def accepts(self, value: Any) -> bool:
        """Say whether `value` is allowed."""
        return isinstance(value, tuple) and all(isinstance(word, str) for word in value)

    def __str__(self) -> str:
        return "a tuple of str"


_KINDS = (
    Loss,
    Regularizer,
    Architecture,
    Conditioning,
    Augmentation,
    Optimizer,
    Metric,
    Sampler,
    Encoder,
    Constraint,
)
_PLAYERS = ("discriminator", "generator", "both")
_SAMPLES = {"real", "fake"}
_NAMES = ("loss", "architecture", "conditioning", "optimizer", "regularizers")
#: what tags may be that are no yes or no; each may be its default too
_TAGS: dict[str, Any] = {
    "kinds": _Words(),
    "labels": _Words(),
    "meaning": Kind("a str", "casefold"),
    "meanings": _Words(),
    "rows_at_once": Integer(1),
}
#: what `defaults` may set: parts by name, and numbers
_NUMBERS: dict[str, Any] = {
    "n_critic": Integer(1),
    "learning_rate": Real(0.0, closed="neither"),
    "discriminator_learning_rate": Real(0.0, closed="neither"),
}


def check(part: Component) -> None:
    """Refuse a foreign part whose tags or attributes are none that the interface knows.

    Parameters
    ----------
    part : Component
        With valid parameters.

    Raises
    ------
    PluginError
        With the part, what it must say and what it says.
    """
    if not is_foreign(part):
        return
    tags = asked(part, "tags")
    expect(isinstance(tags, Tags), part, "tags", "a skgan.interfaces.Tags", tags)
    for field in fields(Tags):
        value = getattr(tags, field.name)
        allowed = _TAGS.get(field.name, Boolean())
        fine = value is field.default or allowed.accepts(value)
        expect(fine, part, "tags", f"{allowed} as {field.name}", said=shown(value))
    if isinstance(part, Regularizer):
        _check_regularizer(part)


def defaults(part: Loss | Architecture, spec: DataSpec) -> dict[str, Any]:
    """Return what a part takes where the user says nothing; refuse what no parameter of the estimator is.

    Parameters
    ----------
    part : Loss or Architecture
        Whose.
    spec : DataSpec
        For which data.

    Returns
    -------
    dict
        From names of parameters to their values.

    Raises
    ------
    PluginError
        With the part, what it must say and what it says.
    """
    if not is_foreign(part):
        return part.defaults(spec)
    said = asked(part, "defaults", spec)
    expect(isinstance(said, Mapping), part, "defaults", "a dict", said)
    names = _NAMES[1:] if isinstance(part, Loss) else _NAMES
    known = (*names, *_NUMBERS)
    other = [name for name in said if name not in known]
    expect(not other, part, "defaults", f"nothing but {listed(known)}", said=listed(other, 3))
    for name, constraint in _NUMBERS.items():
        if name in said:
            value = said[name]
            expect(constraint.accepts(value), part, "defaults", f"{constraint} as {name}", said=shown(value))
    several = said.get("regularizers", [])
    expect(isinstance(several, list | tuple), part, "defaults", "a list as regularizers", several)
    for value in (*several, *(said[name] for name in names[:-1] if name in said)):
        named = isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Mapping)
        name = value[0] if named else value
        expect(isinstance(name, str | Component), part, "defaults", "names of parts, or (name, parameters)", value)
    return dict(said)


def asked(part: Component, method: str, *given: Any, step: int | None = 0, own: type[Exception] = SkganError) -> Any:
    """Return what a method says.

    What it raises, at a step of a fit or outside of one, is told as the part's, unless it is the word of its `own`.
    """
    try:
        return getattr(part, method)(*given)
    except (SkganError, own):
        raise
    except Exception as error:
        plugins.blame(error, step, part, method)
        raise


def is_foreign(part: Any) -> bool:
    """Say whether a part is none of skgan's own."""
    return type(part).__module__.partition(".")[0] != plugins.BUILT_IN


def expect(condition: bool, part: Component, method: str, wanted: str, came: Any = None, said: str = "") -> None:
    """Refuse a part unless a condition holds; `came` is described by its type, `said` is words for it."""
    if not condition:
        raise breach(part, method, wanted, said or described(came))


def breach(part: Component, method: str, wanted: str, came: str) -> PluginError:
    """Return the error of a part that breaks its word before the first step."""
    return PluginError(
        sentence(
            f"{whose(part)} must return {wanted} from {method}.",
            f"Got {came}.",
            "Training has not begun. Mend it, or ask its authors; skgan.testing.check_component says more.",
        )
    )


def broken(part: Component, method: str, wanted: str, came: str) -> PluginError:
    """Return the error of a part that breaks its word outside of a training."""
    return PluginError(
        sentence(
            f"{whose(part)} must return {wanted} from {method}.",
            f"Got {came}. Mend it, or use another {_kind_of(part)}.",
        )
    )


def whose(part: Component) -> str:
    """Return a part's kind and class, and which plugin it is of."""
    owner = plugins.owner_of(type(part).__module__)
    of = f" of the plugin {owner.distribution!r} {owner.version}" if owner is not None else ""
    return f"The {_kind_of(part)} {short(type(part).__name__)!r}{of}"


def _kind_of(part: Component) -> str:
    return next((each for each in _KINDS if isinstance(part, each)), Component).__name__.lower()


def _check_regularizer(part: Regularizer) -> None:
    expect(part.player in _PLAYERS, part, "player", f"one of {listed(_PLAYERS)}", said=shown(part.player))
    samples = part.needs_gradient
    fine = isinstance(samples, tuple | list) and {*map(str, samples)} <= _SAMPLES
    expect(fine, part, "needs_gradient", "a tuple of 'real' and 'fake'", samples)
    whole = Integer(1).accepts(part.every_updates)
    expect(whole, part, "every_updates", str(Integer(1)), said=shown(part.every_updates))


def described(value: Any) -> str:
    """Return what kind of thing a value is, without its numbers."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}, {str(value.dtype).removeprefix('torch.')} on {value.device}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, {value.dtype}"
    return "None" if value is None else f"an object of type {short(type(value).__name__)}"
