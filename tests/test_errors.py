"""Bad input is refused early, in one sentence without data in it, and changes nothing."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import scipy.sparse
import torch
from refusals import MARK, check_words, refused
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from skgan import GANEstimator
from skgan.architectures.dcgan import DCGAN
from skgan.architectures.mlp import MLP
from skgan.callbacks import SampleGrid
from skgan.exceptions import (
    ComponentNotFoundError,
    DeviceError,
    IncompatibleComponentError,
    InvalidParameterError,
)
from skgan.losses.wgan_gp import WGANGP
from skgan.optimizers.adam import Adam
from skgan.regularizers.r1 import R1

TINY = {"architecture": MLP(width=16, depth=2), "max_iter": 2, "latent_dim": 8, "batch_size": 8, "random_state": 0}


def table(rows=12, columns=3):
    return MARK + np.random.default_rng(0).standard_normal((rows, columns))


def spoilt(value, dtype=float):
    X = table().astype(dtype)
    X[5, 1] = value
    return X


X, Y = table(), np.array(list("abc") * 4)


@dataclass
class Case:
    """One bad call: how the estimator is set, what is called, and what the refusal must be and say."""

    name: str
    error: type | tuple
    says: tuple[str, ...]
    params: dict[str, Any] = field(default_factory=dict)
    call: Callable[[GANEstimator], Any] = lambda gan: gan.fit(X, Y)
    needs_fit: bool = False


def parameter(name, value, *says, error=InvalidParameterError, label="", **others):
    named_otherwise = error is not InvalidParameterError or hasattr(value, "constraints") or name == "callbacks"
    said = says if named_otherwise else (name, *says)
    return Case(f"{name}={label or repr(value)[:40]}", error, said, {name: value, **others})


def data(label, value, error, *says, **params):
    return Case(f"X={label}", error, says, params, lambda gan: gan.fit(value() if callable(value) else value))


def labels(label, y, error, *says):
    return Case(f"y={label}", error, says, call=lambda gan: gan.fit(X, y))


def later(name, call, error, *says, **params):
    return Case(name, error, says, params, call, needs_fit=True)


INTEGERS = ("latent_dim", "batch_size", "n_critic", "max_iter", "n_iter_no_change")
RATES = ("learning_rate", "discriminator_learning_rate")
NAN, INF = float("nan"), float("inf")

PARAMETERS = [
    *(
        parameter(name, value, "int", "instead")
        for name in INTEGERS
        for value in (0, -5, 2.5, True, NAN, None, "many", [3])
    ),
    *(parameter(name, "12", "without quotes") for name in INTEGERS),
    *(parameter(name, value, "float", "instead") for name in RATES for value in (0, -1.0, NAN, INF, True, None, [1.0])),
    *(parameter(name, "1e-3", "'1e-3'", "without quotes") for name in RATES),
    parameter("max_iter", "autoo", "'autoo'", "Did you mean 'auto'"),
    parameter("max_time", 0, "float", "default"),
    parameter("max_time", NAN, "nan", "default"),
    parameter("ema_decay", 1.0, "1.0", "default"),
    parameter("ema_decay", -0.1, "-0.1", "default"),
    parameter("validation_fraction", 1.0, "1.0", "default"),
    parameter("tol", -1, "-1", "default"),
    parameter("random_state", -1, "-1", "4294967295"),
    parameter("random_state", 2**32, "4294967296", "RandomState"),
    parameter("random_state", 1.5, "1.5", "int"),
    parameter("random_state", True, "True", "int"),
    parameter("random_state", "a", "'a'", "int"),
    parameter("random_state", np.random.default_rng(0), "Generator", "RandomState", label="Generator"),
    parameter("warm_start", 1, "bool", "Got 1"),
    parameter("verbose", -1, "-1", "int"),
    parameter("early_stopping", 1, "bool", "Got 1"),
    parameter("early_stopping", "yes", "'yes'", "bool"),
    parameter("checkpoint_dir", 3, "a path", "Got 3"),
    parameter("checkpoint_every_ticks", 0, "int", "Got 0"),
    parameter("resume", "yes", "'yes'", "'auto'"),
    parameter("compile", 1, "bool", "Got 1"),
    parameter("on_divergence", "skip", "'skip'", "raise", "rollback"),
    parameter("precision", "fp8", "'fp8'", "float32"),
    parameter("prior", "gausian", "'gausian'", "Did you mean 'gaussian'"),
    parameter("layout", "nhcw", "'nhcw'", "Did you mean"),
    parameter("layout", "nhwc", "'nhwc'", "auto"),
    parameter("image_shape", "8x8", "'8x8'", "ints"),
    parameter("image_shape", (0, 3), "tuple", "default"),
    parameter("image_shape", (2, 2), "(2, 2)", "channels"),
    *(parameter("device", value, repr(value), "cpu") for value in ("gpu", "meta", "cpuu", "", "cpu:zebra", 0)),
    parameter("device", "cuda:99", "'cuda:99'", "cpu", error=DeviceError),
    # parts
    parameter("loss", "wgan-pg", "'wgan-pg'", "Did you mean 'wgan-gp'", error=ComponentNotFoundError),
    parameter("loss", "zzzz", "'zzzz'", "rpgan", "plugin", error=ComponentNotFoundError),
    *(parameter("loss", value, "name", "skgan.interfaces.Loss") for value in (None, 3, torch.nn.BCELoss, print)),
    parameter("loss", torch.nn.BCELoss(), "BCELoss", "Derive", label="BCELoss()"),
    parameter("loss", R1(), "R1", "Derive"),
    parameter("loss", WGANGP(-1), "gp_weight", "WGANGP", "-1", "default"),
    parameter("loss", WGANGP(NAN), "gp_weight", "nan", "default"),
    parameter("loss", WGANGP("10"), "gp_weight", "'10'", "without quotes"),
    parameter("architecture", "dcgann", "'dcgann'", "Did you mean 'dcgan'", error=ComponentNotFoundError),
    parameter("architecture", MLP(width=0), "width", "MLP", "default"),
    parameter("architecture", torch.nn.Linear(3, 1), "Linear", "Derive", label="Linear()"),
    parameter("conditioning", 3, "Got 3", "Derive"),
    parameter("optimizer", "adamm", "'adamm'", "Did you mean 'adam'", error=ComponentNotFoundError),
    parameter("optimizer", Adam(betas=(0.0, 1.0)), "betas", "pair", "default"),
    parameter("optimizer", Adam(betas=0.5), "betas", "0.5", "pair"),
    parameter("regularizers", "r11", "'r11'", "Did you mean", error=ComponentNotFoundError),
    parameter("regularizers", ["r1", R1(2.0)], "'r1'", "twice"),
    parameter("regularizers", ["sn", "spectral-norm"], "twice", "once"),
    parameter("regularizers", R1(-1.0), "weight", "-1.0"),
    parameter("regularizers", R1(every_updates=0), "every_updates", "Got 0"),
    parameter("regularizers", "r1", "gp_weight", "leave", loss=WGANGP(3.0)),
    parameter("augmentation", "flipp", "'flipp'", "Did you mean 'flip'", error=ComponentNotFoundError),
    parameter("callbacks", [print], "builtin", "Derive"),
    parameter("callbacks", SampleGrid(every_ticks=0), "every_ticks", "Got 0"),
    parameter("scoring", "enrgy", "'enrgy'", "Did you mean 'energy'", error=ComponentNotFoundError),
    parameter("scoring", None, "None", "Metric"),
    parameter("preprocessor", StandardScaler, "inverse_transform", "default", label="class"),
    parameter("preprocessor", object(), "inverse_transform", "default", label="object"),
    parameter("architecture", DCGAN(4, 8), "dcgan", "vector", "image_shape", error=IncompatibleComponentError),
]


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


TABLES = [
    data("None", None, TypeError, "X must be", "None", "Load"),
    data("str", "rows98765.npy", TypeError, "X must be", "str", "Load"),
    data("generator", lambda: (row for row in X), TypeError, "X must be", "generator", "Load"),
    data("dict", {"a": [MARK]}, TypeError, "X must be", "dict", "Load"),
    data("set", {MARK}, TypeError, "X must be", "set", "Load"),
    data("Dataset", Rows(), TypeError, "X must be", "Rows"),
    data("DataLoader", torch.utils.data.DataLoader(Rows()), TypeError, "X must be", "DataLoader", "ollect"),
    data("module", lambda: torch.nn.Identity(), TypeError, "X must be", "Identity"),
    data("meta tensor", torch.empty(12, 3, device="meta"), TypeError, "X must be", "meta", "ollect"),
    data("sparse", scipy.sparse.csr_array(X), TypeError, "Sparse", "csr_array", "toarray"),
    data("scalar", MARK, TypeError, "X must be", "float", "rows"),
    data("1-D", X[:, 0], ValueError, "2D array", "(12,)", "reshape(-1, 1)"),
    data("6-D", wide(4, 1, 2, 2, 2, 2), ValueError, "X must have", "Got 6", "Reshape"),
    data("0 rows", X[:0], ValueError, "0 sample(s)", "minimum of 2"),
    data("0 images", wide(0, 8, 8), ValueError, "0 sample(s)", "minimum of 2"),
    data("0 features", X[:, :0], ValueError, "0 feature(s)", "minimum of 1"),
    data("images of no height", wide(5, 0, 8), ValueError, "0 feature(s)", "axes"),
    data("1 row", X[:1], ValueError, "1 sample", "minimum of 2"),
    data("NaN", spoilt(NAN), ValueError, "X contains NaN", "1 times", "row 5, column 1", "impute"),
    data("inf", spoilt(INF), ValueError, "X contains infinity", "row 5, column 1", "Drop"),
    data("-inf", spoilt(-INF), ValueError, "X contains infinity", "row 5, column 1", "Drop"),
    data("1e300", spoilt(1e300), ValueError, "X contains", "float32", "row 5, column 1"),
    data("NaN in an image", np.full((4, 8, 8), NAN), ValueError, "X contains NaN", "256 times"),
    data("complex", X + 1j, ValueError, "Complex", "X", "Convert"),
    data("dates", np.full((5, 2), "2020-01-01", "M8[D]"), ValueError, "X", "datetime64", "Convert"),
    data("structured", np.zeros(5, [("a", float), ("b", int)])[:, None], ValueError, "X", "Convert"),
    data("text", [["m98765", "n"]] * 4, ValueError, "strings", "Convert"),
    data("text among objects", spoilt("m98765", object), ValueError, "X must hold numbers", "text", "Encode"),
    data("dict among objects", spoilt({"m98765": 1}, object), TypeError, "X must hold numbers", "Replace"),
    data("ragged", [[MARK, 2.0], [3.0]], ValueError, "X must have rows of one length", "list", "Resize"),
    data("two sizes of image", [wide(4, 4), wide(5, 5)], ValueError, "X must have rows of one", "Resize"),
    data("two channel axes", wide(4, 3, 8, 3), ValueError, "X", "(3, 8, 3)", "layout='nchw'"),
    data("no channel axis", wide(4, 8, 8, 8), ValueError, "X", "(8, 8, 8)", "layout='nchw'"),
]

LABELS = [
    labels("too short", Y[:-1], ValueError, "inconsistent numbers of samples", "[12, 11]"),
    labels("infinite", np.where(np.arange(12) == 3, INF, MARK), ValueError, "y must hold", "infinity", "row 3", "Drop"),
    labels("1e300", np.where(np.arange(12) == 3, 1e300, MARK), ValueError, "y must hold", "float32", "row 3"),
    labels("infinite column", np.where(X > MARK, INF, X), ValueError, "y must hold", "infinity", "Drop"),
    labels("complex", X[:, 0] + 1j, ValueError, "y must hold", "complex128", "Convert"),
    labels("5-D", wide(12, 1, 2, 2, 2), ValueError, "y must have 1 to 4", "(12, 1, 2, 2, 2)", "images"),
    labels("text columns", np.full((12, 2), "m98765"), ValueError, "y must hold numbers", "<U6", "Encode"),
    labels("mixed columns", np.array([["m98765", 1.5]] * 12, object), ValueError, "y must hold numbers", "types"),
    labels("ragged", [[MARK, 2.0], [3.0]] * 6, ValueError, "y must have labels of one shape", "list"),
    labels("columns all missing", np.full((12, 2), NAN), ValueError, "y must have", "missing", "Leave y out"),
    labels("columns too short", X[:-1], ValueError, "inconsistent numbers of samples", "[12, 11]"),
    labels("no column", X[:, :0], ValueError, "y must", "(12, 0)"),
    labels("images with NaN", np.full((12, 1, 4, 4), NAN), ValueError, "y must hold images", "12 images", "Fill"),
    labels("infinite images", np.full((12, 1, 4, 4), INF), ValueError, "y must hold finite", "12 rows", "Drop"),
    labels("text images", np.full((12, 1, 4, 4), "m98765"), ValueError, "y must hold numbers", "images", "astype"),
    labels("images too short", wide(11, 1, 4, 4), ValueError, "inconsistent numbers of samples", "[12, 11]"),
    labels("images of no height", wide(12, 1, 0, 4), ValueError, "y must hold something", "(12, 1, 0, 4)", "axes"),
    labels("mixed types", np.array([1, "a"] * 6, object), ValueError, "y must hold", "'number'", "'str'", "astype"),
    labels("all missing", np.full(12, NAN), ValueError, "y must have", "missing", "Leave y out"),
    labels("all None", [None] * 12, ValueError, "y must have", "missing", "Leave y out"),
    labels("scalar", 3, ValueError, "y must have shape (12,)", "Got shape ()"),
    labels("dict", {"a": 1}, (TypeError, ValueError), "y"),
]

OTHER = np.arange(8.0)
USES = [
    *(
        later(f"sample({n!r})", lambda gan, n=n: gan.sample(n), (ValueError, TypeError), "n_samples", repr(n), "Ask")
        for n in (0, -1, 1.5, NAN, "3", True)
    ),
    later("sample([3])", lambda gan: gan.sample([3]), (ValueError, TypeError), "n_samples", "list"),
    later("sample y unknown", lambda gan: gan.sample(y="zebra"), ValueError, "y must", "zebra", "'a'", "known"),
    later("sample y of other type", lambda gan: gan.sample(2, y=7), ValueError, "y must", "7", "'a'"),
    later("sample y missing", lambda gan: gan.sample(y=["a", None]), ValueError, "y must", "row 1", "Leave y out"),
    later("sample y short", lambda gan: gan.sample(5, y=["a", "b"]), ValueError, "y", "n_samples=5", "Leave"),
    later("sample y empty", lambda gan: gan.sample(y=[]), ValueError, "y", "at least one"),
    later("latents narrow", lambda gan: gan.sample(latents=wide(2, 3)), ValueError, "latents", "(2, 3)", "latent_dim"),
    later("latents flat", lambda gan: gan.sample(latents=wide(8)), ValueError, "latents", "(8,)"),
    later("latents NaN", lambda gan: gan.sample(latents=np.full((2, 8), NAN)), ValueError, "latents", "finite"),
    later("latents text", lambda gan: gan.sample(latents=[["m98765"] * 8]), (ValueError, TypeError), "latents"),
    later("latents short", lambda gan: gan.sample(3, latents=wide(2, 8)), ValueError, "latents", "n_samples=3"),
    *(
        later(f"seed {seed!r}", lambda gan, s=seed: gan.sample(random_state=s), InvalidParameterError, "random_state")
        for seed in (-1, 2**32, 1.5, "a", True)
    ),
    later("sampler", lambda gan: gan.sample(sampler="nope"), ComponentNotFoundError, "sampler", "'nope'"),
    *(
        later(f"{method} {label}", lambda gan, m=method, x=x: getattr(gan, m)(x), ValueError, *says)
        for method in ("transform", "score", "decision_function", "partial_fit")
        for label, x, says in (
            ("other width", table(8, 2), ("X has 2 features", "expecting 3")),
            ("an image", wide(8, 4, 4), ("X must", "(4, 4)", "(3,)")),
            ("1-D", X[0], ("2D array", "reshape")),
            ("NaN", spoilt(NAN), ("X contains NaN", "row 5, column 1")),
            ("inf", spoilt(INF), ("X contains infinity", "row 5, column 1")),
        )
    ),
    later("score y short", lambda gan: gan.score(X, Y[:3]), ValueError, "inconsistent numbers"),
    later("decision y unknown", lambda gan: gan.decision_function(X, "zebra"), ValueError, "y must", "zebra", "known"),
    later("partial_fit unseen", lambda gan: gan.partial_fit(X, ["zebra"] * 12), ValueError, "y must", "zebra", "known"),
    later("partial_fit no y", lambda gan: gan.partial_fit(X), ValueError, "y must", "None", "Pass y"),
    *(
        later(f"partial_fit other {name}", lambda gan: gan.partial_fit(X, Y), InvalidParameterError, name, "again", **p)
        for p in ({"batch_size": 4}, {"loss": "minimax"}, {"latent_dim": 9}, {"ema_decay": 0.5}, {"optimizer": Adam()})
        for name in p
    ),
    later(
        "warm start other prior",
        lambda gan: gan.fit(X, Y),
        InvalidParameterError,
        "prior",
        "again",
        prior="sphere",
        warm_start=True,
    ),
]


def set_params(label, error, *says, params, **start):
    return Case(f"set_params {label}", error, says, start, lambda gan: gan.set_params(**params))


SETTINGS = [
    set_params("unknown", ValueError, "foo", params={"foo": 1}),
    set_params("typo in loss", InvalidParameterError, "gp_weigth", "Did you mean 'gp_weight'",
               params={"loss__gp_weigth": 1}, loss="wgan-gp"),
    set_params("typo in an object", InvalidParameterError, "gp_weigth", "Did you mean 'gp_weight'",
               params={"loss__gp_weigth": 1}, loss=WGANGP()),
    set_params("below auto", InvalidParameterError, "loss", "'auto'", "Set loss", params={"loss__gp_weight": 1}),
    set_params("below None", InvalidParameterError, "regularizers", "None", "Set",
               params={"regularizers__r1__weight": 1}, regularizers=None),
    set_params("unknown loss", ComponentNotFoundError, "'wgan-pg'", "Did you mean",
               params={"loss__gp_weight": 1}, loss="wgan-pg"),
    set_params("regularizer not there", InvalidParameterError, "r2", "r1", params={"regularizers__r2__weight": 1},
               regularizers=["r1"]),
    set_params("typo in a list", InvalidParameterError, "wieght", "Did you mean 'weight'",
               params={"regularizers__r1__wieght": 1}, regularizers=["r1"]),
    set_params("good beside bad", InvalidParameterError, "gp_weigth", params={"batch_size": 5, "loss__gp_weigth": 1},
               loss="wgan-gp"),
    set_params("good part beside bad", InvalidParameterError, "wieght",
               params={"loss__gp_weight": 5, "regularizers__r1__wieght": 1}, loss=WGANGP(), regularizers=["r1"]),
    set_params("good beside unknown", ValueError, "foo", params={"batch_size": 5, "foo": 1}),
]  # fmt: skip


def ids(case):
    return case.name


BEFORE_FIT = [*PARAMETERS, *TABLES, *LABELS, *SETTINGS]


@pytest.mark.parametrize("case", BEFORE_FIT, ids=ids)
def test_an_unfitted_estimator_refuses(case):
    gan = GANEstimator(**(TINY | copy.deepcopy(case.params)))
    check_words(refused(gan, case.call, case.error), case.says)


@pytest.mark.parametrize("case", [*BEFORE_FIT, *USES], ids=ids)
def test_a_fitted_estimator_refuses_and_stays_as_it_was(case):
    gan = GANEstimator(**TINY).fit(X, Y)
    gan.set_params(**copy.deepcopy(case.params))
    check_words(refused(gan, case.call, case.error), case.says)


@pytest.mark.parametrize("case", PARAMETERS, ids=ids)
def test_a_bad_parameter_is_refused_before_any_network_is_built(case, monkeypatch):
    built = []
    monkeypatch.setattr(torch.nn.Module, "__init__", lambda self, *_: built.append(type(self)))
    with pytest.raises(case.error):
        case.call(GANEstimator(**(TINY | case.params)))
    assert built == []


@pytest.mark.parametrize("case", PARAMETERS, ids=ids)
def test_a_constructor_stores_and_refuses_nothing(case):
    gan = GANEstimator(**case.params)
    assert all(getattr(gan, name) is value for name, value in case.params.items())


@pytest.mark.parametrize("method", ["sample", "transform", "score", "decision_function", "save"])
def test_before_fit(method, tmp_path):
    gan = GANEstimator()
    arguments = {"sample": (), "save": (tmp_path / "model",)}.get(method, (X,))
    case = Case(
        method, NotFittedError, ("GANEstimator", "not fitted", "fit"), call=lambda g: getattr(g, method)(*arguments)
    )
    check_words(refused(gan, case.call, case.error), case.says)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", [lambda g: g.sample(y="a"), lambda g: g.sample(2, y=[0, 1])])
def test_labels_for_a_model_without_labels(call):
    case = Case("y", ValueError, ("y must be left out", "without labels", "Fit with y"), call=call)
    check_words(refused(GANEstimator(**TINY).fit(X), case.call, case.error), case.says)


def test_returned_labels_of_a_model_without_labels():
    case = Case("y", ValueError, ("return_y", "without labels"), call=lambda g: g.sample(return_y=True))
    check_words(refused(GANEstimator(**TINY).fit(X), case.call, case.error), case.says)
