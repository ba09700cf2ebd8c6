"""How fast samples are drawn: `sample` beside an eager float32 loop under no_grad in batches of 100.

python examples/benchmarks/sampling.py --n 50000 --precision bfloat16
python examples/benchmarks/sampling.py --device cuda
"""

import argparse
import resource
import statistics
import time

import numpy as np
import torch

from skgan import GANEstimator

LATENT = 64


def loop(generator, y, n, device):
    """What a user would write: draw, run, bring back, turn into bytes."""
    generator = generator.float().to(memory_format=torch.contiguous_format)
    pieces = []
    with torch.no_grad():
        for start in range(0, n, 100):
            c = y[start : start + 100].to(device)
            x = generator(torch.randn(len(c), LATENT, device=device), c)
            pieces.append(((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).cpu().numpy())
    return np.concatenate(pieces).transpose(0, 2, 3, 1)


def timed(function, device):
    start = time.perf_counter()
    made = function()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    X, y = rng.integers(0, 256, (256, 32, 32, 3), dtype=np.uint8), rng.integers(0, 10, 256)
    gan = GANEstimator(max_iter=2, random_state=0, device=options.device, precision=options.precision).fit(X, y)
    labels = rng.integers(0, 10, options.n)
    one_hot = torch.nn.functional.one_hot(torch.tensor(labels), 10).float()
    gan.sample(y=labels[:2000]), loop(gan.generator_, one_hot[:2000], 2000, options.device)
    ratios = []
    for _ in range(options.pairs):
        of_loop, made = timed(lambda: loop(gan.generator_, one_hot, options.n, options.device), options.device)
        assert made.shape == (options.n, 32, 32, 3)
        of_skgan, made = timed(lambda: gan.sample(y=labels), options.device)
        assert made.shape == (options.n, 32, 32, 3)
        ratios.append(of_loop / of_skgan)
        print(f"loop {options.n / of_loop:9.0f} rows/s   sample {options.n / of_skgan:9.0f} rows/s   {ratios[-1]:.2f}x")
    print(f"{options.n} samples, {gan.precision_}, {options.device}: {statistics.median(ratios):.2f} times as fast")
    print(f"peak memory of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


if __name__ == "__main__":
    main()
