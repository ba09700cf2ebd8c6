"""What is installed: for bug reports."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from typing import Any

from skgan import plugins
from skgan.exceptions import PluginError
from skgan.hookspecs import HOOKS_OF_GROUP

PACKAGES = (
    "skgan",
    "torch",
    "torchvision",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "matplotlib",
    "pluggy",
    "joblib",
    "safetensors",
    "tqdm",
    "click",
)


def show_versions() -> None:
    """Print the versions of Python, skgan, what it stands on, the device and every plugin.

    Examples
    --------
    >>> import skgan
    >>> skgan.show_versions()  # doctest: +ELLIPSIS
    System
      python: ...
    """
    for title, entries in versions().items():
        print(title)
        for name, value in entries.items():
            if not isinstance(value, dict):
                print(f"  {name}: {value}")
                continue
            print(f"  {name}: {value['version']}, {value['status']}")
            if value["error"]:
                print(f"    {value['error']}")
            for word, said in value["says"].items():
                print(f"    {word}: {said}")
        if not entries:
            print("  none")


def versions() -> dict[str, dict[str, Any]]:
    """Return what `show_versions` prints; never fails because something is missing or broken.

    Returns
    -------
    dict of dict
        Under ``"System"``, ``"Packages"`` and ``"Device"`` text by name, under ``"Plugins"`` the version,
        status, error and own words of every distribution.

    Examples
    --------
    >>> from skgan.versions import versions
    >>> sorted(versions())
    ['Device', 'Packages', 'Plugins', 'System']
    """
    return {
        "System": {
            "python": " ".join(sys.version.split()),
            "executable": sys.executable,
            "platform": platform.platform(),
        },
        "Packages": {name: _version(name) for name in PACKAGES},
        "Device": _device(),
        "Plugins": _plugins(),
    }


def _version(package: str) -> str:
    if package == "skgan":
        import skgan

        return skgan.__version__
    try:
        return metadata.version(package)
    except Exception:
        return "not installed"


def _device() -> dict[str, str]:
    try:
        import torch

        found = {
            "threads": str(torch.get_num_threads()),
            "CUDA of torch": str(torch.version.cuda or "none"),
            "cuDNN": str(torch.backends.cudnn.version() or "none"),
        }
        for index in range(torch.cuda.device_count()):
            found[f"cuda:{index}"] = torch.cuda.get_device_name(index)
        found["mps"] = str(torch.backends.mps.is_available())
    except Exception as error:
        return {"torch": plugins.reason(error)}
    return found


def _plugins() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for group in HOOKS_OF_GROUP:
        for plugin in plugins.loaded(group, tell=False):
            known = found.setdefault(
                plugin.distribution, {"version": plugin.version, "status": plugin.status, "error": "", "says": {}}
            )
            if plugin.status != "loaded":
                known["status"], known["error"] = plugin.status, plugin.error
            elif "skgan_show_versions" in plugin.hooks and group == plugins.PARTS_GROUP:
                _ask(plugin, known)
    return found


def _ask(plugin: plugins.Plugin, known: dict[str, Any]) -> None:
    try:
        for said in plugins.call(plugin, "skgan_show_versions"):
            known["says"] |= {str(name): str(value) for name, value in dict(said).items()}
    except PluginError as error:
        known["error"] = plugins.reason(error)
    except Exception as error:
        known["error"] = f"skgan_show_versions returned no dict: {plugins.reason(error)}"
