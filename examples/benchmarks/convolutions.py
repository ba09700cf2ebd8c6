"""Are the gradients of convolutions in bfloat16 those of float32, on this processor? Which shapes does training avoid?

    python examples/benchmarks/convolutions.py [--seconds 240] [--seed 0]

A seeded walk over convolutions of one, two and three dimensions, transposed or not: sizes, channels, kernels, strides,
rows and memory formats. Each is computed in a process of its own (forked), whose memory is filled with large numbers
first, so that a place that a kernel does not write shows. A shape is *wrong* if result or gradients differ from
float32's by more than a fifth of the largest number, and *fatal* if the process died; *avoided* are those for which
`skgan.precision.is_wider_than_its_images` has `precision="bfloat16"` train in float32 instead.
"""

import argparse
import itertools
import os
import random
import time
from collections import Counter
from functools import partial

import torch
from torch.nn import functional

from skgan.precision import is_wider_than_its_images

PLAIN = functional.conv1d, functional.conv2d, functional.conv3d
TRANSPOSED = functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d
FORMATS = {1: (None,), 2: (None, torch.channels_last), 3: (None, torch.channels_last_3d)}
#: kernel, stride and padding
WINDOWS = (1, 1, 0), (3, 1, 1), (3, 2, 1), (3, 3, 1), (4, 2, 1), (5, 1, 2), (5, 2, 2), (5, 3, 2), (4, 1, 0)
SIZES = {1: (1, 2, 3, 4, 7, 8, 28, 64), 2: (1, 2, 3, 4, 7, 8, 14, 28), 3: (1, 2, 3, 4, 8)}
CHANNELS = (1, 8), (3, 16), (4, 8), (16, 1), (32, 64), (64, 32)


def shapes(seed):
    """Yield dimensions, whether transposed, rows, channels, window, memory format and sizes, for ever."""
    rng = random.Random(seed)
    while True:
        dimensions, transposed = rng.choice((1, 2, 3)), rng.random() < 0.5
        sizes = tuple(rng.choice(SIZES[dimensions]) for _ in range(dimensions))
        yield (
            dimensions, transposed, rng.choice((1, 2, 4, 16)), rng.choice(CHANNELS),
            rng.choice(WINDOWS), rng.choice(FORMATS[dimensions]), sizes,
        )  # fmt: skip


def of_shape(dimensions, transposed, n, channels, window, memory, sizes):
    """Return a function of rows and weights, rows and weights."""
    function = (TRANSPOSED if transposed else PLAIN)[dimensions - 1]
    (inputs, outputs), (kernel, stride, padding) = channels, window
    weight = torch.randn(*((inputs, outputs) if transposed else (outputs, inputs)), *[kernel] * dimensions) * 0.3
    return partial(function, stride=stride, padding=padding), torch.randn(n, inputs, *sizes), weight


def difference(convolve, x, weight, memory):
    """Return how far result and gradients of bfloat16 are from float32, over the largest number."""
    filled = [torch.full((100_003,), 1e30) for _ in range(20)]
    del filled
    found, slope = {}, None
    for kind in (torch.float32, torch.bfloat16):
        pair = [tensor.to(kind) for tensor in (x, weight)]
        if memory is not None:
            pair = [tensor.to(memory_format=memory) for tensor in pair]
        pair = [tensor.requires_grad_() for tensor in pair]
        y = convolve(*pair)
        slope = torch.randn_like(y) if slope is None else slope
        found[kind] = [y.detach(), *torch.autograd.grad(y, pair, slope.to(kind))]
    far = [(a - b.float()).abs().max() / a.abs().max().clamp_min(1e-6) for a, b in zip(*found.values(), strict=True)]
    worst = torch.stack(far).max()
    return float(worst) if torch.isfinite(worst) else float("inf")


def verdict(convolve, x, weight, memory, times=4):
    """Return "right", "wrong" or "fatal", of several tries in one forked process."""
    child = os.fork()
    if not child:
        os.close(2)
        os._exit(any(difference(convolve, x, weight, memory) > 0.2 for _ in range(times)))
    status = os.waitpid(child, 0)[1]
    return {0: "right", 1: "wrong"}.get(os.waitstatus_to_exitcode(status), "fatal")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--seed", type=int, default=0)
    said = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(said.seed)
    tally, unforeseen, end = Counter(), [], time.monotonic() + said.seconds
    for shape in shapes(said.seed):
        if time.monotonic() > end:
            break
        convolve, x, weight = of_shape(*shape)
        try:
            avoided = is_wider_than_its_images(convolve, x[:1], weight)
        except RuntimeError:  # the window fits nowhere
            continue
        found = verdict(convolve, x, weight, shape[-2])
        tally[shape[0], avoided, found] += 1
        if found != "right" and not avoided:
            unforeseen.append((found, *shape))
    print(f"torch {torch.__version__}, {torch.backends.cpu.get_cpu_capability()}, seed {said.seed}")
    for dimensions, avoided in itertools.product((1, 2, 3), (True, False)):
        counts = "  ".join(f"{tally[dimensions, avoided, word]:5d} {word}" for word in ("right", "wrong", "fatal"))
        print(f"{dimensions} dimensions, {'avoided' if avoided else 'trained in bfloat16':20s} {counts}")
    for each in unforeseen:
        print("not avoided:", *each)


if __name__ == "__main__":
    main()
