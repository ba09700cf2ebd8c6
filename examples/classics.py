"""What the classic texts on GANs teach, one line each, on handwritten digits; each draws its picture in seconds.

python examples/classics.py                  # all of them, into ./classics
python examples/classics.py vanilla langevin
"""

import sys
import time
from pathlib import Path

from sklearn.datasets import load_digits

from skgan import GANEstimator
from skgan.architectures.sagan import SAGAN
from skgan.pictures import save_grid

CLASSICS = {
    "vanilla": GANEstimator("nonsaturating", architecture="mlp"),
    "dcgan": GANEstimator("nonsaturating", architecture="dcgan"),
    "least-squares": GANEstimator("lsgan"),
    "wasserstein-clipping": GANEstimator("wgan"),
    "wasserstein-penalty": GANEstimator("wgan-gp"),
    "spectral-normalisation": GANEstimator("hinge", regularizers="spectral-norm"),
    "label-smoothing": GANEstimator("nonsaturating", regularizers="label-smoothing"),
    "instance-noise": GANEstimator("nonsaturating", augmentation="noise"),
    "entropy-term": GANEstimator("nonsaturating", regularizers="entropy"),
    "five-critic-steps": GANEstimator("nonsaturating", n_critic=5),
    "conditional-by-concatenation": GANEstimator(conditioning="concat"),
    "attention": GANEstimator(architecture=SAGAN(channels=32, most_channels=64)),
    "augmentation": GANEstimator(augmentation="diffaug"),
    "langevin-sampling": GANEstimator("nonsaturating", regularizers="r1", sampler="ddls"),
}

if __name__ == "__main__":
    images, y = load_digits().images, load_digits().target
    out = Path("classics")
    out.mkdir(exist_ok=True)
    for name in sys.argv[1:] or CLASSICS:
        began = time.perf_counter()
        gan = CLASSICS[name].set_params(max_iter=400, random_state=0).fit(images, y)
        save_grid(gan.sample(y=list(range(10)) * 5, random_state=0), out / f"{name}.png", columns=10)
        print(f"{name:30} {time.perf_counter() - began:5.1f} s  {out / name}.png", flush=True)
