"""What a careless or a hostile user gives that no catalogue lists: refused in words, or given back whole."""

import numpy as np
import pandas as pd
import pytest
from refusals import check_words, refused

from skgan import GANEstimator
from skgan.architectures.mlp import MLP

TINY = {"architecture": MLP(width=8, depth=1), "max_iter": 1, "latent_dim": 8, "batch_size": 8, "random_state": 0}
NAN, INF = float("nan"), float("inf")
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((12, 3)), np.array(list("abc") * 4)


def frame(**more):
    own = {"n": np.arange(12) + 0.5, "i": np.arange(12, dtype=np.uint8), "t": list("abcd") * 3}
    return pd.DataFrame(own | {"d": pd.date_range("2020-01-01", periods=12)} | more)


@pytest.fixture(scope="module")
def table():
    return GANEstimator(**TINY | {"architecture": "auto"}).fit(frame())


# --- values asked for of a table ------------------------------------------------------------------

HOW_MANY = ("y must say", "column 't'", "an int in the range [0, inf)", "Give whole numbers")
RANGE = ("y must ask for a range (low, high)", "low no larger than high", "Got", "Give two numbers")
HOLDS = ("y must ask for numbers", "can hold", "Got", "Give another")
WISHES = [
    *(({"t": {"a": count, "b": 3}}, ValueError, HOW_MANY) for count in (2.5, True, -1, "2", None, {"b": 1}, NAN)),
    *(({"n": ends}, ValueError, RANGE) for ends in ((5, 3), (NAN, 3), (3, NAN), (1, 2, 3), (1,), (INF, None), (None, -INF))),
    *(({"i": ends}, ValueError, RANGE) for ends in ((2.2, 2.8), (-9, -5), (300, 400))),
    *(({"i": value}, ValueError, HOLDS) for value in (2.5, 300, -1, INF)),
    *(({"n": value}, ValueError, ("y must ask for values", "'n' had in fit", "Got a missing one", "Give a number")) for value in (NAN, [1.5, None])),
    *(({"n": value}, TypeError, ("y must ask for numbers", "'n'", "Got a", "Give a number")) for value in (True, {1}, 1j)),
    *(({"d": value}, TypeError, ("y must ask for points in time", "'d'", "Got a", "Give a date")) for value in ("soon", True, 1j)),
    *(({"t": value}, TypeError, ("y must ask for values", "'t'", "Got a", "Give one value")) for value in ({"a"}, [["a"]])),
    (pd.DataFrame([["a", "b"]], columns=["t", "t"]), ValueError, ("y must name each column once", "Got", "'t'", "Drop")),
    ({"t": {"a": 10**15}}, MemoryError, ("not enough memory", "y asks for", "Ask for fewer rows")),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "error", "says"), WISHES, ids=lambda value: str(value)[:40])
def test_what_no_row_can_have_is_refused(table, asked, error, says):
    check_words(refused(table, lambda gan: gan.sample(y=asked), error), says)


def test_ranges_of_whole_numbers_hold_whole_ones_and_tuples_of_text_are_lists(table):
    assert set(table.sample(20, y={"i": (2.2, 4.9)})["i"]) <= {3, 4}
    assert table.sample(y={"t": ("a", "b", "a")})["t"].tolist() == ["a", "b", "a"]
    assert table.sample(y={"t": {"a": 2, "b": 0}})["t"].tolist() == ["a", "a"]


def test_more_rows_than_an_address_can_say_are_too_many_for_memory(table):
    for n in (2**62, 2**63, 10**30):
        check_words(refused(table, lambda gan, n=n: gan.sample(n), MemoryError), ("memory", str(n), "Ask for fewer"))
