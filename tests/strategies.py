"""What the properties are drawn from: data of every layout, labels of every type, parts from the registry."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hypothesis import assume
from hypothesis import strategies as st
from sklearn.base import clone

from skgan import GANEstimator, registry, resolution
from skgan.compatibility import why_not
from skgan.distributed import Alone
from skgan.exceptions import IncompatibleComponentError

SEEDS = st.integers(0, 2**32 - 1)
SIDES = st.sampled_from([1, 2, 4, 7, 8, 13, 16, 28, 32])
ANY_DTYPE = ("float16", "float32", "float64", "uint8")
SMOOTH = ("float32", "float64")
LAYOUTS = ("nf", "nhw", "nhwc", "nchw", "flat images")


@dataclass(repr=False)
class Case:
    """Data with labels, and an estimator that can be fitted to them."""

    X: object
    y: object
    estimator: GANEstimator

    def fit(self):
        return clone(self.estimator).fit(self.X, self.y)

    def __repr__(self):
        y = None if self.y is None else f"{type(self.y).__name__} of {np.unique(np.asarray(self.y)).tolist()}"
        return f"Case({self.X.dtype} {self.X.shape}, y={y}, {self.estimator})"

    def rows_of(self, n):
        return (n, *self.X.shape[1:])


@st.composite
def arrays(draw, dtypes=ANY_DTYPE, layouts=LAYOUTS):
    """X, what a sample is, and the parameters that say how X is laid out."""
    layout, dtype, n = draw(st.sampled_from(layouts)), draw(st.sampled_from(dtypes)), draw(st.integers(2, 70))
    channels, height, width = draw(st.integers(1, 4)), draw(SIDES), draw(SIDES)
    shape, said = {
        "nf": ((draw(st.integers(1, 64)),), {}),
        "nhw": ((height, width), {}),
        "nhwc": ((height, width, channels), {"layout": "nhwc"}),
        "nchw": ((channels, height, width), {"layout": "nchw"}),
        "flat images": ((channels * height * width,), {"image_shape": (channels, height, width)}),
        "ncl": ((channels, width), {"layout": "ncl"}),
        "ncdhw": ((channels, 2, 2, height), {}),
    }[layout]
    kind = {"nf": "vector", "ncl": "signal", "ncdhw": "volume"}.get(layout, "image")
    rng = np.random.default_rng(draw(SEEDS))
    if dtype == "uint8":
        return rng.integers(256, size=(n, *shape), dtype=dtype), kind, said
    scale, offset = (1, 0) if dtypes == SMOOTH else draw(st.sampled_from([(1, 0), (1e-3, -2), (50, 1000)]))
    return (offset + scale * rng.standard_normal((n, *shape))).astype(dtype), kind, said


@st.composite
def class_names(draw, fewest=1, most=20):
    """Distinct labels of one type."""
    how_many = {"min_size": fewest, "max_size": most, "unique": True}
    letters = st.characters(exclude_categories=["Cs", "Cc"])
    return draw(
        st.lists(st.integers(-1000, 1000), **how_many)
        | st.lists(st.text(letters, max_size=5), **how_many)
        | st.permutations([False, True]).map(lambda both: both[: max(fewest, most % 2)])
        | st.lists(st.integers(-128, 127).map(np.int8), **how_many)
    )


@st.composite
def labels(draw, n, fewest=1, most=20):
    """Labels of n rows in a container of some kind, at least `fewest` different ones."""
    known = draw(class_names(fewest, most))
    codes = np.random.default_rng(draw(SEEDS)).integers(len(known), size=n)
    codes[:fewest] = np.arange(len(known))[:fewest]
    container = draw(st.sampled_from([list, np.array, pd.Series, pd.Categorical]))
    return container([known[code] for code in codes])


@st.composite
def parts(draw, kind, conditional):
    """Names and small objects from the registry that go together."""
    labels = "classes" if conditional else "none"

    def fitting(family, *others):
        """Return one name for each part of a family that goes with such data and with others."""
        found = {registry.resolve(family, name): name for name in registry.names(family)}
        return sorted(
            name
            for part, name in found.items()
            if kind in (part().tags().kinds or [kind])
            and (labels in (part().tags().labels or [labels]) or (family == "conditioning" and not conditional))
            and not (part().tags().square or part().tags().reads_codes)
            and not any(why_not(part(), other) for other in others)
        )

    # Every second one is light: what is asked here hardly ever depends on how deep a network is.
    name = draw(st.just("mlp") | st.sampled_from(fitting("architecture")))
    part = registry.resolve("architecture", name)
    architecture = part(**draw(st.sampled_from(part.get_test_params())))
    loss = draw(st.sampled_from(fitting("loss", architecture)))
    chosen = architecture, registry.resolve("loss", loss)()
    names = st.lists(st.sampled_from(fitting("regularizer", *chosen)), max_size=2, unique=True)
    return {
        "architecture": architecture,
        "loss": loss,
        "regularizers": draw(st.just("auto") | names),
        "optimizer": draw(st.sampled_from(["auto", *registry.names("optimizer")])),
        "conditioning": draw(st.sampled_from(["auto", *fitting("conditioning", *chosen)])) if conditional else None,
    }


def go_together(case):
    """Return whether nothing refuses the parts and data of a case; no network is built."""
    gan = clone(case.estimator)
    rows = case.X.reshape(len(case.X), -1)
    try:
        gan._new_model(case.X, rows, case.y, None, resolution.given(gan.get_params(deep=False)), Alone())
    except IncompatibleComponentError:
        return False
    return True


@st.composite
def cases(draw, dtypes=ANY_DTYPE, layouts=LAYOUTS, conditional=None, classes=(1, 20)):
    X, kind, said = draw(arrays(dtypes, layouts))
    conditional = draw(st.booleans()) if conditional is None else conditional
    y = draw(labels(len(X), min(classes[0], len(X)), classes[1])) if conditional else None
    estimator = GANEstimator(
        **draw(parts(kind, conditional)),
        **said,
        latent_dim=draw(st.integers(1, 64)),
        batch_size=draw(st.integers(1, 40)),
        prior=draw(st.sampled_from(["gaussian", "uniform", "sphere"])),
        ema_decay=draw(st.sampled_from([None, 0.0, 0.5, 0.999])),
        random_state=draw(SEEDS),
        n_critic=1,
        max_iter=draw(st.integers(1, 2)),
    )
    case = Case(X, y, estimator)
    assume(go_together(case))
    return case
