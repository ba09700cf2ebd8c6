"""Points in time."""

from __future__ import annotations

from skgan.encoding.quantile_normal import QuantileNormal
from skgan.interfaces import Choice

NAMES = {"datetime": "Datetime"}


class Datetime(QuantileNormal):
    """Microseconds by their place among the others; the step is learned, so that whole days stay whole days.

    Parameters
    ----------
    spikes : "auto" or None, default="auto"
        Whether points in time that are there remarkably often become categories of their own.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.times import Datetime
    >>> days = np.arange(100.0) * 86_400e6
    >>> Datetime().fit(days).domain_.step / 86_400e6
    1.0
    """

    constraints = {"spikes": (Choice("auto", None),)}

    uniform = True

    def __init__(self, spikes: str | None = "auto"):
        self.spikes = spikes

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return with and without spikes."""
        return [{}, {"spikes": None}]
