"""The constraints at their edges, and the sentences whole."""

import math
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from skgan import GANEstimator, validation
from skgan.exceptions import InvalidParameterError, TrainingWarning
from skgan.picked_rows import PickedRows
from skgan.validation import (
    LONGEST_MESSAGE,
    Boolean,
    Choice,
    Device,
    Integer,
    Kind,
    Location,
    Name,
    Pair,
    RandomState,
    Real,
    Several,
    Sizes,
    as_array,
    as_path,
    check_columns,
    check_finite,
    check_value,
    check_X,
    did_you_mean,
    listed,
    pieces,
    sentence,
    short,
    shown,
)

NAN, INF = math.nan, math.inf

#: constraint -> what it accepts, what it refuses, how it is said
EDGES = [
    (Integer(1), [1, 2, np.int8(1), 10**30], [0, -1, 1.0, True, np.True_, "1", None, NAN], "an int in the range [1, inf)"),
    (Integer(0), [0, 1], [-1], "an int in the range [0, inf)"),
    (Integer(2, 4), [2, 3, 4], [1, 5], "an int in the range [2, 4]"),
    (Integer(), [1], [0], "an int in the range [1, inf)"),
    (Real(), [0, -1e300, 1e300, np.float32(1)], [NAN, INF, -INF, True, np.True_, "1", None, 1j], "a finite float in the range (-inf, inf)"),
    (Real(0.0), [0, 0.0, 1e-300, 5], [-1e-300, INF], "a finite float in the range [0, inf)"),
    (Real(0.0, 1.0), [0.0, 0.5], [1.0, -0.1], "a finite float in the range [0, 1)"),
    (Real(0.0, 1.0, closed="both"), [0.0, 1.0], [1.1, -0.1], "a finite float in the range [0, 1]"),
    (Real(0.0, 1.0, closed="right"), [1.0, 0.1], [0.0, 1.1], "a finite float in the range (0, 1]"),
    (Real(0.0, 1.0, closed="neither"), [0.5], [0.0, 1.0], "a finite float in the range (0, 1)"),
    (Real(0.0, closed="neither"), [1e-9], [0.0], "a finite float in the range (0, inf)"),
    (Boolean(), [True, False, np.True_], [0, 1, "True", None], "a bool"),
    (Choice("a", "b"), ["a", "b"], ["c", None, 1, ["a"]], "one of 'a', 'b'"),
    (Choice(None), [None], ["None", 0, False], "None"),
    (Choice("auto", None), ["auto", None], ["Auto"], "one of 'auto', None"),
    (Pair(Real(0.0, 1.0)), [(0.0, 0.5), [0.1, 0.2]], [(0.0,), (0.0, 1.0), (0.0, 0.1, 0.2), 0.5, "ab", None], "a pair, each a finite float in the range [0, 1)"),
    (Sizes(2, 3), [(1, 2), [3, 4, 5]], [(1,), (0, 1), (1, 2.0), (1, 2, 3, 4), 3, "ab", None], "a tuple of 2 or 3 ints, each at least 1"),
    (Device(), ["auto", "cpu", "mps", "cuda", "cuda:0", "cuda:12"], ["CPU", "cuda:", "cuda:a", "xcuda", "cpu:0", "", None, 0], "'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'"),
    (Location(), ["a", __import__("pathlib").Path("a"), ""], [3, None, b"a"], "a str or a path"),
    (Kind("a file", "read", "close"), [__import__("io").StringIO()], [__import__("io").StringIO, object(), None, "x"], "a file"),
    (Name(), ["a", "", 0, -1, 2.5], [True, None, b"a", ["a"], ("a",)], "the name of a column, or its place"),
    (Several("a list of names"), [[], ["a", 1], ("a",), np.array(["a"])], ["ab", None, {"a"}, {"a": 1}, 3], "a list of names"),
    (Several("a list of numbers", numbers=True), [[], [1, 2.5], (1,), np.ones(2), [np.int8(1)]], [["a"], [1, None], np.array(["a"]), 3, "12"], "a list of numbers"),
    (RandomState(), [None, 0, 2**32 - 1, np.random.RandomState(0), np.int64(3)], [-1, 2**32, 1.0, True, "0", np.random.default_rng(0)], "an int in the range [0, 4294967295], a numpy RandomState or None"),
]  # fmt: skip


@pytest.mark.parametrize(("constraint", "good", "bad", "words"), EDGES, ids=[edge[3] for edge in EDGES])
def test_a_constraint_accepts_what_it_says(constraint, good, bad, words):
    assert [value for value in good if not constraint.accepts(value)] == []
    assert [value for value in bad if constraint.accepts(value)] == []
    assert str(constraint) == words


def test_choices_tell_their_values():
    assert Choice("a", None).values == ("a", None)
    assert Device.values == ("auto", "cpu", "cuda", "mps")


@pytest.mark.parametrize(
    ("value", "allowed", "default", "words"),
    [
        (0, [Integer(1)], 64, "must be an int in the range [1, inf). Got 0 instead. Leave size out to use its default, 64."),
        ("atuo", [Integer(1), Choice("auto")], "auto", "must be an int in the range [1, inf) or 'auto'. Got 'atuo' instead. Did you mean 'auto'?"),
        ("3", [Integer(1)], None, "must be an int in the range [1, inf). Got '3' instead. Write the number without quotes."),
        ("zz", [Integer(1)], None, "must be an int in the range [1, inf). Got 'zz' instead. Leave size out to use its default, None."),
        ([1], [Integer(1)], "x", "must be an int in the range [1, inf). Got an object of type list instead. Leave size out to use its default, 'x'."),
        ("GPU", [Device()], "auto", "must be 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'. Got 'GPU' instead. Did you mean 'cuda'?"),
        ("cuad", [Device()], "auto", "must be 'auto', 'cpu', 'cuda', 'cuda:N' or 'mps'. Got 'cuad' instead. Did you mean 'cuda'?"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_sentence(value, allowed, default, words):
    with pytest.raises(InvalidParameterError) as caught:
        check_value("Thing", "size", value, allowed, default)
    assert str(caught.value) == f"The 'size' parameter of Thing {words}"


def test_a_table_is_checked_row_by_row():
    table = {"a": (Integer(1),), "b": (Choice(None),)}
    validation.check_table("Thing", {"a": 1, "b": None, "c": object()}, table, {})
    with pytest.raises(InvalidParameterError, match=r"'b' parameter of Thing must be None\. Got 2.*default, 7"):
        validation.check_table("Thing", {"a": 1, "b": 2}, table, {"b": 7})


def test_a_message_is_joined_and_cut_at_its_end():
    assert sentence("One.", "", "Two.") == "One. Two."
    assert sentence("x" * LONGEST_MESSAGE) == "x" * LONGEST_MESSAGE
    assert sentence("x" * (LONGEST_MESSAGE + 1)) == "x" * (LONGEST_MESSAGE - 2) + " …"
    assert sentence("x " * LONGEST_MESSAGE).endswith("x …")


def test_a_warning_is_one_sentence_about_training():
    with pytest.warns(TrainingWarning) as caught:
        validation.warn("One.", "", "x" * 600)
    assert [str(each.message) for each in caught] == [sentence("One.", "", "x" * 600)]


def test_a_warning_is_of_the_line_that_called_skgan():
    inside = {"__name__": "skgan.somewhere", "warn": validation.warn}
    exec("def inner(*parts):\n    warn(*parts)\n\ndef outer(*parts):\n    inner(*parts)", inside)
    for call in (validation.warn, inside["inner"], inside["outer"]):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call("One.", "", "Two.")
            line = sys._getframe().f_lineno - 1
        assert [(each.filename, each.lineno, str(each.message)) for each in caught] == [(__file__, line, "One. Two.")]
        assert caught[0].category is TrainingWarning


def test_lists_are_cut():
    assert listed([]) == ""
    assert listed(["a", 2]) == "'a', 2"
    assert listed(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert listed(range(13)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 … and 3 more"
    assert listed("abc", 1) == "'a' … and 2 more"


def test_the_nearest_word_is_guessed_and_no_far_one():
    assert did_you_mean("hinge", ["hinged", "unhinge", "x"]) == "Did you mean 'hinged'?"
    assert did_you_mean("qqq", ["hinge"]) == ""
    assert did_you_mean(3, ["hinge"]) == ""
    assert did_you_mean("ab", ["abcdef"]) == "Did you mean 'abcdef'?"  # half of both words


def test_words_and_values_are_shown_short():
    assert short("x" * 60) == "x" * 60
    assert short("x" * 61) == "x" * 59 + "…"
    assert short("abc", 2) == "a…"
    assert shown("a'b") == '"a\'b"'
    assert shown("x" * 70) == repr("x" * 59 + "…")
    assert shown(10**100) == "1" + "0" * 58 + "…"
    assert (shown(None), shown(True), shown(1.5)) == ("None", "True", "1.5")
    assert shown(np.ones(3)) == "an object of type ndarray"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (NAN, "Input X contains NaN: 1 times, first at row 5, column 1."),
        (INF, "Input X contains infinity or a value too large for float32: 1 times, first at row 5, column 1."),
        (-INF, "Input X contains infinity or a value too large for float32: 1 times, first at row 5, column 1."),
        (1e37, "Input X contains infinity or a value too large for float32: 1 times, first at row 5, column 1."),
        (-1e37, "Input X contains infinity or a value too large for float32: 1 times, first at row 5, column 1."),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_first_place_of_a_bad_number_is_named(bad, words, order):
    rows = np.zeros((7, 3), order=order)
    rows[5, 1] = bad
    with pytest.raises(ValueError, match=r"needs finite numbers\. Drop or impute them first") as caught:
        check_finite(rows)
    assert str(caught.value).startswith(words)
    rows[6, 0] = rows[5, 2] = bad
    with pytest.raises(ValueError, match="3 times, first at row 5, column 1"):
        check_finite(rows)


def test_nan_is_told_before_infinity():
    with pytest.raises(ValueError, match="contains NaN: 1 times, first at row 1, column 0"):
        check_finite(np.array([[INF], [NAN]]))


def test_half_precision_has_no_number_that_is_too_large_and_no_warning_is_said():
    check_finite(np.array([[65504, -65504]], np.float16))
    with pytest.raises(
        ValueError, match="infinity or a value too large for float32: 1 times, first at row 0, column 1"
    ):
        check_finite(np.array([[0, -INF]], np.float16))


def test_the_edge_of_what_is_too_large_is_below_what_float32_holds():
    check_finite(np.array([[np.nextafter(1e37, 0), -np.nextafter(1e37, 0)]]))
    assert validation._is_too_large(np.array([1e37, -1e37, np.nextafter(1e37, 0), 0, INF, NAN])).tolist() == [
        True, True, False, False, True, True,
    ]  # fmt: skip


def test_what_float32_holds_is_fine():
    check_finite(np.array([[9e36, -9e36, 0.0]]))
    check_finite(np.array([[2**62]]))
    check_finite(np.empty((0, 3)))


def test_arrays_are_taken_as_they_are():
    rows = np.eye(3)
    assert as_array(rows) is rows
    np.testing.assert_array_equal(as_array([[1, 2], [3, 4]]), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(as_array(((1, 2), (3, 4))), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(as_array(np.ma.masked_array(rows)), rows)
    assert type(as_array(np.ma.masked_array(rows))) is np.ndarray
    assert as_array(torch.eye(2, dtype=torch.bfloat16)).dtype == np.float32
    assert as_array(torch.eye(2, dtype=torch.float16)).dtype == np.float16
    assert as_array(torch.eye(2, requires_grad=True)).shape == (2, 2)


class Scripted:
    """Says that it is an array."""

    def __array__(self, dtype=None, copy=None):
        return np.arange(6.0).reshape(2, 3)


def test_what_says_that_it_is_an_array_is_one():
    np.testing.assert_array_equal(as_array(Scripted()), np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    ("rows", "columns"), [([[0], [2**24]], None), ([[0], [2**24 + 1]], 1), ([[5, 0], [5, -(2**40)]], 1)]
)
def test_integers_far_apart_are_warned_of(rows, columns):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        validation._warn_of_wide_integers(np.array(rows))
        validation._warn_of_wide_integers(np.array(rows, float))
    assert len(caught) == (columns is not None)
    if columns:
        place = int(np.ptp(np.array(rows), axis=0).argmax())
        words = f"X holds whole numbers in {columns} of {len(rows[0])} columns, first in column {place}, that differ by"
        assert str(caught[0].message).startswith(words)
        assert "Drop columns that are identifiers" in str(caught[0].message)


def test_a_sentence_of_scikit_learn_gets_the_next_step_and_stays_short():
    advised = validation._with_advice("X has 2 features, but GANEstimator is expecting 3 features as input.\n")
    assert advised == (
        "X has 2 features, but GANEstimator is expecting 3 features as input. "
        "Bring X into the shape it had in fit, or fit again."
    )
    assert validation._with_advice("Something else.") == "Something else."
    long = validation._with_advice("The feature names should match: " + "z" * 900)
    assert len(long) == LONGEST_MESSAGE
    assert long.endswith("z … Choose them with X[gan.feature_names_in_], or fit again.")
    assert len(validation._with_advice("z" * 900)) <= LONGEST_MESSAGE


class Foreign:
    """A table of another library, which pandas can have."""

    columns = ("a", "b")

    def to_pandas(self):
        """Return what was asked for."""
        return IN_PANDAS


IN_PANDAS = pd.DataFrame({"a": [1], "b": [2]})


def test_a_table_of_another_library_is_turned_into_one_of_pandas():
    assert as_array(Foreign()) is IN_PANDAS


def test_what_has_no_columns_or_is_of_pandas_is_not_turned(monkeypatch):
    monkeypatch.setattr(Foreign, "iloc", None, raising=False)
    assert type(as_array(Foreign())) is Foreign
    monkeypatch.delattr(Foreign, "iloc")
    monkeypatch.delattr(Foreign, "columns")
    with pytest.raises(TypeError, match=r"^X must be .* Got Foreign instead\. Collect its rows"):
        as_array(Foreign())


@pytest.mark.parametrize(("missing", "word"), [("pyarrow", "pyarrow"), (None, "pandas")])
def test_what_is_missing_for_a_table_of_another_library_is_named(missing, word, monkeypatch):
    def lacks(self):
        raise ImportError("no", name=missing)

    monkeypatch.setattr(Foreign, "to_pandas", lacks)
    home = __name__.partition(".")[0]
    with pytest.raises(TypeError) as caught:
        as_array(Foreign(), "X_real")
    assert str(caught.value) == (
        "X_real must be a NumPy array, a tensor, a DataFrame or a list of rows. "
        f'Got a Foreign of {home} without {word} instead. Run pip install "skgan[tables]".'
    )


def test_a_tensor_in_a_list_is_refused_under_the_name_of_the_argument():
    with pytest.raises(TypeError, match=r"^Sparse data was passed for latents"):
        as_array([torch.eye(2).to_sparse()], "latents")


@pytest.mark.parametrize(
    ("value", "came"),
    [
        ("", "Got an empty one."),
        (b"model", "Got an object of type bytes."),
        ("a\0b", "Got one that no file can have."),
        ("\ud800", "Got one that no file can have."),
        (3, "Got 3."),
    ],
    ids=["empty", "bytes", "null", "half a character", "number"],
)
def test_what_no_file_can_be_called_is_refused(value, came):
    with pytest.raises(InvalidParameterError) as caught:
        as_path(value, "path")
    assert str(caught.value) == f"path must be a str or a path. {came} Give the path of a file or a folder."


def test_a_path_is_one_below_its_home(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [as_path(each, "path") for each in ("~/model", tmp_path / "x", "y")] == [
        tmp_path / "model",
        tmp_path / "x",
        Path("y"),
    ]


def test_a_parameter_of_a_network_is_a_tensor_too():
    rows = torch.nn.Parameter(torch.arange(6.0).reshape(3, 2))
    assert np.array_equal(as_array(rows), np.arange(6.0).reshape(3, 2))


def test_a_table_may_have_one_column_and_after_fit_one_row():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": ["x", "y"]})
    gan = GANEstimator()
    assert check_columns(gan, frame, reset=True) is frame
    assert gan.n_features_in_ == 1
    assert len(check_columns(gan, frame[:1], reset=False)) == 1
    with pytest.raises(ValueError, match=r"at least 2 sample\(s\) and 1 feature\(s\). Got shape \(1, 1\)"):
        check_columns(gan, frame[:1], reset=True)
    with pytest.raises(ValueError, match=r"at least 1 sample\(s\) and 1 feature\(s\). Got shape \(0, 1\)"):
        check_columns(gan, frame[:0], reset=False)


# --- rows that are in a file, or are many ---------------------------------------------------------


class Pulled:
    """A table that is read a chunk at a time."""

    def __init__(self, first):
        self.first, self.columns, self.shape, self.ndim = first, first.columns, first.shape, 2

    def __len__(self):
        return len(self.first)

    def chunks_of_rows(self):
        """Yield nothing: who checks a table reads its first rows only."""


def test_what_knows_its_rows_is_not_read():
    picked = PickedRows(np.eye(4), np.array([0, 2]))
    assert as_array(picked) is picked
    frame = pytest.importorskip("pandas").DataFrame({"a": [1.0, 2.0]})
    assert as_array(frame) is frame
    pulled = Pulled(frame)
    assert as_array(pulled) is pulled
    gan = GANEstimator()
    assert check_columns(gan, pulled, reset=True) is pulled
    assert gan.feature_names_in_.tolist() == ["a"]
    with pytest.raises(ValueError, match="feature names should match"):
        check_columns(gan, Pulled(frame.set_axis(["b"], axis=1)), reset=False)


@pytest.mark.parametrize("dtype", ["bool", "int16", "uint8", "float32"])
def test_picked_rows_of_numbers_stay_where_they_are(dtype):
    base = np.arange(24).reshape(6, 2, 2) % 2
    picked = check_X(gan := GANEstimator(), PickedRows(base.astype(dtype), np.array([1, 2, 5])), reset=True)
    assert isinstance(picked, PickedRows)
    assert gan.n_features_in_ == 4
    np.testing.assert_array_equal(np.asarray(picked), base[[1, 2, 5]].reshape(3, 4))
    with pytest.raises(ValueError, match="X has 2 features"):
        check_X(gan, PickedRows(base[:, 0].astype(dtype), np.array([1, 2, 5])), reset=False)
    with pytest.raises(ValueError, match=r"1 sample\(s\)"):
        check_X(gan, PickedRows(base.astype(dtype), np.array([1])), reset=True)


def test_picked_rows_are_looked_at_to_the_last():
    base = np.zeros((6, 2))
    base[5, 1] = NAN
    check_X(GANEstimator(), PickedRows(base, np.arange(5)), reset=True)
    with pytest.raises(ValueError, match="contains NaN: 1 times, first at row 3, column 1"):
        check_X(GANEstimator(), PickedRows(base, np.arange(2, 6)), reset=True)


def test_rows_of_objects_become_numbers_and_images_become_rows():
    gan = GANEstimator()
    rows = check_X(gan, np.array([[1, 2.5], [True, 4]], object), reset=True)
    assert rows.dtype == np.float64
    assert rows.tolist() == [[1.0, 2.5], [1.0, 4.0]]
    images = np.arange(24).reshape(2, 3, 2, 2)
    assert check_X(gan, images, reset=True).tolist() == images.reshape(2, 12).tolist()
    assert gan.n_features_in_ == 12
    assert len(check_X(gan, images[:1], reset=False)) == 1
    with pytest.raises(ValueError, match=r"0 sample\(s\).*minimum of 1 is required.*Give more rows"):
        check_X(gan, images[:0], reset=False)
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(2, 3, 0, 2\)\)"):
        check_X(gan, images[:, :, :0], reset=True)


def test_only_a_fit_warns_of_integers_far_apart():
    rows = np.array([[0], [2**40]])
    gan = GANEstimator()
    with pytest.warns(UserWarning, match="more than 2"):
        check_X(gan, rows, reset=True)
    check_X(gan, rows, reset=False)


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int8"])
def test_short_integers_are_never_too_far_apart(dtype):
    validation._warn_of_wide_integers(np.array([[np.iinfo(dtype).min], [np.iinfo(dtype).max]], dtype))


def test_the_whole_range_of_64_bits_is_told_apart():
    with pytest.warns(UserWarning, match="in 1 of 2 columns, first in column 1,"):
        validation._warn_of_wide_integers(np.array([[0, -(2**63)], [0, 2**63 - 1]]))
    with pytest.warns(UserWarning, match="in 1 of 1 columns"):
        validation._warn_of_wide_integers(np.array([[0], [2**32 - 1]], np.uint32))


@pytest.mark.parametrize(("rows", "most"), [(10, 24), (10, 25), (1, 8), (7, 8 * 7), (5, 1), (0, 8)])
def test_pieces_are_all_rows_in_their_order_and_small(rows, most, monkeypatch):
    monkeypatch.setattr(validation, "BYTES_AT_ONCE", most)
    X = np.arange(float(rows))[:, None]
    found = list(pieces(X))
    assert [piece.tolist() for piece in found if not len(piece)] == []
    assert np.array_equal(np.concatenate([*found, X[:0]]), X)
    assert [len(piece) for piece in found[:-1]] == [max(most // 8, 1)] * max(len(found) - 1, 0)
    assert all(piece.nbytes <= max(most, 8) for piece in found)


def test_pieces_of_rows_without_bytes_end():
    assert [piece.shape for piece in pieces(np.zeros((3, 0)))] == [(3, 0)]


def test_a_table_has_columns_of_different_names_wherever_the_twins_are():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(np.zeros((2, 4)), columns=["a", "b", "c", "a"])
    with pytest.raises(ValueError, match=r"Got several called 'a'\. Rename"):
        check_columns(GANEstimator(), frame, reset=True)
    gan = GANEstimator()
    check_columns(gan, frame.set_axis([0, 1, 2, 3], axis=1), reset=True)
    assert gan.n_features_in_ == 4
    with pytest.raises(ValueError, match=r"expecting 4 features as input\. Bring X into the shape"):
        check_columns(gan, frame.set_axis([0, 1, 2, 3], axis=1)[[0, 1]], reset=False)


def test_a_failure_that_is_not_of_the_data_is_not_called_one():
    class Broken:
        """Raises a TypeError of its own, when it becomes a number."""

        def __float__(self):
            raise TypeError("something else")

    with pytest.raises(TypeError, match=r"^something else$"):
        check_X(GANEstimator(), np.array([[Broken()], [1.0]], object), reset=True)
