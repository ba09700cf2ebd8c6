"""What judging on held-out rows costs: the share of a fit with ``early_stopping=True`` that is spent looking.

    python examples/benchmarks/evaluation_cost.py [--data DIR] [--max-iter 1000]

Everything that a fit without early stopping does not do is timed within the same fit: counting work, encoding the
held-out rows, learning features, drawing samples, the metric, copies of the best state. The goal is 5 % of training.
``--data`` is a folder with `load.py` that reads MNIST, CIFAR-10 and the adult table.
"""

import argparse
import sys
import time

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits

from skgan import GANEstimator, early_stopping


def ring(n=2000):
    rng = np.random.default_rng(0)
    angle = rng.integers(8, size=n) * np.pi / 4
    return np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.standard_normal((n, 2)), None


def cases(folder):
    X, y = load_digits(return_X_y=True)
    yield "ring, 2 columns", *ring(), {}
    yield "cancer, 30 columns", *load_breast_cancer(return_X_y=True), {}
    yield "digits, 64 columns", X, y, {}
    yield "digits, 64 columns, fid and coverage", X, y, {"scoring": ["fid", "coverage"]}
    yield "digits, 8x8 images", X.reshape(-1, 8, 8), y, {}
    yield "digits, 8x8 images, fid", X.reshape(-1, 8, 8), y, {"scoring": "fid"}
    if folder:
        sys.path.insert(0, folder)
        from load import adult, mnist

        (images, labels), _ = mnist()
        table = adult().select_dtypes("number").to_numpy()
        yield "adult, numbers only", table, None, {}
        yield "MNIST, 10,000 images", images[:10_000], labels[:10_000], {}
        yield "MNIST, 10,000 images, fid", images[:10_000], labels[:10_000], {"scoring": "fid"}


class Clock:
    """Adds up the time spent in some calls."""

    def __init__(self):
        self.seconds = 0.0
        self.looks = 0

    def timed(self, function, looks=0):
        def call(*args, **settings):
            began = time.perf_counter()
            try:
                return function(*args, **settings)
            finally:
                self.seconds += time.perf_counter() - began
                self.looks += looks

        return call


def measure(X, y, params, max_iter):
    """Return the seconds of a fit without looking, those spent looking, and how often it looked."""
    clock, judge = Clock(), early_stopping.Judge
    look = judge.look
    settings = {"random_state": 0, "max_iter": max_iter, "early_stopping": True, "n_iter_no_change": 10**6}
    gan = GANEstimator(**settings | params)
    gan._judge, gan._held_out = clock.timed(gan._judge), clock.timed(gan._held_out)
    judge.look = lambda self, state: clock.timed(look, 1)(self, state)
    try:
        began = time.perf_counter()
        gan.fit(X, y)
        total = time.perf_counter() - began
    finally:
        judge.look = look
    return total - clock.seconds, clock.seconds, clock.looks


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="")
    parser.add_argument("--max-iter", type=int, default=1000)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    measure(*ring(100), {"scoring": ["fid", "coverage"]}, 100)  # what is imported on the way is not timed
    for name, X, y, params in cases(arguments.data):
        if arguments.only not in name:
            continue
        most = min(arguments.max_iter, 300) if "MNIST" in name else arguments.max_iter
        training, looking, looks = measure(X, y, params, most)
        verdict = "ok" if looking <= 0.05 * training else "OVER"
        share = looking / training
        print(
            f"{name:38} training {training:6.1f} s, {looks:3} looks {looking:5.2f} s, {share:6.1%} {verdict}",
            flush=True,
        )
