"""What `save` costs beside writing the same bytes: its time over that of safetensors' `save_file`.

    python examples/benchmarks/saving.py [--mib 20] [--rounds 15] [--folder DIR]

Both write the state of one model to the same disk by turns. `save_file` writes the tensors once and flushes nothing;
`save` also describes the model, computes digests, flushes files and directories, and moves all in one step.
"""

import argparse
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
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


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
        ours, theirs, ratios = [], [], []
        for _ in range(options.rounds):
            ours.append(seconds(lambda: gan.save(place / "model", overwrite=True)))
            theirs.append(seconds(lambda: save_file(arrays, place / "plain.safetensors")))
            ratios.append(ours[-1] / theirs[-1])
    ratios.sort()
    print(
        f"{size / 2**20:.1f} MiB: save {1000 * statistics.median(ours):.0f} ms, save_file "
        f"{1000 * statistics.median(theirs):.0f} ms, ratio {statistics.median(ratios):.2f} "
        f"({ratios[len(ratios) // 4]:.2f} to {ratios[3 * len(ratios) // 4]:.2f})"
    )


if __name__ == "__main__":
    main()
