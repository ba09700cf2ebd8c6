"""The command line does what Python does, and fails in one sentence."""

import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import skgan
from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.cli import main

IMAGES = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
LABELS = np.array(["cat", "dog"] * 10)


def invoke(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def succeeded(*arguments):
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "model"
    GANEstimator(architecture=MLP(8, 1), max_iter=2, random_state=0).fit(IMAGES, LABELS).save(path)
    return path


def test_version():
    assert skgan.__version__ in succeeded("--version")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["demo", "--help"], ["sample", "--help"]])
def test_help(arguments):
    assert "Usage:" in succeeded(*arguments)


def test_the_demo_writes_a_picture_a_model_and_a_table(tmp_path):
    said = succeeded("demo", "--max-iter", 20, "-o", tmp_path / "out")
    assert min(pixels_of(tmp_path / "out" / "samples.png").shape[:2]) > 64
    gan = GANEstimator.load(tmp_path / "out" / "model")
    assert (gan.n_iter_, gan.sample(3, 7).shape) == (20, (3, 64))
    lines = said.splitlines()
    header = next(i for i, line in enumerate(lines) if "fidelity" in line)
    columns = lines[header].split()
    for row in lines[header + 1 : header + 4]:
        assert np.isfinite([float(figure) for figure in row.split()[-len(columns) :]]).all()
    assert "skgan sample" in said


def draws(model, suffix, folder, *options):
    out = folder / f"samples{suffix}"
    succeeded("sample", model, "-n", 6, "-o", out, "--overwrite", *options)
    return out


def test_an_array_is_what_sample_returns(model, tmp_path):
    array = np.load(draws(model, ".npy", tmp_path, "--seed", 3, "--label", "dog"))
    np.testing.assert_array_equal(array, GANEstimator.load(model).sample(6, "dog", random_state=3))


def test_a_table_holds_the_same_numbers(model, tmp_path):
    options = ("--seed", 3, "--label", "cat")
    array = np.load(draws(model, ".npy", tmp_path, *options))
    table = np.loadtxt(draws(model, ".csv", tmp_path, *options), delimiter=",")
    np.testing.assert_array_equal(table, array.reshape(6, -1))


def test_a_picture_can_be_read(model, tmp_path):
    assert len(np.unique(pixels_of(draws(model, ".png", tmp_path, "--seed", 3)))) > 2


@pytest.mark.parametrize("suffix", [".npy", ".csv", ".png"])
def test_a_seed_repeats_and_another_does_not(model, tmp_path, suffix):
    first, again, other = (draws(model, suffix, tmp_path, "--seed", seed).read_bytes() for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_integer_labels_are_found_by_their_text(tmp_path):
    gan = GANEstimator(architecture=MLP(8, 1), max_iter=1, random_state=0).fit(IMAGES, np.arange(20) % 3)
    gan.save(tmp_path / "model")
    array = np.load(draws(tmp_path / "model", ".npy", tmp_path, "--seed", 0, "--label", "2"))
    np.testing.assert_array_equal(array, gan.sample(6, 2, random_state=0))


def test_a_data_frame_becomes_a_table_with_its_columns(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"height": np.arange(20.0), "age": np.arange(20)})
    GANEstimator(architecture=MLP(8, 1), max_iter=1, random_state=0).fit(frame).save(tmp_path / "model")
    table = pd.read_csv(draws(tmp_path / "model", ".csv", tmp_path))
    assert (list(table), len(table)) == (["height", "age"], 6)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--label", "zebra", "-o", "x.npy"], "zebra"),
        (["-o", "x.txt"], "x.txt"),
        (["-o", "x"], "must end in"),
        (["-n", "0", "-o", "x.npy"], "-n"),
        (["-n", "many", "-o", "x.npy"], "many"),
        (["--seed", "-1", "-o", "x.npy"], "--seed"),
        (["--seed", str(2**32), "-o", "x.npy"], "random_state"),
        ([], "-o"),
        (["-o", "absent/x.npy"], "absent"),
        (["-o", "absent/x.png"], "absent"),
        (["-o", "absent/x.csv"], "absent"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_bad_request_fails_in_one_sentence(model, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    fails(says, "sample", model, *arguments)
    assert list(tmp_path.iterdir()) == []


def fails(says, *arguments):
    result = invoke(*arguments)
    assert result.exit_code in (1, 2)
    assert isinstance(result.exception, SystemExit)
    assert says in result.output
    assert "Traceback" not in result.output
    assert len(result.output.splitlines()) <= 4


def test_a_missing_model(tmp_path):
    fails("absent", "sample", tmp_path / "absent", "-o", tmp_path / "x.npy")


def test_a_damaged_model(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    fails("damaged", "sample", tmp_path, "-o", tmp_path / "x.npy")


def test_a_label_for_a_model_without_labels(tmp_path):
    GANEstimator(architecture=MLP(8, 1), max_iter=1, random_state=0).fit(IMAGES).save(tmp_path / "model")
    fails("without labels", "sample", tmp_path / "model", "--label", "cat", "-o", tmp_path / "x.npy")


def test_a_picture_of_what_is_no_picture(tmp_path):
    GANEstimator(architecture=MLP(8, 1), max_iter=1, random_state=0).fit(np.eye(5)).save(tmp_path / "model")
    fails("no square image", "sample", tmp_path / "model", "-o", tmp_path / "x.png")


def test_an_unknown_command_fails():
    fails("smaple", "smaple")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["sample", "--help"], ["demo", "--help"]])
def test_help_does_not_import_torch(arguments):
    code = "import runpy, sys\nsys.argv = ['skgan', *sys.argv[1:]]\n"
    code += "try: runpy.run_module('skgan', run_name='__main__')\nexcept SystemExit as stop: assert not stop.code\n"
    code += "print('torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "SCIPY_ARRAY_API"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.splitlines()[-1] == "False"


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "skgan", "--help"], capture_output=True, text=True, check=True)
    assert "Usage:" in done.stdout
    assert "demo" in done.stdout
