"""Recipes of images: they are made, train in small, are saved and answer. Those of tables are in test_tables.py."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from skgan import GANEstimator, recipes, registry
from skgan.interfaces import DataSpec

#: what makes a recipe small enough for a test, and touches nothing else
SMALL = {
    "biggan": {"architecture": {"channels": 4, "most_channels": 4}, "conditioning": {"width": 3}},
    "fastgan": {"architecture": {"channels": 4, "most_channels": 4}},
    "r3gan": {"architecture": {"channels": 4, "most_channels": 4}},
    "sagan": {"architecture": {"channels": 4, "most_channels": 4}},
    "sngan": {"architecture": {"channels": 4, "most_channels": 4}},
    "stylegan2-ada": {"architecture": {"channels": 4, "most_channels": 4, "width": 6}, "conditioning": {"width": 3}},
}
OF_IMAGES = [name for name, said in recipes.RECIPES.items() if said.get("architecture", ("tabular",))[0] != "tabular"]


def small(recipe):
    """Return the estimator of a recipe with narrow networks and a short training."""
    gan = recipes.make(recipe, max_iter=2, batch_size=6, random_state=0)
    narrow = {f"{part}__{name}": value for part, said in SMALL[recipe].items() for name, value in said.items()}
    return gan.set_params(**narrow)


@pytest.mark.parametrize("recipe", OF_IMAGES)
def test_every_recipe_of_images_trains_is_saved_and_answers(recipe, tmp_path):
    X, y = load_digits(return_X_y=True)
    gan = small(recipe).fit(X[:60].reshape(-1, 8, 8), y[:60])
    gan.save(tmp_path / "model")
    again = GANEstimator.load(tmp_path / "model")

    drawn, redrawn = (each.sample(y=[0, 3, 3], random_state=1) for each in (gan, again))

    assert drawn.shape == (3, 8, 8)
    np.testing.assert_array_equal(drawn, redrawn)
    assert np.isfinite(list(gan.history_.last().values())).all()


@pytest.mark.parametrize("recipe", OF_IMAGES)
def test_a_recipe_names_the_architecture_it_is_called_after(recipe):
    architecture = recipes.make(recipe).architecture

    name = {"sngan": "resnet", "stylegan2-ada": "stylegan2"}.get(recipe, recipe)
    assert isinstance(architecture, registry.resolve("architecture", name))


@pytest.mark.parametrize("recipe", ["sngan", "sagan", "biggan"])
def test_recipes_of_hinge_hold_their_discriminator_by_its_weights(recipe):
    assert recipes.make(recipe).architecture.tags().limits_weights


def test_the_networks_of_sngan_have_the_channels_of_its_paper():
    spec = DataSpec("image", (3, 32, 32), True, "classes", 10, 128)
    gan = recipes.make("sngan")
    with torch.device("meta"):
        conditioning = registry.resolve("conditioning", gan.conditioning)()
        networks = gan.architecture.generator(spec, conditioning), gan.architecture.discriminator(spec, conditioning)

    layers = [[each for each in network.modules() if isinstance(each, torch.nn.Conv2d)] for network in networks]
    assert [{layer.out_channels for layer in those} for those in layers] == [{256, 3}, {128}]
