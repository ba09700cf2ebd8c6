"""Each rule of what a saved model may hold at its edges, with the reason whole; and the places of tensors in a file."""

import pytest

from skgan import reading, schema, strict_json
from skgan.schema import CONFIG, MANIFEST, RUN, each, either, number, one_of, record, table, whole

DIGEST = "0123456789abcdef" * 4


def rules():
    """Return rule -> what it accepts, what it refuses, and why; made anew, so that what makes rules is tried too."""
    return {
        "nothing": (schema.nothing, [None], [0, False, "", []], "at must be null"),
        "flag": (schema.flag, [True, False], [0, 1, None, "true"], "at must be true or false"),
        "text": (schema.text, ["", "a"], [0, None, [], {}], "at must be text"),
        "digest": (schema.digest, [DIGEST], [DIGEST[:-1], DIGEST + "0", DIGEST.upper(), "g" * 64, 0, None], "at must be a sha256"),
        "whole": (whole(), [0, 2**63], [-1, 2**63 + 1, 1.0, True, "1", None], "at must be a whole number from 0 to 9223372036854775808"),
        "whole 2 to 4": (whole(2, 4), [2, 4], [1, 5], "at must be a whole number from 2 to 4"),
        "number": (number(0, 1), [0, 1, 0.5], [-0.1, 1.1, True, "1", None], "at must be a number from 0 to 1"),
        "number, large": (number(0, 1e37), [1e37], [2e37], "at must be a number from 0 to 1e+37"),
        "either": (either(schema.nothing, whole()), [None, 0], ["", -1], "at must be a whole number from 0 to 9223372036854775808"),
        "either of three": (either(schema.flag, schema.text, schema.nothing), [True, "", None], [0, []], "at must be null"),
        "each": (each(schema.text, 2), [[], ["a", "b"]], [["a"] * 3, "ab", ("a",), {}], "at must be a list of at most 2"),
        "each, by default": (each(schema.text), [["a"] * 10], ["a"], "at must be a list of at most 1000000"),
        "member of a list": (each(schema.text, 2), [], [["a", 1]], "an entry of at must be text"),
        "table": (table(schema.text), [{}, {"a": "b"}], [[], "a", None], "at must be an object"),
        "value of a table": (table(schema.text), [], [{"a": 1}], "a value of at must be text"),
        "record": (record({"a": schema.text}, {"b": schema.flag}), [{"a": ""}, {"a": "", "b": True}], [[], None], "at must be an object"),
        "missing": (record({"a": schema.text, "b": schema.text}), [], [{}, {"b": ""}], "at has no 'a'"),
        "unknown": (record({"a": schema.text}), [], [{"a": "", "c" * 50: 1}, {"c" * 41: 1}], f"at has an unknown key, {'c' * 40!r}"),
        "several unknown": (record({}), [], [{"b": 1, "a": 2, "c": 3}], "at has an unknown key, 'a'"),
        "value of a record": (record({"a": schema.text}), [], [{"a": 1}], "at.a must be text"),
        "one of": (one_of("a", "b"), ["a", "b"], ["c", "", None, 0], "at must be one of a, b"),
        "real": (schema.real, [0.1.hex(), "0x0p+0", "-0x1p-3", "nan"], ["", "zz", None, 3, 0.5, "0x1p+99999"], "at must be a hexadecimal number"),
    }  # fmt: skip


def reason(rule, value, place="at"):
    """Return why a rule refuses a value."""
    return said(rule, value, place)


def said(function, *arguments):
    """Return the refusal of a call."""
    try:
        function(*arguments)
    except ValueError as error:
        return str(error)
    return "accepted"


@pytest.mark.parametrize("name", rules())
def test_a_rule_accepts_its_values_and_says_why_not_others(name):
    rule, good, bad, words = rules()[name]
    assert [rule(value, "at") for value in good] == [None] * len(good)
    assert {reason(rule, value) for value in bad} == {words}


def test_without_a_place_it_is_it():
    assert reason(record({"a": schema.text}), [], "") == "it must be an object"
    assert reason(record({"a": schema.text}), {}, "") == "it has no 'a'"
    assert reason(record({"a": schema.text}), {"a": 1}, "") == "a must be text"
    assert reason(schema.text, 3, "") == "it must be text"
    assert reason(each(schema.text), [3], "") == "an entry of it must be text"
    assert reason(table(schema.text), {"a": 3}, "") == "a value of it must be text"


def test_anything_is_anything():
    assert [schema.anything(value, "at") for value in (None, 3, [], {})] == [None] * 4


FILES = {
    "config.json": {"size": 3, "sha256": DIGEST},
    "state.safetensors": {"size": 3, "sha256": DIGEST, "head": DIGEST},
}
GOOD = {"format": 1, "estimator": "GANEstimator", "skgan": "0.1", "files": FILES, "sha256": DIGEST}


def test_a_manifest_has_exactly_its_keys():
    MANIFEST(GOOD, "")
    MANIFEST({**GOOD, "sequence": 0}, "")
    for key in GOOD:
        assert (
            reason(MANIFEST, {name: value for name, value in GOOD.items() if name != key}, "") == f"it has no {key!r}"
        )
    assert reason(MANIFEST, {**GOOD, "format": 0}, "").startswith("format must be a whole number from 1 to")
    assert reason(MANIFEST, {**GOOD, "sequence": -1}, "").startswith("sequence must be a whole number from 0 to")
    short = {**GOOD, "files": {**FILES, "config.json": {"size": 3}}}
    assert reason(MANIFEST, short, "") == "files.config.json has no 'sha256'"


def test_a_run_names_the_means_by_player():
    of_mean = {"sum": (0.5).hex(), "count": 1, "dtype": "float32"}
    run = {
        "data": {"shape": "", "dtype": "", "label counts": "", "rows": DIGEST},
        "machine": {"threads": "1", "torch": "2", "device": "cpu"},
        "began": 0,
        "ticks": 0,
        "columns": 0,
        "means": {"discriminator": {"loss": of_mean}, "generator": {}},
    }
    RUN(run, "run")
    wrong = {**run, "means": {"discriminator": {"loss": {**of_mean, "count": 0}}, "generator": {}}}
    assert reason(RUN, wrong, "run").startswith(
        "a value of run.means.discriminator.count must be a whole number from 1"
    )
    wrong = {**run, "means": {"discriminator": {"loss": {**of_mean, "dtype": "int8"}}, "generator": {}}}
    assert reason(RUN, wrong, "run").endswith("must be one of float16, bfloat16, float32, float64, int64")
    assert reason(RUN, {**run, "machine": {"threads": 1}}, "run") == "run.machine has no 'device'"


def test_a_config_is_an_object():
    assert reason(CONFIG, [], "") == "it must be an object"
    assert reason(CONFIG, {"model": {}}, "") == "it has no 'encoding'"


# --- JSON -----------------------------------------------------------------------------------------

JSON = {
    b"\xff": "it is not UTF-8",
    b"{": "it is not JSON",
    b"[1]": "it does not hold an object",
    b'{"a": 1, "a": 1}': "it has a key twice",
    b'{"a": NaN}': "it has NaN or infinity",
    b'{"a": -Infinity}': "it has NaN or infinity",
    b'{"a": 1e999}': "it has a number that is not finite, or too long",
    b'{"a": ' + b"9" * 30 + b"}": "it has a whole number beyond 64 bits",
    b'{"a": ' + b"9" * 9999 + b"}": "it has a whole number beyond 64 bits",
    b'{"a": 0.' + b"1" * 39 + b"}": "it has a number that is not finite, or too long",
    b'{"a": "\\ud800"}': "it has text that is no Unicode",
    b'{"\\udfff": 1}': "it has text that is no Unicode",
    b'["' + b'\\ud800"]': "it does not hold an object",
    b'{"a": ["ok", {"b": "\\udc00"}]}': "it has text that is no Unicode",
    b'{"a":' * 32 + b"1" + b"}" * 32: f"it is nested deeper than {strict_json.DEEPEST} levels",
    b'{"a":' + b"[" * 40 + b"]" * 40 + b"}": f"it is nested deeper than {strict_json.DEEPEST} levels",
    b"[" * 100_000: f"it is nested deeper than {strict_json.DEEPEST} levels",
}


@pytest.mark.parametrize("content", JSON, ids=[f"{number} {reason}" for number, reason in enumerate(JSON.values())])
def test_json_is_refused_with_the_reason(content):
    assert said(strict_json.parsed, content) == JSON[content]


def test_json_of_the_edges_is_read():
    edges = {"a": [2**63, -(2**63), 0.5, None, True, "é", "\U0001f600"]}
    text = '{"a": [9223372036854775808, -9223372036854775808, 0.5, null, true, "é", "\\ud83d\\ude00"]}'
    assert strict_json.parsed(text.encode()) == edges
    assert strict_json.parsed(b'{"a": 0.' + b"1" * 38 + b"}") == {"a": 1 / 9}
    assert strict_json.parsed('{"a": "\ud7ff\ue000"}'.encode()) == {"a": "\ud7ff\ue000"}
    assert strict_json.parsed(b'{"a":' * 31 + b"1" + b"}" * 31)
    depth = strict_json.DEEPEST - 1
    assert strict_json.parsed(b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}")


# --- the places of tensors ------------------------------------------------------------------------


def entry(start, end, shape=(1,), dtype="F32"):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def test_tensors_that_follow_each_other_are_found():
    found = reading._tensors({"b": entry(4, 12, (2,)), "a": entry(0, 4), "c": entry(12, 12, (0, 3), "U8")}, 12)
    assert {name: (each.dtype, each.shape) for name, each in found.items()} == {
        "a": ("float32", (1,)),
        "b": ("float32", (2,)),
        "c": ("uint8", (0, 3)),
    }


@pytest.mark.parametrize(
    ("entries", "size", "words"),
    [
        ({"a": entry(0, 4, dtype="F8_E4M3")}, 4, "a tensor has the type 'F8_E4M3', which saved models do not have"),
        ({"a": entry(0, 4, (1,) * 9)}, 4, f"a tensor has more than {reading.MOST_DIMENSIONS} dimensions"),
        ({"a": entry(0, 8)}, 8, "the places of the tensors do not follow each other"),
        ({"a": entry(4, 8)}, 8, "the places of the tensors do not follow each other"),
        ({"a": entry(0, 4), "b": entry(2, 6)}, 6, "the places of the tensors do not follow each other"),
        ({"../a": entry(0, 4)}, 4, "a tensor has a name that could be a path"),
        ({"/a": entry(0, 4)}, 4, "a tensor has a name that could be a path"),
        ({"a\\b": entry(0, 4)}, 4, "a tensor has a name that could be a path"),
        ({"a\x00b": entry(0, 4)}, 4, "a tensor has a name that could be a path"),
        ({"": entry(0, 4)}, 4, "a tensor has a name that could be a path"),
        ({"a" * 501: entry(0, 4)}, 4, "a tensor has a name that could be a path"),
        ({"a": entry(0, 4)}, 5, "its tensors have 4 bytes, not 5"),
        ({"a": entry(0, 4)}, 3, "its tensors have 4 bytes, not 3"),
    ],
)
def test_tensors_out_of_place_are_refused(entries, size, words):
    assert said(reading._tensors, entries, size) == words


def test_names_and_dimensions_at_their_limit_are_read():
    assert reading._tensors({"a" * 500: entry(0, 4, (1,) * reading.MOST_DIMENSIONS)}, 4)
