"""The conformance kit over every part that is registered, whatever it computes."""

import pytest

from skgan import registry
from skgan.testing import check_component, component_checks
from skgan.testing._parts import EVERY, objects_of

CLASSES = {kind: sorted({registry.resolve(kind, name) for name in registry.names(kind)}, key=repr) for kind in EVERY}
PARTS = [(kind, part) for kind, classes in CLASSES.items() for each in classes for part in objects_of(each)]
FIRST = [(kind, objects_of(each)[0]) for kind, classes in CLASSES.items() for each in classes]

#: what takes longest and hardly differs from part to part
LONG = ("check_grid_search_over_a_parameter", "check_estimator_passes_with_it")
#: parts through which scikit-learn's own checks see their families
SEEN_BY_SCIKIT_LEARN = {"hinge": "loss", "r1": "regularizer", "concat": "conditioning", "sgd": "optimizer"}

every_part = pytest.mark.parametrize(("kind", "part"), PARTS, ids=str)
every_class = pytest.mark.parametrize(("kind", "part"), FIRST, ids=str)


def test_the_parts_of_first_light_are_there():
    found = {kind: set(registry.names(kind)) for kind in EVERY}
    assert found["loss"] >= {"nonsaturating", "minimax", "wgan-gp", "rpgan"}
    assert found["regularizer"] >= {"gp", "r1", "r2", "spectral-norm"}
    assert found["architecture"] >= {"mlp", "dcgan"}
    assert found["conditioning"] >= {"concat", "projection"}
    assert found["optimizer"] >= {"adam", "rmsprop"}
    assert found["metric"] >= {"energy", "precision", "recall", "density", "coverage", "label-fidelity"}


@every_class
def test_built_in_parts_are_this_distributions(kind, part):
    assert registry.provenance(kind, type(part))["distribution"] == "skgan"


@every_part
def test_part_keeps_the_promises_of_its_interface(kind, part):
    check_component(part, kind=kind, tiers=["api", "numeric"])


@every_class
def test_part_trains_resumes_and_is_saved(kind, part):
    there = [check.__name__ for check in component_checks(kind, ["integration"])]
    check_component(part, kind=kind, tiers=["integration"], leave_out=[name for name in LONG if name in there])


@pytest.mark.parametrize("name", SEEN_BY_SCIKIT_LEARN)
def test_part_passes_the_checks_of_scikit_learn(name):
    part = registry.resolve(SEEN_BY_SCIKIT_LEARN[name], name)()
    check = {check.__name__: check for check in component_checks(SEEN_BY_SCIKIT_LEARN[name])}[LONG[1]]
    check(part)


@pytest.mark.slow
@every_part
def test_part_passes_everything_with_each_of_its_test_parameters(kind, part):
    check_component(part, kind=kind, tiers=["integration"])
