"""Generative adversarial networks for people who write ``fit``.

>>> from skgan import GANEstimator
>>> GANEstimator(loss="wgan-gp", max_iter=100)
GANEstimator(loss='wgan-gp', max_iter=100)
"""

import importlib
from typing import Any

__version__ = "0.1.0.dev0"

_PUBLIC = {
    "GANEstimator": "skgan.estimator",
    "ComponentSpec": "skgan.hookspecs",
    "compare": "skgan.comparison",
    "hookimpl": "skgan.hookspecs",
    "register": "skgan.registry",
    "show_versions": "skgan.versions",
    "unregister": "skgan.registry",
}
_MODULES = (
    "constraints",
    "datasets",
    "exceptions",
    "imblearn",
    "interfaces",
    "metrics",
    "model_selection",
    "recipes",
    "registry",
    "testing",
    "versions",
)

__all__ = [
    "ComponentSpec",
    "GANEstimator",
    "__version__",
    "compare",
    "hookimpl",
    "register",
    "show_versions",
    "unregister",
]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"skgan.{name}")
    raise AttributeError(f"module 'skgan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*_PUBLIC, *_MODULES, "__version__"])
