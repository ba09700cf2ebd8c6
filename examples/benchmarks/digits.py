"""The default estimator on handwritten digits, beside its baselines: the table of ``skgan demo`` for several seeds.

    python examples/benchmarks/digits.py [--seeds 3] [--images]

``--images`` gives the digits as 8x8 images, so that "auto" means convolutional networks.
"""

import argparse
import time

import numpy as np

from skgan import GANEstimator
from skgan.demo import BASELINES, digits, judge, table

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--seeds", type=int, default=3)
parser.add_argument("--images", action="store_true")
parser.add_argument("--max-iter", default="auto", type=lambda text: text if text == "auto" else int(text))
arguments = parser.parse_args()

split = digits()
shape = (-1, 8, 8) if arguments.images else (-1, 64)
rows = {}
for seed in range(arguments.seeds):
    began = time.perf_counter()
    gan = GANEstimator(random_state=seed, max_iter=arguments.max_iter).fit(split.X.reshape(shape), split.y)
    seconds = time.perf_counter() - began
    samples = gan.sample(y=split.y_held_out, random_state=0).reshape(-1, 64)
    rows[f"skgan, seed {seed}, {gan.n_iter_} steps, {seconds:.0f} s"] = judge(samples, split)
rows |= {name: judge(draw(split, np.random.default_rng(0)), split) for name, draw in BASELINES.items()}
print(table(rows))
