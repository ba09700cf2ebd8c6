"""What the documents and examples show is what happens."""

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP

ROOT = Path(__file__).parent.parent
TINY = {"architecture": MLP(width=8, depth=1), "max_iter": 2, "random_state": 0}


def blocks(document, language):
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)


def test_the_loss_of_the_contributors_page_trains():
    namespace = {}
    exec(compile(blocks("CONTRIBUTING.md", "python")[0], "CONTRIBUTING.md", "exec"), namespace)
    X = np.random.default_rng(0).standard_normal((12, 3))
    assert GANEstimator(namespace["LogCosh"](), **TINY).fit(X).sample(4).shape == (4, 3)


def test_ci_runs_the_test_command_of_the_readme():
    command = next(block.strip() for block in blocks("README.md", "bash") if "pytest" in block)
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_first_lines_of_the_readme_run():
    X = np.random.default_rng(0).standard_normal((12, 3))
    y = np.array(["cat", "dog"] * 6)
    code = blocks("README.md", "python")[0].replace("GANEstimator(", "GANEstimator(max_iter=2, ")
    namespace = {"X": X, "y": y}
    exec(compile(code, "README.md", "exec"), namespace)
    assert namespace["X_new"].shape == (100, 3)


def test_the_augmentations_of_the_readme_go_with_their_losses():
    row = next(line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if "few images" in line)
    images = np.random.default_rng(0).integers(256, size=(12, 8, 8), dtype=np.uint8)
    calls = re.findall(r"`(GANEstimator\(.*?\))`", row)
    assert len(calls) == 2
    for call in calls:
        eval(call, {"GANEstimator": GANEstimator}).set_params(max_iter=1, random_state=0).fit(images)


def test_the_samplers_of_the_readme_draw_after_the_loss_that_it_names():
    row = next(line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if "typical" in line)
    X = np.random.default_rng(0).standard_normal((12, 3))
    anything, picky = row.split("more likely ones")
    assert GANEstimator(**TINY).fit(X).sample(2, sampler=re.search(r'sampler="(\w+)"', anything)[1]).shape == (2, 3)
    *samplers, loss = re.findall(r'`"([\w-]+)"`', picky)
    gan = GANEstimator(loss, **TINY).fit(X)
    assert [gan.sample(2, sampler=name).shape for name in samplers] == [(2, 3)] * 3


def test_the_code_of_the_page_on_judging_runs():
    from sklearn.datasets import load_iris

    X, y = load_iris(return_X_y=True)
    rows = {"X": X[::2], "y": y[::2], "X_held_out": X[1::2], "y_held_out": y[1::2]}
    namespace = {**rows, "samples": X[::3] + 0.1}
    for code in blocks("docs/judging.md", "python"):
        exec(compile(code, "docs/judging.md", "exec"), namespace)
    assert set(namespace["found"].intervals) == {"one", "three seeds"}
    assert namespace["gan"].best_validation_score_ == namespace["best"]["validation/score"]


def test_the_page_on_judging_names_every_metric_and_every_feature():
    page = (ROOT / "docs" / "judging.md").read_text(encoding="utf-8")
    for kind in ("metric", "features"):
        for part in {registry.resolve(kind, name) for name in registry.names(kind)}:
            assert f"`{registry.name_of(kind, part)}`" in page


def test_vision_is_three_lines():
    lines = (ROOT / "docs" / "vision.md").read_text(encoding="utf-8").strip().splitlines()
    assert len([line for line in lines if line and not line.startswith("#")]) == 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["train_with_skgan", "train_by_hand"])
def test_example_draws_its_picture(name, tmp_path):
    script = ROOT / "examples" / f"{name}.py"
    subprocess.run([sys.executable, str(script)], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / f"{name}.png").stat().st_size > 1000


def generator_of_pages():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["losses.md", "compatibility.md", "reliability.md"])
def test_generated_pages_are_what_the_parts_say(name):
    expected = generator_of_pages().PAGES[name]()
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == expected, "run: python docs/generate.py"


def test_the_picture_of_the_losses_is_of_these_losses():
    generate = generator_of_pages()
    every = {name: generate.curves(part) for name, part in generate.logit_losses().items()}
    with Image.open(ROOT / "docs" / "losses.png") as picture:
        assert picture.info["Description"] == generate.digest(every), "run: python docs/generate.py"


def test_the_slopes_of_the_picture_are_those_of_the_values():
    generate = generator_of_pages()
    for name, part in generate.logit_losses().items():
        for title, (values, slopes) in generate.curves(part).items():
            steps = np.diff(values) / np.diff(generate.LOGITS)
            between = (slopes[1:] + slopes[:-1]) / 2
            kinks = np.abs(np.diff(slopes)) > 0.5
            np.testing.assert_allclose(steps[~kinks], between[~kinks], atol=1e-3, err_msg=f"{name}, {title}")


# --- what is promised -----------------------------------------------------------------------------

GOALS = [f"G{number}" for number in (*range(1, 17), *range(18, 32), 33, 34, 35)]
FAULTS = [f"F{number:02d}" for number in range(1, 42)]


def test_every_goal_and_every_fault_has_a_test_or_a_reason():
    told = tomllib.loads((ROOT / "docs" / "reliability.toml").read_text(encoding="utf-8"))
    generate = generator_of_pages()
    goals, faults = generate.marked("goal"), generate.marked("fault")
    assert [goal["id"] for goal in told["goal"]] == GOALS
    assert list(told["faults"]) == FAULTS
    assert [name for name in (*goals, *faults) if name not in (*GOALS, *FAULTS)] == []
    untested = [goal["id"] for goal in told["goal"] if goal["id"] not in goals and "tests" not in goal]
    assert [goal for goal in told["goal"] if goal["id"] in untested and goal["figure"] != "not yet"] == []
    assert [fault for fault in FAULTS if fault not in faults and not told["without_a_test"].get(fault)] == []
    assert [fault for fault in told["without_a_test"] if fault in faults] == []


def test_every_figure_has_its_command_and_its_day():
    told = tomllib.loads((ROOT / "docs" / "reliability.toml").read_text(encoding="utf-8"))
    for goal in told["goal"]:
        measured = bool(goal["figure"]) and not goal["figure"].startswith(("not yet", "not measured"))
        assert bool(goal["date"]) == measured, goal["id"]
        assert bool(goal["command"]) or not measured, goal["id"]
