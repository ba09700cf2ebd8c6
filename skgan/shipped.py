"""The parts that ship with skgan, read from the text of their files without importing them.

A built-in part is a file in its family's folder with a literal ``NAMES = {"name": "Class"}``; adding
the file is all there is to do.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from skgan.exceptions import PluginError

_PLACES = {
    "loss": "losses",
    "regularizer": "regularizers",
    "architecture": "architectures",
    "conditioning": "conditioning",
    "augmentation": "augmentation",
    "optimizer": "optimizers",
    "sampler": "samplers",
    "encoder": "encoding",
    "constraint": "constraints",
    "metric": "metrics",
    "features": "features",
    "callback": "callbacks",
}
# Parsing a whole file takes a hundred times as long as finding its literal, and there are many files.
_NAMES = re.compile(r"^NAMES\b[^=\n]*=\s*(\{[^{}]*\})", re.MULTILINE)
_SUMMARY = r'^class {name}\b.*?"""(.*?)(?:"""|\n)'


def normalised(name: str) -> str:
    """Return the one spelling of a name: lower case, ``-`` for ``_``."""
    return name.lower().replace("_", "-")


@cache
def targets(kind: str) -> dict[str, str]:
    """Return name -> "module:Class" of the built-in parts of one family; an alias is one more name."""
    found: dict[str, str] = {}
    for file in _files(kind):
        module = ".".join(("skgan", *file.relative_to(Path(__file__).parent).with_suffix("").parts))
        for name, attribute in _literal_names(file.read_text(encoding="utf-8")).items():
            if name in found:
                raise PluginError(f"Two built-in parts claim the {kind} name {name!r}: {found[name]} and {module}.")
            found[name] = f"{module}:{attribute}"
    return found


@cache
def summaries(kind: str) -> dict[str, str]:
    """Return "module:Class" -> the first line of its docstring."""
    found: dict[str, str] = {}
    for target in dict.fromkeys(targets(kind).values()):
        module, _, attribute = target.partition(":")
        text = Path(__file__).parent.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text(encoding="utf-8")
        line = re.search(_SUMMARY.format(name=attribute), text, re.MULTILINE | re.DOTALL)
        found[target] = line[1].strip() if line else ""
    return found


def _files(kind: str) -> list[Path]:
    place = Path(__file__).parent / _PLACES[kind]
    return [place.with_suffix(".py")] if place.with_suffix(".py").exists() else sorted(place.glob("[!_]*.py"))


def _literal_names(text: str) -> dict[str, str]:
    if found := _NAMES.search(text):
        try:
            return ast.literal_eval(found[1])
        except (SyntaxError, ValueError):
            pass  # a brace in a comment; the parser knows
    for node in ast.parse(text).body if "NAMES" in text else ():
        named = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if isinstance(node, ast.Assign | ast.AnnAssign) and getattr(named[0], "id", "") == "NAMES" and node.value:
            return ast.literal_eval(node.value)
    return {}
