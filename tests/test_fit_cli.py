"""``skgan fit`` does what `fit` and `save` do, and says in one sentence why when it does not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from skgan import GANEstimator, data, fit_cli
from skgan.architectures.mlp import MLP
from skgan.cli import main

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((20, 3)).round(3), np.array(list("abcd") * 5)
IMAGES = RNG.integers(0, 256, (20, 8, 8), dtype=np.uint8)
SMALL = ("--set", "architecture=mlp", "--set", "architecture__width=8", "--set", "architecture__depth=1")
OPTIONS = (*SMALL, "--max-iter", "3", "--seed", "0", "--device", "cpu", "--out", "model")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("X.npy", X)
    np.save("y.npy", Y)
    np.save("images.npy", IMAGES)
    np.savez("both.npz", X=X, y=Y)
    np.savez("rows.npz", X=X)
    lines = [",".join([*map(str, row), label]) for row, label in zip(X.tolist(), Y, strict=True)]
    Path("t.csv").write_text("\n".join(["a,b,c,kind", *lines]) + "\n")
    return tmp_path


def fit(*arguments):
    return CliRunner().invoke(main, ["fit", *map(str, arguments)])


def succeeded(*arguments):
    result = fit(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def failed(status, says, *arguments):
    result = fit(*arguments)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == status, result.output
    assert says in result.output
    assert "Traceback" not in result.output
    assert len(result.output) <= 700
    assert not Path("model").exists()
    return result.output


def expected(rows, labels=None, **params):
    return GANEstimator(architecture=MLP(8, 1), max_iter=3, random_state=0, **params).fit(rows, labels)


@pytest.mark.parametrize(
    ("arguments", "rows", "labels"),
    [
        (["X.npy"], X, None),
        (["X.npy", "--label", "y.npy"], X, Y),
        (["images.npy"], IMAGES, None),
        (["both.npz"], X, Y),
        (["rows.npz"], X, None),
        (["rows.npz", "--label", "y.npy"], X, Y),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_file_of_arrays_becomes_the_model_that_fit_makes(arguments, rows, labels):
    said = succeeded(*arguments, *OPTIONS)
    assert "3 steps on 20 rows" in said
    loaded = GANEstimator.load("model")
    np.testing.assert_array_equal(loaded.sample(5, random_state=1), expected(rows, labels).sample(5, random_state=1))


def test_a_table_becomes_a_model_of_its_columns():
    pandas = pytest.importorskip("pandas")
    succeeded("t.csv", "--label", "kind", *OPTIONS)
    frame = pandas.read_csv("t.csv")
    wanted = expected(frame[["a", "b", "c"]], frame["kind"].to_numpy())
    loaded = GANEstimator.load("model")
    pandas.testing.assert_frame_equal(loaded.sample(5, "b", random_state=1), wanted.sample(5, "b", random_state=1))


def test_a_table_of_text_with_gaps_becomes_a_model_that_gives_such_rows():
    """Numbers stay numbers, empty cells and the word nan are missing, and text is text, also the word None."""
    pandas = pytest.importorskip("pandas")
    rows = [("25", "State-gov", "7"), ("", "Private", "1"), ("nan", "", "2"), ("31.5", "None", "3"), ("4", "12", "9")]
    Path("mixed.csv").write_text("age,work,rank\n" + "\n".join(map(",".join, rows * 4)) + "\n")
    succeeded("mixed.csv", *OPTIONS[6:])
    wanted = pandas.DataFrame(
        {
            "age": [25, np.nan, np.nan, 31.5, 4] * 4,
            "work": np.array(["State-gov", "Private", None, "None", "12"] * 4, object),
            "rank": [7, 1, 2, 3, 9] * 4,
        }
    )
    other = GANEstimator(max_iter=3, random_state=0, device="cpu").fit(wanted)
    loaded = GANEstimator.load("model")
    pandas.testing.assert_frame_equal(loaded.sample(30, random_state=1), other.sample(30, random_state=1))
    drawn = CliRunner().invoke(main, ["sample", "model", "-n", "30", "-o", "drawn.csv", "--seed", "1"])
    assert drawn.exit_code == 0, drawn.output
    again = pandas.read_csv("drawn.csv", keep_default_na=False, na_values={"work": [""], "age": [""]})
    assert set(again["work"].dropna()) <= {"State-gov", "Private", "None", "12"}
    refused = CliRunner().invoke(main, ["sample", "model", "-n", "3", "-o", "drawn.npy"])
    assert refused.exit_code == 1
    assert "-o must end in .csv for a table with text" in refused.output
    assert not Path("drawn.npy").exists()


def test_text_needs_pandas(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    failed(1, "column 'kind', which need pandas: pip install 'skgan[tables]'", "t.csv", *OPTIONS)


def test_a_table_without_names_or_pandas_becomes_an_array(monkeypatch):
    Path("bare.csv").write_text("\n".join(",".join(map(str, row)) for row in X.tolist()))
    succeeded("bare.csv", *OPTIONS)
    np.testing.assert_array_equal(
        GANEstimator.load("model").sample(4, random_state=1), expected(X).sample(4, random_state=1)
    )
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    succeeded("t.csv", "--label", "kind", *OPTIONS, "--overwrite")
    np.testing.assert_array_equal(
        GANEstimator.load("model").sample(4, random_state=1), expected(X, Y).sample(4, random_state=1)
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e-3", 1e-3),
        ("(8, 8)", (8, 8)),
        ("['r1', 'sn']", ["r1", "sn"]),
        ("none", None),
        ("False", False),
        ("true", True),
        ("wgan-gp", "wgan-gp"),
        ("__import__('os')", "__import__('os')"),
        ("", ""),
    ],
)
def test_settings_are_values_or_text_and_never_run(text, value):
    assert fit_cli._value(text) == value
    assert type(fit_cli._value(text)) is type(value)


def test_settings_reach_parts():
    succeeded("X.npy", *OPTIONS, "--set", "loss=wgan-gp", "--set", "loss__gp_weight=2", "--set", "batch-size=7")
    loaded = GANEstimator.load("model")
    assert (loaded.loss_.gp_weight, loaded.batch_size, loaded.n_critic_) == (2, 7, 5)


# --- refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["X.txt"], "X.txt"),
        (["X.npy", "--resume"], "--checkpoint-dir"),
        (["X.npy", "--set", "loss"], "loss=wgan-gp"),
        (["X.npy", "--set", "=3"], "loss=wgan-gp"),
        (["X.npy", "--set", "los=x"], "Did you mean 'loss'"),
        (["X.npy", "--set", "loss=wgan-pg"], "Did you mean 'wgan-gp'"),
        (["X.npy", "--set", "max_iter=5"], "'max_iter' again"),
        (["X.npy", "--set", "batch_size=-1"], "batch_size"),
        (["X.npy", "--max-iter", "0"], "--max-iter"),
        (["X.npy", "--device", "gpu"], "device"),
        ([], "DATA"),
        (["X.npy", "--checkpoint-dr", "a"], "--checkpoint-dir"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_is_status_two(arguments, says):
    failed(2, says, *OPTIONS, *arguments)


def test_a_place_for_the_model_is_needed():
    failed(2, "--out", "X.npy")


BAD = {
    "text.csv": ("a,b\n1,2\n3,secret\n", "line 3, column 'b'"),
    "mistyped.csv": ("a,b\n1,2\n2,4\n3,5x\n,7\n", "Got no number in line 4, column 'b'"),
    "gaps without names.csv": ("1,2\n3,\n", "which need a first line with a name for each"),
    "a name twice.csv": ("a,a\n1,x\n3,y\n", "which need a first line with a name for each"),
    "ragged.csv": ("a,b\n1,2\n3\n", "Got 1 in line 3"),
    "semicolons.csv": ("a;b\n1;2\n", "line 2 on, column 'a;b', which need a first line"),
    "infinity.csv": ("a,b\n1,inf\n3,4\n", "infinity in line 2, column 'b'"),
    "nothing.csv": ("", "empty"),
    "quotes.csv": ('a,b\n"1,2\n', "Line"),
    "binary.csv": (b"a,b\n\xff\xfe,2\n", "UTF-8"),
    "names.csv": ("a,b\n", "0 sample"),
    "text.npy": ("hello", "text.npy"),
    "empty.npy": ("", "empty.npy"),
    "text.npz": ("hello", "text.npz"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_of_something_else_is_status_one_and_not_shown(name):
    content, says = BAD[name]
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert "secret" not in failed(1, says, name, *OPTIONS)


class Evil:
    def __reduce__(self):
        return os.system, ("touch ran",)


def test_objects_in_arrays_are_not_loaded():
    np.save("objects.npy", np.array([Evil()], object), allow_pickle=True)
    np.savez("objects.npz", X=np.array([Evil()], object))
    np.savez("other.npz", rows=X)
    np.savez("array.npz", X=X)
    Path("array.npz").rename("archive.npy")
    failed(1, "objects.npy", "objects.npy", *OPTIONS)
    failed(1, "objects.npz", "objects.npz", *OPTIONS)
    failed(1, "'rows'", "other.npz", *OPTIONS)
    failed(1, "archive.npy", "archive.npy", *OPTIONS)
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["absent.npy"], "absent.npy"),
        (["absent.csv"], "absent.csv"),
        (["X.npy", "--label", "absent.npy"], "absent.npy"),
        (["X.npy", "--label", "kind"], "--label"),
        (["t.csv", "--label", "knd"], "Did you mean 'kind'"),
        (
            ["t.csv", "--label", "kind", "--set", "n_discriminators=1", "--checkpoint-dir", "X.npy"],
            "must be a directory",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_other_failures(arguments, says):
    status = 2 if "--checkpoint-dir" in arguments else 1
    failed(status, says, *arguments, *OPTIONS)


@pytest.mark.parametrize("extra", [[], ["--overwrite"]])
def test_what_is_there_is_refused_before_training(extra, monkeypatch):
    monkeypatch.setattr(data.Dataset, "batch", None)
    Path("thesis").mkdir()
    result = fit("X.npy", *OPTIONS, "--out", "thesis", *extra)
    assert result.exit_code == 1
    assert "--out must be new" in result.output
    assert list(Path("thesis").iterdir()) == []


def test_a_model_is_replaced_when_asked():
    succeeded("X.npy", *OPTIONS)
    assert "--overwrite" in fit("X.npy", *OPTIONS).output
    succeeded("X.npy", *OPTIONS, "--max-iter", "5", "--overwrite")
    assert GANEstimator.load("model").n_iter_ == 5


def test_debug_shows_where():
    assert isinstance(fit("absent.npy", *OPTIONS, "--debug").exception, FileNotFoundError)


# --- checkpoints and signals ----------------------------------------------------------------------


def test_a_fit_is_resumed_when_asked():
    whole = expected(X).sample(4, random_state=1)
    checkpoints = ("--checkpoint-dir", "runs/a")
    succeeded("X.npy", *OPTIONS, "--max-iter", "2", *checkpoints)
    assert sorted(os.listdir("runs/a")) == [".lock", "00000001-step0", "00000002-step2"]
    assert "resume=True" in fit("X.npy", *OPTIONS, "--overwrite", *checkpoints).output
    succeeded("X.npy", *OPTIONS, "--overwrite", *checkpoints, "--resume")
    np.testing.assert_array_equal(GANEstimator.load("model").sample(4, random_state=1), whole)
    succeeded("X.npy", *OPTIONS, "--overwrite", "--checkpoint-dir", "runs/b", "--resume")


def test_an_interrupt_is_status_130(monkeypatch):
    batch = data.Dataset.batch
    monkeypatch.setattr(
        data.Dataset, "batch", lambda self, n: (n == 3 and signal.raise_signal(signal.SIGINT)) or batch(self, n)
    )
    result = fit("X.npy", *OPTIONS, "--checkpoint-dir", "a")
    assert result.exit_code == 130
    assert "--resume" in result.output
    assert not Path("model").exists()
    assert sorted(os.listdir("a"))[-1] == "00000002-step2"
    assert "nothing was saved" in fit("X.npy", *OPTIONS).output


INTERRUPTED = """
import signal, sys
from skgan import data
from skgan.cli import main
batch = data.Dataset.batch
def told(self, number):
    if number == 3:
        signal.raise_signal(signal.SIGTERM)
    return batch(self, number)
data.Dataset.batch = told
main(sys.argv[1:])
"""


def test_sigterm_is_status_143(folder):
    environment = {**os.environ, "PYTHONPATH": str(Path(fit_cli.__file__).parent.parent)}
    command = [sys.executable, "-c", INTERRUPTED, "fit", "X.npy", *OPTIONS, "--checkpoint-dir", "a"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 143, done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(os.listdir("a"))[-1] == "00000002-step2"
