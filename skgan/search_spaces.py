"""What a search may try of a part's parameters, from their constraints and their present values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from skgan.validation import Boolean, Choice, Integer, Real

#: how far a search goes from a positive number, as a factor: of numbers, and of whole numbers
FACTOR, WHOLE_FACTOR = 10.0, 2
#: parameters that say which numbers are drawn, not how
_SEEDS = ("seed", "random_state")


def around(
    params: Mapping[str, Any], constraints: Mapping[str, Sequence[Any]], tried: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return lists and SciPy distributions by parameter, for those whose constraints say what else is allowed.

    Parameters
    ----------
    params : mapping of str to object
        The present values.
    constraints : mapping of str to sequence
        As of `skgan.interfaces.Component`.
    tried : mapping of str to list or tuple, optional
        As of `skgan.interfaces.Component`; these are searched wherever the present value is.

    Examples
    --------
    >>> from skgan.losses.wgan_gp import WGANGP
    >>> [float(end) for end in WGANGP().param_space()["gp_weight"].support()]
    [1.0, 100.0]
    """
    spaces = {name: _space(value, constraints.get(name, ())) for name, value in params.items() if name not in _SEEDS}
    spaces |= {name: _of_papers(values) for name, values in (tried or {}).items()}
    return {name: space for name, space in spaces.items() if space is not None}


def _of_papers(values: list[Any] | tuple[float, float]) -> Any:
    from scipy import stats

    return values if isinstance(values, list) else stats.loguniform(*values)


def _space(value: Any, allowed: Sequence[Any]) -> Any:
    from scipy import stats

    for constraint in allowed:
        if isinstance(constraint, Boolean) and isinstance(value, bool):
            return [False, True]
        if not constraint.accepts(value):
            continue
        if isinstance(constraint, Choice) and len(constraint.values) > 1:
            return list(constraint.values)
        if isinstance(constraint, Integer):
            low = max(constraint.low, value // WHOLE_FACTOR if value > 0 else value - 1)
            high = max(value * WHOLE_FACTOR, value + 1)
            return stats.randint(low, (high if constraint.high is None else min(high, constraint.high)) + 1)
        if isinstance(constraint, Real):
            return _real(float(value), constraint)
    return None


def _real(value: float, constraint: Real) -> Any:
    """Return a distribution around a number, on a logarithmic scale where it is positive and unbounded above."""
    from scipy import stats

    if value > 0 and math.isinf(constraint.high) and constraint.low <= 0:
        return stats.loguniform(value / FACTOR, value * FACTOR)
    if math.isfinite(constraint.low) and math.isfinite(constraint.high):
        inside = 1e-3 * (constraint.high - constraint.low)
        return stats.uniform(constraint.low + inside, constraint.high - constraint.low - 2 * inside)
    low = max(constraint.low, value - max(abs(value), 1.0))
    return stats.uniform(low, max(abs(value), 1.0) + value - low)
