"""Is bfloat16 as good as float32? Five paired seeds on digits and, with --data, on MNIST; the same batches for both.

    python examples/benchmarks/precision.py --jobs 2
    python examples/benchmarks/precision.py --data DIR --device cuda      # DIR has load.py with mnist()

*energy*: distance between 1,000 samples and held-out rows (pixels, lower is better). *fidelity*: a classifier fitted on
held-out rows finds the label asked for. *coverage*: share of held-out rows whose neighbourhood holds a sample. The
criterion: the mean paired difference is at most two standard errors and at most 5 % of the float32 score, and bfloat16
is not worse in all five.
"""

import argparse
import sys

import numpy as np
from joblib import Parallel, delayed
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from skgan import GANEstimator
from skgan.metrics import coverage, energy

PRECISIONS = ("float32", "bfloat16")
HIGHER = {"energy": False, "fidelity": True, "coverage": True}


def digits():
    X, y = load_digits(return_X_y=True)
    X = (X * 15.9).astype(np.uint8).reshape(-1, 8, 8)
    return train_test_split(X, y, test_size=0.4, stratify=y, random_state=7), SVC(gamma=0.001 / 256), 1500


def mnist(folder):
    sys.path.insert(0, folder)
    from load import mnist as read

    (X, y), (X_test, y_test) = read()
    return (X[:20_000], X_test[:2000], y[:20_000], y_test[:2000]), LogisticRegression(max_iter=200), 1500


def one(data, classifier, steps, seed, precision, device):
    import torch

    torch.set_num_threads(1)
    X, X_test, y, y_test = data
    gan = GANEstimator(max_iter=steps, random_state=seed, precision=precision, device=device).fit(X, y)
    labels = y_test[:1000]
    samples, real = gan.sample(y=labels, random_state=1), X_test[: len(labels)]
    flat = [rows.reshape(len(rows), -1).astype(np.float64) / 255 for rows in (real, samples)]
    judge = classifier.fit(X_test.reshape(len(X_test), -1), y_test)
    return {
        "energy": float(energy(*flat)),
        "fidelity": float((judge.predict(samples.reshape(len(samples), -1)) == labels).mean()),
        "coverage": float(coverage(*flat)),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--data", help="a folder with load.py, for MNIST")
    parser.add_argument("--only", choices=["digits", "mnist"])
    options = parser.parse_args()
    sets = {"digits": digits} | ({"mnist": lambda: mnist(options.data)} if options.data else {})
    for name in [options.only] if options.only else list(sets):
        data, classifier, steps = sets[name]()
        asked = [(seed, precision) for seed in range(options.seeds) for precision in PRECISIONS]
        found = Parallel(options.jobs)(delayed(one)(data, classifier, steps, *each, options.device) for each in asked)
        print(f"\n{name}, {steps} updates, {options.device}, {options.seeds} paired seeds")
        for metric, higher in HIGHER.items():
            scores = np.array([figures[metric] for figures in found]).reshape(options.seeds, 2)
            gain = (scores[:, 1] - scores[:, 0]) * (1 if higher else -1)
            error = gain.std(ddof=1) / options.seeds**0.5
            fine = gain.mean() >= -2 * error and -gain.mean() <= 0.05 * abs(scores[:, 0].mean()) and gain.max() > 0
            print(
                f"  {metric:<9} float32 {scores[:, 0].mean():.4f}  bfloat16 {scores[:, 1].mean():.4f}  "
                f"gain {gain.mean():+.4f} (standard error {error:.4f}; each {np.round(gain, 4).tolist()})  "
                f"{'equal' if fine else 'NOT EQUAL'}"
            )


if __name__ == "__main__":
    main()
