"""What every part of every family promises, whatever it computes."""

from __future__ import annotations

import importlib
import inspect
import operator
import pickle
import re
import subprocess
import sys
from functools import cache
from typing import Any
from unittest import SkipTest

import torch
from sklearn.base import clone
from torch import nn

from skgan import plugins, registry
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Component, Tags
from skgan.testing._common import expect
from skgan.testing._parts import EVERY, SPECS, kind_of, objects_of, origin_of, specs_for
from skgan.validation import Integer, Real

KINDS = {"vector", "image", "signal", "volume"}
LABELS = {"none", "classes", "multilabel", "continuous", "image"}
MEANINGS = {"log-ratio", "margin", "target", "median", "critic", "relative", "energy"}
#: methods whose arguments differ from part to part
_FREE = {"set_params", "get_params", "get_test_params", "set_fit_request"}


def check_class_is_final(part: Component) -> None:
    """The class derives from one interface and implements all of it."""
    families = [family.__name__ for family in EVERY.values() if isinstance(part, family)]
    expect(len(families) == 1, f"a part must be of one family; this one is of {families}")
    lacking = sorted(getattr(type(part), "__abstractmethods__", ()))
    expect(not lacking, f"the class must implement {lacking}")


def check_constructor_only_stores(part: Component) -> None:
    """Every parameter has a default and is stored as it came; nothing else is, and the test parameters are accepted."""
    type(part)()
    for params in [part.get_params(deep=False), *type(part).get_test_params()]:
        made = type(part)(**params)
        stored = vars(made)
        expect(
            stored.keys() == made.get_params(deep=False).keys(),
            f"the constructor must store its parameters and nothing else; it stores {sorted(stored)}",
        )
        other = [name for name, value in params.items() if stored[name] is not value]
        expect(not other, f"the constructor must store {other} as they come: conversions belong where they are used")


def check_parameters_survive_clone_and_set_params(part: Component) -> None:
    """`clone`, ``set_params(**get_params())`` and a new object of the same parameters are equal."""
    params = part.get_params(deep=False)
    for way, twin in (("clone", clone(part)), ("set_params", type(part)().set_params(**params))):
        got = twin.get_params(deep=False)
        expect(repr(got) == repr(params), f"{way} must keep the parameters {params}; got {got}")


def check_pickle_keeps_parameters(part: Component) -> None:
    """A part goes through pickle: parallel searches and saved estimators need it."""
    params, got = part.get_params(deep=False), pickle.loads(pickle.dumps(part)).get_params(deep=False)
    expect(repr(got) == repr(params), f"pickle must keep the parameters {params}; got {got}")


def check_repr_names_the_class(part: Component) -> None:
    """The repr begins with the class's name."""
    expect(repr(part).startswith(type(part).__name__), f"repr must begin with {type(part).__name__}; got {part!r}")


def check_parameters_are_validated(part: Component) -> None:
    """`validate` accepts test parameters and defaults, and refuses nonsense with `InvalidParameterError` naming it."""
    for each in (part, type(part)(), *objects_of(type(part))):
        each.validate()
    unknown = sorted(part.constraints.keys() - part.get_params(deep=False).keys())
    expect(not unknown, f"constraints must be of parameters; {unknown} are none")
    for name, allowed in part.constraints.items():
        for nonsense in (object(), {"no": "sense"}, *_beyond(allowed)):
            try:
                clone(part, safe=False).set_params(**{name: nonsense}).validate()
            except InvalidParameterError as error:
                expect(name in str(error), f"the refusal of {name}={nonsense!r} must name {name!r}; got {error}")
            else:
                raise AssertionError(f"validate() must refuse {name}={nonsense!r} with InvalidParameterError")


def _beyond(allowed: tuple[Any, ...]) -> list[Any]:
    """Return numbers that no constraint allows."""
    if not any(isinstance(constraint, Integer | Real) for constraint in allowed):
        return []
    numbers = [float("nan"), float("inf"), *(c.low - 1 for c in allowed if isinstance(c, Integer))]
    return [number for number in numbers if not any(constraint.accepts(number) for constraint in allowed)]


def check_every_number_has_a_constraint(part: Component) -> None:
    """Parameters that are numbers, text or tuples have a row in `constraints`."""
    plain = {
        name
        for name, value in part.get_params(deep=False).items()
        if isinstance(value, bool | int | float | str | tuple)
    }
    missing = sorted(plain - part.constraints.keys())
    expect(not missing, f"constraints must have a row for {missing}")


def _document(part: Component) -> str:
    return inspect.getdoc(type(part)) or ""


def check_docstring_names_every_parameter(part: Component) -> None:
    """The docstring describes each parameter, as ``name : type``."""
    said = set(re.findall(r"^(\w+(?:, \w+)*) : ", _document(part), re.MULTILINE))
    known = {name for line in said for name in line.split(", ")}
    missing = [name for name in part.get_params(deep=False) if name not in known]
    expect(not missing, f"the docstring must describe the parameters {missing}")


def check_docstring_says_where_it_comes_from(part: Component) -> None:
    """The docstring has a formula or references; a callback, an encoder and a rule need neither."""
    if kind_of(part) in ("callback", "encoder", "constraint"):
        raise SkipTest("its family needs neither formula nor paper")
    document = _document(part)
    found = ".. math::" in document or "References\n---" in document
    expect(found, "the docstring must have a formula (.. math::) or the section References")


def check_docstring_has_an_example(part: Component) -> None:
    """The docstring shows how to use it, after ``>>>``."""
    expect(">>>" in _document(part), "the docstring must have an example, after >>>")


def check_tags_are_well_typed(part: Component) -> None:
    """`tags` returns `Tags` of the closed vocabulary, and some kind of data goes with the part."""
    tags = part.tags()
    expect(isinstance(tags, Tags), f"tags() must return skgan.interfaces.Tags; got {type(tags).__name__}")
    for name, known in (("kinds", KINDS), ("labels", LABELS), ("meanings", MEANINGS)):
        values = getattr(tags, name)
        fits = values is None or (isinstance(values, tuple) and bool(values) and set(values) <= known)
        expect(fits, f"tags().{name} must be None or a tuple of some of {sorted(known)}; got {values!r}")
    expect(
        tags.meaning is None or tags.meaning in MEANINGS,
        f"meaning must be one of {sorted(MEANINGS)}; got {tags.meaning!r}",
    )
    words = ("kinds", "labels", "meaning", "meanings", "rows_at_once")
    other = [name for name, value in vars(tags).items() if name not in words and not isinstance(value, bool)]
    expect(not other, f"the tags {other} must be True or False")
    rows = tags.rows_at_once
    expect(type(rows) is int and rows > 0, f"rows_at_once must be a whole number of rows; got {rows!r}")
    expect(specs_for(part), "some kind of data and labels must go with the part; its tags allow none")


def check_declarations_are_well_formed(part: Component) -> None:
    """`state` gives finite tensors, float32 or whole numbers, by name; `modules` gives networks by player."""
    for spec in specs_for(part):
        for name, tensor in part.state(spec).items():
            expect(isinstance(name, str) and name.isidentifier(), f"names of state must be identifiers; got {name!r}")
            fits = isinstance(tensor, torch.Tensor) and (
                tensor.dtype == torch.float32 or not tensor.is_floating_point()
            )
            expect(
                fits,
                f"state {name!r} must be a float32 or integer tensor; got {getattr(tensor, 'dtype', type(tensor))}",
            )
            expect(torch.isfinite(tensor).all(), f"state {name!r} must start finite")
        with torch.random.fork_rng(devices=[]):
            modules = part.modules(spec)
        fits = modules.keys() <= {"generator", "discriminator"} and all(
            isinstance(m, nn.Module) for m in modules.values()
        )
        expect(fits, f"modules() must hold networks by player, 'generator' or 'discriminator'; got {sorted(modules)}")
        lazy = any(isinstance(p, nn.UninitializedParameter) for m in modules.values() for p in m.parameters())
        expect(not lazy, "modules() must hold networks whose weights have a shape: lazy ones cannot be saved")


def check_methods_take_what_they_are_given(part: Component) -> None:
    """Each method of the interface that the part overrides can be called with the interface's arguments."""
    family = EVERY[kind_of(part)]
    for name, given in inspect.getmembers(family, inspect.isfunction):
        if (name.startswith("_") and name != "__call__") or name in _FREE:
            continue
        method = getattr(part, name)
        positional: list[str] = []
        named: dict[str, None] = {}
        for parameter in list(inspect.signature(given).parameters.values())[1:]:
            if parameter.kind is parameter.KEYWORD_ONLY:
                named[parameter.name] = None
            elif parameter.kind is not parameter.VAR_KEYWORD:
                positional.append(parameter.name)
        try:
            inspect.signature(method).bind(*positional, **named)
        except TypeError as error:
            raise AssertionError(
                f"{name}() must take ({', '.join([*positional, *named])}), as the interface says; {error}"
            ) from error


def check_name_leads_back(part: Component) -> None:
    """The name it is registered under is normalised and leads back to the class."""
    origin = origin_of(part)
    if origin is None:
        raise SkipTest("it is not registered")
    name, found = origin["name"], registry.resolve(origin["kind"], origin["name"])
    expect(name == registry.normalised(name), f"its name must be {registry.normalised(name)!r}; got {name!r}")
    expect(found is type(part), f"the name {name!r} must lead to {type(part).__qualname__}; it leads to {found}")


def check_class_is_importable(part: Component) -> None:
    """The class is found in its module under its name, as saved models and processes of a search look for it."""
    part_class = type(part)
    try:
        found = operator.attrgetter(part_class.__qualname__)(importlib.import_module(part_class.__module__))
    except (ImportError, AttributeError) as error:
        raise AssertionError(
            f"{part_class.__module__}:{part_class.__qualname__} must be importable; {type(error).__name__}: {error}"
        ) from error
    expect(found is part_class, f"{part_class.__module__}:{part_class.__qualname__} must be the class itself")


def check_entry_module_leaves_torch_alone(part: Component) -> None:
    """Looking for the part's name imports no torch: the modules of the entry points import neither it nor the part."""
    origin = origin_of(part)
    if origin is None or origin["distribution"] == plugins.LOCAL:
        raise SkipTest("no distribution offers it")
    modules, distribution = ["skgan.registry"], origin["distribution"]
    if distribution != plugins.BUILT_IN:
        found = [
            p
            for p in plugins.loaded(tell=False)
            if plugins.canonical(p.distribution) == plugins.canonical(distribution)
        ]
        modules = [point.partition(" = ")[2].partition(":")[0] for plugin in found for point in plugin.entry_points]
    light = _imports_no_torch(tuple(modules), tuple(sys.path))
    expect(light, f"the modules {modules} must be importable without importing torch, so that listings are quick")


@cache
def _imports_no_torch(modules: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Say whether a new process can import the modules, look for every name, and have no torch."""
    code = f"import importlib, sys\nsys.path[:] = {path!r}\n"
    code += "".join(f"importlib.import_module({module!r})\n" for module in modules)
    code += "from skgan import registry\n" + "".join(f"registry.names({kind!r})\n" for kind in EVERY)
    code += "print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.strip().endswith("False")


def check_defaults_are_a_dict(part: Component) -> None:
    """`defaults`, where the family has it, returns a dict for every kind of data."""
    defaults = getattr(part, "defaults", None)
    if defaults is None:
        raise SkipTest("its family has no defaults")
    for spec in SPECS.values():
        expect(
            isinstance(defaults(spec), dict), f"defaults(spec) must return a dict; got {type(defaults(spec)).__name__}"
        )
