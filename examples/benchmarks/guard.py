"""What the guard against non-finite numbers costs: the time of a step with it over that without it.

    python examples/benchmarks/guard.py [--blocks 40] [--steps 10] [--threads 1] [--device cpu] [--only RMSprop]

One training is timed in blocks of steps, by turns with and without the guard, so that both meet the same machine; on
the CPU in seconds of the process, which other work does not stretch. Reported is the median of the ratios of
neighbouring blocks with its 90 % interval, by their order. Beside it: what a tick costs for each of its
100 steps, and a look at the samples for each of the 2,500 between two looks.
"""

import argparse
import statistics
import time
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import numpy as np
import torch
from sklearn.datasets import load_digits

from skgan import GANEstimator, engine, guard
from skgan.rollback import LastGood
from skgan.training import train
from skgan.watch import LOOK_TICKS, TICK


@contextmanager
def nothing(*_):
    yield


def without():
    return patch.multiple(guard.Guard, look=lambda *_: None, holding=nothing)


def scenes():
    """Yield names, estimators and data."""
    X, y = load_digits(return_X_y=True)
    yield "digits as rows, defaults", GANEstimator(), X, y
    yield "digits as rows, RMSprop", GANEstimator(optimizer="rmsprop"), X, y
    images = np.kron(X.reshape(-1, 8, 8), np.ones((1, 4, 4)))[:500]
    yield "digits of 32 x 32, dcgan", GANEstimator(architecture="dcgan"), images, y[:500]


def seconds(function, device):
    clock = time.perf_counter if device.startswith("cuda") else time.process_time
    began = clock()
    function()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return clock() - began


def own_seconds(guard, player, device, n=500):
    """Return what the guard alone takes of an update of a player, once it is warm: the least of five means."""
    gradients = [torch.randn_like(parameter) for parameter in player.parameters]
    total = torch.zeros((), device=gradients[0].device)

    def calls():
        for _ in range(n):
            guard.look(total, gradients)
            with guard.holding(player.optimizer):
                pass

    return min(seconds(calls, device) for _ in range(5)) / n


def measure(gan, X, y, blocks, steps):
    watch = gan.set_params(max_iter=10**6, random_state=0)._begin(X, y, ExitStack(), continues=False)
    running = engine.run(train, watch.state, watch.data, watch.objective)

    def block():
        for _ in range(steps):
            next(running)

    seconds(block, gan.device)  # warm up
    guarded, bare = [], []
    for index in range(blocks):
        first, second = (guarded, bare) if index % 2 else (bare, guarded)
        for kind in (first, second):
            with without() if kind is bare else nothing():
                kind.append(seconds(block, gan.device) / steps)
    ratios = sorted(a / b for a, b in zip(guarded, bare, strict=True))
    step = statistics.median(bare)
    reach = 1.645 * len(ratios) ** 0.5 / 2  # places from the middle: a median lies there with 90 %
    low, high = (ratios[round(len(ratios) / 2 + side * reach - 0.5)] for side in (-1, 1))
    alone = 1e6 * sum(own_seconds(watch.state.guard, player, gan.device) for player in watch.state.players)
    copying = statistics.median(seconds(LastGood(watch.state).keep, gan.device) for _ in range(5))
    checking = statistics.median(seconds(lambda: guard.overflowed(watch.state), gan.device) for _ in range(5))
    looking = statistics.median(seconds(watch._collapse, gan.device) for _ in range(5))
    judging = statistics.median(seconds(watch._judged, gan.device) for _ in range(3))
    return (
        f"{1000 * step:.2f} ms a step, with guard x {statistics.median(ratios):.3f} "
        f"({low:.3f} to {high:.3f}), by itself {alone:.0f} us of it; "
        f"tick + {checking / (TICK * step):.2%}, with a way back + {copying / (TICK * step):.2%}; "
        f"look + {looking / (LOOK_TICKS * TICK * step):.2%}, "
        f"at the end {1000 * judging:.0f} ms, {judging / (500 * step):.2%} of 500 steps"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=40)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--only", default="", help="a part of the name of a scene")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    for name, gan, X, y in scenes():
        if arguments.only not in name:
            continue
        print(
            name, measure(gan.set_params(device=arguments.device), X, y, arguments.blocks, arguments.steps), flush=True
        )
