"""Metrics against loops in float64, cases worked by hand, and what every metric has in common."""

import copy
import json
import operator
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import linalg, stats
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

import skgan
from skgan import registry
from skgan.exceptions import IncomparableScoresError, IncompatibleComponentError, InvalidParameterError
from skgan.features.random_convolutions import RandomConvolutions
from skgan.interfaces import Score
from skgan.metrics import _sets, frequencies, laplacian_pyramid, precision_recall_curve, structural_similarity
from skgan.metrics._images import smoothed
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
    for value in (score, score_of(part(), real, real), score_of(part(), real, 5 * real + 3)):
        assert part.bounds[0] - 1e-9 <= value <= part.bounds[1] + 1e-9


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


# --- distances between Gaussians ------------------------------------------------------------------


def exactly(mean, deviations, n=50, seed=0):
    """Return rows whose mean and covariance are exactly these."""
    X = np.random.default_rng(seed).standard_normal((n, len(mean)))
    X = X - X.mean(0)
    X = X @ np.linalg.inv(np.linalg.cholesky(np.cov(X.T)).T)
    return X * deviations + mean


def frechet(real, fake):
    """Return the distance by the matrix square root of SciPy."""
    covariances = [np.atleast_2d(np.cov(X.T)) for X in (real, fake)]
    root = linalg.sqrtm(covariances[0] @ covariances[1])
    gap = real.mean(0) - fake.mean(0)
    return gap @ gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * np.trace(np.real(root))


@pytest.mark.parametrize(("name", "expected"), [("fid", 25 + 1 + 4), ("fid-mean", 25), ("fid-diag", 25 + 1 + 4)])
def test_distance_between_gaussians_of_known_moments(name, expected):
    real, fake = exactly([0.0, 0.0, 1.0], [1.0, 2.0, 3.0]), exactly([3.0, 4.0, 1.0], [2.0, 2.0, 5.0], seed=1)

    assert float(metric(name)(real, fake)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), [(200, 150, 5), (60, 90, 30), (300, 300, 1)])
def test_fid_is_that_of_the_matrix_square_root(n, m, d):
    mixing = np.random.default_rng(3).standard_normal((d, d))
    real, fake = sets(n, m, d)

    assert float(metric("fid")(real @ mixing, fake)) == pytest.approx(frechet(real @ mixing, fake), rel=1e-7)


def test_fid_with_fewer_rows_than_features_is_exact():
    real, fake = sets(12, 9, 40)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((40, 40)))[0]
    inside = np.linalg.qr(np.concatenate([real, fake]).T)[0]  # the rows live in 21 dimensions

    value = float(metric("fid")(real, fake))

    assert value == pytest.approx(float(metric("fid")(real @ basis, fake @ basis)), rel=1e-9)
    assert value == pytest.approx(float(metric("fid")(real @ inside, fake @ inside)), rel=1e-9)
    assert float(metric("fid")(real, real.copy())) == pytest.approx(0, abs=1e-9)


def test_fid_of_classes_is_the_mean_of_their_distances():
    real, fake = sets(60, 50)
    y_real, y_fake = labels_of(real), labels_of(fake)
    each = [frechet(real[y_real == label], fake[y_fake == label]) for label in (0, 1)]

    score = metric("ifid")(real, fake, y_real=y_real, y_fake=y_fake)

    assert float(score) == pytest.approx(np.mean(each), rel=1e-9)
    assert list(score.details.values()) == pytest.approx(each, rel=1e-9)


# --- kernels, classifiers, slices -----------------------------------------------------------------


def test_kid_is_that_of_a_loop():
    real, fake = sets(9, 9, 4)

    def kernel(x, y):
        return (x @ y / 4 + 1) ** 3

    inside = [np.mean([kernel(X[i], X[j]) for i in range(9) for j in range(9) if i != j]) for X in (real, fake)]
    between = np.mean([kernel(x, y) for x in real for y in fake])

    assert float(metric("kid")(real, fake)) == pytest.approx(sum(inside) - 2 * between, rel=1e-10)


def test_kid_within_one_distribution_scatters_around_zero_and_says_how_far():
    scores = [metric("kid", subset_size=40)(*sets(100, 100, 3, shift=0.0, seed=seed)) for seed in range(40)]

    assert abs(np.mean(scores)) < 3 * np.std(scores) / np.sqrt(40)
    assert np.mean([score.uncertainty for score in scores]) > np.std(scores)  # of one subset, smaller than the whole


@pytest.mark.parametrize(("p", "expected"), [(np.eye(5), 5), (np.full((8, 4), 0.25), 1), (np.eye(3)[[0, 0, 0, 0]], 1)])
def test_inception_score_of_known_probabilities(p, expected):
    assert metric("inception-score", splits=1).of_probabilities(p).value == pytest.approx(expected, rel=1e-12)


def test_inception_score_is_the_mean_over_parts():
    p = np.random.default_rng(0).dirichlet(np.ones(4), 20)
    parts = [np.exp(np.mean([stats.entropy(row, piece.mean(0)) for row in piece])) for piece in np.split(p, 5)]

    said = metric("inception-score", splits=5).of_probabilities(p)

    assert (said.value, said.uncertainty) == pytest.approx((np.mean(parts), np.std(parts)), rel=1e-12)


def test_label_fidelity_one_way_is_that_of_the_other_with_the_sets_swapped():
    real, fake = sets(50, 40)
    y_real, y_fake = labels_of(real), labels_of(fake)
    classifier = KNeighborsClassifier(3)

    there = metric("cas", classifier=classifier)(real, fake, y_real=y_real, y_fake=y_fake)
    back = metric("label-fidelity", classifier=classifier)(fake, real, y_real=y_fake, y_fake=y_real)

    assert float(there) == float(back)


@pytest.mark.parametrize(("n", "m"), [(30, 30), (31, 20), (7, 50)])
def test_sliced_wasserstein_in_one_dimension_is_scipys(n, m):
    real, fake = sets(n, m, 1)

    expected = stats.wasserstein_distance(real[:, 0], fake[:, 0])

    assert float(metric("sliced-wasserstein", directions=3)(real, fake)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(40, 40), (40, 30)])
def test_mind_in_one_dimension_is_three_times_the_squared_transport(n, m):
    real, fake = sets(n, m, 1)
    copies = np.lcm(n, m)  # of every row its share, so that sorting pairs them
    pairs = zip(sorted(np.repeat(real, copies // n)), sorted(np.repeat(fake, copies // m)), strict=True)
    expected = 3 * sum((a - b) ** 2 for a, b in pairs) / copies
    assert metric("mind")(real, fake) == pytest.approx(expected, rel=1e-12)


def test_mind_of_moved_and_of_wider_rows_is_its_closed_form():
    rows, move = sets(n=300, d=6)[0], np.array([3.0, 4.0, 0.0, 0.0, 0.0, 0.0])
    said = metric("mind", directions=4000)(rows, rows + move)
    assert abs(said - 3 * 25.0) < 4 * said.uncertainty < 6
    # between twice the rows and the rows, W_2^2 of a projection is its second moment, whose mean is that of ||x||^2 / d
    said = metric("mind", directions=4000)(rows, 2 * rows)
    assert abs(said - 3 * (rows**2).sum(1).mean()) < 4 * said.uncertainty


def test_sliced_wasserstein_of_moved_rows_is_the_mean_length_of_the_projected_move():
    real, _ = sets(40, 40, 3)
    score = metric("sliced-wasserstein", directions=4000)(real, real + np.array([3.0, 0.0, 0.0]))

    assert float(score) == pytest.approx(1.5, rel=0.05)  # the mean of |v_1| on a sphere is a half


@pytest.mark.parametrize(
    ("p", "q", "f8"), [([0.5, 0.5], [0.5, 0.5], 1.0), ([1.0, 0.0], [0.0, 1.0], 0.0), ([0.5, 0.5], [1.0, 0.0], 0.5)]
)
def test_precision_recall_curve_of_known_shares(p, q, f8):
    points = precision_recall_curve.curve(np.array(p), np.array(q))

    assert precision_recall_curve.best(points, 8.0) == pytest.approx(f8, abs=0.02)
    middle = len(points[0]) // 2
    assert points[0][middle] == pytest.approx(np.minimum(p, q).sum(), rel=1e-6)


# --- images ---------------------------------------------------------------------------------------


def pictures(n=12, size=32, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n, 1, size, size))


def test_spectrum_of_a_wave_is_at_its_frequency():
    wave = np.sin(2 * np.pi * 5 * np.arange(32) / 32) * np.ones((32, 1))

    found = frequencies.power(wave[None, None])

    assert found.argmax() == 5 - 1
    assert found[4] > 1e10 * np.delete(found, 4).max()


def test_similarity_of_equal_images_is_one_and_falls_with_noise():
    x = pictures()
    noise = [structural_similarity.similarity(x, x + s * pictures(seed=1)).mean() for s in (0, 0.1, 0.3, 1)]

    assert noise[0] == pytest.approx(1, rel=1e-12)
    assert noise == sorted(noise, reverse=True)


def test_similarity_on_one_scale_is_the_formula():
    x, y = pictures(3, 7), pictures(3, 7, seed=1)  # too small for a second scale
    blur = [gaussian_filter(z, (0, 0, 1.5, 1.5), truncate=3.5) for z in (x, y, x * x, y * y, x * y)]
    c1, c2 = 0.02**2, 0.06**2
    light = (2 * blur[0] * blur[1] + c1) / (blur[0] ** 2 + blur[1] ** 2 + c1)
    spread = blur[2] - blur[0] ** 2 + blur[3] - blur[1] ** 2
    structure = (2 * (blur[4] - blur[0] * blur[1]) + c2) / (spread + c2)
    expected = np.maximum(light.mean((2, 3)), 0) * np.maximum(structure.mean((2, 3)), 0)

    np.testing.assert_allclose(structural_similarity.similarity(x, y), expected.mean(1), rtol=1e-12)


def test_levels_of_a_pyramid_build_the_image_again():
    x = pictures(2, 64)
    fine, middle, rest = laplacian_pyramid.pyramid(x)
    for level in (middle, fine):
        wide = np.zeros_like(level)
        wide[..., ::2, ::2] = 4 * rest
        rest = level + smoothed(wide)

    np.testing.assert_allclose(rest, x, rtol=1e-10, atol=1e-12)


def test_patches_of_images_of_other_grain_are_far_apart():
    x = pictures(80)
    near, far = (float(metric("swd", patches=32, directions=32)(x, y)) for y in (pictures(80, seed=1), smoothed(x)))

    assert 2 * near < far


@pytest.mark.parametrize("name", ["ms-ssim", "swd", "spectra"])
def test_images_need_their_axes(name):
    with pytest.raises(IncompatibleComponentError, match="X_real must be images"):
        metric(name)(*sets())


# --- tables ---------------------------------------------------------------------------------------


def frame(n=200, seed=0):
    rng = np.random.default_rng(seed)
    number = rng.standard_normal(n)
    return pd.DataFrame(
        {
            "number": number,
            "word": np.where(number + rng.standard_normal(n) > 0, "up", "down"),
            "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(100, size=n), unit="D"),
            "gaps": np.where(rng.random(n) < 0.2, np.nan, rng.standard_normal(n)),
        }
    )


def test_shapes_of_columns_are_scipys():
    real, fake = frame(), frame(150, 1).assign(word="up")

    score = metric("column-shapes")(real, fake)

    assert score.details["number"] == pytest.approx(1 - stats.ks_2samp(real["number"], fake["number"]).statistic)
    assert score.details["word"] == pytest.approx((real["word"] == "up").mean())
    assert float(score) == pytest.approx(np.mean(list(score.details.values())))


def test_a_column_that_lost_its_missing_values_is_told():
    real = frame()

    assert metric("column-shapes")(real, real).details["gaps"] == 1
    filled = real.assign(gaps=real["gaps"].fillna(0.0))
    assert metric("column-shapes")(real, filled).details["gaps"] <= 1 - real["gaps"].isna().mean()


def test_trends_of_pairs_are_correlations_and_joint_shares():
    real, fake = sets(80, 70, 2)
    first, second = (np.corrcoef(X.T)[0, 1] for X in (real, fake))
    assert float(metric("pair-trends")(real, fake)) == pytest.approx(1 - abs(first - second) / 2, rel=1e-12)

    words = pd.DataFrame({"a": list("xxyy"), "b": list("ppqq")})
    assert float(metric("pair-trends")(words, words.assign(b=list("pqpq")))) == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["column-shapes", "pair-trends", "tstr", "detection"])
def test_tables_of_words_dates_and_gaps_are_judged(name):
    part = metric(name, target="word") if name == "tstr" else metric(name)
    real, near, far = frame(), frame(seed=1), frame(seed=2).assign(word="up", number=9.0)

    good, bad = part(real, near), part(real, far)

    assert good.better_than(bad)
    assert part(real.sample(frac=1, random_state=0), near) == good


def test_a_learner_of_samples_is_judged_on_rows():
    real, fake = sets(200, 200, 3, shift=0.0)
    y_real, y_fake = labels_of(real), labels_of(fake)
    rng = np.random.default_rng(0)
    assert metric("tstr")(real, fake, y_real=y_real, y_fake=y_fake) > 0.9
    others = [metric("tstr")(real, fake, y_real=y_real, y_fake=rng.permutation(y_fake)) for _ in range(8)]
    assert np.mean(others) == pytest.approx(0.5, abs=0.1)
    line = LinearRegression()
    assert float(metric("tstr", model=line)(real, fake, y_real=real @ [1, 2, 3], y_fake=fake @ [1, 2, 3])) == 1.0
    with pytest.raises(ValueError, match="model must be a classifier"):
        metric("tstr", model=line)(real, fake, y_real=y_real, y_fake=y_fake)
    with pytest.raises(ValueError, match="target must be one of 3 columns"):
        metric("tstr", target="none")(real, fake)


def test_samples_of_the_same_distribution_are_not_detected():
    assert float(metric("detection")(*sets(300, 300, 3, shift=0.0))) < 0.6
    assert float(metric("detection")(*sets(300, 300, 3, shift=5.0))) > 0.99


# --- copies ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_copies_are_counted(share):
    real, fake = sets(400, 200, 5, shift=0.0)
    fake[: int(share * 200)] = real[: int(share * 200)]

    score = metric("copies")(real, fake)

    assert float(score) == pytest.approx(share, abs=0.03)
    assert score.details["duplicates"] == pytest.approx(share, abs=1e-9)


def test_the_statistic_of_copying():
    scores = {"fresh": [], "copies": [], "noisy": [], "halves": []}
    for seed in range(10):
        rng = np.random.default_rng(seed)
        train, held, fresh = (rng.standard_normal((n, 8)) for n in (1000, 500, 500))
        some = np.concatenate([train[:150], fresh[150:]])
        part = metric("ct")
        scores["fresh"].append(float(part(train, fresh, X_held_out=held)))
        scores["copies"].append(float(part(train, some, X_held_out=held)))
        noisy = train + 0.1 * rng.standard_normal(train.shape)
        scores["noisy"].append(float(part(train, noisy, X_held_out=held)))
        scores["halves"].append(float(part(train, train)))
    assert max(map(abs, scores["fresh"])) < 3
    assert all(max(scores[name]) < -3 for name in ("copies", "noisy", "halves"))


# --- functions for data as it comes ---------------------------------------------------------------

FUNCTIONS = [name for name in dir(skgan.metrics) if not name.startswith("_")]


def test_every_metric_is_a_function_and_no_file_hides_one():
    files = {file.stem for file in Path(skgan.metrics.__file__).parent.glob("*.py")}
    wanted = {name.replace("-", "_") for name in registry.names("metric")} - {"is"}
    assert wanted == set(FUNCTIONS)
    assert not wanted & files
    for name in FUNCTIONS:
        assert callable(getattr(skgan.metrics, name)), name
        assert "Parameters" in getattr(skgan.metrics, name).__doc__ or name in (
            "spectra",
            "column_shapes",
            "pair_trends",
        )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_take_images_as_they_come(name):
    rng = np.random.default_rng(0)
    X, Z, y = (
        rng.integers(256, size=(40, 8, 8, 3)).astype(np.uint8),
        rng.integers(256, size=(40, 8, 8, 3)),
        np.arange(40) % 2,
    )
    settings = {"features": RandomConvolutions(4, 1)} if name not in ("inception_score",) else {}
    part = registry.resolve("metric", name)
    settings = settings if "features" in part().get_params() else {}
    score = getattr(skgan.metrics, name)(X, Z.astype(np.uint8), y_real=y, y_fake=y, **settings)
    assert np.isfinite(score)
    assert score.protocol["n_real"] == 40


def test_functions_see_columns_in_the_scale_of_the_real_rows():
    real, fake = sets()
    units = np.array([1e-3, 1.0, 1e6])
    assert float(skgan.metrics.energy(real * units + 5, fake * units + 5)) == pytest.approx(
        float(skgan.metrics.energy(real, fake)), rel=1e-4
    )


def test_functions_take_frames_of_words_and_numbers():
    good, bad = (skgan.metrics.energy(frame(), other) for other in (frame(seed=1), frame(seed=1).assign(word="up")))
    assert good.better_than(bad)


def test_a_parameter_of_a_function_is_checked_and_rows_must_fit():
    with pytest.raises(InvalidParameterError, match="'k' parameter"):
        skgan.metrics.coverage(*sets(), k=0)
    with pytest.raises(ValueError, match="X_fake must be numbers of shape"):
        skgan.metrics.energy(sets(d=3)[0], sets(d=4)[1])
    with pytest.raises(AttributeError, match="no attribute 'fidd'"):
        _ = skgan.metrics.fidd


# --- scores of one protocol -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda real, fake: skgan.metrics.coverage(real, fake, k=3), "k: 3 and 5"),
        (lambda real, fake: skgan.metrics.coverage(real, fake[:20]), "n_fake: 20 and 30"),
        (lambda real, fake: skgan.metrics.coverage(real + np.eye(40, 3), fake), "real: "),
        (lambda real, fake: skgan.metrics.density(real, fake), "metric: 'density' and 'coverage'"),
        (lambda real, fake: skgan.metrics.coverage(real, fake, features="pca"), "features: 'PCA()' and 'raw'"),
    ],
)
def test_scores_that_were_not_measured_alike_are_not_ordered(change, word):
    real, fake = sets()
    plain, other = skgan.metrics.coverage(real, fake), change(real, fake)
    for order in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(IncomparableScoresError, match="Scores must have one protocol") as caught:
            order(other, plain)
        assert word in str(caught.value)
        assert len(str(caught.value)) <= 500
    assert float(other) <= 2.0
    assert plain <= 1.0


def test_scores_of_one_protocol_know_which_is_better():
    real, fake = sets(40, 40)
    near, far = (skgan.metrics.energy(real, each) for each in (fake, fake + 3))
    assert near < far
    assert near.better_than(far)
    assert not far.better_than(near)
    assert not near.better_than(near)
    high, low = (skgan.metrics.coverage(real, each) for each in (fake, fake + 3))
    assert high.better_than(low)


def test_features_of_real_rows_are_learned_once():
    learned = []

    class Counts(RandomConvolutions):
        def learn(self, X, y=None):
            learned.append(len(X))
            return super().learn(X, y)

    _sets.forget()
    X = pictures(30, 8)
    scores = [metric("fid", features=Counts())(X, pictures(30, 8, seed)) for seed in (1, 2, 3)]
    scores.append(metric("kid", features=Counts())(X, pictures(30, 8, 4)))
    assert learned == [30]
    assert len({score.protocol["features_hash"] for score in scores}) == 1
    _sets.forget()
    again = metric("fid", features=Counts())(X, pictures(30, 8, 1))
    assert again == scores[0]
    assert learned == [30, 30]
