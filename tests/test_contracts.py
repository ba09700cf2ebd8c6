"""What every registered part of every family promises, whatever it computes."""

import inspect
import pickle

import pytest
from sklearn.base import clone

from skgan import registry
from skgan.exceptions import InvalidParameterError
from skgan.interfaces import Component, DataSpec, Tags
from skgan.resolution import FAMILIES

SPECS = [
    DataSpec("vector", (5,), bounded=False, label_kind="classes", label_dim=3, latent_dim=4),
    DataSpec("image", (1, 8, 8), bounded=True, label_kind="none", label_dim=0, latent_dim=4),
]
CLASSES = sorted({(kind, registry.resolve(kind, name)) for kind in FAMILIES for name in registry.names(kind)}, key=repr)
PARTS = [(kind, part_class(**params)) for kind, part_class in CLASSES for params in part_class.get_test_params()]

every_class = pytest.mark.parametrize(
    ("kind", "part_class"), CLASSES, ids=lambda value: getattr(value, "__name__", value)
)
every_part = pytest.mark.parametrize(("kind", "part"), PARTS, ids=str)


def test_the_parts_of_first_light_are_there():
    found = {kind: set(registry.names(kind)) for kind in FAMILIES}
    assert found["loss"] >= {"nonsaturating", "minimax", "wgan-gp", "rpgan"}
    assert found["regularizer"] >= {"gp", "r1", "r2", "spectral-norm"}
    assert found["architecture"] >= {"mlp", "dcgan"}
    assert found["conditioning"] >= {"concat", "projection"}
    assert found["optimizer"] >= {"adam", "rmsprop"}
    assert found["metric"] >= {"energy", "precision", "recall", "density", "coverage", "label-fidelity"}


@every_class
def test_a_class_is_final_and_of_its_family(kind, part_class):
    assert issubclass(part_class, FAMILIES[kind])
    assert not inspect.isabstract(part_class)


@every_class
def test_the_name_leads_back_to_the_class(kind, part_class):
    origin = registry.provenance(kind, part_class)
    assert registry.resolve(kind, origin["name"]) is part_class
    assert origin["distribution"] == "skgan"


@every_class
def test_the_docstring_names_every_parameter_and_has_an_example(kind, part_class):
    document = inspect.getdoc(part_class)
    for name in part_class().get_params(deep=False):
        assert f"{name} : " in document
    assert ">>>" in document
    assert "References" in document or kind == "callback"


@every_part
def test_parameters_survive_clone_pickle_and_set_params(kind, part):
    params = part.get_params(deep=False)
    assert clone(part).get_params(deep=False) == params
    assert pickle.loads(pickle.dumps(part)).get_params(deep=False) == params
    assert type(part)().set_params(**params).get_params(deep=False) == params
    assert repr(part).startswith(type(part).__name__)


@every_part
def test_parameters_are_valid_and_nonsense_is_refused(kind, part):
    part.validate()
    for name in part.constraints:
        with pytest.raises(InvalidParameterError, match=name):
            clone(part).set_params(**{name: {}}).validate()


@every_part
def test_every_number_has_a_constraint(kind, part):
    numbers = {name for name, value in part.get_params(deep=False).items() if isinstance(value, int | float | tuple)}
    assert numbers <= set(part.constraints)


@every_part
@pytest.mark.parametrize("spec", SPECS, ids=["labelled vector", "image"])
def test_declarations_are_well_formed(kind, part, spec):
    assert isinstance(part, Component)
    assert isinstance(part.tags(), Tags)
    assert all(isinstance(name, str) for name in part.state(spec))
    assert set(part.modules(spec)) <= {"generator", "discriminator"}
