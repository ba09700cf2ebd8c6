"""What the checks ask about a part before they try it: its family, its data, and other values of its parameters."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

from sklearn.base import clone

from skgan import compatibility, registry
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Architecture, ColumnSpec, Component, Conditioning, DataSpec, Loss
from skgan.resolution import FAMILIES, OF_TABLES
from skgan.validation import Pair, listed, sentence, shown

#: every family that there are checks for
EVERY: dict[str, type[Component]] = FAMILIES | OF_TABLES
#: a number, a number with a category that stands alone, two and three categories
COLUMNS = (ColumnSpec(1, 0), ColumnSpec(1, 3, 1), ColumnSpec(0, 2), ColumnSpec(0, 3))
#: what parts are tried on; of each kind of data and of labels there is one at least
SPECS = {
    "vectors": DataSpec("vector", (5,), False, "none", 0, 6),
    "labelled vectors": DataSpec("vector", (5,), False, "classes", 3, 6),
    "tables": DataSpec("vector", (10,), False, "multilabel", 8, 6, columns=COLUMNS, condition_dim=8),
    "vectors with several labels": DataSpec("vector", (4,), False, "multilabel", 3, 6),
    "vectors with numbers": DataSpec("vector", (4,), False, "continuous", 2, 6),
    "vectors with codes": DataSpec("vector", (5,), False, "none", 0, 6, (), (3,), 1),
    "grey images": DataSpec("image", (1, 8, 8), True, "none", 0, 6),
    "colour images": DataSpec("image", (3, 7, 13), True, "none", 0, 6),
    "labelled images": DataSpec("image", (1, 8, 8), True, "classes", 3, 6),
    "images of images": DataSpec("image", (1, 8, 8), True, "image", 128, 6, (2, 8, 8)),
    "signals": DataSpec("signal", (2, 9), False, "none", 0, 6),
    "labelled signals": DataSpec("signal", (1, 16), True, "classes", 3, 6),
    "volumes": DataSpec("volume", (1, 4, 5, 4), True, "none", 0, 6),
}


def kind_of(part: Any) -> str:
    """Return the family of a part or of its class.

    Raises
    ------
    InvalidParameterError
        When it derives from no interface.
    """
    part_class = part if isinstance(part, type) else type(part)
    for kind, family in EVERY.items():
        if issubclass(part_class, family):
            return kind
    raise InvalidParameterError(
        sentence(
            f"part must derive from one of {listed(family.__name__ for family in EVERY.values())} of",
            f"skgan.interfaces. Got {part_class.__name__}. Derive its class from one of them.",
        )
    )


def objects_of(part: Any) -> list[Component]:
    """Return a part as it is, and a class as one object for each of its sets of test parameters."""
    if not isinstance(part, type):
        return [part]
    part_class: Any = part
    sets = part_class.get_test_params()
    if not isinstance(sets, list) or not sets or not all(isinstance(params, dict) for params in sets):
        raise AssertionError(f"{part.__name__}: get_test_params() must return a list of dicts, not {shown(sets)}")
    return [part_class(**params) for params in sets]


def specs_for(*parts: Component) -> list[DataSpec]:
    """Return the data that all of `parts` go with, by what their tags say."""
    return [spec for spec in SPECS.values() if not any(compatibility.why_not_data(part, spec) for part in parts)]


def small(kind: str, name: str, *, of: Component | None = None, spec: DataSpec | None = None) -> Any:
    """Return a small built-in part that goes with another part and the data: `name`, or the first that does."""
    for each in dict.fromkeys((name, *registry.names(kind))):
        part_class: Any = registry.resolve(kind, each)
        part = part_class(**part_class.get_test_params()[0])
        fits_data = spec is None or not compatibility.why_not_data(part, spec)
        if fits_data and (of is None or not compatibility.why_not(part, of)) and not (spec and _unnatural(part, spec)):
            return part
    return None


def _unnatural(part: Component, spec: DataSpec) -> bool:
    """Say whether image labels meet an architecture that does not ask for them."""
    if not isinstance(part, Architecture) or spec.label_kind != "image":
        return False
    labels = part.tags().labels
    return labels is None or "image" not in labels


def origin_of(part: Component) -> dict[str, str] | None:
    """Return where a part's class is registered, or None."""
    return registry.provenance(kind_of(part), type(part))


@contextlib.contextmanager
def registered(part: Component) -> Iterator[None]:
    """Lend a part's class a name for as long as a check runs, if it has none."""
    with contextlib.ExitStack() as stack:
        if origin_of(part) is None:
            stack.enter_context(registry.temporary_plugin(type(part)))
        yield


def other_values(part: Component, name: str) -> list[Any]:
    """Return further valid values of a parameter, none where its constraints name no numbers and no choices."""
    allowed, value = part.constraints.get(name, ()), getattr(part, name)
    found: list[Any] = []
    for constraint in allowed:
        inner = constraint.of if isinstance(constraint, Pair) else constraint
        old = value if isinstance(value, tuple | list) and len(value) == 2 else (value, value)
        for new in _tried(inner, old[0]):
            pairs = [(new, old[1]), (old[0], new), (new, new)] if isinstance(constraint, Pair) else [new]
            found += [each for each in pairs if constraint.accepts(each)]
    different: list[Any] = []
    for each in found:
        if not any(_same(each, known) for known in (value, *different)):
            different.append(each)
    return different


def _tried(constraint: Any, value: Any) -> list[Any]:
    choices = list(getattr(constraint, "values", ()))
    number = isinstance(value, int | float) and not isinstance(value, bool)
    near = [2 * value, value / 2, value + 1, value - 1, value + 0.25, value - 0.25] if number else []
    wide = [0, 1, 2, 3, 0.0, 0.5, 1.0, 0.9, 1e-3, 2.5, -0.5, True, False, None, (1, 1), (2, 2)]
    whole = [int(each) for each in near if each == int(each)]
    return [each for each in (*choices, *whole, *near, *wide) if constraint.accepts(each)]


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and a == b


def with_value(part: Component, **params: Any) -> Component:
    """Return a clone with other parameters."""
    return clone(part).set_params(**params)


def other_objects(part: Component, name: str) -> Iterator[tuple[Component, Component]]:
    """Yield pairs of parts that differ in one parameter only, near `part` first, then with other settings too."""
    values = other_values(part, name)
    for value in values:
        yield part, with_value(part, **{name: value})
    others = [other for other in part.get_params(deep=False) if other != name]
    settings = [(other, each) for other in others for each in other_values(part, other)]
    for (other, each), value in itertools.product(settings, values):
        moved = with_value(part, **{other: each})
        yield moved, with_value(moved, **{name: value})


def players_of(part: Component) -> tuple[str, ...]:
    """Return the players whose turn a part takes part in."""
    both = ("discriminator", "generator")
    if isinstance(part, Loss | Conditioning):
        return both
    player = getattr(part, "player", "both")
    return both if player == "both" else (player,)
