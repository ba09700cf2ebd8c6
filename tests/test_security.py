"""No unsafe call in the package; and what sklearn's users keep models with, where they trust the file."""

import ast
import io
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

import skgan
from skgan import GANEstimator
from skgan.architectures.mlp import MLP
from skgan.exceptions import PickleVersionWarning
from skgan.regularizers.r1 import R1

PACKAGE = Path(skgan.__file__).parent
#: the conformance kit pickles parts that it has in its hands, and reads no file; nothing else imports it
FILES = [file for file in sorted(PACKAGE.rglob("*.py")) if "testing" not in file.relative_to(PACKAGE).parts]

MODULES = ("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "subprocess", "socket", "pty")
BUILT_IN = ("eval", "exec", "compile", "__import__")
CALLS = (
    *("joblib.load", "torch.load", "numpy.fromfile", "yaml.load", "yaml.unsafe_load", "yaml.full_load"),
    *("pandas.read_pickle", "torch.hub.load", "torch.jit.load", "torch.package.PackageImporter"),
    *("os.system", "os.popen", "os.execv", "os.spawnv", "shutil.unpack_archive", "urllib.request.urlopen"),
)
METHODS = ("extractall", "extract", "read_pickle")


def unsafe(text):
    """Return what a module does that no module may: calls by their whole name, and imports."""
    tree, names, found = ast.parse(text), {}, []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names if alias.asname}
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            found += [node.module] if str(node.module).partition(".")[0] in MODULES else []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first, dot, rest = ast.unparse(node.func).partition(".")
        called = {"np": "numpy", "pd": "pandas"}.get(first, names.get(first, first)) + dot + rest
        said = {word.arg: ast.unparse(word.value) for word in node.keywords}
        if called in CALLS or (called in BUILT_IN and first not in names) or called.rpartition(".")[2] in METHODS:
            found.append(called)
        if called in ("numpy.load", "numpy.lib.npyio.load") and said.get("allow_pickle") != "False":
            found.append(f"{called} without allow_pickle=False")
        if "shell" in said or said.get("weights_only") == "False" or said.get("allow_pickle", "False") != "False":
            found.append(f"{called}({said})")
    return found


@pytest.mark.goal("G22")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_g22_no_module_calls_what_is_unsafe(file):
    assert unsafe(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from pickle import loads",
        "import cPickle as p",
        "import dill",
        "import joblib\njoblib.load(f)",
        "from joblib import load\nload(f)",
        "import joblib as j\nj.load(f)",
        "import torch\ntorch.load(f)",
        "import torch\ntorch.load(f, weights_only=True)",
        "from torch import load as get\nget(f)",
        "import numpy as np\nnp.load(f)",
        "import numpy as np\nnp.load(f, allow_pickle=True)",
        "import numpy as np\nnp.load(f, allow_pickle=flag)",
        "from numpy import load\nload(f)",
        "eval(text)",
        "exec(text)",
        "__import__(name)",
        "import yaml\nyaml.load(f)",
        "run(command, shell=True)",
        "import subprocess",
        "archive.extractall()",
        "import os\nos.system(command)",
        "frame = pd.read_pickle(f)",
    ],
)
def test_g22_what_is_unsafe_is_seen(text):
    assert unsafe(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\nnp.load(f, allow_pickle=False)",
        "module.eval()",
        "re.compile(p)",
        "torch.compile(m)",
        "ast.literal_eval(t)",
    ],
)
def test_g22_what_is_safe_is_not_seen(text):
    assert unsafe(text) == []


# --- pickle, joblib, skops ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    X, y = np.random.default_rng(0).standard_normal((20, 3)), np.array(list("abcd") * 5)
    gan = GANEstimator(
        "nonsaturating", architecture=MLP(width=8, depth=1), regularizers=R1(), max_iter=2, random_state=0
    )
    return gan.fit(X, y)


def by_joblib(gan):
    file = io.BytesIO()
    joblib.dump(gan, file)
    file.seek(0)
    return joblib.load(file)


def by_skops(gan):
    skops = pytest.importorskip("skops.io")
    data = skops.dumps(gan)
    return skops.loads(data, trusted=skops.get_untrusted_types(data=data))


@pytest.mark.parametrize("way", [lambda gan: pickle.loads(pickle.dumps(gan)), by_joblib, by_skops])
def test_an_estimator_kept_in_another_way_draws_the_same(way, fitted):
    twin = way(fitted)
    np.testing.assert_array_equal(twin.sample(7, random_state=0), fitted.sample(7, random_state=0))
    again = way(twin)
    np.testing.assert_array_equal(again.sample(7), twin.sample(7))
    assert vars(twin).keys() == vars(fitted).keys()


def test_skops_asks_for_trust_in_classes_of_skgan_alone(fitted):
    skops = pytest.importorskip("skops.io")
    types = skops.get_untrusted_types(data=skops.dumps(fitted))
    assert types
    assert [name for name in types if not name.startswith("skgan.")] == []


@pytest.mark.parametrize("version", ["0.0.1", "99.0"])
def test_a_pickle_of_another_version_warns(version, fitted, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(skgan, "__version__", version)
        data = pickle.dumps(fitted)
    with pytest.warns(InconsistentVersionWarning, match=f"pickled by skgan {version}.*save and load") as caught:
        twin = pickle.loads(data)
    assert [type(warning.message) for warning in caught] == [PickleVersionWarning]
    np.testing.assert_array_equal(twin.sample(3, random_state=0), fitted.sample(3, random_state=0))


def test_a_pickle_of_this_version_is_silent_and_holds_no_version_afterwards(fitted):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        twin = pickle.loads(pickle.dumps(fitted))
    assert "_skgan_version" not in vars(twin)
