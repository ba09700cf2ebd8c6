"""What `manifest.json`, `config.json` and the head of `state.safetensors` may hold, key by key.

A rule is a function of a value and its place; it raises ``ValueError`` naming the place when the value is
something else. Keys that no rule names are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Rule = Callable[[Any, str], None]


def _refuse(place: str, wanted: str) -> None:
    raise ValueError(f"{place or 'it'} must be {wanted}")


def anything(value: Any, place: str) -> None:
    """Accept what JSON can hold; whoever reads it checks it."""


def nothing(value: Any, place: str) -> None:
    """Accept null."""
    if value is not None:
        _refuse(place, "null")


def flag(value: Any, place: str) -> None:
    """Accept true and false."""
    if not isinstance(value, bool):
        _refuse(place, "true or false")


def text(value: Any, place: str) -> None:
    """Accept a string."""
    if not isinstance(value, str):
        _refuse(place, "text")


def digest(value: Any, place: str) -> None:
    """Accept a sha256 as hexadecimal digits, in lower case."""
    if not isinstance(value, str) or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        _refuse(place, "a sha256")


def whole(low: int = 0, high: int = 2**63) -> Rule:
    """Return a rule for whole numbers from `low` to `high`."""

    def rule(value: Any, place: str) -> None:
        """Accept such a number."""
        if type(value) is not int or not low <= value <= high:
            _refuse(place, f"a whole number from {low} to {high}")

    return rule


def number(low: float, high: float) -> Rule:
    """Return a rule for numbers from `low` to `high`."""

    def rule(value: Any, place: str) -> None:
        """Accept such a number."""
        if type(value) not in (int, float) or not low <= value <= high:
            _refuse(place, f"a number from {low:g} to {high:g}")

    return rule


def either(*rules: Rule) -> Rule:
    """Return a rule for what one of `rules` accepts."""

    def rule(value: Any, place: str) -> None:
        """Accept what one of them accepts."""
        reasons = []
        for each_rule in rules:
            try:
                each_rule(value, place)
            except ValueError as error:
                reasons.append(str(error))
            else:
                return
        raise ValueError(reasons[-1])

    return rule


def each(member: Rule, most: int = 10**6) -> Rule:
    """Return a rule for lists of what `member` accepts."""

    def rule(value: Any, place: str) -> None:
        """Accept such a list."""
        if not isinstance(value, list) or len(value) > most:
            _refuse(place, f"a list of at most {most}")
        for entry in value:
            member(entry, f"an entry of {place or 'it'}")

    return rule


def table(member: Rule) -> Rule:
    """Return a rule for objects with any keys, whose values `member` accepts."""

    def rule(value: Any, place: str) -> None:
        """Accept such an object."""
        if not isinstance(value, dict):
            _refuse(place, "an object")
        for entry in value.values():
            member(entry, f"a value of {place or 'it'}")

    return rule


def record(required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    """Return a rule for objects with exactly these keys."""
    known = required | (optional or {})

    def rule(value: Any, place: str) -> None:
        """Accept such an object."""
        if not isinstance(value, dict):
            _refuse(place, "an object")
        unknown, missing = sorted(value.keys() - known.keys()), sorted(required.keys() - value.keys())
        if unknown or missing:
            what = f"an unknown key, {unknown[0][:40]!r}" if unknown else f"no {missing[0]!r}"
            raise ValueError(f"{place or 'it'} has {what}")
        for key, entry in value.items():
            known[key](entry, f"{place}.{key}" if place else key)

    return rule


def one_of(*words: str) -> Rule:
    """Return a rule for some texts."""

    def rule(value: Any, place: str) -> None:
        if value not in words:
            _refuse(place, f"one of {', '.join(words)}")

    return rule


def real(value: Any, place: str) -> None:
    """Accept a number as ``float.hex`` writes it."""
    try:
        float.fromhex(value)
    except (TypeError, ValueError, OverflowError):
        _refuse(place, "a hexadecimal number")


_LENGTHS = each(whole(0, 2**40), 8)
_PART = record({"part": text, "params": table(anything)}, {"version": text})

MANIFEST = record(
    {
        "format": whole(1),
        "estimator": text,
        "skgan": text,
        "files": record(
            {
                "config.json": record({"size": whole(), "sha256": digest}),
                "state.safetensors": record({"size": whole(), "sha256": digest, "head": digest}),
            }
        ),
        "sha256": digest,
    },
    {"sequence": whole()},
)

_SUM = record({"sum": real, "count": whole(1), "dtype": one_of("float16", "bfloat16", "float32", "float64", "int64")})

#: of a fit that was not at its end, or might go on: what `skgan.resuming` compares and gives back
RUN = record(
    {
        "data": record({"shape": text, "dtype": text, "label counts": text, "rows": digest}),
        "machine": record({"threads": text, "torch": text, "device": text}),
        "began": whole(),
        "ticks": whole(),
        "columns": whole(),
        "means": record({"discriminator": table(_SUM), "generator": table(_SUM)}),
    },
    {
        "ranks": whole(),
        "judged": record(
            {
                "scoring": text,
                "best": either(nothing, real),
                "waited": whole(),
                "looked_at": whole(-1),
                "counters": table(whole()),
            }
        ),
    },
)

CONFIG = record(
    {
        "params": table(anything),
        "model": record(
            {
                "parts": record(
                    {
                        "loss": _PART,
                        "architecture": _PART,
                        "conditioning": _PART,
                        "optimizer": _PART,
                        "regularizers": each(_PART, 100),
                        "augmentations": each(_PART, 100),
                    }
                ),
                "numbers": record(
                    {
                        "n_critic": whole(1),
                        "n_discriminators": whole(1),
                        "learning_rate": number(0, 1e37),
                        "discriminator_learning_rate": number(0, 1e37),
                    }
                ),
                "spec": record(
                    {
                        "kind": text,
                        "shape": _LENGTHS,
                        "bounded": flag,
                        "label_kind": text,
                        "label_dim": whole(0, 2**40),
                        "latent_dim": whole(1, 2**40),
                        "label_shape": _LENGTHS,
                        "categorical_codes": each(whole(2, 2**40), 1000),
                        "continuous_codes": whole(0, 2**40),
                    },
                    {"columns": each(each(whole(0, 2**40), 3), 10**5), "condition_dim": whole(0, 2**40)},
                ),
                "prior": record({"prior": text, "params": table(anything)}),
                "ema_decay": either(nothing, number(0, 1)),
                "key": each(either(text, whole(-(2**63))), 8),
                "counters": table(whole()),
            },
            {"precision": one_of("float32", "bfloat16"), "micro_batch": either(nothing, whole(1))},
        ),
        "encoding": table(anything),
        "history": each(text),
        "fitted": record(
            {
                "with": table(text),
                "draws": whole(),
                "n_features_in": whole(1),
                "feature_names_in": either(nothing, each(text)),
            }
        ),
    },
    {"run": RUN},
)

#: the types of tensors, by their names in safetensors and in NumPy
TYPES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
}
HEAD = table(record({"dtype": text, "shape": _LENGTHS, "data_offsets": each(whole(), 2)}))
