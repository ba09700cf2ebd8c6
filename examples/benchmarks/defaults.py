"""What "auto" should stand for: candidate settings on a ring of Gaussians, breast cancer data and digits.

    python examples/benchmarks/defaults.py [--seeds 5] [--only TEXT] [--data-only ring] [--skip TEXT]

Every training is looked at ten times, at equal distances, without being disturbed. Reported for the ring:
modes with at least 1 % of the samples, share of samples within four standard deviations of a mode; for
digits the figures of ``skgan demo``; for all the energy distance to held-out rows, the last against 1.1 times
the smallest of the ten plus the 95 % quantile between two real samples of that size.
"""

import argparse
import time

import numpy as np
import torch
from ring import hits, ring
from sklearn.datasets import load_breast_cancer

from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.demo import digits, judge
from skgan.metrics.pair_distances import EnergyDistance
from skgan.optimizers.adam import Adam
from skgan.regularizers.r1 import R1
from skgan.regularizers.r2 import R2

LOOKS = 10
PAIRS = 40


def changed(per_feature=0.3, slowing_steps=1000, **network):
    """What "auto" stands for, with one thing changed."""

    def settings(n_features):
        penalties = [R1(per_feature * n_features), R2(per_feature * n_features)]
        optimizer = Adam((0.0, 0.99), slowing_steps=slowing_steps)
        return {"loss": "rpgan", "regularizers": penalties, "architecture": MLP(**network), "optimizer": optimizer}

    return settings


CANDIDATES = {
    "auto": lambda n_features: {},
    "auto, learning rate kept": changed(slowing_steps=None),
    "auto, width 256": changed(width=256),
    "auto, slope 0.2": changed(slope=0.2),
    "auto, penalties / 10": changed(per_feature=0.03),
    "nonsaturating": lambda n_features: {"loss": "nonsaturating", "regularizers": None},
    "nonsaturating, r1": lambda n_features: {"loss": "nonsaturating", "regularizers": R1(1.0)},
    "nonsaturating, spectral-norm": lambda n_features: {"loss": "nonsaturating", "regularizers": "spectral-norm"},
    "wgan-gp": lambda n_features: {"loss": "wgan-gp"},
}


def sets_of(name, seed):
    """Return training rows, and a function that draws two real sets that share no row with them or each other."""
    if name == "ring":
        return ring(2000, seed), lambda i: (ring(2000, 1000 + 2 * i), ring(2000, 1001 + 2 * i))
    X = load_breast_cancer().data
    order = np.random.default_rng(seed).permutation(len(X))
    held_out = X[order[: len(X) // 2]]

    def two_halves(i):
        shuffled = held_out[np.random.default_rng(i).permutation(len(held_out))]
        return np.split(shuffled, 2)

    return X[order[len(X) // 2 :]], two_halves


def train_looking(gan, X, y, look):
    """Fit in ten pieces, which is the same as in one, and return what `look` says after each, and the seconds."""
    budget = gan.get_params()["max_iter"]
    found, seconds = [], 0.0
    for _ in range(LOOKS):
        began = time.perf_counter()
        gan.set_params(max_iter=max(1, budget // LOOKS), warm_start=True).fit(X, y)
        seconds += time.perf_counter() - began
        found.append(look(gan))
    return found, seconds


def budget_of(n_rows):
    from skgan.resolution import budget

    return budget("auto", "vector", n_rows)


def steady(found, real_pairs):
    """Say whether the last energy distance is near the smallest of the ten looks, by the spread of real sets."""
    floor = np.quantile([EnergyDistance()(*pair) for pair in real_pairs], 0.95)
    bound = 1.1 * min(found) + floor
    verdict = "ok" if found[-1] <= bound else "OVER"
    return f"energy last {found[-1]:.4f} smallest {min(found):.4f} bound {bound:.4f} {verdict}"


def on_rows(name, settings, seed):
    X, two_real_sets = sets_of(name, seed)
    mean, scale = X.mean(0), X.std(0)
    test = (two_real_sets(0)[0] - mean) / scale
    look = lambda gan: EnergyDistance()(test, (gan.sample(len(test), random_state=1) - mean) / scale)  # noqa: E731
    gan = GANEstimator(random_state=seed, max_iter=budget_of(len(X)), **settings(X.shape[1]))
    found, seconds = train_looking(gan, X, None, look)
    text = steady(found, [[(rows - mean) / scale for rows in two_real_sets(i)] for i in range(PAIRS)])
    if name == "ring":
        modes, inside = hits(gan.sample(2000, random_state=2))
        text += f" modes {modes} inside {inside:.3f}"
    return text, seconds


def on_digits(settings, seed):
    split = digits()
    n = len(split.X_held_out)
    draw = lambda gan: gan.sample(y=split.y_held_out, random_state=0)  # noqa: E731
    gan = GANEstimator(random_state=seed, max_iter=budget_of(len(split.X)), **settings(64))
    found, seconds = train_looking(gan, split.X, split.y, lambda gan: EnergyDistance()(split.X_held_out, draw(gan)))
    every = np.concatenate([split.X, split.X_held_out])
    orders = [np.random.default_rng(i).permutation(len(every)) for i in range(PAIRS)]
    text = steady(found, [(every[order[:n]], every[order[n : 2 * n]]) for order in orders])
    return f"{text} " + " ".join(f"{k} {v:.3f}" for k, v in judge(draw(gan), split).items()), seconds


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--only", default="")
    parser.add_argument("--data-only", default="")
    parser.add_argument("--skip")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for data in ("ring", "cancer", "digits"):
        if arguments.data_only not in data:
            continue
        for name, settings in CANDIDATES.items():
            if arguments.only not in name or name == arguments.skip:
                continue
            for seed in range(arguments.seeds):
                try:
                    text, seconds = on_digits(settings, seed) if data == "digits" else on_rows(data, settings, seed)
                except FloatingPointError as error:
                    text, seconds = f"diverged: {error}", float("nan")
                print(f"{data:7} {name:30} seed {seed} {seconds:5.0f} s  {text}", flush=True)
