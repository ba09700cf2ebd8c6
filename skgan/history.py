"""What happened, tick by tick: means kept on the device, read once a tick."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


class Means:
    """Running means of named scalars on the device; nothing is read before `read()`.

    Sums are added to where they are, so that a recorded step can be repeated.
    """

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}

    @torch.no_grad()
    def add(self, values: dict[str, Tensor]) -> None:
        """Add one value to each named mean."""
        known = [name for name in values if name in self._sums]
        if known:
            torch._foreach_add_([self._sums[name] for name in known], [values[name].detach() for name in known])
        for name, value in values.items():
            if name not in self._sums:
                self._sums[name] = value.detach().clone()
            self.counts[name] = self.counts.get(name, 0) + 1

    def sums(self) -> list[Tensor]:
        """Return what is added to, in the order of the names."""
        return [self._sums[name] for name in sorted(self._sums)]

    def read(self) -> dict[str, float]:
        """Return the means and begin anew; one transfer from the device."""
        seen = {name: total for name, total in self._sums.items() if self.counts[name]}
        if not seen:
            return {}
        values = torch.stack([total.double() for total in seen.values()]).tolist()
        means = {name: value / self.counts[name] for name, value in zip(seen, values, strict=True)}
        torch._foreach_zero_(list(self._sums.values()))
        self.counts = dict.fromkeys(self.counts, 0)
        return means

    def stored(self) -> dict[str, dict[str, Any]]:
        """Return what was added since the last `read()`, exactly, as JSON can hold it."""
        return {
            name: {"sum": float(total).hex(), "count": self.counts[name], "dtype": str(total.dtype).partition(".")[2]}
            for name, total in self._sums.items()
            if self.counts[name]
        }

    def store(self, stored: dict[str, dict[str, Any]], device: torch.device) -> None:
        """Take over what `stored()` gave."""
        self._sums = {
            name: torch.tensor(float.fromhex(entry["sum"]), dtype=getattr(torch, entry["dtype"]), device=device)
            for name, entry in stored.items()
        }
        self.counts = {name: entry["count"] for name, entry in stored.items()}


class History(dict[str, list[float]]):
    """Equally long lists by name, one entry a tick; what was absent at a tick is NaN.

    Examples
    --------
    >>> from skgan.history import History
    >>> history = History()
    >>> history.append({"step": 100, "discriminator/loss": 0.7})
    >>> history["step"]
    [100]
    """

    def append(self, entry: dict[str, float]) -> None:
        """Add one tick."""
        length = len(next(iter(self.values()), []))
        for name in entry:
            self.setdefault(name, [math.nan] * length)
        for name, values in self.items():
            values.append(entry.get(name, math.nan))

    def amend(self, figures: dict[str, float]) -> None:
        """Add figures to the last tick."""
        length = len(next(iter(self.values()), []))
        for name, value in figures.items() if length else ():
            self.setdefault(name, [math.nan] * length)[-1] = value

    def last(self) -> dict[str, float]:
        """Return the last tick's figures."""
        return {name: values[-1] for name, values in self.items() if values}

    def best(self) -> dict[str, float]:
        """Return the figures of the tick whose ``validation/score`` was highest; those of the last without any."""
        scores = self.get("validation/score", [])
        known = [place for place, score in enumerate(scores) if not math.isnan(score)]
        if not known:
            return self.last()
        place = max(known, key=lambda place: (scores[place], -place))
        return {name: values[place] for name, values in self.items()}

    def copy(self) -> History:
        """Return a history that grows on its own."""
        return History({name: list(values) for name, values in self.items()})

    def as_frame(self) -> Any:
        """Return a pandas DataFrame, one row a tick."""
        import pandas as pd

        return pd.DataFrame(dict(self))
