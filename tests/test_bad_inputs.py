"""The catalogue of bad inputs, one table: what is given, what it is refused with, and the four parts of the sentence.

Each row is tried on an estimator that is not fitted, or on a fitted one, in an empty directory in which fits would
write checkpoints: it must be refused before a network is built or a file written, and change nothing. Ids without a
row are in `OVERRIDDEN`, with the reason.
"""

import os
import re
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch
from attacks import Forgery
from click.testing import CliRunner
from plugin_env import OFFER, PART, offer, plugin_environment, spec
from refusals import MARK, check_words, refused, watched
from sklearn.exceptions import NotFittedError

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.cli import main
from skgan.exceptions import (
    CheckpointCorruptError,
    CheckpointError,
    CheckpointExistsError,
    CheckpointMismatchError,
    CheckpointNotFoundError,
    CheckpointVersionError,
    ComponentNotFoundError,
    DeviceError,
    IncompatibleComponentError,
    InvalidParameterError,
    PluginError,
    PluginLoadWarning,
    UnsafeFileError,
)
from skgan.losses.wgan_gp import WGANGP
from skgan.optimizers.adam import Adam
from skgan.regularizers.r1 import R1
from skgan.samplers.psi import Psi

CATALOGUE = [f"B{number:02d}" for number in range(1, 136)]
OVERRIDDEN = {
    "B12": "batches larger than the data are drawn from an endless permutation",
    "B13": "there is no parameter pac; minibatch layers belong to architectures",
    "B52": "DataFrames may hold missing values (of arrays: B41)",
    "B54": "DataFrames may hold text (of arrays: B45)",
    "B24": "every architecture takes every height and width",
    "B61": "channels-last images are understood",
    "B59": "float images may have any range, which is learned",
    "B62": "a constant column comes back constant: nothing differs that a warning could tell of",
    "B65": "a label that is NaN says that its row has none",
    "B66": "a label that is None says that its row has none",
    "B68": "numbers are labels of their own kind",
    "B69": "one-hot rows are several labels at once",
    "B72": "rows are drawn as they are, not balanced by class",
    "B75": "classes are learned from the first call",
    "B80": "every saved model holds all that training needs",
    "B118": "there is no configuration file; --set takes literals and runs nothing (tests/test_fit_cli.py)",
}

TINY = {"architecture": MLP(width=8, depth=1), "max_iter": 2, "latent_dim": 8, "batch_size": 8, "random_state": 0}
NAN, INF = float("nan"), float("inf")


def table(rows=12, columns=3):
    return MARK + np.random.default_rng(0).standard_normal((rows, columns))


def spoilt(value, dtype=float):
    rows = table().astype(dtype)
    rows[5, 1] = value
    return rows


X, Y = table(), np.array(list("abc") * 4)
IMAGES = np.random.default_rng(0).random((12, 6, 6))


@dataclass
class Row:
    """One line of the catalogue; `says` are the argument, what came, what is allowed and the next step."""

    id: str
    given: str
    error: type | tuple
    says: tuple[str, ...]
    call: Callable[[Any], Any] = lambda gan: gan.fit(X, Y)
    params: dict[str, Any] = field(default_factory=dict)
    start: Callable[[dict], Any] = lambda params: GANEstimator(**(TINY | params))


def fitted(params, y=Y):
    return GANEstimator(**TINY).fit(X, y).set_params(**params)


def parameter(id, error, *says, **params):
    return Row(
        id, ", ".join(f"{name}={str(value)[:30]!r}" for name, value in params.items()), error, says, params=params
    )


def x(id, given, value, error, *says):
    return Row(id, given, error, says, lambda gan: gan.fit(value() if callable(value) else value))


def y(id, given, value, error, *says):
    return Row(id, given, error, says, lambda gan: gan.fit(X, value))


def used(id, given, call, error, *says, start=fitted, **params):
    return Row(id, given, error, says, call, params, start)


def _columns(params):
    import pandas as pd

    frame = pd.DataFrame(X, columns=list("abc"))
    return GANEstimator(**TINY).fit(frame).set_params(**params)


def _frame(names, rows=X):
    import pandas as pd

    return pd.DataFrame(rows, columns=list(names))


def _mixed(rows, names="abc"):
    import pandas as pd

    frame = pd.DataFrame({"n": X[:rows, 0], "t": Y[:rows], "m": X[:rows, 1]})
    return frame.set_axis(list(names), axis=1)


def _table_of_columns(params):
    return GANEstimator(**TINY).fit(_mixed(12)).set_params(**params)


BAD = InvalidParameterError
PARAMETERS = [
    parameter("B01", ComponentNotFoundError, "loss", "'wgan-pg'", "one of", "Did you mean 'wgan-gp'?", loss="wgan-pg"),
    *(
        parameter("B02", BAD, "'loss'", came, "name of a loss", "Derive its class", loss=value)
        for value, came in (
            (None, "None"),
            (3, "Got 3"),
            (torch.nn.BCELoss, "class BCELoss"),
            (torch.nn.BCELoss(), "type BCELoss"),
        )
    ),
    Row("B04", "set_params(foo=1)", ValueError, ("GANEstimator", "'foo'", "Valid parameters are", "'architecture'"),
        lambda gan: gan.set_params(foo=1)),
    Row("B04", "two names that are not known", ValueError,
        ("GANEstimator", "'bacth_size', 'los__a'", "Did you mean 'batch_size' for 'bacth_size'?", "'loss' for 'los'?"),
        lambda gan: gan.set_params(bacth_size=1, los__a=2)),
    Row("B05", "set_params(loss__lambda_gpp=5)", BAD,
        ("WGANGP", "'gp_weigth'", "'gp_weight'", "Did you mean"),
        lambda gan: gan.set_params(loss__gp_weigth=5), {"loss": "wgan-gp"}),
    *(
        parameter(id, BAD, "'learning_rate'", f"Got {value if value != [0.1] else 'an object of type list'}", "finite float in the range (0, inf)", "default",
                  learning_rate=value)
        for id, value in (("B06", -1), ("B06", 0), ("B07", NAN), ("B07", INF), ("B07", -INF), ("B06", [0.1]))
    ),
    parameter("B08", BAD, "'learning_rate'", "'1e-3'", "finite float", "without quotes", learning_rate="1e-3"),
    *(
        parameter(id, BAD, "'batch_size'", f"Got {value!r}", "int in the range [1, 16777216]", "default", batch_size=value)
        for id, value in (("B09", 0), ("B09", -8), ("B10", 2.5), ("B11", True), ("B10", None), ("B10", NAN))
    ),
    parameter("B12", BAD, "'batch_size'", f"Got {10**18}", "int in the range [1, 16777216]", "default", batch_size=10**18),
    parameter("B11", BAD, "'max_iter'", "Got True", "int in the range [1, inf)", "default", max_iter=True),
    parameter("B14", BAD, "'max_iter'", "Got 0", "int in the range [1, inf)", "default", max_iter=0),
    parameter("B14", BAD, "'max_iter'", "Got -5", "int in the range [1, inf)", "default", max_iter=-5),
    parameter("B14", BAD, "'n_critic'", "Got 0", "int in the range [1, inf)", "default", n_critic=0),
    parameter("B15", BAD, "'latent_dim'", "Got 0", "int in the range [1, 2147483647]", "default", latent_dim=0),
    *(
        parameter("B16", BAD, "'betas'", came, "a pair, each a finite float in the range [0, 1)", "default",
                  optimizer=Adam(betas=value))
        for value, came in (((0.0, 1.0), "tuple"), ((0.5,), "tuple"), (0.5, "Got 0.5"), ((NAN, 0.9), "tuple"))
    ),
    *(
        parameter("B17", BAD, "'ema_decay'", f"Got {value!r}", "range [0, 1)", "default", ema_decay=value)
        for value in (1.5, -0.1, NAN)
    ),
    parameter("B18", BAD, "'weight'", "Got -1.0", "range [0, inf)", "default", regularizers=R1(-1.0)),
    parameter("B18", BAD, "'gp_weight'", "Got -1", "range [0, inf)", "default", loss=WGANGP(-1)),
    *(
        parameter("B19", BAD, "'random_state'", f"Got {value!r}", "range [0, 4294967295]", "default", random_state=value)
        for value in ("a", -1, 2**32, 1.5, True)
    ),
    parameter("B20", BAD, "'device'", "Got 'gpu'", "'cuda:N'", "Did you mean 'cuda'?", device="gpu"),
    parameter("B20", BAD, "'device'", "Got 'cuad'", "'cpu'", "Did you mean 'cuda'?", device="cuad"),
    parameter("B22", DeviceError, "'device'", "Got 'cuda:99'", "CUDA devices", "Use 'cpu' or 'auto'", device="cuda:99"),
    parameter("B23", BAD, "'precision'", "Got 'fp8'", "float32", "default", precision="fp8"),
    Row("B25", "a conditioning for classes, and labels that are numbers", IncompatibleComponentError,
        ("conditioning 'ac'", "y is 'continuous'", "'classes'", "Choose another conditioning"),
        lambda gan: gan.fit(X, np.linspace(0, 1.1, 12)), {"conditioning": "ac"}),
    parameter("B26", BAD, "'regularizers'", "'r1'", "not hold one regularizer twice", "Give it once",
              regularizers=["r1", "r1"]),
    parameter("B27", TypeError, "'callbacks[1]'", "builtin", "skgan.interfaces.Callback", "Derive",
              callbacks=["sample-grid", print]),
    parameter("B28", ComponentNotFoundError, "optimizer", "'adamm'", "one of", "Did you mean 'adam'?",
              optimizer="adamm"),
    parameter("B29", BAD, "'checkpoint_every_ticks'", "Got 0", "int in the range [1, inf)", "default",
              checkpoint_every_ticks=0),
    parameter("B29", ValueError, "checkpoint_every_ticks", "Got 5", "None without checkpoint_dir",
              "Say where checkpoints go", checkpoint_every_ticks=5, checkpoint_dir=None),
    parameter("B30", NotADirectoryError, "checkpoint_dir", "Got '", "a directory of its own, or new", "Give another path",
              checkpoint_dir=__file__),
    parameter("B31", ValueError, "regularizer 'gp'", "'weight-clip'", "cuts the discriminator's weights off",
              "Choose another regularizer", loss="wasserstein", regularizers=["gp", "weight-clip"]),
    parameter("B31", ValueError, "regularizer 'spectral-norm'", "'weight-clip'", "one undoes the other",
              "Choose another regularizer", loss="wasserstein", regularizers=["spectral-norm", "weight-clip"]),
]  # fmt: skip


IDENTITY = torch.nn.Identity()


class Rows(torch.utils.data.Dataset):
    """A data set of torch, which is not data."""

    def __len__(self):
        return 12

    def __getitem__(self, index):
        if index >= len(self):  # many data sets never say where they end
            raise AssertionError("read past the end")
        return torch.full((3,), MARK), 0


def wide(*shape):
    return np.full(shape, MARK)


def _no_array(id, given, value, came):
    return x(id, given, value, TypeError, "X must be", came, "a NumPy array, a tensor, a DataFrame", "Collect its rows")


DATA = [
    _no_array("B32", "None", None, "Got None"),
    x("B33", "a path", "rows98765.npy", TypeError, "X must be", "Got str", "NumPy array", "numpy.load(path)"),
    x("B33", "a folder", Path("rows98765"), TypeError, "X must be", "Path", "NumPy array", "datasets.load_images(path)"),
    _no_array("B34", "a DataLoader", lambda: torch.utils.data.DataLoader(Rows()), "Got DataLoader"),
    _no_array("B34", "a Dataset", Rows(), "Got Rows"),
    _no_array("B35", "a generator", lambda: (row for row in X), "Got generator"),
    _no_array("B35", "a set", {MARK}, "Got set"),
    _no_array("B35", "a dict", {"a": [MARK]}, "Got dict"),
    x("B36", "one dimension", X[:, 0], ValueError, "Expected 2D array", "got 1D array", "(12,)", "reshape(-1, 1)"),
    x("B37", "six dimensions", wide(4, 1, 2, 2, 2, 2), ValueError, "X must have", "Got 6", "2 to 5", "Reshape"),
    x("B38", "no row", X[:0], ValueError, "0 sample(s)", "(0, 3)", "minimum of 2", "Give more rows"),
    x("B39", "no feature", X[:, :0], ValueError, "0 feature(s)", "(12, 0)", "minimum of 1", "Check the axes"),
    x("B39", "images of no height", wide(5, 0, 8), ValueError, "0 feature(s)", "(5, 0, 8)", "minimum of 1", "Check its axes"),
    x("B40", "one row", X[:1], ValueError, "1 sample", "(1, 3)", "minimum of 2", "Give more rows"),
    x("B41", "NaN", spoilt(NAN), ValueError, "X contains NaN", "1 times, first at row 5, column 1", "finite", "impute"),
    x("B41", "NaN in images", np.where(IMAGES > 0.9, NAN, IMAGES), ValueError, "X contains NaN", "first at row", "finite", "impute"),
    x("B41", "None", spoilt(None, object), ValueError, "X contains NaN", "row 5, column 1", "finite", "impute"),
    x("B42", "infinity", spoilt(INF), ValueError, "X contains infinity or a value too large", "row 5, column 1", "finite", "Drop"),
    x("B42", "minus infinity", spoilt(-INF), ValueError, "X contains infinity", "row 5, column 1", "finite", "Drop"),
    x("B43", "1e300", spoilt(1e300), ValueError, "X contains", "row 5, column 1", "float32", "Drop"),
    x("B44", "complex numbers", X + 1j, ValueError, "Complex data not supported", "complex128", "X must hold real", "Convert"),
    x("B44", "a complex tensor", torch.tensor(X) + 1j, ValueError, "Complex data", "complex128", "X must hold", "Convert"),
    x("B45", "text", [["m98765", "n"]] * 4, ValueError, "X must hold numbers", "<U6", "numeric", "Convert"),
    x("B45", "bytes", np.full((4, 2), b"m98765"), ValueError, "X must hold numbers", "S6", "numeric", "Convert"),
    x("B45", "text among numbers", spoilt("m98765", object), ValueError, "X must hold", "Got text", "numbers", "Encode"),
    x("B46", "dates", np.full((5, 2), "2020-01-01", "M8[D]"), ValueError, "X must hold", "datetime64", "real numbers", "Convert"),
    x("B46", "durations", np.full((5, 2), 3, "m8[D]"), ValueError, "X must hold", "timedelta64", "real numbers", "Convert"),
    x("B47", "a dict in a cell", spoilt({"m98765": 1}, object), TypeError, "X must hold", "'dict'", "a real number", "Replace"),
    x("B47", "a list in a cell", spoilt([1], object), (TypeError, ValueError), "X must hold", "list", "number", "Replace"),
    x("B47", "a number beyond float64", spoilt(10**400, object), ValueError, "X must hold", "larger", "float64", "Rescale"),
    x("B48", "ragged rows", [[MARK, 2.0], [3.0]], ValueError, "X must have", "a list whose entries differ", "one length", "Resize"),
    x("B49", "two sizes of image", [wide(4, 4), wide(5, 5)], ValueError, "X must have", "differ in shape", "one length", "Resize"),
    x("B50", "a structured array", np.zeros((5, 1), [("a", float)]), ValueError, "X must hold", "[('a', '<f8')]", "real", "Convert"),
    x("B51", "a sparse matrix", scipy.sparse.csr_array(X), TypeError, "X", "csr_array", "dense data is required", "toarray()"),
    x("B51", "a sparse tensor", lambda: torch.eye(5).to_sparse(), TypeError, "X", "sparse_coo", "dense", "X.to_dense()"),
    x("B53", "column names of two types", lambda: _frame(["a", 1, "c"]), TypeError, "Feature names", "['int', 'str']", "all input features have string names", "convert them all"),
    _no_array("B57", "a tensor on the meta device", torch.empty(12, 3, device="meta"), "without data"),
    x("B38", "a table of no row", lambda: _mixed(0), ValueError, "X must have", "(0, 3)", "at least 2 sample(s) and 1 feature(s)", "Give more rows"),
    x("B40", "a table of one row", lambda: _mixed(1), ValueError, "X must have", "(1, 3)", "a minimum of 2 is required", "Give more rows"),
    # not in the catalogue
    x("unlisted", "two columns of one name", lambda: _mixed(12, "aba"), ValueError, "X must have", "several called 'a'", "different names", "Rename them"),
    x("unlisted", "masked cells", np.ma.masked_greater(X, X.mean()), ValueError, "X must hold", "masked", "number in each cell", "X.filled"),
    x("unlisted", "np.matrix", lambda: X.view(np.matrix), TypeError, "X", "Got a matrix", "an array", "np.asarray(X)"),
    x("unlisted", "no channel axis", wide(4, 8, 8, 8), ValueError, "X must have", "(8, 8, 8)", "at most 4", "Say layout="),
    x("unlisted", "a module", lambda: IDENTITY, TypeError, "X must be", "Got Identity", "NumPy array", "Collect"),
    x("unlisted", "a list that holds itself", lambda: (lambda own: own.append(own) or own)([]), ValueError, "X must have", "list", "one length", "Resize"),
]  # fmt: skip

LABELS = [
    y("B64", "too few", Y[:-1], ValueError, "y must have", "[12, 11]", "inconsistent numbers of samples", "Pass X and y of one length"),
    y("B67", "text and numbers", np.array([1, "a"] * 6, object), ValueError, "y must hold", "'number', 'str'", "one type", "astype"),
    Row("B74", "sample_weight", TypeError, ("sample_weight",), lambda gan: gan.fit(X, Y, sample_weight=np.ones(12))),
    Row("B03", "GANEstimator(los='gan')", TypeError, ("'los'",), lambda gan: GANEstimator(los="gan")),
    used("B70", "none, though there were some", lambda gan: gan.partial_fit(X), ValueError, "y must be given", "Got None", "fitted with labels", "Pass y"),
    used("B76", "a class that was not seen", lambda gan: gan.partial_fit(X, ["zebra"] * 12), ValueError, "y must hold", "Got 'zebra'", "'a', 'b', 'c'", "Ask for a known"),
    Row("B76", "a class that was not named", ValueError, ("y must hold", "Got 'c'", "'a', 'b'.", "Ask for a known"),
        lambda gan: gan.partial_fit(X, Y, classes=["a", "b"]), {"checkpoint_dir": None}),
    used("B77", "other classes later", lambda gan: gan.partial_fit(X, Y, classes=list("abcd")), ValueError, "classes must be", "'d'", "'a', 'b', 'c'", "Call fit"),
    used("B77", "classes where y holds none", lambda gan: gan.partial_fit(X, classes=list("ab")), ValueError, "classes must be left out", "y is 'none'", "holds no classes", "Leave them out",
         start=lambda params: GANEstimator(**TINY).fit(X)),
    *(
        Row("B77", f"classes={value!r}", ValueError, ("classes must be", "Got shape", "a list of all labels", "Name each"),
            lambda gan, value=value: gan.partial_fit(X, Y, classes=value), {"checkpoint_dir": None})
        for value in ([], 3, [["a", "b", "c"]], ["a", None])
    ),
    used("B78", "another number of features", lambda gan: gan.partial_fit(X[:, :2], Y), ValueError, "X has", "2 features", "expecting 3", "Bring X into"),
    used("B78", "another shape", lambda gan: gan.partial_fit(wide(12, 4, 4), Y), ValueError, "X must have", "(4, 4)", "(3,)", "Bring X into"),
    used("B79", "another architecture", lambda gan: gan.partial_fit(X, Y), ValueError, "'architecture'", "MLP(width=9)", "must stay", "Set it back", architecture=MLP(width=9)),
    y("unlisted", "masked labels", np.ma.masked_array(np.arange(12) % 3, np.arange(12) == 4), ValueError, "y must", "1 masked", "not be masked", "y.filled"),
    y("unlisted", "a generator", (i for i in range(12)), ValueError, "y must have", "Got shape ()", "(12,)", "Give one label"),
]  # fmt: skip


def _n(id, value, error):
    return used(
        id,
        f"n_samples={value!r}",
        lambda gan: gan.sample(value),
        error,
        "n_samples",
        f"Got {value!r}",
        "int in the range [1, inf)",
        "Ask for at least one",
    )


def _unlabelled(params):
    return GANEstimator(**TINY).fit(X).set_params(**params)


def _numbered(params):
    return GANEstimator(**TINY).fit(X, np.arange(12) % 3).set_params(**params)


def _pictured(params):
    gan = GANEstimator(architecture="unet", max_iter=1, batch_size=4, random_state=0)
    return gan.fit(IMAGES, np.random.default_rng(1).random((12, 1, 6, 6))).set_params(**params)


USES = [
    Row("B81", "sample before fit", NotFittedError, ("GANEstimator", "not fitted", "fit"), lambda gan: gan.sample(3)),
    _n("B82", 0, ValueError), _n("B82", -1, ValueError), _n("B83", 1.5, ValueError), _n("B83", "3", TypeError),
    _n("B83", True, TypeError), _n("B83", NAN, ValueError),
    used("B83", "n_samples=[3]", lambda gan: gan.sample([3]), TypeError, "n_samples", "list", "int in the range", "Ask"),
    used("B84", "an unknown label", lambda gan: gan.sample(y="zebra"), ValueError, "y must hold", "'zebra'", "'a', 'b', 'c'", "Ask for a known label"),
    used("B84", "an unknown one of many", lambda gan: gan.sample(y="zebra"), ValueError, "y must hold", "'zebra'", "'c0', 'c1'", "and 40 more",
         start=lambda params: GANEstimator(**TINY).fit(np.repeat(X, 10, 0)[:100], np.repeat([f"c{i}" for i in range(50)], 2))),
    used("B85", "too few labels", lambda gan: gan.sample(5, y=["a", "b"]), ValueError, "n_samples, y", "n_samples=5 and lengths [2]", "agree", "Leave n_samples out"),
    used("B86", "labels for a model without", lambda gan: gan.sample(y="a"), ValueError, "y must be left out", "Got y", "without labels", "Fit with y", start=_unlabelled),
    used("B87", "a missing label", lambda gan: gan.sample(y=["a", None]), ValueError, "y must hold", "first at row 1", "a label in each row", "Leave y out"),
    used("B87", "a label that is NaN", lambda gan: gan.sample(y=[1.0, NAN]), ValueError, "y must hold", "first at row 1", "a label in each row", "Leave y out", start=_numbered),
    *(
        used("B88", f"label {value}", lambda gan, value=value: gan.sample(2, y=value), ValueError, "y must hold", f"'{value}'", "0, 1, 2", "Ask for a known", start=_numbered)
        for value in (-1, 3, 1.5, 10**30)
    ),
    used("B89", "labels of two dimensions", lambda gan: gan.sample(y=[["a", "b"], ["b", "c"]]), ValueError, "y must have", "(2, 2)", "(2,)", "Give one label"),
    *(
        used("B90", f"truncation by {value}", lambda gan, value=value: gan.sample(3, y="a", sampler=Psi(value)), BAD, "'psi'", f"Got {value!r}", "range [0, 1]", "default")
        for value in (-1.0, NAN, 1.5)
    ),
    *(
        used("B91", f"random_state={value!r}", lambda gan, value=value: gan.sample(random_state=value), BAD, "'random_state'", f"Got {value!r}", "range [0, 4294967295]", "default")
        for value in ("a", -1, 2**32, 1.5, True)
    ),
    *(
        used("B92", f"{method} of two features", lambda gan, method=method: getattr(gan, method)(X[:, :2]), ValueError, "X has", "2 features", "expecting 3", "Bring X into")
        for method in ("transform", "score", "decision_function", "invert")
    ),
    used("B92", "transform of images", lambda gan: gan.transform(wide(3, 4, 4)), ValueError, "X must have", "(4, 4)", "(3,)", "Bring X into"),
    used("B93", "columns in another order", lambda gan: gan.transform(_frame("bac")), ValueError, "feature names", "order", "as they were in fit", "X[gan.feature_names_in_]", start=_columns),
    used("B93", "another column", lambda gan: gan.transform(_frame(["z" * 600, "b", "c"])), ValueError, "feature names should match", "unseen at fit time", "passed during fit", "X[gan.feature_names_in_]", start=_columns),
    used("B92", "a table with a column less", lambda gan: gan.transform(_mixed(12)[["a", "b"]]), ValueError, "feature names should match", "missing", "passed during fit", "X[gan.feature_names_in_]", start=_table_of_columns),
    used("B93", "a table in another order", lambda gan: gan.transform(_mixed(12)[["b", "a", "c"]]), ValueError, "feature names", "order", "as they were in fit", "X[gan.feature_names_in_]", start=_table_of_columns),
    *(
        used("B94", f"{method} of {value}", lambda gan, method=method, value=value: getattr(gan, method)(spoilt(value)), ValueError, "X contains", "1 times, first at row 5, column 1", "finite", "Drop")
        for method in ("transform", "score", "decision_function", "invert")
        for value in (NAN, INF)
    ),
    used("B95", "one row to score", lambda gan: gan.score(X[:1]), ValueError, "X must have", "Got 1", "at least 2 rows", "Give more"),
    used("B95", "three rows to score by five neighbours", lambda gan: gan.score(X[:3]), ValueError, "metric", "Got 3", "more than k=5 rows", "Give more", scoring="coverage"),
    used("B96", "no labels for label fidelity", lambda gan: gan.score(X), ValueError, "y_real", "Got None", "needs y_real and y_fake", "Pass the labels", scoring="label-fidelity"),
    used("B96", "no images to condition on", lambda gan: gan.score(IMAGES), ValueError, "y", "None", "images", "Pass", start=_pictured),
    used("B97", "an unknown metric", lambda gan: gan.score(X), ComponentNotFoundError, "metric", "'enrgy'", "one of", "Did you mean 'energy'?", scoring="enrgy"),
    used("unlisted", "samples beyond memory", lambda gan: gan.sample(10**18), MemoryError, "not enough memory", "1000000000000000000 rows", "shape (3,)", "Ask for fewer"),
    used("unlisted", "latents of another width", lambda gan: gan.sample(latents=wide(2, 3)), ValueError, "latents", "(2, 3)", "(2, 8)", "latent_dim"),
    used("unlisted", "latents with NaN", lambda gan: gan.sample(latents=np.full((2, 8), NAN)), ValueError, "latents", "NaN", "finite", "latent_dim"),
]  # fmt: skip


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def name_of(row):
    return f"{row.id} {row.given}"


@pytest.mark.goal("G2", "G3")
@pytest.mark.parametrize("row", [*PARAMETERS, *DATA, *LABELS, *USES], ids=name_of)
def test_a_call_is_refused(row, empty, monkeypatch):
    before_fit = row.start is Row.start or row.start({}).__dict__.get("_model_") is None
    gan = row.start({"checkpoint_dir": "runs", **row.params} if before_fit else row.params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # of np.matrix
        with watched(monkeypatch) as done:
            message = refused(gan, row.call, row.error)
    check_words(message, row.says)
    assert done == []
    assert list(empty.iterdir()) == []
    assert len(row.says) == 4 or row.id in ("B03", "B74", "B81"), "Python's or scikit-learn's own sentence"


def test_b21_a_device_that_this_torch_cannot_use(empty, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    gan = GANEstimator(**(TINY | {"device": "cuda"}))
    message = refused(gan, lambda gan: gan.fit(X), DeviceError)
    check_words(message, ("'device'", "'cuda'", "finds 0 CUDA devices", "Use 'cpu' or 'auto'"))


# --- what works, and what works with a warning ----------------------------------------------------


NARROW = X.astype(np.float32)
SAME = {
    "B55": ("a tensor with a gradient", lambda: torch.tensor(NARROW, requires_grad=True)),
    "B56": ("bfloat16", lambda: torch.tensor(NARROW).bfloat16()),
    "B58 big-endian": ("another order of bytes", lambda: NARROW.astype(">f4")),
    "B58 longdouble": ("long doubles", lambda: NARROW.astype(np.longdouble)),
    "B58 float16": ("half precision", lambda: (NARROW - MARK).astype(np.float16)),
}


@pytest.mark.parametrize("id", SAME)
def test_other_numbers_are_read(id):
    rows = SAME[id][1]()
    plain = rows.detach().float().numpy() if isinstance(rows, torch.Tensor) else np.asarray(rows, np.float32)
    first, second = (GANEstimator(**TINY).fit(data, Y).sample(5, random_state=1) for data in (rows, plain))
    kind = min((np.dtype(str(each.dtype)).newbyteorder("=") for each in (first, second)), key=lambda d: d.itemsize)
    np.testing.assert_array_equal(np.asarray(first, kind), np.asarray(second, kind))


def test_b60_bytes_come_back_as_bytes():
    images = (IMAGES * 255).astype(np.uint8)
    drawn = GANEstimator(**(TINY | {"architecture": "auto", "batch_size": 4})).fit(images).sample(3)
    assert (drawn.dtype, drawn.shape) == (np.uint8, (3, 6, 6))


def test_b62_a_constant_column_stays_constant():
    drawn = GANEstimator(**TINY).fit(np.c_[X, np.full(12, 7.5)]).sample(20)
    assert (drawn[:, 3] == 7.5).all()
    assert np.isfinite(drawn).all()


IDS = np.arange(36).reshape(12, 3) * 10**7
SAID = {
    "B63": (lambda gan: gan.fit(IDS), ("X holds whole numbers in 3 of 3 columns", "float32", "Drop columns")),
    "B71": (lambda gan: gan.fit(X, ["a"] * 12), ("y holds one class only", "Leave y out")),
    "B73": (
        lambda gan: gan.fit(np.repeat(X, 4, 0), np.arange(48) // 2 + 24 * (np.arange(48) % 2)),
        ("y holds 48 classes in 48 rows", "divide y"),
    ),
}


@pytest.mark.parametrize("id", SAID)
def test_it_works_and_says_so(id):
    call, says = SAID[id]
    gan = GANEstimator(**TINY)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(gan)
    (message,) = [str(each.message) for each in caught if issubclass(each.category, UserWarning)]
    check_words(message, says)
    assert len(gan.sample(3)) == 3


def test_b63_a_narrow_range_of_large_numbers_needs_no_warning():
    GANEstimator(**TINY).fit(10**15 + np.arange(36).reshape(12, 3))


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "model"
    GANEstimator(**TINY).fit(X, Y).save(path)
    return path


def _pickle(folder, good):
    import pickle

    (folder / "model.safetensors").write_bytes(pickle.dumps([MARK] * 99))
    return folder / "model.safetensors"


def _torch_file(folder, good):
    torch.save({"a": torch.zeros(3)}, folder / "model.json")
    return folder / "model.json"


def _content(name, content):
    def build(folder, good):
        (folder / name).write_bytes(content)
        return folder / name

    return build


def _forged(change):
    def build(folder, good):
        forged = Forgery(good, folder)
        change(forged)
        return forged.path

    return build


def _set(**changes):
    return _forged(lambda forged: (forged.manifest.update(changes), forged.write(), forged.promise()))


def _without_manifest(folder, good):
    for number in range(9):
        (folder / f"file {number}").touch()
    return folder


def _not_finite(forged):
    name = next(name for name, entry in forged.head.items() if ".generator." in f".{name}" and entry["dtype"] == "F32")
    start = forged.head[name]["data_offsets"][0]
    forged.data = forged.data[:start] + np.float32(NAN).tobytes() + forged.data[start + 4 :]
    forged.write()


FILES = [
    ("B98", "nothing there", lambda folder, good: folder / "absent", FileNotFoundError, ("absent",)),
    ("B99", "a directory of something else", _without_manifest, CheckpointError, ("manifest.json", "file 0", "file 4")),
    ("B100", "a pickle", _pickle, UnsafeFileError, ("pickle", "joblib")),
    ("B100", "a file of torch.save", _torch_file, UnsafeFileError, ("pickle",)),
    ("B101", "an empty file", _content("model", b""), CheckpointCorruptError, ("empty",)),
    ("B101", "text", _content("model", b"hello"), CheckpointCorruptError, ("no file that skgan writes",)),
    ("B102", "a pointer of Git LFS", _content("model", b"version https://git-lfs.github.com/spec/v1\n"),
     CheckpointCorruptError, ("Git LFS pointer",)),
    ("B102", "a page", _content("model", b"<!DOCTYPE html><html>"), CheckpointCorruptError, ("HTML page",)),
    ("B103", "a newer format", _set(format=99), CheckpointVersionError, ("99", "skgan")),
    ("B104", "another class", _set(estimator="OtherEstimator"), CheckpointMismatchError, ("OtherEstimator", "GANEstimator")),
    ("B113", "a weight that is NaN", _forged(_not_finite), CheckpointCorruptError, ("generator.", "finite")),
]  # fmt: skip


@pytest.mark.parametrize(("id", "given", "build", "error", "says"), FILES, ids=[f"{row[0]} {row[1]}" for row in FILES])
def test_a_file_is_refused(id, given, build, error, says, good, empty, monkeypatch):
    path = build(empty, good)
    with watched(monkeypatch) as done, pytest.raises(error) as caught:
        GANEstimator.load(path)
    check_words(str(caught.value), (*says, str(path)[-40:]) if id != "B98" else says)
    assert [each for each in done if "/" in each] == []


def test_b105_a_model_of_other_shapes_names_them(good, empty):
    forged = Forgery(good, empty)
    name = next(name for name in forged.head if ".generator." in f".{name}" and len(forged.head[name]["shape"]) == 2)
    forged.resize(name, [3, 3])
    forged.write()
    with pytest.raises(CheckpointMismatchError) as caught:
        GANEstimator.load(forged.path)
    check_words(str(caught.value), (name, "(3, 3)"))


SAVES = [
    ("B107", "save to what is there", lambda gan, path: gan.save(path), FileExistsError, ("overwrite=True",)),
    ("B108", "save before fit", lambda gan, path: GANEstimator().save(path / "b"), NotFittedError, ("not fitted",)),
    ("B109", "resume where nothing is", lambda gan, path: _resume(path / "b", resume=True), CheckpointNotFoundError, ("b'", "resume='auto'")),
    ("B109", "the same, as a file that is not there", lambda gan, path: _resume(path / "b", resume=True), FileNotFoundError, ("checkpoint",)),
    ("B110", "resume with other data", lambda gan, path: _resume(_run(path), X + 1, resume=True), CheckpointMismatchError, ("X",)),
    ("B110", "resume with fewer rows", lambda gan, path: _resume(_run(path), X[:-1], Y[:-1], resume=True), CheckpointMismatchError, ("X", "(11, 3)", "(12, 3)")),
    ("B111", "resume with another loss", lambda gan, path: _resume(_run(path), resume=True, loss="hinge"), CheckpointError, ("loss", "hinge")),
    ("B111", "resume with another batch size", lambda gan, path: _resume(_run(path), resume=True, batch_size=4), CheckpointError, ("batch_size", "4", "8")),
    ("B112", "resume and warm_start", lambda gan, path: _resume(path / "b", resume=True, warm_start=True), ValueError, ("resume and warm_start",)),
    ("unlisted", "checkpoints where some are", lambda gan, path: _resume(_run(path)), CheckpointExistsError, ("resume=True",)),
]  # fmt: skip


def _run(path):
    GANEstimator(**TINY, checkpoint_dir=path / "runs").fit(X, Y)
    return path / "runs"


def _resume(path, rows=X, labels=Y, **params):
    GANEstimator(**(TINY | {"checkpoint_dir": path} | params)).fit(rows, labels)


@pytest.mark.parametrize(("id", "given", "call", "error", "says"), SAVES, ids=[f"{row[0]} {row[1]}" for row in SAVES])
def test_saving_and_resuming_are_refused(id, given, call, error, says, empty):
    gan = GANEstimator(**TINY).fit(X, Y)
    path = empty / "a"
    gan.save(path)
    before = sorted(entry for entry in path.iterdir())
    message = refused(gan, lambda gan: call(gan, path), error)
    check_words(message, says)
    assert [entry for entry in sorted(path.iterdir()) if entry.name != "runs"] == before


# --- the command ----------------------------------------------------------------------------------


def _bomb():
    """Return a picture of a few bytes that says that it has 30,000 x 30,000 pixels."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")


COMMANDS = [
    ("B114", ["smaple", "model"], 2, ("smaple",)),
    ("B114", ["sample", "model", "--sed", "3"], 2, ("--seed",)),
    ("B114", ["fit", "X.npy", "-o", "new", "--max-itr", "3"], 2, ("--max-iter",)),
    ("B115", ["sample", "model", "-n", "-5", "-o", "x.npy"], 2, ("-n", "-5")),
    ("B115", ["sample", "model", "-n", "abc", "-o", "x.npy"], 2, ("-n", "abc")),
    ("B116", ["fit", "absent.npy", "-o", "new"], 1, ("absent.npy",)),
    ("B116", ["sample", "absent", "-o", "x.npy"], 1, ("absent",)),
    ("B117", ["fit", "X.npy", "-o", "new", "--set", "los=hinge", "--set", "bacth_size=3"], 2,
     ("'loss' for 'los'", "'batch_size' for 'bacth_size'")),
    ("B117", ["fit", "X.npy", "-o", "new", "--set", "loss=wgan-gp", "--set", "loss__gp_weigth=3"], 2, ("'gp_weight'",)),
    ("B119", ["fit", "text.csv", "-o", "new"], 1, ("line 3", "column 'b'")),
    ("B119", ["fit", "ragged.csv", "-o", "new"], 1, ("Got 1 in line 3",)),
    ("B119", ["fit", "semicolons.csv", "-o", "new"], 1, ("line 2",)),
    ("B120", ["sample", "model", "-o", "X.npy"], 1, ("X.npy", "--overwrite")),
    ("B120", ["fit", "X.npy", "-o", "model"], 1, ("model", "--overwrite")),
    ("B122", ["fit", "empty", "-o", "new"], 1, ("empty",)),
    ("B122", ["fit", "broken", "-o", "new"], 1, ("readable images", "Got 1 files")),
    ("B123", ["fit", "bomb", "-o", "new"], 1, ("readable images", "Got 1 files")),
    ("B121", ["fit", "X.npy", "-o", "new", "--resume"], 2, ("--checkpoint-dir",)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("id", "arguments", "status", "says"),
    COMMANDS,
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_a_command_is_refused(id, arguments, status, says, good, empty, monkeypatch, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")  # of pictures that are read
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setenv("HOME", str(cache))
    os.symlink(good, "model")
    np.save("X.npy", X)
    for name, text in (("text", "a,b\n1,2\n3,m98765\n"), ("ragged", "a,b\n1,2\n3\n"), ("semicolons", "a;b\n1;2\n")):
        Path(f"{name}.csv").write_text(text)
    for name, content in (("empty", b""), ("broken", b"\x89PNG\r\n\x1a\n98765"), ("bomb", _bomb())):
        Path(name).mkdir()
        if content:
            Path(name, "one.png").write_bytes(content)
    before = {path.name: path.read_bytes() for path in empty.iterdir() if path.is_file()}
    with watched(monkeypatch) as done:
        result = CliRunner().invoke(main, arguments)
    assert result.exit_code == status, result.output
    assert isinstance(result.exception, SystemExit)
    assert [word for word in says if word not in result.output] == [], result.output
    assert "Traceback" not in result.output
    assert "98765" not in result.output
    assert [each for each in done if ("/" in each or "." in each) and str(cache) not in each] == []
    assert {path.name: path.read_bytes() for path in empty.iterdir() if path.is_file()} == before


# --- plugins --------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    with plugin_environment(tmp_path / "site") as environment:
        yield environment


BROKEN = [
    ("B124", "its import fails", "import nothing_of_that_name", "ModuleNotFoundError"),
    ("B124", "its import raises", "1 / 0", "ZeroDivisionError"),
    ("B126", "a hook with an argument of its own", OFFER.format(specs="").replace("losses()", "losses(nonsense)"), "nonsense"),
    ("B127", "a hook of no such name", OFFER.format(specs="").replace("skgan_losses", "skgan_looses"), "Did you mean 'skgan_losses'?"),
    ("B128", "a class for hooks", "class Hooks:\n    pass", "Name the module"),
    ("B135", "a name with a slash", OFFER.format(specs=spec("a/b", "m:C")), "letters, digits, '-' and '_'"),
    ("B135", "a name with a space", OFFER.format(specs=spec("a b", "m:C")), "letters, digits, '-' and '_'"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "given", "text", "says"), BROKEN, ids=[f"{row[0]} {row[1]}" for row in BROKEN])
def test_a_broken_plugin_is_named_once_and_fails_alone(id, given, text, says, site):
    points = "[skgan]\nskgan_broken = skgan_broken:Hooks\n" if "class Hooks" in text else None
    site.install("skgan-broken", text, points=points)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(2):
            with pytest.raises(ComponentNotFoundError, match="skgan-broken"):
                registry.resolve("loss", "theirs")
    (message,) = [str(each.message) for each in caught if issubclass(each.category, PluginLoadWarning)]
    check_words(message, ("'skgan-broken'", says))
    assert registry.resolve("loss", "wgan-gp") is WGANGP


def test_b125_two_plugins_with_one_name(site):
    site.install_loss("skgan-one", "theirs", cls="One")
    site.install_loss("skgan-two", "theirs", cls="Two")
    message = refused(GANEstimator("theirs", **TINY), lambda gan: gan.fit(X), ComponentNotFoundError)
    check_words(message, ("'theirs'", "claimed by 2 plugins", "'skgan-one/theirs'", "'skgan-two/theirs'"))


def test_b106_a_model_of_a_plugin_that_is_gone(site, tmp_path):
    site.install_loss("skgan-theirs", "theirs")
    GANEstimator("theirs", **TINY).fit(X).save(tmp_path / "model")
    site.uninstall_all()
    with pytest.raises((CheckpointError, ComponentNotFoundError, PluginError)) as caught:
        GANEstimator.load(tmp_path / "model")
    check_words(str(caught.value), ("skgan-theirs", "1.2.3", "nstall"))


def test_b133_a_part_for_another_interface(site):
    site.install_loss("skgan-theirs", "theirs", api=99)
    message = refused(GANEstimator("theirs", **TINY), lambda gan: gan.fit(X), PluginError)
    check_words(message, ("'skgan-theirs'", "part API 99", "this skgan knows", "Update"))


def test_b134_a_parameter_with_two_underscores(site):
    text = PART.format(cls="Theirs").replace("scale=1.0", "own__scale=1.0").replace("= scale", "= own__scale")
    site.install("skgan-theirs", OFFER.format(specs=spec("theirs", "skgan_b134:Theirs")), skgan_b134=text)
    message = refused(GANEstimator("theirs", **TINY), lambda gan: gan.fit(X), PluginError)
    check_words(message, ("'theirs'", "'skgan-theirs'", "'own__scale'", "Ask its authors"))


LOSS = "from skgan.interfaces import Loss\nimport torch\n\n\nclass Theirs(Loss):\n    def generator(self, batch):\n"
LOSS += "        return -batch.fake_.logits\n\n    def discriminator(self, batch):\n        return "
NETWORK = """
from skgan.interfaces import Architecture, Critique
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.line = nn.Linear(n, m)

    def forward(self, x, y):
        return {generator}

class Judge(Net):
    def forward(self, x, y):
        return {discriminator}

class Theirs(Architecture):
    def generator(self, spec, conditioning):
        return {built}

    def discriminator(self, spec, conditioning):
        return Judge(spec.n_values, 1)
"""


def network(generator="self.line(x)", discriminator="Critique(self.line(x), x)", built="Net(spec.latent_dim, 3)"):
    return NETWORK.format(generator=generator, discriminator=discriminator, built=built)


CONTRACTS = [
    ("B129", "loss", LOSS + "3.0", ("loss 'Theirs'", "discriminator", "an object of type float", "(8,)")),
    ("B129", "loss", LOSS + "batch.fake_.logits.detach()", ("loss 'Theirs'", "a loss with a gradient", "a constant")),
    ("B129", "loss", LOSS + "batch.fake_.logits.mean()", ("loss 'Theirs'", "shape ()", "(8,)", "tag whole_batch")),
    ("B129", "loss", LOSS + "None", ("loss 'Theirs'", "Got None")),
    ("B130", "loss", LOSS + "torch.zeros(3, 7)", ("loss 'Theirs'", "shape (3, 7)", "(8,)")),
    ("B130", "loss", LOSS + "batch.fake_.logits.long()", ("loss 'Theirs'", "int64", "real numbers")),
    ("B131", "architecture", network("self.line(x)[:, :2]"), ("architecture 'Theirs'", "(8, 2)", "(8, 3)")),
    ("B131", "architecture", network("None"), ("architecture 'Theirs'", "generator's forward", "Got None", "(8, 3)")),
    ("B131", "architecture", network(discriminator="self.line(x)"), ("architecture 'Theirs'", "Critique", "a tensor of shape (8, 1)")),
    ("B131", "architecture", network(discriminator="Critique(self.line(x)[:4], x)"), ("architecture 'Theirs'", "logits", "(4, 1)")),
    ("B131", "architecture", network(discriminator="Critique(self.line(x), None)"), ("architecture 'Theirs'", "features", "Got None")),
    ("B131", "architecture", network(discriminator="Critique(self.line(x).detach(), x)"), ("architecture 'Theirs'", "logits with a gradient")),
    ("B131", "architecture", network(built="None"), ("architecture 'Theirs'", "torch.nn.Module", "Got None")),
    ("B132", "architecture", network(built="nn.Identity()"), ("architecture 'Theirs'", "with parameters", "one without any")),
]  # fmt: skip


@pytest.mark.goal("G24")
@pytest.mark.parametrize(("id", "kind", "text", "says"), CONTRACTS, ids=[f"{row[0]} {row[3]}" for row in CONTRACTS])
def test_a_plugin_that_breaks_its_word_is_refused_before_the_first_step(id, kind, text, says, site, empty, monkeypatch):
    module = "skgan_breaking"
    site.install("skgan-theirs", offer(kind, spec("theirs", f"{module}:Theirs", kind=kind)), **{module: text})
    gan = GANEstimator(
        **(TINY | {"loss": "nonsaturating", "regularizers": None, kind: "theirs", "checkpoint_dir": "runs"})
    )
    monkeypatch.setattr(torch.optim.Adam, "step", None)
    message = refused(gan, lambda gan: gan.fit(X), PluginError)
    check_words(message, (*says, "plugin 'skgan-theirs' 1.2.3", "Training has not begun. Mend it"))
    assert not Path("runs").exists()


# --- the table itself -----------------------------------------------------------------------------


@pytest.mark.goal("G2")
def test_every_id_of_the_catalogue_has_a_row_or_a_reason():
    rows = {row.id for row in (*PARAMETERS, *DATA, *LABELS, *USES)}
    rows |= {row[0] for row in (*FILES, *SAVES, *COMMANDS, *BROKEN, *CONTRACTS)} | set(SAID) | set(SAME)
    rows |= {each.partition(" ")[0] for each in SAME}
    rows |= {found.upper() for found in re.findall(r"def test_(b\d+)_", Path(__file__).read_text(encoding="utf-8"))}
    assert [id for id in CATALOGUE if id not in rows and id not in OVERRIDDEN] == []
    assert [id for id in OVERRIDDEN if id not in CATALOGUE] == []
