"""The conformance kit for parts: every check by family and tier, and ways to run them.

A check is a function of one part, an object. It returns nothing, raises `unittest.SkipTest` where it
does not apply, or an `AssertionError` that names the part, what was expected and what came. The tiers
are ``"api"`` (milliseconds), ``"numeric"`` (tiny networks in float64) and ``"integration"`` (fits).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial, wraps
from types import ModuleType
from typing import Any
from unittest import SkipTest

import numpy as np

from skgan import plugins, registry
from skgan.exceptions import ComponentNotFoundError, InvalidParameterError, SkganError
from skgan.interfaces import Component
from skgan.resolution import OF_TABLES
from skgan.testing import (
    api_checks,
    augmentation_checks,
    constraint_checks,
    encoder_checks,
    feature_checks,
    integration_checks,
    loss_checks,
    metric_checks,
    network_checks,
    optimizer_checks,
    parameter_checks,
    regularizer_checks,
    sampler_checks,
    table_checks,
    term_checks,
)
from skgan.testing._common import Check, expect
from skgan.testing._parts import EVERY, kind_of, objects_of, players_of
from skgan.testing._worlds import World, linear_world, normal
from skgan.validation import did_you_mean, listed, sentence, shown

__all__ = ["TIERS", "Known", "check_component", "check_plugin", "component_checks", "parametrize_component_checks"]

TIERS = ("api", "numeric", "integration")

_ONLY_ARCHITECTURES = (
    "check_bounded_samples_stay_in_range",
    "check_batch_statistics_are_tagged",
    "check_it_works_for_other_sizes",
)
_ONLY_CONDITIONINGS = (
    "check_embedding_knows_its_width",
    "check_head_builds_nothing_for_labels_that_are_not_there",
    "check_modulation_keeps_the_shape",
)

#: family -> the modules with its numeric checks
_NUMERIC: dict[str, tuple[ModuleType, ...]] = {
    "loss": (term_checks, loss_checks, parameter_checks),
    "regularizer": (term_checks, regularizer_checks, parameter_checks),
    "architecture": (network_checks, parameter_checks),
    "conditioning": (network_checks, term_checks, parameter_checks),
    "augmentation": (augmentation_checks, parameter_checks),
    "optimizer": (optimizer_checks, parameter_checks),
    "sampler": (sampler_checks, parameter_checks),
    "metric": (metric_checks, parameter_checks),
    "features": (feature_checks, parameter_checks),
    "callback": (),
    "encoder": (encoder_checks,),
    "constraint": (constraint_checks,),
}
_ONLY = {"architecture": _ONLY_CONDITIONINGS, "conditioning": _ONLY_ARCHITECTURES}


class Known:
    """What a reference is told: a linear discriminator, and rows, as float64 NumPy arrays.

    Parameters
    ----------
    world : World
        What is asked.
    player : str
        Whose turn it is.

    Attributes
    ----------
    player : {"discriminator", "generator"}
        Whose turn it is.
    real, fake : ndarray of shape (n, d)
        The samples; the generator copies its latents.
    slope : ndarray of shape (d,)
        The gradient of the logit to a sample, the same everywhere.
    real_logits, fake_logits : ndarray of shape (n,)
        ``samples @ slope + 0.25``.
    """

    def __init__(self, world: World, player: str):
        network: Any = world.networks["discriminator"]
        self.player = player
        self.real, self.fake = world.real.numpy(), world.z.numpy()
        self.slope = network.linear.weight.detach().numpy()[0]
        self.real_logits, self.fake_logits = (rows @ self.slope + network.offset for rows in (self.real, self.fake))


def component_checks(kind: str, tiers: Iterable[str] = TIERS) -> tuple[Check, ...]:
    """Return the checks of a family, functions of one part.

    Parameters
    ----------
    kind : str
        The family: ``"loss"``, ``"regularizer"`` ...
    tiers : iterable of str, default=("api", "numeric", "integration")
        Which of them.

    Returns
    -------
    tuple of callable
        Each has the attribute ``tier``; its docstring says what it promises.

    Raises
    ------
    InvalidParameterError
        When there is no such family or tier.

    Examples
    --------
    >>> from skgan.testing import component_checks
    >>> [check.__name__ for check in component_checks("loss", ["numeric"])][:2]
    ['check_term_is_finite', 'check_term_is_finite_at_zero']
    """
    chosen = tuple(tiers)
    for value, known, name in ((kind, EVERY, "kind"), *((tier, TIERS, "tiers") for tier in chosen)):
        if value not in known:
            hint = did_you_mean(str(value), known)
            raise InvalidParameterError(sentence(f"{name} must be one of {listed(known)}. Got {shown(value)}.", hint))
    return tuple(check for check in _all_checks(kind) if check.tier in chosen)  # type: ignore[attr-defined]


@cache
def _all_checks(kind: str) -> tuple[Check, ...]:
    found = [_told(check, "api") for check in _checks_in(api_checks)]
    numeric = [check for module in _NUMERIC[kind] for check in _checks_in(module)]
    found += [_told(check, "numeric") for check in numeric if check.__name__ not in _ONLY.get(kind, ())]
    for check in _checks_in(table_checks if kind in OF_TABLES else integration_checks):
        if (check.__name__ == "check_training_is_not_changed") <= (kind == "callback"):
            found.append(_told(check, "integration"))
    return tuple(found)


def _checks_in(module: ModuleType) -> list[Check]:
    own = [member for member in vars(module).values() if getattr(member, "__module__", "") == module.__name__]
    return [member for member in own if getattr(member, "__name__", "").startswith("check_")]


def _told(check: Check, tier: str) -> Check:
    """Return a check whose failures name the part."""

    @wraps(check)
    def told(part: Component) -> None:
        try:
            check(part)
        except AssertionError as error:
            raise AssertionError(f"{part!r}: {error}") from error
        except (SkipTest, KeyboardInterrupt):
            raise
        except Exception as error:  # whatever a part raises where it should not
            promise = (check.__doc__ or check.__name__).partition("\n")[0]
            came = f"{type(error).__name__}: {str(error)[:300]}"
            raise AssertionError(f"{part!r}: expected: {promise} Got {came}") from error

    told.tier = tier  # type: ignore[attr-defined]
    return told


def check_component(
    part: Any,
    *,
    kind: str | None = None,
    tiers: Iterable[str] = TIERS,
    leave_out: Iterable[str] = (),
    reference: Callable[[Any, Known], float] | None = None,
    on_fail: str | None = "raise",
) -> list[dict[str, Any]]:
    """Put a part through all checks of its family.

    Parameters
    ----------
    part : Component or type
        An object, or a class, which is tried with each of its sets of test parameters.
    kind : str, optional
        Its family. None means that of the interface it derives from.
    tiers : iterable of str, default=("api", "numeric", "integration")
        Which checks. The last one runs scikit-learn's ``check_estimator``, some seconds.
    leave_out : iterable of str, default=()
        Names of checks that are not run.
    reference : callable, optional
        ``reference(part, known) -> float``: the mean of the term of a loss or regularizer, computed
        another way from what `Known` holds; compared in float64.
    on_fail : {"raise"} or None, default="raise"
        Whether to raise at the first check that fails, or only to record it.

    Returns
    -------
    list of dict
        For each check ``part`` (its repr), ``check_name``, ``tier``, ``status`` ("passed", "failed" or
        "skipped") and ``exception``.

    Raises
    ------
    AssertionError
        With ``on_fail="raise"``, at the first check that fails.

    Examples
    --------
    A penalty that forgot its factor would be found by a reference.

    >>> from skgan.regularizers.r1 import R1
    >>> from skgan.testing import check_component
    >>> def half_square(part, known):
    ...     return part.weight / 2 * (known.slope**2).sum()
    >>> records = check_component(R1, tiers=["numeric"], reference=half_square)
    >>> {record["status"] for record in records}
    {'passed'}
    """
    family = kind or kind_of(part)
    known, absent = [check.__name__ for check in component_checks(family)], tuple(leave_out)
    for name in absent:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InvalidParameterError(sentence(f"leave_out must name checks of a {family}. Got {shown(name)}.", hint))
    checks = tuple(check for check in component_checks(family, tiers) if check.__name__ not in absent)
    if reference is not None:
        checks = (*checks, _against(reference))
    records = []
    for each in _objects(part):
        if isinstance(each, AssertionError):
            if on_fail == "raise":
                raise each
            records.append(_entry(part, "check_constructor_only_stores", "api", "failed", each))
            continue
        records += [_run(check, each, on_fail) for check in checks]
    return records


def _objects(part: Any) -> list[Any]:
    try:
        return list(objects_of(part))
    except Exception as error:
        return [
            AssertionError(f"{part.__name__}: get_test_params() must build it. Got {type(error).__name__}: {error}")
        ]


def _run(check: Check, part: Any, on_fail: str | None) -> dict[str, Any]:
    status = "passed"
    exception: Exception | None = None
    try:
        check(part)
    except SkipTest as reason:
        status, exception = "skipped", reason
    except AssertionError as error:
        if on_fail == "raise":
            raise
        status, exception = "failed", error
    return _entry(part, check.__name__, check.tier, status, exception)  # type: ignore[attr-defined]


def _entry(part: Any, name: str, tier: str, status: str, exception: Exception | None) -> dict[str, Any]:
    return {"part": repr(part), "check_name": name, "tier": tier, "status": status, "exception": exception}


def _against(reference: Callable[[Any, Known], float]) -> Check:
    def check_term_equals_the_reference(part: Component) -> None:
        for player in players_of(part):
            world = linear_world(part, normal((1,), (6, 5)), normal((2,), (6, 5)))
            network: Any = world.networks["discriminator"]
            network.linear.weight.data.copy_(normal((3,), (1, 5)))
            network.offset = 0.25
            value, expected = float(world.value(player)), float(reference(part, Known(world, player)))  # type: ignore[arg-type]
            near = np.isclose(value, expected, rtol=1e-6, atol=1e-9)
            expect(near, f"the {player}'s term must be {expected:.10g}, as the reference says; got {value:.10g}")

    return _told(check_term_equals_the_reference, "numeric")


def parametrize_component_checks(parts: Iterable[Any], *, tiers: Iterable[str] = ("api", "numeric")) -> Callable:
    """Return a decorator that runs a test for each part and check; needs pytest.

    Parameters
    ----------
    parts : iterable of Component or type
        Objects, or classes with their sets of test parameters.
    tiers : iterable of str, default=("api", "numeric")
        Which checks.

    Returns
    -------
    callable
        For a test with the arguments ``part`` and ``check``.

    Examples
    --------
    >>> from skgan.losses.hinge import Hinge
    >>> from skgan.testing import parametrize_component_checks
    >>> @parametrize_component_checks([Hinge])
    ... def test_parts(part, check):
    ...     check(part)
    """
    import pytest

    chosen = tuple(tiers)
    return pytest.mark.parametrize(
        ("part", "check"),
        [
            pytest.param(each, check, id=f"{each!r}-{check.__name__}")
            for part in parts
            for each in objects_of(part)
            for check in component_checks(kind_of(part), chosen)
        ],
    )


def check_plugin(
    distribution: str, *, tiers: Iterable[str] = TIERS, on_fail: str | None = None
) -> list[dict[str, Any]]:
    """Put every part that an installed distribution offers through all checks.

    Parameters
    ----------
    distribution : str
        Its name, as pip knows it.
    tiers : iterable of str, default=("api", "numeric", "integration")
        Which checks.
    on_fail : {"raise"} or None, default=None
        Whether to raise at the first check that fails, or only to record it.

    Returns
    -------
    list of dict
        As `check_component` returns them, with ``kind`` and ``name`` of the part. Two checks more look at
        the distribution: ``check_plugin_loads`` and ``check_target_leads_to_a_part``.

    Raises
    ------
    ComponentNotFoundError
        When no distribution of that name offers parts.

    Examples
    --------
    >>> from skgan.testing import check_plugin
    >>> records = check_plugin("skgan", tiers=[])
    >>> sorted({record["check_name"] for record in records})
    ['check_plugin_loads', 'check_target_leads_to_a_part']
    """
    chosen, wanted = tuple(tiers), plugins.canonical(distribution)
    _plugins_of(distribution)
    found = [part for part in registry.listing(warn=False) if plugins.canonical(part.distribution) == wanted]
    records = [{**_run(_told(check_plugin_loads, "api"), distribution, on_fail), "kind": "", "name": distribution}]
    for part in found:
        origin = {"part": part.write, "kind": part.kind, "name": part.name}
        resolve = partial(registry.resolve, part.kind, part.write)
        records.append({**_run(_told(_leads_to_a_part(resolve), "api"), part.write, on_fail), **origin})
        if records[-1]["status"] == "passed" and part.kind in EVERY:
            records += [{**each, **origin} for each in check_component(resolve(), tiers=chosen, on_fail=on_fail)]
    return records


def check_plugin_loads(distribution: str) -> None:
    """Its entry points are found, its modules are imported, its hooks are known and take what they are given."""
    for plugin in _plugins_of(distribution):
        expect(plugin.status == "loaded", f"the plugin must load; it is {plugin.status}: {plugin.error}")


def _plugins_of(distribution: str) -> list[plugins.Plugin]:
    wanted, offered = plugins.canonical(distribution), plugins.loaded(tell=False)
    mine = [plugin for plugin in offered if plugins.canonical(plugin.distribution) == wanted]
    if not mine and wanted != plugins.BUILT_IN:
        known = [plugin.distribution for plugin in offered]
        raise ComponentNotFoundError(
            sentence(
                "distribution must be installed and have entry points in the group 'skgan'.",
                f"Got {shown(distribution)}; there are {listed(known) or 'none'}.",
                did_you_mean(distribution, known) or "Install it first.",
            )
        )
    return mine


def _leads_to_a_part(resolve: Callable[[], type]) -> Check:
    def check_target_leads_to_a_part(write: str) -> None:
        """The target of its `ComponentSpec` is importable, and a part of the family it says."""
        try:
            resolve()
        except SkganError as error:
            raise AssertionError(f"the target must be importable and a part; {error}") from error

    return check_target_leads_to_a_part


def table_of_checks() -> str:
    """Return the table of all checks in Markdown, as the documentation has it."""
    families: dict[tuple[str, str, str], list[str]] = {}
    for tier in TIERS:
        for kind in EVERY:
            for check in component_checks(kind, [tier]):
                promise = (check.__doc__ or "").partition("\n")[0].replace("``", "`").replace("|", r"\|")
                families.setdefault((tier, check.__name__, promise), []).append(kind)
    lines = ["| Tier | Check | Families | What it promises |", "|---|---|---|---|"]
    for (tier, name, promise), kinds in families.items():
        whose = "all" if len(kinds) == len(EVERY) else ", ".join(kinds)
        lines.append(f"| {tier} | `{name}` | {whose} | {promise} |")
    return "\n".join(lines)
