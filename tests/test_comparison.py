"""Several models side by side: one protocol, a table that can be read, and the command."""

import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.exceptions import NotFittedError

import skgan
from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.cli import main
from skgan.exceptions import InvalidParameterError

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((80, 3)), np.arange(80) % 2


class Draws:
    """A model that hands out given rows."""

    def __init__(self, rows):
        self.rows = rows
        self.fitted_ = True

    def fit(self, X, y=None):
        return self

    def sample(self, n=None, y=None, *, random_state=None):
        return self.rows[: len(y) if n is None else n]


GOOD, BAD = Draws(RNG.standard_normal((80, 3))), Draws(RNG.standard_normal((80, 3)) + 4)


def test_all_models_are_measured_alike_and_the_better_one_is_found():
    found = skgan.compare({"good": GOOD, "bad": BAD}, X, Y, n_resamples=20)
    assert found.metrics == [
        "energy", "precision", "recall", "coverage", "copies", "column-shapes", "pair-trends", "label-fidelity",
    ]  # fmt: skip
    for name in ("energy", "precision", "recall", "coverage", "column-shapes"):
        assert found.best(name) == "good"
        good, bad = (found.intervals[model][name] for model in ("good", "bad"))
        assert good.score.protocol == bad.score.protocol
        assert good.score.better_than(bad.score)
    assert found.intervals["good"]["energy"].apart_from(found.intervals["bad"]["energy"])


def test_the_table_marks_the_best_and_what_is_not_apart_from_it():
    again = Draws(GOOD.rows[::-1].copy())
    lines = (
        skgan.compare([GOOD, BAD, again], X, names=["a", "b", "c"], scoring="energy", n_resamples=20)
        .table()
        .splitlines()
    )
    assert len(lines) == 4
    assert [line.rstrip().endswith("*") for line in lines[1:]] == [True, False, True]
    assert re.match(r"a +\S+ \[\S+, \S+\]\*", lines[1])


def test_as_frame_has_one_row_a_model_and_metric():
    frame = skgan.compare([GOOD, BAD], X, scoring=["energy", "coverage"], n_resamples=5).as_frame()
    assert frame.shape == (4, 5)
    assert set(frame["metric"]) == {"energy", "coverage"}


def test_models_are_called_by_what_differs():
    def named(*models):
        return list(skgan.compare(list(models), X, scoring="energy", n_resamples=2).intervals)

    params = {"architecture": MLP(4, 1), "max_iter": 1, "random_state": 0}
    one, other = GANEstimator(**params).fit(X), GANEstimator("hinge", **params | {"max_iter": 2}).fit(X)
    assert named(one, other) == ["loss='auto', max_iter=1", "loss='hinge', max_iter=2"]
    assert named(one, one) == ["GANEstimator (1)", "GANEstimator (2)"]
    assert named(GOOD, BAD) == ["Draws (1)", "Draws (2)"]


def test_models_get_the_labels_of_the_rows():
    asked = []

    class Asks(Draws):
        def sample(self, n=None, y=None, *, random_state=None):
            asked.append(y)
            return super().sample(n, y)

    skgan.compare([Asks(X)], X, Y, scoring="label-fidelity", n_resamples=2)
    np.testing.assert_array_equal(asked[0], Y)


def test_mixed_tables_are_compared():
    frame = pd.DataFrame({"number": X[:, 0], "word": np.where(Y == 0, "yes", "no"), "day": pd.Timestamp("2026-01-01")})
    found = skgan.compare(
        [Draws(frame), Draws(frame.assign(number=9.0))], frame, scoring=["column-shapes", "energy", "tstr"]
    )
    assert found.best("column-shapes") == found.best("energy") == next(iter(found.intervals))


@pytest.mark.parametrize(
    ("estimators", "names", "words"),
    [
        ([], None, "none in it"),
        (GOOD, None, "a list or a dict"),
        ([GOOD, 3], None, "sample method"),
        ([GOOD], ["a", "b"], "as many"),
    ],
)
def test_bad_models_are_refused(estimators, names, words):
    with pytest.raises(InvalidParameterError, match=words):
        skgan.compare(estimators, X, names=names)


def test_models_that_are_not_fitted_are_refused():
    with pytest.raises(NotFittedError):
        skgan.compare([GANEstimator()], X)


@pytest.mark.parametrize("shape", [(80, 3), (80, 6, 6), (80, 6, 6, 3)])
def test_the_picture_is_written(shape, tmp_path):
    pytest.importorskip("matplotlib")
    rows = np.random.default_rng(1).standard_normal(shape)
    skgan.compare([Draws(rows), Draws(rows[::-1])], rows, scoring="energy", n_resamples=3).plot(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 1000


# --- the command ----------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path):
    """Return a saved model, a directory of checkpoints, and a file of rows."""
    settings = {"architecture": MLP(8, 1), "latent_dim": 4, "random_state": 0, "max_iter": 2}
    GANEstimator(**settings).fit(X).save(tmp_path / "saved")
    GANEstimator(checkpoint_dir=tmp_path / "run", **settings | {"max_iter": 3}).fit(X)
    np.save(tmp_path / "rows.npy", X)
    return [str(tmp_path / name) for name in ("saved", "run", "rows.npy")]


def test_the_command_compares_saved_models_and_runs(runs):
    saved, run, rows = runs
    done = CliRunner().invoke(main, ["compare", saved, run, "--data", rows, "--scoring", "energy,coverage"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["saved", "run"]
    expected = skgan.compare({"saved": GANEstimator.load(saved)}, X, scoring=["energy", "coverage"])
    assert f"{float(expected.intervals['saved']['energy'].score):.4g}" in lines[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nothing", "--data", "rows.npy"], "where nothing is"),
        (["saved", "--data", "rows.txt"], "must end in"),
        ([], "Missing argument"),
    ],
)
def test_the_command_says_what_is_wrong(arguments, words, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["compare", *arguments])
    assert done.exit_code in (1, 2)
    assert words in done.output
    assert "Traceback" not in done.output
