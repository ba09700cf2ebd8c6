"""What encoders of numbers share: missing values and spikes are categories, the rest is one number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from skgan.encoding.domain import Domain
from skgan.interfaces import Encoder

#: share of the rows from which a value may be a spike, and how many times its neighbours' it must be
SPIKE_SHARE, SPIKE_RATIO = 0.01, 3.0
#: share from which a value is a spike whatever its neighbours are
SPIKE_ANYWAY = 0.05
#: rows that a spike has at least; and spikes of a column, at most
FEWEST_ROWS, MOST_SPIKES = 10, 32


class Numeric(Encoder):
    """A column of numbers: categories for missing values and spikes, else what the subclass makes of a number."""

    reads = "numbers"
    #: values that are categories of their own: "auto" finds them, None means none
    spikes: str | Sequence[float] | None = None

    def fit(self, column: np.ndarray) -> Encoder:
        """Learn from a column of float64."""
        missing = np.isnan(column)
        distinct, counts = np.unique(column[~missing], return_counts=True)
        self.misses_ = bool(missing.any())
        self.domain_ = Domain(distinct, counts) if len(distinct) else None
        self.spikes_ = self._spikes_of(distinct, counts, len(column))
        rest = ~np.isin(distinct, self.spikes_)
        self.number_ = bool(rest.any())
        kinds = self._learn(distinct[rest], counts[rest]) if self.number_ else 0
        self._count(kinds)
        return self

    def encode(self, column: np.ndarray, rng: np.random.Generator | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return numbers `(n, 0 or 1)` and codes: of a spike, of a missing value, of a kind of number."""
        codes = np.zeros(len(column), np.int32)
        numbers = np.zeros((len(column), self.numbers), np.float32)
        place = self._place(column)
        codes[place >= 0] = place[place >= 0]
        rest = place < 0
        if self.number_ and rest.any():
            numbers[rest, 0], kinds = self._encoded(self._known(column[rest]), rng)
            codes[rest] = kinds + self.alone
        return numbers, codes

    def decode(self, numbers: np.ndarray, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return values of the column."""
        known = np.append(self.spikes_, np.nan)
        values = known[np.minimum(codes, len(known) - 1)]
        rest = codes >= self.alone
        if self.number_ and rest.any() and self.domain_ is not None:
            kinds = codes[rest] - self.alone
            values[rest] = self.domain_.snap(self._decoded(numbers[rest, 0].astype(np.float64), kinds))
        return values

    def strange(self, column: np.ndarray) -> np.ndarray:
        """Return which values are missing where none was in `fit`, or are there where all were missing, `(n,)`."""
        missing = np.isnan(column)
        return ~missing if self.domain_ is None else missing & (not self.misses_)

    def code_of(self, value: float) -> int:
        """Return the code of a spike, or of a missing value for NaN."""
        place = int(self._place(np.array([value], np.float64))[0])
        return place if self.width else -1

    def learned(self) -> dict[str, np.ndarray]:
        """Return spikes, domain and what the subclass learned."""
        own = {"spikes": self.spikes_, "flags": np.array([self.misses_, self.number_])}
        own |= {} if self.domain_ is None else {f"domain.{name}": array for name, array in self.domain_.state().items()}
        return own | ({name: np.asarray(array) for name, array in self._own().items()} if self.number_ else {})

    def restore(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Take over what `learned` gave."""
        self.spikes_, flags = arrays["spikes"], arrays["flags"]
        if self.spikes_.dtype != np.float64 or self.spikes_.ndim != 1 or flags.shape != (2,) or flags.dtype != bool:
            raise ValueError("the spikes of a column are not numbers")
        self.misses_, self.number_ = map(bool, flags)
        domain = {name.removeprefix("domain."): a for name, a in arrays.items() if name.startswith("domain.")}
        self.domain_ = Domain.from_state(domain) if domain else None
        if self.domain_ is None and self.number_:
            raise ValueError("a column of numbers has none")
        self._count(self._relearn(arrays) if self.number_ else 0)

    def _count(self, kinds: int) -> None:
        """Set what the networks see, for `kinds` of numbers."""
        self.numbers = int(self.number_)
        self.alone = len(self.spikes_) + self.misses_
        total = self.alone + kinds
        self.width = total if total > 1 else 0
        self.alone = self.alone if self.width else 0

    def _known(self, values: np.ndarray) -> np.ndarray:
        """Return values within the range of the column, the middle of it for those that are missing as none was."""
        assert self.domain_ is not None
        low, high = self.domain_.low, self.domain_.high
        return np.clip(np.where(np.isnan(values), (low + high) / 2, values), low, high)

    def _place(self, column: np.ndarray) -> np.ndarray:
        """Return the code of each spike and missing value, -1 for the rest."""
        place = np.full(len(column), -1, np.int32)
        for code, spike in enumerate(self.spikes_):
            place[column == spike] = code
        if self.misses_:
            place[np.isnan(column)] = len(self.spikes_)
        return place

    def _spikes_of(self, distinct: np.ndarray, counts: np.ndarray, n: int) -> np.ndarray:
        if self.spikes is None or not len(distinct):
            return np.empty(0)
        if not isinstance(self.spikes, str):
            return np.array(sorted(set(self.spikes) & set(distinct.tolist())), np.float64)
        share = counts / n
        padded = np.pad(share, 3, mode="reflect") if len(share) > 3 else np.pad(share, 3)
        around = sum(padded[3 + k : 3 + k + len(share)] for k in (-3, -2, -1, 1, 2, 3)) / 6
        found = (share >= SPIKE_SHARE) & (share >= SPIKE_RATIO * around) | (share >= SPIKE_ANYWAY)
        found &= counts >= FEWEST_ROWS
        largest = np.argsort(-share * found, kind="stable")[: min(MOST_SPIKES, int(found.sum()))]
        return np.sort(distinct[largest].astype(np.float64))

    @abstractmethod
    def _learn(self, distinct: np.ndarray, counts: np.ndarray) -> int:
        """Learn from distinct values and their counts; return how many kinds of numbers there are."""

    @abstractmethod
    def _encoded(self, values: np.ndarray, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        """Return a number between -1 and 1 and a kind for each value."""

    @abstractmethod
    def _decoded(self, numbers: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """Return the values of numbers and kinds."""

    @abstractmethod
    def _own(self) -> dict[str, np.ndarray]:
        """Return what `_learn` learned."""

    @abstractmethod
    def _relearn(self, arrays: Mapping[str, np.ndarray]) -> int:
        """Take over what `_own` gave; return how many kinds there are."""
