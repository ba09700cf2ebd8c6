"""The main job on real data: a conditional GAN on scikit-learn's handwritten digits, measured beside baselines.

60 % of the digits train, 40 % are held out, stratified. As many samples are drawn as there are held-out
rows, with their labels, and compared with those rows on raw pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import pdist
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_predict, train_test_split
from sklearn.neighbors import NearestNeighbors

from skgan.estimator import GANEstimator
from skgan.metrics.classifiers import LabelFidelity
from skgan.metrics.density_coverage import Coverage, Density
from skgan.metrics.precision_recall import Precision, Recall
from skgan.pictures import save_grid

SPLIT_SEED = 7
NEIGHBOURS = 5
COLUMNS = ("fidelity", "coverage", "recall", "precision", "density", "spread", "copies", "auc")


class Split(NamedTuple):
    """Training and held-out rows, `(n, 64)`, with their labels."""

    X: np.ndarray
    X_held_out: np.ndarray
    y: np.ndarray
    y_held_out: np.ndarray


def digits() -> Split:
    """Return scikit-learn's digits, 60 % for training and 40 % held out, stratified."""
    X, y = load_digits(return_X_y=True)
    return Split(*train_test_split(X, y, train_size=0.6, stratify=y, random_state=SPLIT_SEED))


def judge(samples: np.ndarray, split: Split) -> dict[str, float]:
    """Return the figures of samples `(n, 64)` that carry the held-out labels, under the names of `COLUMNS`.

    fidelity: label fidelity by ``SVC(gamma=0.001)`` fitted on the held-out rows. spread: median pairwise
    distance over that of the held-out rows. copies: share of samples nearer to a training row than the
    1 % quantile of held-out rows. auc: of a forest told to separate samples from held-out rows (0.5 best).
    """
    real = split.X_held_out
    nearest = NearestNeighbors(n_neighbors=1).fit(split.X)
    near = np.quantile(nearest.kneighbors(real)[0], 0.01)
    return {
        "fidelity": float(LabelFidelity()(real, samples, y_real=split.y_held_out, y_fake=split.y_held_out)),
        "coverage": float(Coverage(NEIGHBOURS)(real, samples)),
        "recall": float(Recall(NEIGHBOURS)(real, samples)),
        "precision": float(Precision(NEIGHBOURS)(real, samples)),
        "density": float(Density(NEIGHBOURS)(real, samples)),
        "spread": float(np.median(pdist(samples)) / np.median(pdist(real))),
        "copies": float((nearest.kneighbors(samples)[0] < near).mean()),
        "auc": separability(samples, real),
    }


def separability(samples: np.ndarray, real: np.ndarray) -> float:
    """Return the cross-validated AUC of a forest told to separate samples from real rows; 0.5 is best."""
    X = np.concatenate([samples, real])
    which = np.repeat([1, 0], [len(samples), len(real)])
    forest = RandomForestClassifier(200, min_samples_leaf=2, random_state=0)
    return float(roc_auc_score(which, cross_val_predict(forest, X, which, cv=5, method="predict_proba")[:, 1]))


def real_rows(split: Split, rng: np.random.Generator) -> np.ndarray:
    """Return training rows with the held-out labels, as far as they go without repeating."""
    return _by_class(split, lambda rows, n: rows[rng.permutation(len(rows))[:n]])


def class_means(split: Split, rng: np.random.Generator) -> np.ndarray:
    """Return the mean of each class, over and over."""
    return _by_class(split, lambda rows, n: np.repeat(rows.mean(0)[None], n, 0))


def one_gaussian(split: Split, rng: np.random.Generator) -> np.ndarray:
    """Return draws from one Gaussian a class, rounded as pixels are."""
    return _mixture(split, 1, rng)


def three_gaussians(split: Split, rng: np.random.Generator) -> np.ndarray:
    """Return draws from a mixture of three Gaussians a class, rounded as pixels are."""
    return _mixture(split, 3, rng)


BASELINES: dict[str, Callable[[Split, np.random.Generator], np.ndarray]] = {
    "real training rows": real_rows,
    "class means": class_means,
    "one Gaussian a class": one_gaussian,
    "three Gaussians a class": three_gaussians,
}


def table(rows: dict[str, dict[str, float]]) -> str:
    """Return figures as lines of text, one row a model."""
    width = max(map(len, rows))
    lines = [" ".join([" " * width, *(f"{name:>9}" for name in COLUMNS)])]
    for name, figures in rows.items():
        lines.append(" ".join([f"{name:<{width}}", *(f"{figures[column]:9.3f}" for column in COLUMNS)]))
    return "\n".join(lines)


def picture(split: Split, samples: np.ndarray, path: Path, rows: int = 6) -> None:
    """Write held-out digits above samples, one column a class."""
    labels = split.y_held_out
    chosen = [np.flatnonzero(labels == label)[:rows] for label in np.unique(labels)]
    order = np.stack(chosen, axis=1).ravel()
    gap = np.full((len(chosen), 64), 8.0)
    save_grid(np.concatenate([split.X_held_out[order], gap, samples[order]]), path, columns=len(chosen))


def run(out: Path, seed: int, say: Callable[[str], Any], **params: Any) -> dict[str, dict[str, float]]:
    """Fit, measure, and write ``samples.png`` and ``model`` into the directory `out`; return the figures."""
    split = digits()
    say(f"Fitting a conditional GAN on {len(split.X)} handwritten digits ({len(split.X_held_out)} held out).")
    began = time.perf_counter()
    gan = GANEstimator(random_state=seed, verbose=1, **params).fit(split.X, split.y)
    seconds = time.perf_counter() - began
    samples = gan.sample(y=split.y_held_out, random_state=0)
    say(f"{gan.n_iter_} steps in {seconds:.0f} s. Measuring beside baselines ...")
    rows = {"skgan": judge(samples, split)}
    rows |= {name: judge(draw(split, np.random.default_rng(0)), split) for name, draw in BASELINES.items()}
    say(table(rows))
    out.mkdir(parents=True, exist_ok=True)
    picture(split, samples, out / "samples.png")
    gan.save(out / "model", overwrite=True)
    say(f"Picture (held-out digits above, samples below, one column a class): {out / 'samples.png'}")
    say(f"Model: {out / 'model'}   Draw from it: skgan sample {out / 'model'} -n 64 --label 3 -o threes.png")
    return rows


def _by_class(split: Split, draw: Callable[[np.ndarray, int], np.ndarray]) -> np.ndarray:
    samples = np.empty_like(split.X_held_out)
    for label in np.unique(split.y):
        asked = np.flatnonzero(split.y_held_out == label)
        drawn = draw(split.X[split.y == label], len(asked))
        samples[asked] = np.resize(drawn, (len(asked), drawn.shape[1]))
    return samples


def _mixture(split: Split, components: int, rng: np.random.Generator) -> np.ndarray:
    seed = int(rng.integers(2**31))

    def draw(rows: np.ndarray, n: int) -> np.ndarray:
        mixture = GaussianMixture(components, reg_covar=1e-3, random_state=seed).fit(rows)
        drawn = mixture.sample(n)[0]
        return np.clip(np.rint(drawn[np.random.default_rng(seed).permutation(n)]), 0, 16)

    return _by_class(split, draw)
