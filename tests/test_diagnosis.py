"""What went wrong, in words: each rule at its threshold, each figure against a loop, planted faults end to end."""

import math
import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from skgan import GANEstimator, detectors, diagnosis, registry
from skgan.architectures.mlp import MLP
from skgan.diagnosis import RULES, Diagnosis, diagnosed, loss_of_nothing, obedience, of_samples
from skgan.validation import LONGEST_MESSAGE

RNG = np.random.default_rng(0)
WILD = {"loss": "nonsaturating", "regularizers": None}


def ring(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(8, size=n)
    return np.stack([np.cos(y * np.pi / 4), np.sin(y * np.pi / 4)], 1) + 0.05 * rng.standard_normal((n, 2)), y


def fitted(X, y=None, **params):
    settings = {"architecture": MLP(32, 2), "latent_dim": 8, "random_state": 0, "max_iter": 200}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GANEstimator(**settings | params).fit(X, y)


# --- rules ----------------------------------------------------------------------------------------

SOUND = {
    "coverage": 0.95, "spread": 1.0, "copies": 0.01, "twins": 0.01, "obedience": 0.97, "loss left": 0.9,
    "held-out place": 0.95, "logit": 1.0,
}  # fmt: skip
EDGES = {
    "coverage": (detectors.LOWEST_COVERAGE, -1, "collapse"),
    "spread": (detectors.SPREADS[0], -1, "collapse"),
    "copies": (detectors.MOST_COPIES + 0.01, +1, "copying"),
    "obedience": (diagnosis.LOWEST_OBEDIENCE, -1, "labels ignored"),
    "loss left": (diagnosis.LOWEST_LOSS, -1, "saturated discriminator"),
    "held-out place": (diagnosis.LOWEST_PLACE, -1, "overfitted discriminator"),
    "logit": (diagnosis.LARGEST_LOGIT, +1, "divergence"),
}


def test_sound_figures_and_no_figures_say_nothing():
    assert diagnosed(SOUND) == diagnosed({}) == []
    assert str(diagnosed(SOUND)).startswith("Nothing looks wrong. Looked at: coverage,")
    assert "no history" in str(diagnosed({}))


@pytest.mark.parametrize("name", EDGES)
def test_each_rule_speaks_beyond_its_threshold(name):
    edge, beyond, fault = EDGES[name]
    assert diagnosed(SOUND | {name: edge - 1e-9 * beyond}).faults == []
    assert diagnosed(SOUND | {name: edge + 1e-9 * beyond}).faults == [fault]


def test_samples_far_apart_and_roll_backs_are_divergence():
    assert diagnosed(SOUND | {"spread": detectors.SPREADS[1] + 0.01}).faults == ["divergence"]
    found = diagnosed(SOUND | {"rollbacks": 2.0})
    assert found.faults == ["divergence"]
    assert "went back 2 times" in str(found)


def test_copies_are_not_told_where_rows_repeat_each_other():
    assert diagnosed(SOUND | {"copies": 0.5, "twins": 0.3}).faults == []


def test_every_finding_says_figure_cause_and_a_parameter_that_exists():
    wrong = {name: edge + beyond * 0.02 for name, (edge, beyond, _) in EDGES.items()} | {"spread": 5.0}
    found = diagnosed(wrong)
    assert len(found) == len(RULES)
    parameters = GANEstimator().get_params()
    for finding in found:
        assert any(digit in finding.figure for digit in "0123456789")
        assert len(str(finding)) <= LONGEST_MESSAGE
        assert any(name in finding.change for name in parameters), finding.change
        for part in (finding.figure, finding.cause, finding.change):
            assert part.endswith(".")
    assert str(found).splitlines()[0] == f"{len(found)} things look wrong."


@pytest.mark.parametrize("name", ["r1r2", "spectral-norm"])
def test_named_regularizers_exist(name):
    assert registry.resolve("regularizer", name)


# --- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_obedience_is_the_share_of_true_labels(share):
    X, y = ring(800, 0)
    fake, asked = ring(800, 1)
    wrong = np.arange(800) < (1 - share) * 800
    asked = np.where(wrong, (asked + 1 + np.arange(800) % 7) % 8, asked)
    chance = max((asked == label).mean() for label in range(8))
    expected = ((1 - wrong.mean()) - chance) / (1 - chance)
    assert obedience(X, y, fake, asked)["obedience"] == pytest.approx(expected, abs=0.02)


def test_the_words_about_labels_hold_the_figure():
    (finding,) = diagnosed({"obedience": 0.123})
    assert "Samples show the label asked for 12% of the way from chance to rows; sound ones 50% at least." in str(
        finding
    )


def test_obedience_is_not_told_where_labels_are_not_to_be_seen():
    X, y = RNG.standard_normal((300, 3)), RNG.integers(3, size=300)
    assert obedience(X, y, X, y) == {}
    assert obedience(X, np.zeros(300, int), X, np.zeros(300, int)) == {}


@pytest.mark.parametrize(
    ("loss", "expected"),
    [("nonsaturating", 2 * math.log(2)), ("rpgan", math.log(2)), ("hinge", 2.0), ("wasserstein", 0.0), ("ebgan", 0.0)],
)
def test_loss_of_a_discriminator_that_knows_nothing(loss, expected):
    assert loss_of_nothing(registry.resolve("loss", loss)()) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("loss", registry.names("loss"))
def test_every_loss_can_be_asked(loss):
    assert math.isfinite(loss_of_nothing(registry.resolve("loss", loss)()))


def test_the_place_of_held_out_rows():
    class Known:
        """Says 4 of training rows, 1 of held-out ones and 0 of samples, with a little around."""

        def decision_function(self, X, y=None):
            return X[:, 0] + 0.01 * np.arange(len(X)) / len(X)

        def sample(self, n, *, random_state, return_y):
            return np.zeros((n, 1))

    seen, held = np.full((60, 1), 4.0), np.full((60, 1), 1.0)
    assert diagnosis._of_held_out(Known(), (seen, None), (held, None))["held-out place"] == pytest.approx(
        0.25, abs=1e-6
    )
    assert diagnosis._of_held_out(Known(), (seen * 0, None), (held, None)) == {}


# --- planted faults, end to end -------------------------------------------------------------------


def planted(change, seed=40):
    X, y = ring(500, seed)
    fake, asked = change(*ring(500, seed + 1), X, np.random.default_rng(seed))
    return diagnosed(of_samples(torch.from_numpy(X).float(), torch.from_numpy(fake).float(), y, asked)).faults


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda fake, asked, X, rng: (fake, asked), []),
        (lambda fake, asked, X, rng: (fake[asked < 4], asked[asked < 4]), ["collapse"]),
        (lambda fake, asked, X, rng: (np.concatenate([X[:150], fake[150:]]), asked), None),
        (lambda fake, asked, X, rng: (fake, rng.permutation(asked)), ["labels ignored"]),
    ],
    ids=["sound", "half of the modes", "copies", "shuffled labels"],
)
def test_faults_of_samples(change, expected):
    faults = planted(change)
    assert faults == expected if expected is not None else "copying" in faults


def test_a_saturated_discriminator_is_told_from_the_history_alone():
    X, _ = ring(300, 50)
    gan = fitted(X, **WILD, learning_rate=1e-7, discriminator_learning_rate=2e-3)
    assert gan.diagnose().faults == ["saturated discriminator"]
    assert fitted(X).diagnose().faults == []


def test_an_overfitted_discriminator_is_told_with_rows_held_out():
    X = np.random.default_rng(51).standard_normal((160, 20))
    gan = fitted(X[:60], **WILD, architecture=MLP(128, 2), max_iter=500, n_critic=2)
    assert "overfitted discriminator" in gan.diagnose(X[:60], X_held_out=X[60:]).faults
    assert "overfitted discriminator" not in gan.diagnose(X[:60]).faults


def test_labels_that_training_never_saw_are_told():
    X, y = ring(400, 52)
    gan = fitted(X, np.random.default_rng(0).permutation(y), max_iter=300)
    assert "labels ignored" in gan.diagnose(X, y).faults


def test_it_is_a_method_that_needs_a_fit_and_changes_nothing():
    with pytest.raises(NotFittedError):
        GANEstimator().diagnose()
    X, y = ring(120, 53)
    gan = fitted(X, y, max_iter=5)
    found = gan.diagnose(X, y, X_held_out=X, y_held_out=y)
    assert isinstance(found, Diagnosis)
    assert {"coverage", "spread", "copies", "obedience", "loss left", "logit"} <= set(found.figures)
    draws = gan._draws_
    assert gan.diagnose(X, y).figures == {k: v for k, v in found.figures.items() if k != "held-out place"}
    assert gan._draws_ == draws
