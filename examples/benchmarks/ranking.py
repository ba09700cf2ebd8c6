"""Eight checkpoints of known order: which pairs does ``score`` tell apart, by the interval that is printed?

    python examples/benchmarks/ranking.py [--data DIR] [--seeds 1] [--only NAME]

One training is looked at after 25, 50, 100 ... 3,200 updates: so early each is better than the one before. The energy
distance of as many samples as held-out rows is printed with its 95 % interval; a pair is separated when the intervals
share no number, and right when the later checkpoint is the better one. The goal: 20 of 28 pairs separated, all right.
``--data`` is a folder with `load.py` that reads the adult table.
"""

import argparse
import itertools
import sys
import time

import numpy as np
import torch
from sklearn.datasets import load_digits

from skgan import GANEstimator
from skgan.model_selection import interval

STEPS = [25 * 2**i for i in range(8)]


def ring(rng, n=4000):
    angle = rng.integers(8, size=n) * np.pi / 4
    return np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * rng.standard_normal((n, 2)), None


def digits(rng):
    X, y = load_digits(return_X_y=True)
    order = rng.permutation(len(X))
    return X[order], y[order]


def adult(rng, folder, rows):
    sys.path.insert(0, folder)
    import load

    X = load.adult().select_dtypes("number").to_numpy(np.float64)
    return X[rng.permutation(len(X))[:rows]], None


def ranked(X, y, seed):
    """Return the intervals of the eight checkpoints on the second half of the rows."""
    half = len(X) // 2
    train, held = (X[:half], X[half:]), (None, None) if y is None else (y[:half], y[half:])
    gan = GANEstimator(random_state=seed, warm_start=True)
    found, done = [], 0
    for steps in STEPS:
        gan.set_params(max_iter=steps - done).fit(train[0], held[0])
        done = steps
        samples = gan.sample(len(train[1]), random_state=1) if y is None else gan.sample(y=held[1], random_state=1)
        found.append(interval("energy", train[1], samples))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--rows", type=int, default=4000, help="of adult, half of them held out")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    worlds = {"ring": ring, "digits": digits}
    if arguments.data:
        worlds["adult"] = lambda rng: adult(rng, arguments.data, arguments.rows)
    for (name, world), seed in itertools.product(worlds.items(), range(arguments.seeds)):
        if arguments.only not in name:
            continue
        began = time.perf_counter()
        found = ranked(*world(np.random.default_rng(seed)), seed)
        pairs = [pair for pair in itertools.combinations(found, 2) if pair[0].apart_from(pair[1])]
        right = sum(later.score < earlier.score for earlier, later in pairs)
        verdict = "ok" if len(pairs) >= 20 and right == len(pairs) else "MISSED"
        for steps, each in zip(STEPS, found, strict=True):
            print(f"  {name} {steps:5} updates  energy {each}")
        seconds = time.perf_counter() - began
        print(
            f"{name} seed {seed}: {len(pairs)} of 28 pairs separated, {right} right  {verdict}   ({seconds:.0f} s)",
            flush=True,
        )
