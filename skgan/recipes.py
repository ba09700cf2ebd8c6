"""Named configurations: what papers train with, each a line of parts, and how to make an estimator of one.

>>> from skgan import recipes
>>> recipes.make("ctgan", random_state=0).batch_size
500
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skgan.estimator import GANEstimator
from skgan.exceptions import ComponentNotFoundError
from skgan.registry import normalised, resolve
from skgan.validation import did_you_mean, listed, sentence

__all__ = ["RECIPES", "make"]

#: family of the parameters that hold parts
_FAMILIES = {"regularizers": "regularizer"}

_CTGAN_ADAM = ("adam", {"betas": (0.5, 0.9)})

#: name -> the parameters that differ from the defaults; a part with parameters is ``(name, parameters)``
RECIPES: dict[str, dict[str, Any]] = {
    # what `GANEstimator()` takes for tables, in batches that suit tens of thousands of rows; with fewer latents
    # samples take an eighth less time and are as good on the adult census
    "skgan": {"batch_size": 250, "latent_dim": 48},
    # Xu et al., NeurIPS 2019: one critic update for each of the generator, packs of ten, conditions by log-frequency
    "ctgan": {
        "loss": "wasserstein",
        "architecture": (
            "tabular",
            {"norm": "batch", "dropout": 0.5, "temperature": 0.2, "hard": False, "write": False, "pac": 10},
        ),
        "conditioning": ("condition-vector", {"share": 1.0, "frequency": "log"}),
        "regularizers": ["packed-gp", "conditional-cross-entropy"],
        "optimizer": _CTGAN_ADAM,
        "learning_rate": 2e-4,
        "n_critic": 1,
        "latent_dim": 128,
        "batch_size": 500,
        "ema_decay": None,
    },
    # Zhao et al. 2024, on fully connected networks: mixed columns are the encoders' default, conditions on every span
    "ctab-gan-plus-like": {
        "loss": "wgan-gp",
        "architecture": ("tabular", {"norm": "batch", "temperature": 0.2, "hard": False, "write": False}),
        "conditioning": ("condition-vector", {"share": 1.0, "frequency": "log"}),
        "regularizers": ["gp", "conditional-cross-entropy", "information", "downstream"],
        "optimizer": _CTGAN_ADAM,
        "learning_rate": 2e-4,
        "n_critic": 5,
        "latent_dim": 100,
        "batch_size": 500,
    },
    # Huang et al., NeurIPS 2024, for CIFAR-10: 39,000 updates; what its schedules became, docs/decisions.md says
    "r3gan": {
        "loss": "rpgan",
        "architecture": ("r3gan", {"channels": 768, "most_channels": 768}),
        "regularizers": [("r1r2", {"weight": 0.05})],
        "augmentation": ("ada", {"mode": "scheduled", "p_max": 0.55, "ramp_steps": 39_000}),
        "optimizer": ("adam", {"betas": (0.0, 0.99), "slowing_steps": 2_600}),
        "learning_rate": 2e-4,
        "latent_dim": 64,
        "batch_size": 512,
        "ema_decay": 0.99993,
    },
    # Miyato et al., ICLR 2018, for CIFAR-10: 50,000 updates; with labels as in Miyato and Koyama, ICLR 2018
    "sngan": {
        "loss": "hinge",
        "architecture": (
            "resnet",
            {"form": "sngan", "channels": 256, "most_channels": 256, "discriminator_factor": 0.5},
        ),
        "conditioning": "cbn",
        "optimizer": ("adam", {"betas": (0.0, 0.9)}),
        "learning_rate": 2e-4,
        "n_critic": 5,
        "latent_dim": 128,
        "batch_size": 64,
    },
    # Zhang et al., ICML 2019, for ImageNet at 128 by 128: a million updates
    "sagan": {
        "loss": "hinge",
        "architecture": ("sagan", {"channels": 64, "most_channels": 1024, "spectral_norm": True}),
        "conditioning": "cbn",
        "optimizer": ("adam", {"betas": (0.0, 0.9)}),
        "learning_rate": 1e-4,
        "discriminator_learning_rate": 4e-4,
        "latent_dim": 128,
        "batch_size": 256,
    },
    # Brock et al., ICLR 2019, as is usual for CIFAR-10: 100,000 updates; regularizers=None leaves orthogonality out
    "biggan": {
        "loss": "hinge",
        "architecture": (
            "biggan",
            {"channels": 384, "most_channels": 384, "discriminator_factor": 0.5, "spectral_norm": True},
        ),
        "conditioning": ("cbn", {"width": 128}),
        "regularizers": [("ortho", {"weight": 1e-4})],
        "optimizer": ("adam", {"betas": (0.5, 0.999), "eps": 1e-6}),
        "learning_rate": 2e-4,
        "n_critic": 5,
        "latent_dim": 80,
        "batch_size": 64,
        "ema_decay": 0.9999,
    },
    # Liu et al., ICLR 2021, for a hundred to some thousand images of 256 by 256: 50,000 updates
    "fastgan": {
        "loss": "hinge",
        "architecture": ("fastgan", {"channels": 32, "most_channels": 1024, "discriminator_norm": "spectral"}),
        "regularizers": ["ae-reconstruction"],
        "augmentation": ("diffaug", {"policy": ("color", "translation")}),
        "optimizer": ("adam", {"betas": (0.5, 0.999)}),
        "learning_rate": 2e-4,
        "latent_dim": 256,
        "batch_size": 8,
        "ema_decay": 0.999,
    },
    # Karras et al., NeurIPS 2020, for CIFAR-10: 1.6 million updates; docs/decisions.md says what is different here
    "stylegan2-ada": {
        "loss": "nonsaturating",
        "architecture": (
            "stylegan2",
            {"channels": 512, "most_channels": 512, "style_mixing": 0.0, "form": "orig", "group": 32},
        ),
        "conditioning": ("projection", {"width": 512}),
        "regularizers": [("r1", {"weight": 0.01, "every_updates": 16})],
        "augmentation": "ada",
        "optimizer": ("adam", {"betas": (0.0, 0.99)}),
        "learning_rate": 2.5e-3,
        "latent_dim": 512,
        "batch_size": 64,
        "ema_decay": 0.99991,  # half of it is left after 500,000 images
    },
}


def make(recipe: str, **changes: Any) -> GANEstimator:
    """Return an estimator of a named configuration.

    Parameters
    ----------
    recipe : str
        One of `RECIPES`.
    **changes : dict
        Parameters of the estimator that shall differ from it, nested ones too.

    Returns
    -------
    GANEstimator
        Unfitted.

    Raises
    ------
    ComponentNotFoundError
        When there is no recipe of that name.

    Examples
    --------
    >>> from skgan import recipes
    >>> recipes.make("ctab-gan-plus-like", n_critic=1).n_critic
    1
    """
    known = {normalised(name): said for name, said in RECIPES.items()}
    if normalised(recipe) not in known:
        raise ComponentNotFoundError(
            sentence(
                f"recipe must be one of {listed(RECIPES)}. Got {recipe!r}.",
                did_you_mean(recipe, RECIPES) or "Set the parameters of GANEstimator yourself.",
            )
        )
    return GANEstimator().set_params(**_made(known[normalised(recipe)])).set_params(**changes)


def _made(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with parts that have parameters as objects."""
    return {name: _part(name, value) for name, value in said.items()}


def _part(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_part(name, member) for member in value]
    if isinstance(value, tuple):
        part, params = value
        return resolve(_FAMILIES.get(name, name), part)(**params)
    return value
