"""Metrics against loops in float64, cases worked by hand, and what every metric has in common."""

import copy
import json
import pickle

import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

from skgan import registry
from skgan.interfaces import Score
from skgan.testing.metric_checks import as_seen_by

METRICS = sorted({registry.resolve("metric", name) for name in registry.names("metric")}, key=lambda m: m.__name__)
COUNTING = [registry.resolve("metric", name) for name in ("precision", "recall", "density", "coverage")]


def metric(name, **params):
    return registry.resolve("metric", name)(**params)


def sets(n=40, m=30, d=3, shift=0.5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), rng.standard_normal((m, d)) + shift


def labels_of(X):
    return (X[:, 0] > 0.2).astype(int)


def score_of(part, X_real, X_fake):
    rows = {"y_real": labels_of(X_real), "y_fake": labels_of(X_fake)}
    return part(as_seen_by(part, X_real), as_seen_by(part, X_fake), **rows)


# --- references: loops over rows ----------------------------------------------------------------


def apart(a, b):
    return float(np.sqrt(sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True))))


def reach(X, i, k):
    return sorted(apart(X[i], X[j]) for j in range(len(X)) if j != i)[k - 1]


def precision(real, fake, k):
    return np.mean([any(apart(f, r) <= reach(real, i, k) for i, r in enumerate(real)) for f in fake])


def recall(real, fake, k):
    return np.mean([any(apart(r, f) <= reach(fake, j, k) for j, f in enumerate(fake)) for r in real])


def density(real, fake, k):
    return sum(apart(f, r) <= reach(real, i, k) for i, r in enumerate(real) for f in fake) / (k * len(fake))


def coverage(real, fake, k):
    return np.mean([any(apart(f, r) <= reach(real, i, k) for f in fake) for i, r in enumerate(real)])


def energy(real, fake):
    n, m = len(real), len(fake)
    between = sum(apart(r, f) for r in real for f in fake) / (n * m)
    inside = [
        sum(apart(X[i], X[j]) for i in range(len(X)) for j in range(len(X)) if i != j) / (len(X) * (len(X) - 1))
        for X in (real, fake)
    ]
    return 2 * between - sum(inside)


REFERENCES = {"precision": precision, "recall": recall, "density": density, "coverage": coverage}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("d", "shift"), [(1, 0.0), (3, 0.5), (20, 0.3), (3, 9.0)])
@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("name", REFERENCES)
def test_counts_are_those_of_a_loop(name, k, d, shift, dtype):
    real, fake = (X.astype(dtype) for X in sets(d=d, shift=shift))

    value = metric(name, k=k)(real, fake)

    assert float(value) == pytest.approx(REFERENCES[name](real, fake, k), rel=1e-12)


@pytest.mark.parametrize(("d", "shift"), [(1, 0.0), (3, 0.5), (20, 0.3), (3, 9.0)])
def test_energy_is_that_of_a_loop(d, shift):
    real, fake = sets(d=d, shift=shift)

    assert float(metric("energy")(real, fake)) == pytest.approx(energy(real, fake), rel=1e-9)


@pytest.mark.parametrize("classifier", [None, KNeighborsClassifier(3)])
def test_label_fidelity_is_the_share_of_labels_found_again(classifier):
    real, fake = sets(shift=1.0)
    y_real, y_fake = labels_of(real), np.arange(len(fake)) % 2
    judge = (SVC(gamma=0.001, random_state=0) if classifier is None else KNeighborsClassifier(3)).fit(real, y_real)
    found = [judge.predict(row[None])[0] == label for row, label in zip(fake, y_fake, strict=True)]

    value = metric("label-fidelity", classifier=classifier)(real, fake, y_real=y_real, y_fake=y_fake)

    assert float(value) == pytest.approx(np.mean(found), rel=1e-12)


# --- cases worked by hand -----------------------------------------------------------------------

LINE = np.array([[0.0], [1.0], [3.0], [7.0]])  # reach to the nearest: 1, 1, 2, 4


@pytest.mark.parametrize(
    ("name", "fake", "expected"),
    [
        ("precision", [[-1.5], [-0.5], [4.9], [20.0]], 2 / 4),
        ("precision", [[1.5], [5.0], [11.0], [11.1]], 3 / 4),
        ("density", [[0.5], [20.0]], 2 / 2),
        ("density", [[2.0]], 2.0),
        ("density", [[5.0], [-0.5]], 3 / 2),
        ("coverage", [[0.5], [20.0]], 2 / 4),
        ("coverage", [[5.0]], 2 / 4),
        ("coverage", [[-50.0]], 0.0),
        ("recall", [[0.0], [-0.5]], 1 / 4),
        ("recall", [[0.0], [0.5]], 2 / 4),
        ("recall", [[0.0], [3.0]], 3 / 4),
        ("recall", [[0.0], [7.0]], 4 / 4),
    ],
)
def test_counts_on_a_line(name, fake, expected):
    assert float(metric(name, k=1)(LINE, np.array(fake))) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("real", "fake", "expected"),
    [
        ([[0.0], [1.0]], [[3.0], [4.0]], 2 * 3 - 1 - 1),
        ([[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [3.0, 4.0]], 10.0),
        ([[0.0], [2.0]], [[0.0], [2.0]], 2 * 1 - 2 - 2),
    ],
)
def test_energy_worked_by_hand(real, fake, expected):
    assert float(metric("energy")(np.array(real), np.array(fake))) == pytest.approx(expected, rel=1e-12)


def test_energy_between_normals_is_its_closed_form():
    delta, n = 1.5, 1500
    real, fake = sets(n, n, 1, shift=delta)
    folded = 2 / np.sqrt(np.pi) * np.exp(-(delta**2) / 4) + delta * (1 - 2 * stats.norm.cdf(-delta / np.sqrt(2)))

    assert float(metric("energy")(real, fake)) == pytest.approx(2 * folded - 4 / np.sqrt(np.pi), rel=0.1)


def test_energy_within_one_distribution_scatters_around_zero():
    values = np.array([float(metric("energy")(*sets(8, 6, 2, shift=0.0, seed=seed))) for seed in range(300)])

    assert abs(values.mean()) < 3 * values.std() / np.sqrt(len(values))


# --- symmetries ---------------------------------------------------------------------------------


@pytest.mark.parametrize("part", METRICS)
def test_order_of_rows_does_not_matter(part):
    real, fake = sets()
    rng = np.random.default_rng(1)

    shuffled = score_of(part(), rng.permutation(real), rng.permutation(fake))

    assert float(shuffled) == pytest.approx(float(score_of(part(), real, fake)), rel=1e-9)


@pytest.mark.parametrize("part", [part for part in METRICS if not part().tags().one_sided])
def test_better_samples_score_better(part):
    real, near = (10 * X for X in sets(shift=0.0))
    y = labels_of(near)
    far = near + 300
    seen = [as_seen_by(part(), X) for X in (real, near, far)]
    good, bad = (part()(seen[0], fake, y_real=labels_of(real), y_fake=y) for fake in seen[1:])

    assert (good > bad) is part.greater_is_better
    assert good != bad


@pytest.mark.parametrize("offset", [1e3, 1e6])
@pytest.mark.parametrize("d", [3, 20])
@pytest.mark.parametrize("name", [*REFERENCES, "energy"])
def test_moving_both_sets_changes_nothing(name, d, offset):
    real, fake = sets(d=d)

    moved = metric(name)(real + offset, fake + offset)

    assert float(moved) == pytest.approx(float(metric(name)(real, fake)), rel=1e-6)


def test_energy_does_not_care_which_set_is_real():
    real, fake = sets()

    assert float(metric("energy")(real, fake)) == pytest.approx(float(metric("energy")(fake, real)), rel=1e-12)


@pytest.mark.parametrize("k", [1, 5])
def test_recall_is_precision_of_the_swapped_sets(k):
    real, fake = sets()

    assert metric("recall", k=k)(real, fake) == metric("precision", k=k)(fake, real)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("d", [1, 3, 20])
@pytest.mark.parametrize(("name", "expected"), [("precision", 1), ("recall", 1), ("coverage", 1), ("density", 6 / 5)])
def test_copies_of_the_real_rows(name, expected, d, dtype):
    real = sets(d=d)[0].astype(dtype)  # each copy lies in its row's ball and, on the edge, in those of k others

    assert float(metric(name, k=5)(real, real.copy())) == pytest.approx(expected, rel=1e-12)


def test_energy_of_copies_is_below_that_of_any_other_sample():
    real, fake = sets(m=40, shift=0.0)

    assert metric("energy")(real, real.copy()) < 0
    assert metric("energy")(real, real.copy()) < metric("energy")(real, fake)


def test_rows_that_are_all_the_same_lie_in_one_point():
    point = np.full((8, 20), 0.1)

    assert [float(metric(name)(point, point)) for name in ("precision", "recall", "coverage")] == [1, 1, 1]
    assert float(metric("energy")(point, point)) == 0.0


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("part", COUNTING)
def test_too_few_rows_are_refused(part):
    short, long = (np.arange(float(n))[:, None] for n in (5, 9))
    real, fake = (long, short) if part.__name__ == "Recall" else (short, long)

    with pytest.raises(ValueError, match=r"needs more than k=5 rows .* Got 5\. Give more rows\."):
        part(k=5)(real, fake)


@pytest.mark.parametrize("part", COUNTING)
def test_one_row_more_than_k_is_enough(part):
    rows = np.arange(6.0)[:, None]

    assert 0 <= part(k=5)(rows, rows) <= 2


@pytest.mark.parametrize("missing", ["y_real", "y_fake"])
def test_label_fidelity_without_labels_is_refused(missing):
    real, fake = sets()
    given = {"y_real": labels_of(real), "y_fake": labels_of(fake)} | {missing: None}

    with pytest.raises(ValueError, match="needs y_real and y_fake"):
        metric("label-fidelity")(real, fake, **given)


def test_label_fidelity_leaves_the_given_classifier_unfitted():
    classifier = KNeighborsClassifier(3)

    score_of(metric("label-fidelity", classifier=classifier), *sets())

    assert not hasattr(classifier, "classes_")


# --- scores -------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", METRICS)
def test_score_carries_its_protocol(part):
    real, fake = sets(41, 29)

    score = score_of(part(), real, fake)

    assert isinstance(score, Score)
    assert score.greater_is_better is part.greater_is_better
    assert registry.resolve("metric", score.protocol["metric"]) is part
    assert (score.protocol["n_real"], score.protocol["n_fake"]) == (41, 29)
    assert part().get_params().keys() <= score.protocol.keys()


@pytest.mark.parametrize("part", METRICS)
def test_score_does_not_change_the_rows(part):
    real, fake = sets()
    kept = real.copy(), fake.copy()

    score_of(part(), real, fake)

    np.testing.assert_array_equal(real, kept[0])
    np.testing.assert_array_equal(fake, kept[1])


@pytest.mark.parametrize("through", [lambda score: pickle.loads(pickle.dumps(score)), copy.copy, copy.deepcopy])
def test_score_keeps_everything_when_copied(through):
    score = Score(0.25, greater_is_better=False, protocol={"metric": "energy", "n_real": 3}, uncertainty=0.01)

    twin = through(score)

    assert type(twin) is Score
    assert twin == 0.25
    assert vars(twin) == vars(score)


def test_score_behaves_as_a_float():
    score = Score(0.25)

    assert isinstance(score, float)
    assert (score + 1, -score, round(score, 1), f"{score:.3f}") == (1.25, -0.25, 0.2, "0.250")
    assert (json.dumps(score), hash(score), np.mean([score, 0.75])) == ("0.25", hash(0.25), 0.5)
    assert sorted([Score(3.0), Score(1.0)]) == [1.0, 3.0]


def test_score_says_its_direction_and_protocol():
    assert repr(Score(0.5, greater_is_better=False, protocol={"metric": "energy", "n_real": 3})) == (
        "Score(0.5, lower is better, metric='energy', n_real=3)"
    )
