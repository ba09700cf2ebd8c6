"""For every registered part a small estimator that uses it, and data that it goes with."""

import numpy as np

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.interfaces import Regularizer

ROWS = 12
SHAPES = {"vector": (3,), "image": (8, 8), "signal": (2, 16), "volume": (1, 4, 4, 4)}
LAYOUTS = {"signal": "ncl", "volume": "ncdhw"}
ESTIMATOR = {
    "loss": "loss",
    "architecture": "architecture",
    "regularizer": "regularizers",
    "conditioning": "conditioning",
    "augmentation": "augmentation",
    "optimizer": "optimizer",
    "sampler": "sampler",
    "callback": "callbacks",
}


def classes(kind):
    """Return the classes registered in a family, each once."""
    found = {registry.resolve(kind, name) for name in registry.names(kind)}
    return sorted(found, key=lambda part: (part.__module__, part.__name__))


def every_part(kinds):
    """Return (family, part) for all sets of test parameters; those for tables only have tests of their own."""
    parts = [(kind, c(**params)) for kind in kinds for c in classes(kind) for params in c.get_test_params()]
    return [(kind, part) for kind, part in parts if not of_tables(part)]


def of_tables(part):
    """Say whether a part needs a table of mixed types, or networks that judge several of its rows at once."""
    return part.tags().tables or (isinstance(part, Regularizer) and part.tags().rows_at_once > 1)


def small(kind, name):
    """Return a part with its first test parameters."""
    part = registry.resolve(kind, name)
    return part(**part.get_test_params()[0])


def data(kind, label_kind):
    """Return X and y of a kind."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, *SHAPES[kind]))
    if kind == "image":
        X = rng.integers(256, size=X.shape, dtype=np.uint8)
    y = {
        "none": None,
        "classes": np.arange(ROWS) % 3,
        "multilabel": rng.integers(2, size=(ROWS, 3)),
        "continuous": rng.standard_normal(ROWS),
        "image": rng.standard_normal((ROWS, 1, 8, 8)),
    }[label_kind]
    return X, y


def loss_that_means(meanings):
    """Return a loss whose logit has one of the meanings."""
    return next(part() for part in classes("loss") if meanings is None or part().tags().meaning in meanings)


def scene(kind, part, **params):
    """Return X, y and a small estimator that uses `part`."""
    tags = part.tags()
    energy = tags.reconstructs or tags.meaning == "energy"
    data_kind = (tags.kinds or ("vector",))[0]
    label_kind = "classes" if tags.labels is None or "classes" in tags.labels else tags.labels[0]
    if label_kind == "image":
        data_kind = "image"
    settings = {"latent_dim": 16, "batch_size": 6, "n_critic": 1, "max_iter": 2, "random_state": 0}
    if tags.reads_codes:
        settings["prior"] = "codes"
    if label_kind == "image":
        settings["architecture"] = small("architecture", "unet")
    elif energy:
        settings["architecture"] = small("architecture", "autoencoder-d")
    elif data_kind == "vector":
        settings["architecture"] = MLP(width=8, depth=1)
    elif data_kind == "image":
        settings["architecture"] = small("architecture", "dcgan")
    if tags.reconstructs:
        settings["loss"] = "ebgan"
    elif tags.batch_statistics:
        settings |= {"loss": "nonsaturating", "regularizers": None}
    elif tags.meanings is not None:
        settings["loss"] = loss_that_means(tags.meanings)
    if kind == "loss":
        settings["regularizers"] = "auto"
    X, y = data(data_kind, label_kind)
    return X, y, GANEstimator(**settings | {"layout": LAYOUTS.get(data_kind, "auto"), ESTIMATOR[kind]: part} | params)
