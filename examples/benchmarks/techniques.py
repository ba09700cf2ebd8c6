"""What each technique of the engine gains on this machine: an estimator with and without it, in turn.

    OMP_NUM_THREADS=1 python examples/benchmarks/techniques.py
    python examples/benchmarks/techniques.py --device cuda --rounds 30

A ratio is the time of a step without the technique over that with it, block by block in the order A B B A; the median
and its 90 % interval. On the CPU the time is that of the process, so that other work on the machine counts little.
"""

import argparse
import contextlib
import time

import numpy as np
import torch
from sklearn.datasets import load_digits

from skgan import GANEstimator, engine
from skgan.training import train


def data():
    digits, rng = load_digits(), np.random.default_rng(0)
    eights = (digits.images * 15.9).astype(np.uint8)
    return {
        "digits as 64 columns": (digits.data, digits.target),
        "digits, 8x8": (eights, digits.target),
        "noise, 28x28": (rng.integers(0, 256, (500, 28, 28), dtype=np.uint8), np.arange(500) % 10),
        "noise, 32x32x3": (rng.integers(0, 256, (500, 32, 32, 3), dtype=np.uint8), np.arange(500) % 10),
    }


#: a loss whose real and fake samples may be joined
JOINED = {"loss": "hinge", "regularizers": ["r1", "r2"]}
#: technique -> devices, settings and parameters with it, settings and parameters without it
TECHNIQUES = {
    "real and fake in one pass": (("cpu", "cuda"), ({}, JOINED), ({"join": False}, JOINED)),
    "channels last": (("cpu", "cuda"), ({}, {}), ({"channels_last": False}, {})),
    "bfloat16": (("cpu", "cuda"), ({}, {"precision": "bfloat16"}), ({}, {"precision": "float32"})),
    "steps recorded": (("cuda",), ({}, {}), ({"record": False}, {})),
    "search for convolutions": (("cuda",), ({}, {}), ({"search_convolutions": False}, {})),
}


def steps(X, y, device, settings, params):
    gan = GANEstimator(max_iter=10**9, random_state=0, device=device, **params)
    with contextlib.ExitStack() as held:
        with engine.techniques(**settings):
            watch = gan._begin(X, y, held, continues=False)
            running = engine.run(train, watch.state, watch.data, watch.objective)
            first = next(running)
        with watch:
            yield first
            yield from running


def seconds(running, n, device):
    clock = time.perf_counter if device == "cuda" else time.process_time
    start = clock()
    for _ in range(n):
        next(running)
    if device == "cuda":
        torch.cuda.synchronize()
    return (clock() - start) / n


def compare(X, y, device, ways, rounds, length):
    """Return seconds a step with the technique, and the ratio of each pair of blocks."""
    ways = [steps(X, y, device, *each) for each in ways]
    for way in ways:
        seconds(way, 6, device)
    n = max(round(length / seconds(ways[0], 2, device)), 1)
    times = [[seconds(ways[i], n, device) for i in order] for order in [(0, 1), (1, 0)] * (rounds // 2)]
    ratios = [b / a if i % 2 == 0 else a / b for i, (a, b) in enumerate(times)]
    return np.median([pair[i % 2] for i, pair in enumerate(times)]), np.array(ratios)


def interval(ratios, rng):
    medians = [np.median(rng.choice(ratios, len(ratios))) for _ in range(2000)]
    return np.quantile(medians, [0.05, 0.95])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=0.4, help="of one block")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    for technique, (devices, *ways) in TECHNIQUES.items():
        if options.device not in devices:
            continue
        print(technique)
        for name, (X, y) in data().items():
            step, ratios = compare(X, y, options.device, ways, options.rounds, options.seconds)
            low, high = interval(ratios, rng)
            print(
                f"  {name:<22} {np.median(ratios):.2f}x ({low:.2f} to {high:.2f}), a step {step * 1e3:.1f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
