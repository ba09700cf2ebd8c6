"""Every conditioning on handwritten digits: one line each, with the figures of ``skgan demo``.

    python examples/benchmarks/conditionings.py [--images] [--only ac] [--seeds 1] [--max-iter 5000]

``--images`` gives the digits as 8x8 images, so that "auto" means convolutional networks. Each should reach a label
fidelity of 0.95 and a coverage of 0.80.
"""

import argparse
import time

from skgan import GANEstimator, registry
from skgan.demo import COLUMNS, digits, judge

FIDELITY, COVERAGE = 0.95, 0.80

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--images", action="store_true")
parser.add_argument("--only", default="")
parser.add_argument("--architecture", default="auto")
parser.add_argument("--seeds", type=int, default=1)
parser.add_argument("--max-iter", default="auto", type=lambda text: text if text == "auto" else int(text))
arguments = parser.parse_args()

split = digits()
shape = (-1, 8, 8) if arguments.images else (-1, 64)
classes = {registry.resolve("conditioning", name): name for name in reversed(registry.names("conditioning"))}
for name in sorted(classes.values()):
    if arguments.only not in name:
        continue
    for seed in range(arguments.seeds):
        gan = GANEstimator(
            conditioning=name, architecture=arguments.architecture, max_iter=arguments.max_iter, random_state=seed
        )
        began = time.perf_counter()
        gan.fit(split.X.reshape(shape), split.y)
        seconds = time.perf_counter() - began
        figures = judge(gan.sample(y=split.y_held_out, random_state=0).reshape(-1, 64), split)
        enough = figures["fidelity"] >= FIDELITY and figures["coverage"] >= COVERAGE
        said = " ".join(f"{column} {figures[column]:.3f}" for column in COLUMNS)
        print(
            f"{name:<12} seed {seed} {gan.n_iter_} steps {seconds:4.0f} s {said} {'ok' if enough else 'UNDER'}",
            flush=True,
        )
