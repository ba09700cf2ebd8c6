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
from skgan.architectures.tabular import Tabular
from skgan.augmentation.ada import ADA
from skgan.constraints import Within
from skgan.reading import FORMAT

RNG = np.random.default_rng(0)
TABLE = RNG.standard_normal((24, 3)).astype(np.float32)
SMALL = {"architecture": MLP(width=8, depth=1), "latent_dim": 4, "batch_size": 8, "max_iter": 3, "random_state": 0}
IMAGES = RNG.random((24, 6, 5, 1))
NUMBERS = TABLE[:, :2].astype(np.float64)
CONVOLUTIONS = {"architecture": DCGAN(4, 4), "conditioning": "concat", "conditioning__hidden": 2}

MIXED = pd.DataFrame(
    {
        "age": RNG.integers(18, 90, 60),
        "gain": np.where(RNG.random(60) < 0.6, 0, RNG.integers(1, 9, 60) * 100),
        "score": np.where(RNG.random(60) < 0.3, np.nan, RNG.random(60).round(2)),
        "city": RNG.choice(["Rome", "Oslo", "Lima"], 60),
        "smokes": RNG.random(60) < 0.4,
        "born": pd.Timestamp("1980-01-01") + pd.to_timedelta(RNG.integers(0, 900, 60), unit="D"),
        "size": pd.Categorical(RNG.choice(["S", "M"], 60), categories=["S", "M"], ordered=True),
        "row": [f"r{i}" for i in range(60)],
    }
)
MIXED["country"] = MIXED["city"].map({"Rome": "Italy", "Oslo": "Norway", "Lima": "Peru"})
OF_TABLES = {
    "architecture": Tabular(width=8, depth=1, pac=2),
    "regularizers": "conditional-cross-entropy",
    "columns": {"age": "mixed", "city": "one-hot"},
    "constraints": Within("age", 18, 90),
}

#: name -> parameters, X, y
CASES = {
    "vectors-classes": ({}, TABLE, np.array(list("abcd") * 6)),
    "vectors-scaled": ({"loss": "hinge", "preprocessor": "StandardScaler", "optimizer": "rmsprop"}, TABLE, None),
    "images-sn-wgan-gp": (CONVOLUTIONS | {"loss": "wgan-gp", "regularizers": ["sn", "gp"]}, IMAGES, np.arange(24) % 3),
    "images-ada": (CONVOLUTIONS | {"loss": "hinge", "regularizers": "lecam", "augmentation": ADA()}, IMAGES, None),
    "frame-names": ({"loss": "lsgan", "regularizers": None}, pd.DataFrame(TABLE, columns=["a", "b", "a size"]), None),
    "continuous-labels": ({"conditioning": "concat", "conditioning__hidden": 4}, TABLE, NUMBERS),
    "tables": (OF_TABLES, MIXED, None),
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
    if X is MIXED:  # which code above makes again
        np.savez_compressed(folder / "data.npz", samples=np.array(samples.to_csv(index=False)))
        return
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
