"""Every loss with its own defaults on a ring of eight Gaussians: which modes it holds, and how sharply.

    python examples/benchmarks/ring.py [--only LOSS] [--seeds 1] [--max-iter 20000]

2,000 points of eight Gaussians of standard deviation 0.05 on a circle of radius 1. A mode is hit by 1 % of the
samples or more; *inside* is the share of samples within four standard deviations of a mode. A training is looked
at after each 2,000 updates and ends when it hits eight modes with 0.9 inside, or at the last update allowed.
What is printed is measured then, on 10,000 other samples. The goal is eight modes and 0.9 inside for each loss
but those in `EXCEPTIONS`, which say beforehand why not.
"""

import argparse
import time

import numpy as np
import torch

from skgan import GANEstimator, registry

MODES = np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], axis=1)
LOOK_EVERY = 2_000
LEAST_INSIDE = 0.9

EXCEPTIONS = {
    "minimax": "saturates: where the discriminator is sure, the generator learns nothing",
    "wgan": "clipped weights make the critic nearly linear, and the paper's rate is slow",
    "ebgan": "two numbers need no bottleneck, so an autoencoder rebuilds fakes as well as real points",
    "began": "the same, and it trades diversity for sharpness on purpose",
}


def ring(n, seed):
    rng = np.random.default_rng(seed)
    return MODES[rng.integers(0, 8, n)] + 0.05 * rng.standard_normal((n, 2))


def hits(samples):
    """Return how many modes have 1 % of the samples or more, and the share of samples near a mode."""
    distance = np.linalg.norm(samples[:, None] - MODES, axis=2)
    inside = distance.min(1) <= 4 * 0.05
    shares = np.bincount(distance.argmin(1)[inside], minlength=8) / len(samples)
    return int((shares >= 0.01).sum()), float(inside.mean())


def reached(modes, inside):
    return modes == 8 and inside >= LEAST_INSIDE


def train(loss, seed, most):
    """Return modes, share inside, updates and seconds of one training."""
    X = ring(2000, seed)
    gan = GANEstimator(loss, random_state=seed, warm_start=True)
    seconds, done = 0.0, 0
    while done < most:
        piece = min(LOOK_EVERY, most - done)
        began = time.perf_counter()
        gan.set_params(max_iter=piece).fit(X)
        seconds += time.perf_counter() - began
        done += piece
        if reached(*hits(gan.sample(2000, random_state=1))):
            break
    return *hits(gan.sample(10_000, random_state=2)), done, seconds


def losses():
    """Return one name for each loss."""
    names = {registry.resolve("loss", name): name for name in reversed(registry.names("loss"))}
    return sorted(registry.provenance("loss", loss)["name"] for loss in names)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="a loss, or several with commas")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--max-iter", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for loss in arguments.only.split(",") if arguments.only else losses():
        for seed in range(arguments.seeds):
            try:
                modes, inside, updates, seconds = train(loss, seed, arguments.max_iter)
            except FloatingPointError as error:
                print(f"{loss:15} seed {seed} diverged: {error}", flush=True)
                continue
            verdict = "ok" if reached(modes, inside) else EXCEPTIONS.get(loss, "MISSED")
            figures = f"modes {modes} inside {inside:.3f} {updates:6} updates {seconds:4.0f} s"
            print(f"{loss:15} seed {seed} {figures}  {verdict}", flush=True)
