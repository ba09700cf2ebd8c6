"""How far several ranks are from one with as many times the batch, after 50 steps: the largest difference of a weight.

    torchrun --nproc-per-node 2 examples/benchmarks/ranks.py

Digits, 8x8, real data; networks without batch statistics. Both trainings see the same rows and latents, and differ
in the order in which gradients are added up. What that alone does is seen beside it: one process that takes the same
batch in as many pieces as there are ranks.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits

from skgan import GANEstimator, distributed
from skgan.architectures.mlp import MLP
from skgan.resuming import digest_of

ROWS, STEPS = 64, 50
CASES = {
    "nonsaturating, adam": {"loss": "nonsaturating"},
    "rpgan and its penalties, its adam": {"loss": "rpgan"},
    "hinge, five critic steps, sgd": {"loss": "hinge", "n_critic": 5, "optimizer": "sgd"},
    "lsgan with r1, classes, rmsprop": {"loss": "lsgan", "regularizers": "r1", "optimizer": "rmsprop"},
    "wasserstein, clipped, rmsprop": {"loss": "wgan"},
}


def largest_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Return how far two trainings are apart in the weights of their networks."""
    weights = [name for name in one if not name.startswith("optimizer")]
    return max(float((one[name] - other[name]).abs().max()) for name in weights)


def trained(batch_size: int, X: np.ndarray, y: np.ndarray, params: dict) -> dict[str, torch.Tensor]:
    """Return the tensors of a training."""
    gan = GANEstimator(
        architecture=MLP(64, 2), batch_size=batch_size, max_iter=STEPS, random_state=0, device="cpu", **params
    )
    return gan.fit(X, y)._model_.state.tensors()


def main() -> None:
    """Print a line for each case."""
    torch.set_num_threads(1)
    X, y = load_digits(return_X_y=True)
    with distributed.joined() as ranks:
        first, size = ranks.leads, ranks.size
    for name, params in CASES.items():
        mine = trained(ROWS // size, X, y, params)
        with distributed.joined() as ranks:
            same = len(set(ranks.gather("digests", digest_of(mine)))) == 1
        if not first:
            continue
        with distributed.alone():
            one, pieces = (trained(ROWS, X, y, params | more) for more in ({}, {"micro_batch": ROWS // size}))
        far, far_in_pieces, apart = (largest_difference(*pair) for pair in ((one, mine), (one, pieces), (mine, pieces)))
        print(
            f"{name:34} {far:.1e}, the same batch in pieces {far_in_pieces:.1e}, ranks from pieces {apart:.1e};",
            end=" ",
        )
        print("ranks equal to the bit" if same else "RANKS DIFFER")


if __name__ == "__main__":
    main()
