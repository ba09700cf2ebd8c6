"""Collapse and copying, planted in samples whose truth is known, and told once at the end of a fit."""

import warnings

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, pdist
from sklearn.datasets import load_digits
from torch import nn

from skgan import GANEstimator, detectors
from skgan.architectures.mlp import MLP
from skgan.detectors import FEWEST_ROWS, FEWEST_UPDATES, complaint_of_collapse, complaint_of_copying
from skgan.exceptions import TrainingWarning
from skgan.interfaces import Callback
from skgan.metrics import _copying
from skgan.metrics.density_coverage import Coverage
from skgan.validation import LONGEST_MESSAGE
from skgan.watch import LOOK_TICKS, TICK

SEEDS = range(30)
N = 500


def ring(n, seed, modes=8):
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * rng.integers(modes, size=n) / 8
    return np.stack([2 * np.cos(angle), 2 * np.sin(angle)], 1) + 0.1 * rng.standard_normal((n, 2))


def normal(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 8))


def digits(n, seed):
    X = load_digits().data / 8 - 1
    return X[np.random.default_rng(seed // 1000).permutation(len(X))][500 * (seed % 2) :][:n]


def pictures(n, seed):
    """Return images of 28 x 28 with two spots each."""
    rng = np.random.default_rng(seed)
    centre, width = rng.uniform(6, 22, (n, 2, 2, 1, 1)), rng.uniform(1.5, 4, (n, 2, 1, 1))
    rows, columns = np.mgrid[:28, :28]
    spots = np.exp(-((rows - centre[:, :, 0]) ** 2 + (columns - centre[:, :, 1]) ** 2) / (2 * width**2))
    return spots.max(1).reshape(n, -1) * 2 - 1


DATA = {"ring": ring, "normal": normal, "digits": digits, "pictures": pictures}


def found(X, fake, compared=N):
    """Return what the detectors say of samples, and their complaints."""
    X, fake = (torch.from_numpy(rows).float() for rows in (X, fake))
    places = torch.from_numpy(np.random.default_rng(1).permutation(len(X))[:compared])
    copies = detectors.copying(X[places], places, fake, [X[piece] for piece in detectors.in_chunks(len(X))])
    figures = detectors.collapse(X[places], fake)
    return figures, copies, complaint_of_collapse(figures) is not None, complaint_of_copying(copies) is not None


def flagged(name, change, seeds=SEEDS):
    """Return how often collapse and copying are told, over all seeds."""
    pairs = [(DATA[name](N, 1000 * seed), DATA[name](N, 1000 * seed + 1)) for seed in seeds]
    told = [found(X, change(X, fake, seed))[2:] for seed, (X, fake) in enumerate(pairs)]
    return tuple(sum(column) for column in zip(*told, strict=True))


def copied(share, noise=0.0):
    def change(X, fake, seed):
        rng = np.random.default_rng(seed)
        n = round(share * len(fake))
        rows = X[rng.integers(len(X), size=n)]
        return np.concatenate([rows + noise * rng.standard_normal(rows.shape), fake[n:]])

    return change


def few_points(X, fake, seed):
    return fake[np.arange(len(fake)) % 5]


# --- the figures ----------------------------------------------------------------------------------


@pytest.mark.goal("G30", "G31")
@pytest.mark.parametrize("name", DATA)
def test_fresh_draws_are_never_flagged(name):
    assert flagged(name, lambda X, fake, seed: fake) == (0, 0)


@pytest.mark.goal("G31")
@pytest.mark.parametrize("name", DATA)
def test_a_share_of_copies_is_always_flagged(name):
    assert flagged(name, copied(0.3))[1] == len(SEEDS)


@pytest.mark.parametrize(("name", "noise"), [("ring", 1e-4), ("normal", 0.05), ("digits", 0.02), ("pictures", 0.02)])
def test_noisy_copies_of_everything_are_flagged(name, noise):
    assert flagged(name, copied(1.0, noise), SEEDS[:10])[1] == 10


@pytest.mark.goal("G30")
@pytest.mark.parametrize("modes", [1, 2, 3, 4])
def test_a_generator_on_half_of_the_modes_is_always_flagged(modes):
    told = [found(ring(N, seed), ring(N, seed + 1000, modes))[2] for seed in SEEDS]
    assert sum(told) == len(SEEDS)


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize(
    "change",
    [few_points, lambda X, fake, seed: fake.mean(0) + 0.5 * (fake - fake.mean(0)), lambda X, fake, seed: 2 * fake],
    ids=["five points", "half scale", "twice the scale"],
)
def test_collapse_and_a_wrong_scale_are_always_flagged(name, change):
    collapse, copies = flagged(name, change, SEEDS[:10])
    assert collapse == 10
    assert copies == 0 or change is few_points


@pytest.mark.parametrize("name", DATA)
def test_the_figures_are_their_definitions(name):
    X = DATA[name](200, 0)
    fake = copied(0.1)(X, DATA[name](120, 1), 0)
    figures, copies, *_ = found(X, fake, compared=90)
    chosen = np.random.default_rng(1).permutation(len(X))[:90]
    real = X[chosen].astype(np.float32)
    assert figures["coverage"] == pytest.approx(Coverage(k=5)(real, fake.astype(np.float32)))
    middle = [np.sort(pdist(rows))[(len(rows) * (len(rows) - 1) // 2 - 1) // 2] for rows in (fake, real)]
    assert figures["spread"] == pytest.approx(middle[0] / middle[1], rel=1e-4)
    everything, samples = X.astype(np.float32), fake.astype(np.float32)
    ours = np.sort(cdist(everything[chosen], everything))[:, 1:3]
    theirs = np.sort(cdist(samples, everything))[:, :2]
    bound = np.quantile(ours[ours[:, 0] > 0, 0], 0.01)
    shares = [((d[:, 0] < bound) & (d[:, 0] < d[:, 1] / 2)).mean() for d in (theirs, ours)]
    assert [copies.copies, copies.twins] == pytest.approx(shares, abs=1e-9)
    assert copies.duplicates == 0.1


def test_rows_that_repeat_each_other_are_no_reason_to_complain():
    rng = np.random.default_rng(0)
    X, fake = (rng.integers(0, 2, (N, 4)).astype(float) for _ in range(2))
    assert found(X, fake)[3] is False
    few = rng.integers(0, 9, (N, 5)).astype(float)
    assert found(few, rng.integers(0, 9, (N, 5)).astype(float))[3] is False


def test_many_rows_are_compared_in_pieces(monkeypatch):
    X, fake = normal(300, 0), copied(0.5)(normal(300, 0), normal(40, 1), 0)
    whole = found(X, fake, compared=100)[1]
    monkeypatch.setattr(_copying, "_CHUNK", 64)
    assert [piece.stop for piece in detectors.in_chunks(300)] == [64, 128, 192, 256, 300]
    assert found(X, fake, compared=100)[1] == pytest.approx(whole)
    monkeypatch.setattr(_copying, "_COMPARED", 100)
    assert [piece.stop for piece in detectors.in_chunks(300)] == [64, 100]


# --- at the end of a fit --------------------------------------------------------------------------

TINY = {"latent_dim": 4, "batch_size": 8, "random_state": 0, "max_iter": FEWEST_UPDATES, "optimizer": "adam"}
ROWS = normal(100, 0)


class Table(nn.Module):
    """Returns rows of a table, chosen by the latents, whatever it learns."""

    def __init__(self, rows):
        super().__init__()
        self.register_buffer("rows", rows)
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, z, y):
        return self.rows[(z.abs().sum(1) * 1e4).long() % len(self.rows)] + 0 * self.weight


class Given(MLP):
    """A generator that returns rows of a table."""

    def __init__(self, rows=None, width=4, depth=1, slope=0.05):
        super().__init__(width, depth, slope)
        self.rows = rows

    def generator(self, spec, conditioning):
        return Table(self.rows)


def fitted(rows, X=ROWS, **params):
    encoded = torch.from_numpy((rows - ROWS.mean(0)) / ROWS.std(0)).float()
    gan = GANEstimator(**(TINY | {"architecture": Given(encoded), "loss": "nonsaturating"} | params))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        gan.fit(X)
    assert all(warning.category is TrainingWarning and warning.filename == __file__ for warning in told)
    assert all(len(str(warning.message)) <= LONGEST_MESSAGE for warning in told)
    return gan, [str(warning.message) for warning in told]


def test_a_sound_generator_is_not_complained_of():
    gan, told = fitted(normal(1000, 5))
    assert told == []
    assert {name for name in gan.history_ if name.startswith("watch/")} == {
        "watch/coverage",
        "watch/spread",
        "watch/copies",
        "watch/duplicates",
    }
    assert gan.history_["watch/coverage"][-1] > 0.9
    assert np.isnan(gan.history_["watch/coverage"][:-1]).all()


def test_one_warning_tells_of_collapse():
    gan, told = fitted(normal(3, 5))
    assert len(told) == 1
    assert f"{gan.history_['watch/coverage'][-1]:.0%} of the rows" in told[0]
    assert "max_iter" in told[0]


def test_one_warning_tells_of_copies():
    gan, told = fitted(np.concatenate([ROWS[:50], normal(50, 7)]))
    assert len(told) == 1
    assert "of the samples nearly repeat a row of the training data" in told[0]
    assert gan.history_["watch/copies"][-1] == pytest.approx(0.5, abs=0.2)
    assert gan.history_["watch/duplicates"][-1] == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize(
    ("X", "updates"), [(ROWS, FEWEST_UPDATES - 1), (ROWS, 2), (ROWS[: FEWEST_ROWS - 1], FEWEST_UPDATES)]
)
def test_short_trainings_and_small_tables_are_not_judged(X, updates):
    gan, told = fitted(normal(3, 5), X, max_iter=updates)
    assert told == []
    assert not [name for name in gan.history_ if name.startswith("watch/")]


@pytest.mark.goal("G6")
def test_looking_changes_nothing(monkeypatch):
    settings = TINY | {"architecture": MLP(8, 1), "max_iter": FEWEST_UPDATES, "conditioning": "concat"}
    labels = np.arange(100) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        watched = GANEstimator(**settings).fit(ROWS, labels)
        monkeypatch.setattr(detectors, "FEWEST_ROWS", 10**9)
        unwatched = GANEstimator(**settings).fit(ROWS, labels)
    assert "watch/spread" in watched.history_
    assert "watch/spread" not in unwatched.history_
    assert all(torch.equal(t, unwatched._model_.state.tensors()[n]) for n, t in watched._model_.state.tensors().items())
    np.testing.assert_array_equal(watched.sample(3), unwatched.sample(3))


class Last(Callback):
    """Keeps what the history said last."""

    seen: list = []

    def on_tick(self, view):
        self.seen.append(view.history.last().get("watch/coverage", np.nan))


def test_long_trainings_are_looked_at_on_the_way(monkeypatch):
    monkeypatch.setattr("skgan.watch.LOOK_TICKS", 2)
    Last.seen.clear()
    fitted(normal(1000, 5), callbacks=Last())
    assert np.isfinite(Last.seen).tolist() == [False, True, False, True, False]
    assert LOOK_TICKS * TICK == 2500


@pytest.mark.parametrize("y", [np.arange(100) % 3, ROWS[:, 0], ROWS[:, :2] > 0], ids=["classes", "numbers", "several"])
def test_labels_of_all_kinds_are_looked_at(y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        gan = GANEstimator(**TINY | {"architecture": MLP(8, 1), "conditioning": "concat"}).fit(ROWS, y)
    assert np.isfinite(gan.history_["watch/coverage"][-1])


def test_a_look_that_fails_is_told_and_ends_no_training(monkeypatch):
    def fail(*rows):
        raise RuntimeError("98765")

    monkeypatch.setattr(detectors, "collapse", fail)
    gan, told = fitted(normal(1000, 5))
    assert len(told) == 1
    assert "The look at the samples failed with RuntimeError" in told[0]
    assert "98765" not in told[0]
    assert gan.n_iter_ == FEWEST_UPDATES
