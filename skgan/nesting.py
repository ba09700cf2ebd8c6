"""``loss__gp_weight`` and ``regularizers__r1__weight``: parameters of parts, whether a part is a name or an object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sklearn.base import clone

from skgan.exceptions import InvalidParameterError
from skgan.validation import did_you_mean, listed, sentence, short

#: parameters of the estimator that hold one part, or a list of parts, and their family
ONE_PART = {
    "loss": "loss",
    "architecture": "architecture",
    "conditioning": "conditioning",
    "optimizer": "optimizer",
    "sampler": "sampler",
    "scoring": "metric",
}
SEVERAL_PARTS = {"regularizers": "regularizer", "augmentation": "augmentation", "callbacks": "callback"}
SEVERAL_PARTS |= {"constraints": "constraint"}


def check_known(owner: str, known: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Refuse parameters that the estimator does not have, all at once, with the nearest one to each."""
    unknown = [full for full in params if full.partition("__")[0] not in known]
    if not unknown:
        return
    near = {name: did_you_mean(name, known) for name in (full.partition("__")[0] for full in unknown)}
    hints = [f"{hint[:-1]} for {name!r}?" if len(near) > 1 else hint for name, hint in near.items() if hint]
    raise InvalidParameterError(
        sentence(
            f"Invalid parameter{'s' if len(unknown) > 1 else ''} {listed(map(short, unknown))} for estimator {owner}.",
            " ".join(hints[:5]) or f"Valid parameters are: {listed(known, 15)}.",
        )
    )


def split(params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the plain parameters, and the nested ones of parts by the parameter that holds the part."""
    plain: dict[str, Any] = {}
    nested: dict[str, dict[str, Any]] = {}
    for full, value in params.items():
        name, dots, rest = full.partition("__")
        if dots and (name in ONE_PART or name in SEVERAL_PARTS):
            nested.setdefault(name, {})[rest] = value
        else:
            plain[full] = value
    return plain, nested


def with_nested(name: str, value: Any, params: Mapping[str, Any]) -> Any:
    """Return the value of parameter `name` with nested `params` set; names become the parts they stand for."""
    if name in ONE_PART:
        part = _as_part(name, ONE_PART[name], value, params)
        _set(part, params)
        return part
    return _with_nested_several(name, SEVERAL_PARTS[name], value, params)


def nested_of_lists(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the nested parameters of parts held in lists, which scikit-learn does not look into."""
    found: dict[str, Any] = {}
    for name, kind in SEVERAL_PARTS.items():
        members = params.get(name)
        members = members if isinstance(members, list | tuple) else [members]
        for label, member in _labelled(kind, members).items():
            if hasattr(member, "get_params") and not isinstance(member, type):
                found |= {f"{name}__{label}__{key}": value for key, value in member.get_params().items()}
    return found


def _with_nested_several(name: str, kind: str, value: Any, params: Mapping[str, Any]) -> Any:
    from skgan.registry import normalised

    several = isinstance(value, list | tuple)
    members = list(value) if several else [value]
    if value is None or (isinstance(value, str) and value == "auto"):
        _refuse(name, value, params)
    by_label: dict[str, dict[str, Any]] = {}
    for full, new in params.items():
        label, _, key = full.partition("__")
        by_label.setdefault(normalised(label), {})[key] = new
    labels = list(_labelled(kind, members))
    for label, values in by_label.items():
        if label not in labels:
            raise InvalidParameterError(
                sentence(
                    f"The {name!r} parameter of GANEstimator has no part {label!r}: it holds {listed(labels)}.",
                    did_you_mean(label, labels) or "Name the part first, then its parameter.",
                )
            )
        index = labels.index(label)
        members[index] = _as_part(name, kind, members[index], values)
        _set(members[index], {key: new for key, new in values.items() if key})
    return type(value)(members) if several else members[0]


def _as_part(name: str, kind: str, value: Any, params: Mapping[str, Any]) -> Any:
    if value is None or (isinstance(value, str) and value == "auto"):
        _refuse(name, value, params)
    if isinstance(value, str):
        from skgan.registry import resolve

        value = resolve(kind, value)
    return value() if isinstance(value, type) else clone(value, safe=False)


def _refuse(name: str, value: Any, params: Mapping[str, Any]) -> None:
    raise InvalidParameterError(
        sentence(
            f"The {name!r} parameter of GANEstimator must name a part before {name}__{next(iter(params))} can be set.",
            f"Got {value!r}. Set {name} first, to a name or an object.",
        )
    )


def _set(part: Any, params: Mapping[str, Any]) -> None:
    if not hasattr(part, "set_params"):
        raise InvalidParameterError(
            f"{type(part).__name__} must have parameters to set {listed(params)}. Give a name or a part."
        )
    known = sorted(part.get_params())
    for key in params:
        if key.partition("__")[0] not in known:
            raise InvalidParameterError(
                sentence(
                    f"{type(part).__name__} must be given one of its parameters, {listed(known) or 'none'}.",
                    f"Got {key!r}.",
                    did_you_mean(key, known) or "Look at its docstring.",
                )
            )
    part.set_params(**params)


def _labelled(kind: str, members: Iterable[Any]) -> dict[str, Any]:
    """Return the members by the name that leads to each, the class's name where none does."""
    from skgan.registry import name_of, normalised

    return {
        normalised(member) if isinstance(member, str) else name_of(kind, member): member
        for member in members
        if member is not None
    }
