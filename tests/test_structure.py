"""The arrows, the length of functions, the frames, the documentation: what keeps the package readable."""

import ast
import doctest
import importlib
import inspect
import itertools
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import textwrap
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

import skgan
from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.hookspecs import HOOKS

PACKAGE = Path(skgan.__file__).parent
FILES = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(PACKAGE)], "skgan.") if not m.name.endswith("__main__"))
PARTS = (
    "losses",
    "regularizers",
    "architectures",
    "conditioning",
    "augmentation",
    "optimizers",
    "samplers",
    "metrics",
    "features",
)
MAY_IMPORT_THE_ESTIMATOR = ("__init__", "cli", "demo", "testing", "imblearn", "pipeline", "recipes")
LONGEST_FUNCTION = 60


def module_of(name):
    """Return the dotted module name of a file of the package."""
    return ".".join(["skgan", *Path(name).with_suffix("").parts]).removesuffix(".__init__")


def only_for_types(tree):
    """Return the nodes below ``if TYPE_CHECKING:``."""
    guards = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test)]
    return {id(node) for guard in guards for child in guard.body for node in ast.walk(child)}


def imports_of(name):
    """Return the modules of skgan that a file imports when it runs, wherever in the file."""
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    exempt, found = only_for_types(tree), set()
    for node in ast.walk(tree):
        if id(node) in exempt:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} has a relative import"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                found.add(below if below in MODULES else node.module)
    return {module for module in found if module.partition(".")[0] == "skgan"}


def family_of(name):
    return name.partition("/")[0] if "/" in name else Path(name).stem


def functions_of(name):
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def run(code, **settings):
    environment = {name: value for name, value in os.environ.items() if name != "SCIPY_ARRAY_API"}
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment | settings.pop("env", {}), **settings
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- arrows ---------------------------------------------------------------------------------------


#: the one file in a family's folder that is no part: functions by name, for people without an estimator
DOOR = "metrics/__init__.py"


@pytest.mark.parametrize("name", [name for name in FILES if family_of(name) in PARTS and name != DOOR])
def test_parts_know_only_the_interfaces_and_the_layers(name):
    family = f"skgan.{family_of(name)}"
    allowed = ("skgan.interfaces", "skgan.layers", f"{family}._")
    assert [module for module in imports_of(name) if not module.startswith(allowed)] == []


def test_the_door_to_the_metrics_knows_names_and_no_metric():
    assert imports_of(DOOR) == {"skgan.judging", "skgan.registry"}


@pytest.mark.parametrize("name", [name for name in FILES if family_of(name) == "layers"])
def test_layers_know_only_layers_and_random_numbers(name):
    assert [module for module in imports_of(name) if not module.startswith(("skgan.layers", "skgan.seeding"))] == []


@pytest.mark.parametrize("name", [name for name in FILES if family_of(name) not in MAY_IMPORT_THE_ESTIMATOR])
def test_the_estimator_is_imported_from_above_only(name):
    assert not imports_of(name) & {"skgan.estimator"}


@pytest.mark.parametrize("name", [name for name in FILES if family_of(name) in ("encoding", "data")])
def test_encoding_and_data_know_no_part(name):
    families = tuple(f"skgan.{family}" for family in (*PARTS, "registry", "resolution"))
    assert [module for module in imports_of(name) if module.startswith(families)] == []


@pytest.mark.parametrize("name", [name for name in FILES if family_of(name) != "testing"])
def test_nothing_imports_the_conformance_kit(name):
    assert [module for module in imports_of(name) if module.startswith("skgan.testing")] == []


@pytest.mark.parametrize("name", ["training.py", "objective.py", "averaging.py", "guard.py", "sampling.py", "data.py"])
def test_the_loop_knows_no_names_of_parts(name):
    families = tuple(f"skgan.{family}" for family in (*PARTS, "registry", "resolution", "nesting"))
    assert [module for module in imports_of(name) if module.startswith(families)] == []


# --- functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_functions_fit_on_a_screen(name):
    too_long = {}
    for function in functions_of(name):
        documented = ast.get_docstring(function) is not None
        body = function.body[documented:]
        length = body[-1].end_lineno - body[0].lineno + 1 if body else 0
        if length > LONGEST_FUNCTION:
            too_long[function.name] = length
    assert too_long == {}


def runs_of_six(name):
    """Return every six consecutive lines of logic of a part file: of functions, without what only stores parameters."""
    found = set()
    for function in functions_of(name):
        body = function.body[ast.get_docstring(function) is not None :]
        lines = [line.strip() for statement in body for line in ast.unparse(statement).splitlines()]
        if function.name != "__init__":
            found |= {tuple(lines[i : i + 6]) for i in range(len(lines) - 5)}
    return found


def test_no_six_lines_of_logic_stand_in_two_part_files():
    files = {name: runs_of_six(name) for name in FILES if family_of(name) in (*PARTS, "layers")}
    shared = {
        (first, second): files[first] & files[second]
        for first, second in itertools.combinations(files, 2)
        if files[first] & files[second]
    }
    assert shared == {}


READS_THE_DEVICE = ("item", "cpu", "tolist", "numpy")


def on_the_step_path(name):
    """Return the functions of a file that run in every step."""
    functions = functions_of(name)
    return [f for f in functions if f.name in ("train", "update")] if name == "training.py" else functions


@pytest.mark.parametrize(
    "name", [n for n in FILES if n in ("objective.py", "training.py") or family_of(n) in ("losses", "regularizers")]
)
def test_no_step_waits_for_the_device(name):
    calls = [
        ast.unparse(node.func)
        for function in on_the_step_path(name)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS_THE_DEVICE
    ]
    assert calls == []


def test_the_step_path_is_found():
    assert {f.name for f in on_the_step_path("training.py")} == {"train", "update"}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_three_frames_lie_between_fit_and_the_step(method, optimizer, monkeypatch):
    stacks = []
    for cls in (torch.optim.Adam, torch.optim.RMSprop):

        def step(self, original=cls.step):
            frames = traceback.extract_stack()
            stacks.append([f.name for f in frames if Path(f.filename).is_relative_to(PACKAGE)])
            original(self)

        monkeypatch.setattr(cls, "step", step)
    gan = GANEstimator(architecture=MLP(8, 1), optimizer=optimizer, max_iter=1, random_state=0)
    getattr(gan, method)(np.eye(4))
    assert stacks == [[method, "run", "train", "update"]] * 2


# --- light and extendable -------------------------------------------------------------------------


@pytest.mark.fault("F39")
@pytest.mark.parametrize(
    "code",
    [
        "import skgan; skgan.__version__; dir(skgan)",
        "from skgan import GANEstimator, ComponentSpec, hookimpl",
        "from skgan import GANEstimator; GANEstimator('wgan-gp', architecture='dcgan', regularizers=['r1', 'sn'])",
        "from skgan import GANEstimator; from sklearn.base import clone; clone(GANEstimator('wgan-gp'))",
        "from skgan import GANEstimator; repr(GANEstimator('wgan-gp', max_iter=3))",
        "from skgan import GANEstimator; GANEstimator('wgan-gp').get_params()",
        "from skgan import GANEstimator; GANEstimator().set_params(loss='minimax', batch_size=3)",
        "from skgan import interfaces, exceptions, registry; registry.names('loss')",
        "import pickle; from skgan import GANEstimator; pickle.loads(pickle.dumps(GANEstimator('wgan-gp')))",
    ],
)
def test_torch_is_not_imported_before_fit(code):
    assert run(f"import sys\n{code}\nprint('torch' in sys.modules)") == "False\n"


LOSS = '''
"""A loss of a paper to come."""

from torch import Tensor

from skgan.interfaces import Batch, Loss

NAMES = {"theirs": "Theirs"}


class Theirs(Loss):
    """L_D = f - r, L_G = -f."""

    def discriminator(self, batch: Batch) -> Tensor:
        """Return f - r."""
        return batch.fake_.logits - batch.real_.logits

    def generator(self, batch: Batch) -> Tensor:
        """Return -f."""
        return -batch.fake_.logits
'''


def test_a_new_loss_is_one_file(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "skgan", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "skgan" / "losses" / "theirs.py").write_text(LOSS)
    code = """
        import skgan, torch
        torch.set_num_threads(1)
        from skgan import GANEstimator, registry
        gan = GANEstimator("theirs", architecture="mlp", max_iter=2).set_params(architecture__width=8)
        gan.fit([[0.0], [1.0], [2.0]]).save("model")
        print(skgan.__file__, type(GANEstimator.load("model").loss_).__name__, "theirs" in registry.names("loss"))
    """
    where, *rest = run(code, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}).split()
    assert Path(where) == tmp_path / "skgan" / "__init__.py"
    assert rest == ["Theirs", "True"]


# --- documentation --------------------------------------------------------------------------------


def public_members(module):
    """Yield the public classes, functions and methods that a module defines."""
    for name, member in vars(module).items():
        if name.startswith("_") or getattr(member, "__module__", None) != module.__name__:
            continue
        if inspect.isclass(member) or inspect.isfunction(member):
            yield f"{module.__name__}.{name}", member
        if inspect.isclass(member):
            for attribute, value in vars(member).items():
                if not attribute.startswith("_") and (callable(value) or isinstance(value, property)):
                    yield f"{module.__name__}.{name}.{attribute}", getattr(member, attribute)


@pytest.mark.parametrize("name", ["skgan", *MODULES])
def test_every_public_name_is_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__
    assert [full for full, member in public_members(module) if not inspect.getdoc(member)] == []


def test_public_names_are_all_there():
    assert [name for name in (*skgan.__all__, *dir(skgan)) if not hasattr(skgan, name)] == []
    assert set(skgan.__all__) <= set(dir(skgan))


@pytest.mark.parametrize("name", ["skgan", *MODULES])
def test_examples_in_docstrings_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def section(title):
    text = inspect.getdoc(GANEstimator)
    return re.split(r"\n\w[\w ]+\n---+\n", text.split(f"\n{title}\n{'-' * len(title)}\n")[1])[0]


def test_the_docstring_lists_exactly_the_parameters_with_their_defaults():
    said = dict(re.findall(r"^(\w+) : (.*)$", section("Parameters"), re.MULTILINE))
    parameters = inspect.signature(GANEstimator).parameters
    assert list(said) == list(parameters)
    for name, description in said.items():
        default = re.search(r"default=(.*)$", description)
        assert default is None or ast.literal_eval(default[1]) == parameters[name].default, name


@pytest.mark.parametrize("kind", sorted(HOOKS))
def test_the_docstrings_of_parts_say_the_defaults_that_they_have(kind):
    wrong = []
    for part in {registry.resolve(kind, name) for name in registry.names(kind)}:
        said = {}
        for names, default in re.findall(
            r"^(\w[\w, ]*) : .*?default=(.+?)(?:,? in .*)?$", inspect.getdoc(part), re.MULTILINE
        ):
            said |= dict.fromkeys(names.split(", "), default)
        for name, parameter in inspect.signature(part.__init__).parameters.items():
            needed = parameter.default in (parameter.empty, "", ())  # scikit-learn wants a default all the same
            if name != "self" and not needed and ast.literal_eval(said.get(name, "...")) != parameter.default:
                wrong.append((part.__name__, name, said.get(name), parameter.default))
    assert wrong == []


def test_the_docstring_lists_the_fitted_attributes():
    gan = GANEstimator(architecture=MLP(8, 1), max_iter=1, random_state=0).fit(np.eye(4), [0, 1, 0, 1])
    fitted = {name for name in vars(gan) if name.endswith("_") and not name.startswith("_")}
    said = set(re.findall(r"`?(\w+_)`?\b", section("Attributes")))
    assert fitted - said == set()
