"""Planted faults and sound samples: how often ``diagnose()`` tells the one and keeps silent about the other.

    python examples/benchmarks/diagnosis.py [--seeds 30 130] [--only NAME] [--figures]

Thresholds were set looking at seeds 0 to 29, with ``--figures``; judge with ``--seeds 30 130``. Faults of samples are
planted in draws from three distributions whose truth is known (a ring of eight Gaussians, eight Gaussians in twenty
columns, written digits): half of the classes only, 30 % copies of training rows, labels in another order, five points
over and over, half the scale. Faults of the players are planted in short trainings: a generator that hardly moves
beside a discriminator without penalty; a discriminator without penalty on sixty rows of noise in twenty columns; a
critic without bounds, which ends the fit; steps that are much too long, which need not. Every training without a fault
is a chance for a false alarm of those, every fresh draw of the others; collapse and ignored labels are not counted of a
training of 300 updates, which has not come that far.
"""

import argparse
import time
import warnings
from functools import partial

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer, load_digits

from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.diagnosis import diagnosed, of_samples
from skgan.exceptions import TrainingDivergedError

N = 500


def ring(n, rng):
    y = rng.integers(8, size=n)
    return np.stack([np.cos(y * np.pi / 4), np.sin(y * np.pi / 4)], 1) + 0.05 * rng.standard_normal((n, 2)), y


def blobs(n, rng):
    y = rng.integers(8, size=n)
    return 3 * np.random.default_rng(0).standard_normal((8, 20))[y] + rng.standard_normal((n, 20)), y


def digits(n, rng):
    X, y = load_digits(return_X_y=True)
    chosen = rng.permutation(len(X))[:n]
    return X[chosen] / 8 - 1, y[chosen]


def cancer(n, rng):
    X, y = load_breast_cancer(return_X_y=True)
    chosen = rng.permutation(len(X))[:n]
    return (X[chosen] - X.mean(0)) / X.std(0), y[chosen]


def noise(n, rng):
    return rng.standard_normal((n, 20)), np.zeros(n, int)


WORLDS = {"ring": ring, "blobs": blobs, "digits": digits, "cancer": cancer, "noise": noise}


def half_of_the_classes(X, y, fake, asked, rng):
    few = asked < (asked.max() + 1) // 2
    chosen = rng.choice(np.flatnonzero(few), len(fake))
    return fake[chosen], asked[chosen]


def copies(X, y, fake, asked, rng):
    chosen = rng.integers(len(X), size=round(0.3 * len(fake)))
    return np.concatenate([X[chosen], fake[len(chosen) :]]), np.concatenate([y[chosen], asked[len(chosen) :]])


def shuffled_labels(X, y, fake, asked, rng):
    return fake, rng.permutation(asked)


def five_points(X, y, fake, asked, rng):
    chosen = rng.integers(5, size=len(fake))
    return fake[chosen], asked[chosen]


def half_the_scale(X, y, fake, asked, rng):
    return fake.mean(0) + 0.5 * (fake - fake.mean(0)), asked


#: fault -> what plants it, and the faults that tell it
OF_SAMPLES = {
    "sound": (lambda X, y, fake, asked, rng: (fake, asked), set()),
    "half of the classes": (half_of_the_classes, {"collapse"}),
    "30 % copies": (copies, {"copying"}),
    "shuffled labels": (shuffled_labels, {"labels ignored"}),
    "five points": (five_points, {"collapse"}),
    "half the scale": (half_the_scale, {"collapse"}),
}


def of_samples_of(name, world, seed):
    """Return what is told of one planted set of samples."""
    rng = np.random.default_rng((seed, len(world)))
    X, y = WORLDS[world](2 * N, rng)
    X, y, fake, asked = X[:N], y[:N], X[N:], y[N:]
    fake, asked = OF_SAMPLES[name][0](X, y, fake, asked, rng)
    real, samples = (torch.from_numpy(rows).float() for rows in (X, fake))
    return diagnosed(of_samples(real, samples, y, asked))


def fitted(seed, n=500, world="ring", labelled=False, **params):
    X, y = WORLDS[world](n + 200, np.random.default_rng((seed, 7)))
    settings = {"architecture": MLP(32, 2), "max_iter": 300, "latent_dim": 8, "random_state": seed, "device": "cpu"}
    X, X_held_out, y, y_held_out = X[:n], X[n:], y[:n] if labelled else None, y[n:] if labelled else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            gan = GANEstimator(**settings | params).fit(X, y)
        except TrainingDivergedError:
            return diagnosed({"rollbacks": 1.0})  # the fit itself has said so
    return gan.diagnose(X, y, X_held_out=X_held_out, y_held_out=y_held_out)


WILD = {"loss": "nonsaturating", "regularizers": None}
#: fault -> the training that has it, and the faults that tell it
OF_TRAININGS = {
    "sound ring": ({}, set()),
    "sound blobs": ({"world": "blobs"}, set()),
    "sound noise": ({"world": "noise"}, set()),
    "sound digits": ({"world": "digits"}, set()),
    "sound cancer": ({"world": "cancer", "n": 350}, set()),
    "sound digits, hinge": ({"world": "digits", "loss": "hinge"}, set()),
    "sound digits, labels": ({"world": "digits", "labelled": True}, set()),
    "sound cancer, labels": ({"world": "cancer", "n": 350, "labelled": True}, set()),
    "saturated": (WILD | {"learning_rate": 1e-7, "discriminator_learning_rate": 2e-3}, {"saturated discriminator"}),
    "overfitted": (
        WILD | {"world": "noise", "n": 60, "max_iter": 600, "architecture": MLP(128, 2), "n_critic": 2},
        {"overfitted discriminator"},
    ),
    "runaway": (WILD | {"loss": "hinge", "learning_rate": 1.0, "max_iter": 100}, {"divergence"}),
    "diverged": (WILD | {"loss": "wasserstein", "learning_rate": 0.3, "n_critic": 5}, {"divergence"}),
}
#: what a training of 300 updates cannot be blamed for
TOO_SHORT = {"collapse", "labels ignored"}


def report(kind, name, told, wanted, seconds):
    """Print how often a fault was found, or how often something was told where nothing was."""
    if wanted:
        found = sum(bool(set(faults) & wanted) for faults in told)
        print(f"{kind:8} {name:20} found {found:3} of {len(told)}   ({seconds:.0f} s)", flush=True)
    else:
        alarms = [faults for faults in told if faults]
        print(
            f"{kind:8} {name:20} false alarms {len(alarms)} of {len(told)} {alarms[:5]}   ({seconds:.0f} s)", flush=True
        )


def show_figures(seen):
    """Print the smallest and the largest of each figure."""
    for name in sorted({name for figures in seen for name in figures}):
        values = [figures[name] for figures in seen if name in figures]
        print(f"    {name:16} {min(values):9.3f} to {max(values):9.3f}   ({len(values)} of {len(seen)})", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 30))
    parser.add_argument("--only", default="")
    parser.add_argument("--figures", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cases = [
        (world, name, partial(of_samples_of, name, world), wanted)
        for world in ("ring", "blobs", "digits")
        for name, (_, wanted) in OF_SAMPLES.items()
    ]
    cases += [("training", name, partial(fitted, **params), wanted) for name, (params, wanted) in OF_TRAININGS.items()]
    for kind, name, look, wanted in cases:
        if arguments.only not in f"{kind} {name}":
            continue
        began = time.perf_counter()
        found = [look(seed=seed) for seed in range(*arguments.seeds)]
        not_blamed = TOO_SHORT if kind == "training" else set()
        told = [[fault for fault in each.faults if fault not in not_blamed] for each in found]
        report(kind, name, told, wanted, time.perf_counter() - began)
        if arguments.figures:
            show_figures([each.figures for each in found])
