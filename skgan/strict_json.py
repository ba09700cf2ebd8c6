"""JSON read strictly: what is ambiguous, or larger than it looks, is refused before anybody trusts it."""

from __future__ import annotations

import json
import math
from typing import Any

#: nesting of lists and objects, in all
DEEPEST = 32
#: whole numbers lie in [-2**63, 2**64): what 64 bits can say
SMALLEST, LARGEST = -(2**63), 2**64 - 1
_LONGEST_NUMBER = 40


def parsed(content: bytes) -> dict[str, Any]:
    """Return the object that `content` holds.

    Parameters
    ----------
    content : bytes
        UTF-8 without a byte order mark.

    Raises
    ------
    ValueError
        For anything but one JSON object: a key twice, NaN or infinity, a whole number beyond 64 bits, text that is
        no Unicode, nesting deeper than `DEEPEST`. The message says what, and shows nothing of it.

    Examples
    --------
    >>> from skgan.strict_json import parsed
    >>> parsed(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    >>> parsed(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
        ...
    ValueError: it has a key twice
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_finite,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels") from None
    except json.JSONDecodeError:
        raise ValueError("it is not JSON") from None
    if not isinstance(value, dict):
        raise ValueError("it does not hold an object")
    _check(value, 1)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it has a key twice")
    return found


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER or not SMALLEST <= int(text) <= LARGEST:
        raise ValueError("it has a whole number beyond 64 bits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text) if len(text) <= _LONGEST_NUMBER else math.inf
    if not math.isfinite(number):
        raise ValueError("it has a number that is not finite, or too long")
    return number


def _no_constant(text: str) -> Any:
    raise ValueError("it has NaN or infinity")


def _check(value: Any, depth: int) -> None:
    """Refuse deep nesting, and text with halves of characters, which no file name or column can hold."""
    if depth > DEEPEST:
        raise ValueError(f"it is nested deeper than {DEEPEST} levels")
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ValueError("it has text that is no Unicode")
    elif isinstance(value, dict):
        for key, member in value.items():
            _check(key, depth)
            _check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, depth + 1)
