"""Architectures beside each other on digits, for the same time each: figures, and a picture to look at.

    python examples/benchmarks/architectures.py resnet r3gan:channels=32,most_channels=64 --data DIR --minutes 8
    python examples/benchmarks/architectures.py --minutes 1          # scikit-learn's 8x8 digits

A name may be followed by parameters of the architecture. DIR has load.py with mnist(); without --data the digits are
scikit-learn's. *fidelity*: a classifier fitted on held-out rows finds the label asked for. *coverage*, *recall* and
*precision*: of the pixels of 1,000 samples and as many held-out rows, k = 5. --out writes two rows of held-out digits
above samples, one column a class, as NAME-SEED.png. The minutes are those of the processor, not of the clock.
"""

import argparse
import ast
import runpy
import time
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.svm import SVC

from skgan import GANEstimator, compatibility, registry
from skgan.demo import digits
from skgan.interfaces import DataSpec
from skgan.metrics import coverage, precision, recall
from skgan.pictures import save_grid

JUDGED = 1000
#: updates between two looks at the clock
STRETCH = 25


def small_digits():
    split = digits()
    images = [rows.reshape(-1, 8, 8) for rows in (split.X, split.X_held_out)]
    return images[0], split.y, images[1], split.y_held_out, SVC(gamma=0.001)


def mnist(folder, n_train):
    (X, y), (X_test, y_test) = runpy.run_path(str(folder / "load.py"))["mnist"]()
    return X[:n_train], y[:n_train], X_test[:5000], y_test[:5000], SVC()


def architecture(said):
    """Return the part that ``name:width=3,depth=1`` stands for."""
    name, _, params = said.partition(":")
    pairs = (pair.split("=") for pair in params.split(",") if pair)
    return registry.resolve("architecture", name)(**{key: ast.literal_eval(value) for key, value in pairs})


def every(shape):
    """Return the names of all architectures for images with labels that the default loss can train."""
    spec, loss = DataSpec("image", shape, True, "classes", 10, 64), registry.resolve("loss", "rpgan")()
    parts = {registry.resolve("architecture", name): name for name in reversed(registry.names("architecture"))}
    good = [name for part, name in parts.items() if not compatibility.why_not_data(part(), spec)]
    return sorted(name for name in good if not compatibility.why_not(loss, registry.resolve("architecture", name)()))


def judged(samples, real, labels, classifier):
    flat = [rows.reshape(len(rows), -1).astype(np.float64) for rows in (real, samples)]
    figures = {"fidelity": float((classifier.predict(samples.reshape(len(samples), -1)) == labels).mean())}
    return figures | {of.__name__: float(of(*flat, k=5)) for of in (coverage, recall, precision)}


def picture(samples, real, labels, path, rows=8):
    chosen = np.stack([np.flatnonzero(labels == label)[:rows] for label in np.unique(labels)], 1)
    gap = np.full((chosen.shape[1], *real.shape[1:]), real.max() // 2, real.dtype)
    save_grid(np.concatenate([real[chosen[:2].ravel()], gap, samples[chosen.ravel()]]), path, columns=chosen.shape[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME[:PARAMETER=VALUE,...]")
    parser.add_argument("--data", type=Path, help="a folder with load.py, for MNIST")
    parser.add_argument("--rows", type=int, default=20_000, help="of MNIST to train on")
    parser.add_argument("--minutes", type=float, default=8.0)
    parser.add_argument("--max-iter", type=int, default=10_000_000, help="where to end if not by time")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--loss", default="auto")
    parser.add_argument("--learning-rate", default="auto", type=lambda text: text if text == "auto" else float(text))
    parser.add_argument("--latent-dim", type=int, default=64)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, help="a folder for pictures")
    options = parser.parse_args()
    X, y, X_test, y_test, classifier = mnist(options.data, options.rows) if options.data else small_digits()
    classifier = clone(classifier).fit(X_test.reshape(len(X_test), -1), y_test)
    real, labels = X_test[:JUDGED], y_test[:JUDGED]
    for said in options.names or every((1, *X.shape[1:])):
        for seed in range(options.seeds):
            gan = GANEstimator(
                options.loss,
                architecture=architecture(said),
                learning_rate=options.learning_rate,
                latent_dim=options.latent_dim,
                batch_size=options.batch_size,
                max_iter=min(STRETCH, options.max_iter),
                warm_start=True,
                random_state=seed,
            )
            began, seconds, steps = time.process_time(), 0.0, 0
            while seconds < 60 * options.minutes and steps < options.max_iter:
                gan.fit(X, y)
                seconds, steps = time.process_time() - began, steps + gan.max_iter
            samples = gan.sample(y=labels, random_state=1)
            figures = judged(samples, real, labels, classifier)
            told = " ".join(f"{name} {value:.3f}" for name, value in figures.items())
            print(f"{said:<44} seed {seed} {steps:>6} steps {seconds:5.0f} s {told}", flush=True)
            if options.out:
                options.out.mkdir(parents=True, exist_ok=True)
                picture(samples, real, labels, options.out / f"{said.partition(':')[0]}-{seed}.png")
    held_out = judged(X[:JUDGED], real, y[:JUDGED], classifier)
    print(f"{'real training rows':<63} {' '.join(f'{name} {value:.3f}' for name, value in held_out.items())}")


if __name__ == "__main__":
    main()
