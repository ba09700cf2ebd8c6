"""MNIST with the classic settings: DCGAN, batch 128, Adam 2e-4 (0.5, 0.999); the loss is the default.

python examples/mnist.py                  # torchvision downloads MNIST into ./data
python examples/mnist.py --data DIR       # DIR/load.py has mnist(), returning ((x, y), (x_test, y_test))
"""

import argparse
import runpy
from pathlib import Path

from skgan import GANEstimator
from skgan.optimizers.adam import Adam
from skgan.pictures import save_grid

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", type=Path)
parser.add_argument("--max-iter", type=int, default=400)
arguments = parser.parse_args()

if arguments.data:
    (X, y), _ = runpy.run_path(str(arguments.data / "load.py"))["mnist"]()
else:
    from torchvision.datasets import MNIST

    mnist = MNIST("data", download=True)
    X, y = mnist.data, mnist.targets

gan = GANEstimator(
    architecture="dcgan",
    optimizer=Adam(betas=(0.5, 0.999)),
    learning_rate=2e-4,
    latent_dim=100,
    batch_size=128,
    max_iter=arguments.max_iter,
    max_time=600,
    random_state=0,
    verbose=1,
).fit(X, y)
save_grid(gan.sample(y=list(range(10)) * 8), "mnist.png", columns=10)
