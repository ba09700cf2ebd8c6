"""Writes what is missing of the golden models: ``python tests/golden/make.py``, when a new format is made.

Models that are there are never written again: that they can still be read is what they are for.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from skgan import GANEstimator
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.augmentation.ada import ADA
from skgan.reading import FORMAT

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((24, 3)).astype(np.float32)
SMALL = {"architecture": MLP(width=8, depth=1), "latent_dim": 4, "batch_size": 8, "max_iter": 3, "random_state": 0}
IMAGES = RNG.random((24, 6, 5, 1))
NUMBERS = TABLE[:, :2].astype(np.float64)
CONVOLUTIONS = {"architecture": DCGAN(4, 4), "conditioning": "concat", "conditioning__hidden": 2}

#: name -> parameters, X, y
CASES = {
    "vectors-classes": ({}, TABLE, np.array(list("abcd") * 6)),
    "vectors-scaled": ({"loss": "hinge", "preprocessor": "StandardScaler", "optimizer": "rmsprop"}, TABLE, None),
    "images-sn-wgan-gp": (CONVOLUTIONS | {"loss": "wgan-gp", "regularizers": ["sn", "gp"]}, IMAGES, np.arange(24) % 3),
    "images-ada": (CONVOLUTIONS | {"loss": "hinge", "regularizers": "lecam", "augmentation": ADA()}, IMAGES, None),
    "frame-names": ({"loss": "lsgan", "regularizers": None}, pd.DataFrame(TABLE, columns=["a", "b", "a size"]), None),
    "continuous-labels": ({"conditioning": "concat", "conditioning__hidden": 4}, TABLE, NUMBERS),
    "multilabels": ({"conditioning": "concat", "conditioning__hidden": 4}, TABLE, (NUMBERS > 0).astype(int)),
}


def make(folder, params, X, y):
    params = SMALL | params
    if "preprocessor" in params:
        from sklearn.preprocessing import StandardScaler

        params["preprocessor"] = StandardScaler()
    nested = {name: params.pop(name) for name in list(params) if "__" in name}
    gan = GANEstimator(**params).set_params(**nested).fit(X, y)
    gan.save(folder / "model")
    samples = gan.sample(8, random_state=0)
    columns = list(X.columns) if hasattr(X, "columns") else []
    labels = {} if y is None else {"y": y}
    np.savez_compressed(
        folder / "data.npz", X=np.asarray(X), samples=np.asarray(samples), columns=np.array(columns, str), **labels
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, (params, X, y) in CASES.items():
        folder = Path(__file__).parent / f"v{FORMAT}-{name}"
        if not folder.exists():
            folder.mkdir()
            make(folder, params, X, y)
