"""A table larger than one wants in memory: a million rows x 30 columns of a Parquet file, learned by `scan_table`.

    python examples/benchmarks/large_table.py [--rows 1000000] [--updates 200]

The file is written first, by another process, so that the peak memory told of is that of training. Half of the columns
are numbers (some with gaps, some mostly 0), the others text of 3 to 200 values. Linux and macOS.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from skgan import recipes
from skgan.datasets import scan_table

CHUNK, COLUMNS = 50_000, 30


def chunk(number, rows):
    import pandas as pd

    rng = np.random.default_rng(number)
    found = {}
    for place in range(COLUMNS // 2):
        values = rng.gamma(2.0, 10.0 * (place + 1), rows).round(2)
        if place % 3:
            values[rng.random(rows) < 0.3] = np.nan if place % 3 == 1 else 0.0
        found[f"number{place}"] = values
    for place in range(COLUMNS - COLUMNS // 2):
        words = np.array([f"word {place} {k}" for k in range(3 + 14 * place)], object)
        found[f"text{place}"] = words[np.minimum(rng.geometric(0.1, rows), len(words)) - 1]
    return pd.DataFrame(found)


def write(path, rows):
    import pyarrow as pa
    from pyarrow import parquet

    writer = None
    for number, start in enumerate(range(0, rows, CHUNK)):
        table = pa.Table.from_pandas(chunk(number, min(CHUNK, rows - start)), preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--updates", type=int, default=200)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        other = multiprocessing.get_context("spawn").Process(target=write, args=(path, said.rows))
        other.start()
        other.join()
        size = f"{said.rows} rows x {COLUMNS} columns, {path.stat().st_size >> 20} MiB on disk"
        print(f"{size}, {torch.get_num_threads()} threads", flush=True)
        cpu, wall = time.process_time(), time.perf_counter()
        gan = recipes.make("skgan", batch_size=500, max_iter=said.updates, random_state=0).fit(scan_table(path))
        took = time.process_time() - cpu, time.perf_counter() - wall
        unit = 2**20 if sys.platform == "darwin" else 2**10
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
        print(
            f"{said.updates} updates of 500 rows: {took[0]:.1f} CPU s, {took[1]:.1f} s, peak memory {peak:.0f} MiB",
            flush=True,
        )
        print(f"10,000 samples are {gan.sample(10_000).shape}")


if __name__ == "__main__":
    main()
