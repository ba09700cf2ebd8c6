"""Training from a file larger than memory: time of a step beside an array in memory, and the memory that it takes.

    python examples/benchmarks/streaming.py --gib 20 --steps 60

A file of 32x32x3 images is written (random bytes, one block repeated with a shift, so that no row equals another's
place), its pages are dropped from the page cache, and the same conditional DCGAN is trained on it and on its first
GiB as an array in memory, in turn. *RssAnon* is what the process holds beside files, read from /proc. Linux only.
"""

import argparse
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from skgan import GANEstimator, engine, streaming
from skgan.training import train

ROW = 32 * 32 * 3


def write(path, gib):
    rows = int(gib * 2**30) // ROW
    X = np.lib.format.open_memmap(path, "w+", np.uint8, (rows, 32, 32, 3))
    block = np.random.default_rng(0).integers(0, 256, (2**15, 32, 32, 3), dtype=np.uint8)
    for number, start in enumerate(range(0, rows, len(block))):
        X[start : start + len(block)] = np.roll(block, number, axis=0)[: rows - start]
    X.flush()
    del X


def drop(path):
    """Ask the kernel to forget the pages of a file."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def anonymous():
    return next(
        int(line.split()[1]) >> 10 for line in Path("/proc/self/status").read_text().splitlines() if "RssAnon" in line
    )


def steps_of(X, held, batch):
    gan = GANEstimator("nonsaturating", regularizers=None, batch_size=batch, max_iter=10**9, random_state=0)
    watch = gan._begin(X, np.arange(len(X)) % 10, held, continues=False)
    held.enter_context(watch)
    print(f"  {len(X)} rows: {type(watch.data).__name__}, RssAnon {anonymous()} MiB")
    return engine.run(train, watch.state, watch.data, watch.objective)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gib", type=float, default=20)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--folder", help="where the file goes; deleted afterwards")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = Path(folder) / "images.npy"
        began = time.perf_counter()
        write(path, options.gib)
        print(f"written in {time.perf_counter() - began:.0f} s")
        drop(path)
        X = np.load(path, mmap_mode="r")
        times = {"file": [], "memory": []}
        with ExitStack() as held, engine.techniques(stream=True):
            on_file = steps_of(X, held, options.batch)
            with engine.techniques(stream=False):
                in_memory = steps_of(np.array(X[: 2**30 // ROW]), held, options.batch)
            for steps in (on_file, in_memory):
                for _ in range(5):
                    next(steps)
            most = anonymous()
            for number in range(options.steps):
                if number % 20 == 0:
                    drop(path)
                for name, steps in (("file", on_file), ("memory", in_memory)):
                    began = time.perf_counter()
                    next(steps)
                    times[name].append(time.perf_counter() - began)
                most = max(most, anonymous())
        medians = {name: statistics.median(found) for name, found in times.items()}
        means = {name: statistics.mean(found) for name, found in times.items()}
        for name in times:
            print(f"  {name:<7} {medians[name] * 1e3:8.1f} ms a step (mean {means[name] * 1e3:.1f})")
        print(
            f"{options.gib} GiB: {medians['file'] / medians['memory']:.3f} times the time of a step in memory "
            f"(by means {means['file'] / means['memory']:.3f}); RssAnon at most {most} MiB, 1024 of them the array; "
            f"blocks of {streaming.BYTES_AT_ONCE >> 20} MiB"
        )


if __name__ == "__main__":
    main()
