"""A fitted estimator as a directory: ``manifest.json``, ``config.json``, ``state.safetensors``. No pickle.

The manifest holds the format version, each file's size and sha256; the configuration holds parameters,
parts by name, and how the data looked; all numbers that training changes are tensors.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

import skgan
from skgan import _fs, nesting, registry
from skgan.encoding import Encoding
from skgan.encoding.preprocessors import plain
from skgan.exceptions import (
    CheckpointCorruptError,
    CheckpointError,
    CheckpointWriteError,
    ComponentNotFoundError,
    InvalidParameterError,
)
from skgan.history import History
from skgan.interfaces import Component, DataSpec
from skgan.latents import PRIORS
from skgan.model import Model
from skgan.resolution import Parts, component
from skgan.validation import did_you_mean, listed, sentence

if TYPE_CHECKING:
    from skgan.estimator import GANEstimator

FORMAT = 1
MANIFEST, CONFIG, STATE = "manifest.json", "config.json", "state.safetensors"
_KINDS_OF_PARTS = {
    "loss": "loss",
    "architecture": "architecture",
    "conditioning": "conditioning",
    "optimizer": "optimizer",
    "regularizers": "regularizer",
    "augmentations": "augmentation",
}
_KINDS_OF_PARAMS = nesting.ONE_PART | nesting.SEVERAL_PARTS
#: parameters that are looked on with, not trained with: left out, with their defaults on loading
_NOT_SAVED = ("callbacks", "preprocessor")


def save(estimator: GANEstimator, path: str | Path) -> None:
    """Write a fitted estimator to the directory `path`; all of it appears, or nothing does."""
    path = Path(path)
    if path.exists() and not (path / MANIFEST).is_file():
        raise CheckpointWriteError(
            sentence(
                f"path must be new or a model saved before. Got {str(path)!r}, which is something else.",
                "Give another path.",
            )
        )
    model, encoding = estimator._model_, estimator._encoding_
    arrays, counters = model.stored()
    tensors = {f"model.{name}": array for name, array in arrays.items()}
    config = {
        "params": _params(estimator),
        "model": _model_config(model, counters),
        "encoding": encoding.state(tensors),
        "history": dict(estimator.history_),
        "fitted": _fitted(estimator),
    }
    files = {
        CONFIG: _json(config),
        STATE: save_tensors({name: np.array(array, order="C") for name, array in tensors.items()}),
    }
    manifest = {
        "format": FORMAT,
        "estimator": type(estimator).__name__,
        "skgan": skgan.__version__,
        "files": {name: {"size": len(data), "sha256": _digest(data)} for name, data in files.items()},
    }
    try:
        _fs.write_directory(path, {MANIFEST: _json(manifest), **files})
    except OSError as error:
        failure = CheckpointWriteError(
            sentence(
                f"path must be writable. Writing {str(path)!r} failed with {type(error).__name__}: {error.strerror}.",
                "What was there before is untouched. Free some space or give another path.",
            )
        )
        failure.errno = error.errno
        raise failure from error


def load(cls: type[GANEstimator], path: str | Path) -> GANEstimator:
    """Return the estimator in the directory `path`, after checking every file against the manifest."""
    path = Path(path)
    config, tensors = _read(path, cls.__name__)
    try:
        estimator = cls(
            **{name: _part_or_value(_KINDS_OF_PARAMS.get(name), value) for name, value in config["params"].items()}
        )
        encoding = Encoding.from_state(config["encoding"], tensors)
        model = _model(config["model"], tensors)
        fitted = config["fitted"]
        estimator.set_params(preprocessor=encoding.preprocessor)
        estimator._encoding_ = encoding
        estimator._model_ = model
        estimator.history_ = History({k: _with_nan(v) for k, v in config["history"].items()})
        estimator._fitted_with_ = {name: str(value) for name, value in fitted["with"].items()}
        estimator._draws_ = fitted["draws"]
        estimator.n_features_in_ = fitted["n_features_in"]
        if fitted["feature_names_in"] is not None:
            estimator.feature_names_in_ = np.array(fitted["feature_names_in"], object)
        estimator._describe()
    except (ComponentNotFoundError, InvalidParameterError):
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise _corrupt(path, f"its parts do not fit together ({type(error).__name__})") from error
    return estimator


def _read(path: Path, class_name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    if not path.exists():
        raise FileNotFoundError(f"No saved model at {str(path.absolute())!r}. Save one first with gan.save(path).")
    if not path.is_dir() or not (path / MANIFEST).is_file():
        found = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else ["a file"]
        raise CheckpointError(
            sentence(
                f"path must be a directory that save wrote, with {MANIFEST}.",
                f"Got {str(path)!r} with {listed(found, 5)}.",
                "Load joblib and pickle files with joblib, when you trust them.",
            )
        )
    manifest = _parsed(path, (path / MANIFEST).read_bytes())
    version = manifest.get("format")
    if type(version) is not int or not 1 <= version <= FORMAT:
        raise CheckpointError(
            sentence(
                f"{str(path)!r} must have a format up to {FORMAT}. Got format {version!r},",
                f"written by skgan {manifest.get('skgan')!r}. Update skgan.",
            )
        )
    if manifest.get("estimator") != class_name:
        raise CheckpointError(
            f"{str(path)!r} must hold a {class_name}. Got a {manifest.get('estimator')!r}. Load it with that class."
        )
    contents = {name: _verified(path, name, manifest) for name in (CONFIG, STATE)}
    try:
        tensors = load_tensors(contents[STATE])
    except (SafetensorError, ValueError, TypeError) as error:
        raise _corrupt(path, f"{STATE} is no safetensors file") from error
    return _parsed(path, contents[CONFIG]), tensors


def _verified(path: Path, name: str, manifest: Mapping[str, Any]) -> bytes:
    files = manifest.get("files")
    promised = files.get(name) if isinstance(files, dict) else None
    if not isinstance(promised, dict):
        raise _corrupt(path, f"{MANIFEST} does not promise {name}")
    try:
        content = (path / name).read_bytes()
    except OSError as error:
        raise _corrupt(path, f"{name} is missing") from error
    if len(content) != promised.get("size") or _digest(content) != promised.get("sha256"):
        raise _corrupt(path, f"{name} is not what was written ({len(content)} bytes)")
    return content


def _parsed(path: Path, content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _corrupt(path, "a JSON file cannot be read") from error
    if not isinstance(parsed, dict):
        raise _corrupt(path, "a JSON file does not hold an object")
    return parsed


def _corrupt(path: Path, reason: str) -> CheckpointCorruptError:
    return CheckpointCorruptError(
        sentence(
            f"{str(path)!r} must be a model as save wrote it. Got one that is damaged: {reason}. Use another copy."
        )
    )


def _params(estimator: GANEstimator) -> dict[str, Any]:
    params = {k: v for k, v in estimator.get_params(deep=False).items() if k not in _NOT_SAVED}
    if not isinstance(params["random_state"], int | np.integer | None):
        params["random_state"] = None  # a generator's state is not a setting; the seed drawn from it is in the model
    return {name: _described(_KINDS_OF_PARAMS.get(name), value) for name, value in params.items()}


def _described(kind: str | None, value: Any) -> Any:
    """Return a parameter as JSON holds it: parts become their name and parameters."""
    if isinstance(value, list | tuple) and kind:
        return {"list": [_described(kind, member) for member in value]}
    if kind and isinstance(value, Component | type):
        return _part_config(kind, value() if isinstance(value, type) else value)
    return plain(value)


def _part_config(kind: str, part: Component) -> dict[str, Any]:
    origin = registry.provenance(kind, type(part))
    if origin is None:
        raise CheckpointError(
            sentence(
                f"{kind} must be a part with a name, to be found again on loading.",
                f"Got an object of {type(part).__name__}, which no name leads to.",
                "Use joblib.dump, or offer the class from a plugin.",
            )
        )
    params = {name: plain(value) for name, value in part.get_params(deep=False).items()}
    return {"part": origin["name"], "params": params}


def _part_or_value(kind: str | None, value: Any) -> Any:
    """Return what `_described` described, a part only where one of its family belongs."""
    if isinstance(value, dict) and "list" in value:
        return [_part_or_value(kind, member) for member in value["list"]]
    if isinstance(value, dict) and kind:
        return _part(kind, value)
    return tuple(value) if isinstance(value, list) else value


def _part(kind: str, config: Mapping[str, Any]) -> Component:
    params = config["params"]
    part_class = registry.resolve(kind, config["part"])
    known = sorted(part_class().get_params(deep=False)) if issubclass(part_class, Component) else []
    unknown = set(params) - set(known)
    if unknown:
        raise InvalidParameterError(
            sentence(
                f"The {kind} {config['part']!r} must take the parameters it was saved with.",
                f"It lacks {listed(unknown)}.",
                did_you_mean(next(iter(unknown)), known) or "Install the version of its package that wrote the model.",
            )
        )
    values = {name: _part_or_value(None, value) for name, value in params.items()}
    return component(kind, config["part"], params=values)


def _model_config(model: Model, counters: dict[str, int]) -> dict[str, Any]:
    parts = {}
    for name, kind in _KINDS_OF_PARTS.items():
        value = getattr(model.parts, name)
        parts[name] = [_part_config(kind, p) for p in value] if isinstance(value, list) else _part_config(kind, value)
    numbers = {
        name: getattr(model.parts, name) for name in ("n_critic", "learning_rate", "discriminator_learning_rate")
    }
    return {
        "parts": parts,
        "numbers": {name: plain(value) for name, value in numbers.items()},
        "spec": {**vars(model.spec), "shape": list(model.spec.shape)},
        "prior": model.prior,
        "ema_decay": model.ema_decay,
        "key": list(model.key),
        "counters": counters,
    }


def _model(config: Mapping[str, Any], tensors: dict[str, np.ndarray]) -> Model:
    parts: dict[str, Any] = {
        name: [_part(kind, member) for member in value] if isinstance(value, list) else _part(kind, value)
        for (name, kind), value in zip(_KINDS_OF_PARTS.items(), map(config["parts"].get, _KINDS_OF_PARTS), strict=True)
    }
    spec = DataSpec(**{**config["spec"], "shape": tuple(config["spec"]["shape"])})
    model = Model(
        Parts(**parts, **config["numbers"]), spec, config["prior"], config["ema_decay"], tuple(config["key"]), "auto"
    )
    arrays = {name.removeprefix("model."): array for name, array in tensors.items() if name.startswith("model.")}
    if config["prior"] not in PRIORS:
        raise KeyError(config["prior"])
    model.store(arrays, {name: int(count) for name, count in config["counters"].items()})
    model.check_stored()
    return model


def _fitted(estimator: GANEstimator) -> dict[str, Any]:
    names = getattr(estimator, "feature_names_in_", None)
    return {
        "with": estimator._fitted_with_,
        "draws": estimator._draws_,
        "n_features_in": estimator.n_features_in_,
        "feature_names_in": None if names is None else plain(list(names)),
    }


def _json(value: Any) -> bytes:
    return json.dumps(_without_nan(value), indent=1, allow_nan=False).encode()


def _without_nan(value: Any) -> Any:
    """Return the value with NaN, which JSON lacks, as null."""
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, dict):
        return {key: _without_nan(member) for key, member in value.items()}
    return [_without_nan(member) for member in value] if isinstance(value, list) else value


def _with_nan(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
