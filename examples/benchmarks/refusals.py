"""How soon bad input is refused: 60,000 rows of 784 numbers with one thing wrong; and what looking costs otherwise.

    python examples/benchmarks/refusals.py [--rows 60000] [--features 784]

Each line: seconds from the call of `fit` to the refusal, torch imported before - of this process alone, so that a busy
machine does not count, and by the clock. The last one: the checks of X over one pass of training on the same rows with
the default settings, in seconds of the process; the pass is estimated from 400 steps.
"""

import argparse
import time

import numpy as np
import torch  # noqa: F401 - so that no refusal waits for it

from skgan import GANEstimator
from skgan.validation import check_X


def refused(X, y, **params):
    gan = GANEstimator(random_state=0, **params)
    began, cpu = time.perf_counter(), time.process_time()
    try:
        gan.fit(X, y)
    except (ValueError, TypeError) as error:
        return time.process_time() - cpu, time.perf_counter() - began, type(error).__name__
    raise AssertionError("it was not refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--features", type=int, default=784)
    options = parser.parse_args()
    X = np.random.default_rng(0).standard_normal((options.rows, options.features)).astype(np.float32)
    y = np.arange(options.rows) % 10
    last = X.copy()
    last[-1, -1] = np.nan
    cases = {
        "the last number is NaN": (last, y, {}),
        "one label too few": (X, y[:-1], {}),
        "labels of two types": (X, np.array([*y[:-1], "a"], object), {}),
        "a name that is none": (X, y, {"loss": "wgan-pg"}),
        "a rate below 0": (X, y, {"learning_rate": -1.0}),
        "a network for images": (X, y, {"architecture": "dcgan"}),
        "one dimension": (X[:, 0], y, {}),
    }
    for name, (rows, labels, params) in cases.items():
        cpu, clock, error = refused(rows, labels, **params)
        print(f"{name:<24} {cpu:6.3f} s  ({clock:.3f} s by the clock)  {error}")
    looking = min(timed(lambda: check_X(GANEstimator(), X, reset=True)) for _ in range(3))
    gan = GANEstimator(random_state=0, max_iter=1).fit(X, y)  # whatever is done only once
    few, many = (timed(lambda n=n: gan.set_params(max_iter=n).fit(X, y)) for n in (5, 405))
    step = (many - few) / 400
    a_pass = step * options.rows / gan.batch_size
    print(f"checks {looking:.2f} s, a pass of training about {a_pass:.0f} s: {looking / a_pass:.1%}")


def timed(function):
    began = time.process_time()
    function()
    return time.process_time() - began


if __name__ == "__main__":
    main()
