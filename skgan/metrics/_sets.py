"""What metrics share that compare two sets of rows: one order of the rows, features, and what is known of real ones."""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from skgan.interfaces import Features, IncompatibleComponentError, Kind, Metric, Score, digest, sentence

#: what the parameter `features` may be
FEATURES = (
    Kind("'auto', the name of features", "casefold"),
    Kind("an object of skgan.interfaces.Features", "learn", "fingerprint"),
)
#: bytes of what is remembered of real rows, the least recently used goes first
MOST_REMEMBERED = 2**28


class Rows(NamedTuple):
    """Rows `(n, ...)`, always in the same order, and their labels `(n,)` if they have some."""

    X: np.ndarray
    y: np.ndarray | None

    def __len__(self) -> int:
        return len(self.X)


class Said(NamedTuple):
    """A number, its standard error, and further figures."""

    value: float
    uncertainty: float | None = None
    details: Mapping[str, Any] | None = None


class SetMetric(Metric):
    """A number that does not depend on the order of the rows, also where it draws some of them."""

    @abstractmethod
    def measure(self, real: Rows, fake: Rows) -> Said:
        """Return the number for rows in their one order."""

    def __call__(
        self,
        X_real: np.ndarray,
        X_fake: np.ndarray,
        *,
        y_real: np.ndarray | None = None,
        y_fake: np.ndarray | None = None,
    ) -> Score:
        """Return the number with its protocol, for rows `(n, ...)` and `(m, ...)`."""
        real, fake = in_order(X_real, y_real), in_order(X_fake, y_fake)
        said = self.measure(*self.seen(real, fake))
        return self.scored(
            said.value, real.X, fake.X, uncertainty=said.uncertainty, details=said.details, **self.conditions(real)
        )

    def seen(self, real: Rows, fake: Rows) -> tuple[Rows, Rows]:
        """Return the rows as `measure` gets them: flat, in float64."""
        return flat(real), flat(fake)

    def conditions(self, real: Rows) -> dict[str, Any]:
        """Return what the protocol says beside parameters and rows."""
        return {}


class FeatureMetric(SetMetric):
    """A number for the features of two sets.

    Parameters
    ----------
    features : str, Features or "auto", default="auto"
        What rows are compared by. "auto" takes rows as they are when the metric itself is called; `skgan.metrics`
        and the estimator, which know what X is, decide by it. They also know names; here an object is needed.
    """

    constraints = {"features": FEATURES}
    needs_features = True

    def __init__(self, features: Any = "auto"):
        self.features = features

    def seen(self, real: Rows, fake: Rows) -> tuple[Rows, Rows]:
        """Return the features of both sets; those of the real one are remembered."""
        if isinstance(self.features, str):
            return flat(real), flat(fake)
        key = learned_key(self.features, real)
        look = learned(self.features, real)
        of_real = remembered(("features", *key, digest(real.X)), lambda: as_matrix(look(real.X)))
        return Rows(of_real, real.y), Rows(as_matrix(look(fake.X)), fake.y)

    def conditions(self, real: Rows) -> dict[str, Any]:
        """Return which features, and their hash: of parameters, weights, and the rows that they were learned from."""
        if isinstance(self.features, str):
            if self.features not in ("auto", "raw"):
                raise IncompatibleComponentError(
                    sentence(
                        f"features must be an object when {type(self).__name__} itself is called.",
                        f"Got {self.features!r:.60}. Call skgan.metrics, which knows names, or pass the object.",
                    )
                )
            return {"features": "raw", "features_hash": digest("raw")}
        return {"features": repr(self.features), "features_hash": digest(*learned_key(self.features, real))}


# --- rows -----------------------------------------------------------------------------------------


def in_order(X: np.ndarray, y: np.ndarray | None) -> Rows:
    """Return rows, and their labels, in an order that follows from their values alone."""
    X = np.ascontiguousarray(X)
    if not len(X):
        raise ValueError("Metrics need rows. Got an empty set. Give at least one row of each.")
    if y is not None and len(y) != len(X):
        raise ValueError(f"Labels must be as many as rows. Got {len(y)} for {len(X)} rows. Give one label for each.")
    places = _ranks(_as_bytes(X))
    if y is None:
        return Rows(X[np.argsort(places, kind="stable")], None)
    y = np.asarray(y)
    codes = np.unique(y, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.lexsort((codes, places))
    return Rows(X[order], y[order])


def _as_bytes(X: np.ndarray) -> np.ndarray:
    width = X.dtype.itemsize * int(np.prod(X.shape[1:], dtype=int))
    return X.reshape(len(X), -1).view(np.dtype((np.void, width))).reshape(-1)


def _ranks(keys: np.ndarray) -> np.ndarray:
    """Return the place of each row among the different rows, equal for equal rows."""
    order = np.argsort(keys, kind="stable")
    steps = np.concatenate([[0], (keys[order][1:] != keys[order][:-1]).astype(int)]).cumsum()
    ranks = np.empty(len(keys), int)
    ranks[order] = steps
    return ranks


def flat(rows: Rows) -> Rows:
    """Return rows as `(n, d)` in float64."""
    return Rows(as_matrix(rows.X), rows.y)


def as_matrix(X: np.ndarray) -> np.ndarray:
    """Return vectors as `(n, d)` in float64."""
    return np.asarray(X, np.float64).reshape(len(X), -1)


def labels_of(real: Rows, fake: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of both sets, or refuse sets without."""
    if real.y is None or fake.y is None:
        raise ValueError("This metric needs y_real and y_fake. Got None. Pass the labels of both sets.")
    return real.y, fake.y


def shared_classes(real: Rows, fake: Rows) -> np.ndarray:
    """Return the classes that real rows have and samples have too, `(k,)`."""
    y_real, y_fake = labels_of(real, fake)
    classes = np.intersect1d(y_real, y_fake)
    if not len(classes):
        raise ValueError(
            "y_real and y_fake must share a class. Got none in common. Sample the classes of the real rows."
        )
    return classes


def some_of(n: int, most: int, seed: int) -> np.ndarray:
    """Return the places of at most `most` of n rows, in order."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng((seed, n)).permutation(n)[:most])


# --- what is known of real rows -------------------------------------------------------------------

_memory: OrderedDict[tuple[Any, ...], tuple[Any, int]] = OrderedDict()
_lock = RLock()


def learned_key(features: Features, real: Rows) -> tuple[str, ...]:
    """Return what decides a map: the part, its weights from elsewhere, and the real rows where it learns from them."""
    rows = (digest(real.X), "" if real.y is None else digest(real.y)) if features.learns else ()
    return (repr(features), features.fingerprint(), *rows)


def learned(features: Features, real: Rows) -> Any:
    """Return the map that `features` learn from real rows, remembered by their digest."""
    return remembered(("map", *learned_key(features, real)), lambda: features.learn(real.X, real.y))


def remembered(key: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
    """Return what `compute` gives, or gave before for this key; arrays are not to be changed."""
    with _lock:
        if key in _memory:
            _memory.move_to_end(key)
            return _memory[key][0]
    value = compute()
    with _lock:
        _memory[key] = (value, _size(value))
        while len(_memory) > 1 and sum(size for _, size in _memory.values()) > MOST_REMEMBERED:
            _memory.popitem(last=False)
    return value


def forget() -> None:
    """Forget everything that is remembered of real rows."""
    with _lock:
        _memory.clear()


def _size(value: Any) -> int:
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
        return value.nbytes
    if isinstance(value, tuple):
        return sum(map(_size, value))
    return 2**20
