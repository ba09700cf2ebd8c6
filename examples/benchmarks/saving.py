"""What `save` costs beside writing the same tensors: its time over that of safetensors' `save_file`.

    python examples/benchmarks/saving.py [--mib 20] [--rounds 15] [--folder DIR]

All write the state of one model to the same disk by turns, over what they wrote before. `save_file` writes the tensors
once and flushes nothing; the second rival is `save_file` and two small files, flushed as `save` flushes: three files,
their directory and its parent. `save` also describes the model, computes digests, and moves all in one step. The
digests are computed by a second thread, so the time by the clock supposes that a second core is free; the quickest of
all rounds is the least disturbed by other work.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from skgan import GANEstimator
from skgan.architectures.mlp import MLP


def model_of(mib):
    """Return a fitted model whose files take about so many MiB."""
    numbers = mib * 2**20 / 4 / 7  # both networks, the average, and two moments of each trained weight
    width = int((numbers / 2) ** 0.5)
    X = np.random.default_rng(0).standard_normal((64, 8))
    return GANEstimator(architecture=MLP(width=width, depth=3), max_iter=1, random_state=0).fit(X)


def seconds(function):
    """Return the seconds by the clock, and those of this process alone, which a busy machine does not stretch."""
    began, computed = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - began, time.process_time() - computed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    gan = model_of(options.mib)
    arrays, _ = gan._model_.stored()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        place = Path(folder)
        gan.save(place / "model")
        size = sum(file.stat().st_size for file in (place / "model").iterdir())
        ours, theirs = [], {"save_file": [], "save_file, flushed": []}
        for _ in range(options.rounds):
            ours.append(seconds(lambda: gan.save(place / "model", overwrite=True)))
            theirs["save_file"].append(seconds(lambda: save_file(arrays, place / "plain.safetensors")))
            theirs["save_file, flushed"].append(seconds(lambda: flushed(place / "flushed", arrays)))
    for rival, taken in theirs.items():
        for which, title in enumerate(("by the clock", "of the process")):
            pairs = [(one[which], other[which]) for one, other in zip(ours, taken, strict=True)]
            ratios = sorted(one / other for one, other in pairs)
            columns = list(zip(*pairs, strict=True))
            mine, plain = (1000 * statistics.median(column) for column in columns)
            middle = f"{ratios[len(ratios) // 4]:.2f} to {ratios[3 * len(ratios) // 4]:.2f}"
            quickest = min(columns[0]) / min(columns[1])
            print(
                f"{size / 2**20:.1f} MiB, {title}: save {mine:.0f} ms, {rival} {plain:.0f} ms, ratio "
                f"{statistics.median(ratios):.2f} ({middle}), of the quickest {quickest:.2f}"
            )


def flushed(folder, arrays):
    """Write what `save` writes, flushed in the same order, without digests and in no single move."""
    folder.mkdir(exist_ok=True)
    save_file(arrays, folder / "state.safetensors")
    for name in ("config.json", "manifest.json"):
        (folder / name).write_bytes(b"{}")
    for path in (*folder.iterdir(), folder, folder.parent):
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


if __name__ == "__main__":
    main()
