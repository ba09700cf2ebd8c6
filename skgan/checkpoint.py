"""A fitted estimator as a directory: ``manifest.json``, ``config.json``, ``state.safetensors``. No pickle.

The manifest holds the format version, each file's size and sha256; the configuration holds parameters,
parts by name, and how the data looked; all numbers that training changes are tensors.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skgan import _fs, blueprint, latents, nesting, plugins, registry, schema
from skgan.checkpoint_dir import write_error
from skgan.encoding import Encoding
from skgan.encoding.preprocessors import plain
from skgan.encoding.table import Table
from skgan.exceptions import (
    CheckpointError,
    CheckpointExistsError,
    CheckpointMismatchError,
    CheckpointWriteError,
    ComponentNotFoundError,
    InvalidParameterError,
    PluginError,
    SkganError,
)
from skgan.history import History
from skgan.interfaces import ColumnSpec, Component, DataSpec, Features
from skgan.model import Model
from skgan.precision import FLOAT32, Precision
from skgan.reading import CONFIG, MANIFEST, STATE, Saved, corrupt, read
from skgan.resolution import Parts, component, sampler
from skgan.strict_json import parsed
from skgan.validation import as_path, did_you_mean, listed, sentence
from skgan.writing import Pieces, pieces_of, sealed, size_of

if TYPE_CHECKING:
    from skgan.estimator import GANEstimator

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
_NOT_SAVED = ("callbacks", "preprocessor", "checkpoint_dir", "checkpoint_every_ticks", "resume", "init_from")
#: families whose whole numbers are sizes of networks; and the size that any file may claim
_OF_NETWORKS, _FREE_SIZE = ("architecture", "conditioning"), 2**20
#: bytes that everything learned of the data may take: always, and for each byte of the training
_OF_DATA, _OF_DATA_PER_BYTE = 2**30, 64


def save(estimator: GANEstimator, path: str | Path, overwrite: bool = False) -> None:
    """Write a fitted estimator to the directory `path`; all of it appears, or nothing does."""
    target = Path(os.path.realpath(as_path(path, "path")))
    _refuse_existing(target, path, overwrite)
    files = files_of(estimator, estimator._model_, estimator.history_)
    try:
        with sealed(type(estimator).__name__, files) as whole:
            for missing in reversed([parent for parent in target.parents if not parent.exists()]):
                _fs.mkdir(missing)
            _fs.write_directory(target, whole, replace=target.exists())
    except OSError as error:
        raise write_error("path", Path(path), error, size_of(files)) from error


def files_of(
    estimator: GANEstimator,
    model: Model,
    history: Mapping[str, list[float]],
    run: Mapping[str, Any] | None = None,
    best: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Pieces]:
    """Return the files that describe an estimator with this model; `run` is what only a running fit knows.

    `best` is its best state so far, where it is judged on held-out rows. The pieces are the model's own memory:
    they are written before it is trained on.
    """
    arrays, counters = model.stored(copy=False)
    _refuse_to_save_nonfinite(arrays)
    tensors = {f"model.{name}": array for name, array in arrays.items()}
    tensors |= {f"best.{name}": array for name, array in (best or {}).items()}
    config = {
        "params": _params(estimator),
        "model": _model_config(model, counters),
        "encoding": _encoding_config(estimator._encoding_, tensors),
        "history": _history(history, tensors),
        "fitted": _fitted(estimator),
    }
    if run is not None:
        config["run"] = dict(run)
    content = _json(config)
    _refuse_what_loading_refuses(estimator, model, content, tensors)
    return {CONFIG: [content], STATE: pieces_of(tensors)}


def _refuse_what_loading_refuses(
    estimator: GANEstimator, model: Model, content: bytes, tensors: Mapping[str, np.ndarray]
) -> None:
    """Refuse settings, labels and columns that cannot be read again: what is saved must not be lost."""
    estimator._check_parameters()
    sampler(estimator.sampler, model.parts, model.spec, model.prior)
    try:
        config = parsed(content)
        schema.CONFIG(config, "")
        _encoding_and_arrays(config["encoding"], tensors, model)
    except Exception as error:
        reason = str(error)[:160] if isinstance(error, ValueError) else type(error).__name__
        raise CheckpointError(
            sentence(
                "A saved model must be made of labels, columns and settings that a file can hold.",
                f"Got some that could not be read again: {reason.rstrip('.')}. Nothing was written.",
                "Use joblib.dump, or plain text and numbers for names, labels and cells.",
            )
        ) from error


def _refuse_existing(target: Path, path: str | Path, overwrite: bool) -> None:
    if not os.path.lexists(target):
        return
    if not overwrite:
        raise CheckpointExistsError(
            sentence(
                f"path must be new unless overwrite=True. Got {str(path)[-300:]!r}, which is there already.",
                "Give another path, or overwrite=True to replace a model saved before.",
            )
        )
    if not (target / MANIFEST).is_file():
        raise CheckpointWriteError(
            sentence(
                f"path must be new or a model saved before. Got {str(path)[-300:]!r}, which is something else.",
                "Give another path.",
            )
        )


def load(cls: type[GANEstimator], path: str | Path) -> GANEstimator:
    """Return the estimator in the directory `path`, after checking every file against the manifest."""
    saved = read(as_path(path, "path"), cls.__name__)
    try:
        return _estimator(cls, saved)
    except SkganError as error:
        if repr(str(saved.path)) in str(error):
            raise
        raise type(error)(sentence(f"In {CONFIG} of {str(saved.path)[-150:]!r}:", str(error))) from error
    except MemoryError as error:
        raise CheckpointError(
            sentence(
                f"path must hold a model that fits into memory. Got {str(path)!r} with {saved.size} bytes of tensors.",
                "Load it on a machine with more memory.",
            )
        ) from error
    except Exception as error:
        where = f", {error.args[0]}," if isinstance(error, _Misfit) else ""
        cause = type(error.__cause__ or error).__name__
        raise corrupt(saved.path, f"its parts{where} do not fit together ({cause})") from error


class _Misfit(ValueError):
    """A setting of a file is none that `save` writes; says which."""


@contextmanager
def _read_at(place: str) -> Iterator[None]:
    """Say at which place of the configuration something is wrong."""
    try:
        yield
    except (SkganError, MemoryError, _Misfit):
        raise
    except Exception as error:
        raise _Misfit(place[:100]) from error


def _estimator(cls: type[GANEstimator], saved: Saved) -> GANEstimator:
    """Return what was saved; what fails here is no model that `save` wrote."""
    config, fitted = saved.config, saved.config["fitted"]
    if unsaved := sorted(config["params"].keys() & set(_NOT_SAVED)):
        raise corrupt(saved.path, f"{CONFIG} sets {listed(unsaved)}")
    params = {}
    for name, value in config["params"].items():
        with _read_at(f"params.{name}"):
            params[name] = _part_or_value(_KINDS_OF_PARAMS.get(name), value)
    with _read_at("params"):
        estimator = cls(**params)
        estimator._check_parameters()
    with _read_at("model"):
        model = _model(config["model"], saved.size)
    with _read_at("params.sampler"):
        sampler(estimator.sampler, model.parts, model.spec, model.prior)
    _compare(saved, model, config["model"]["counters"])
    _refuse_too_much_beside(saved)
    tensors = saved.arrays()
    _refuse_nonfinite(saved, tensors)
    with _read_at("encoding"):
        encoding, again = _encoding_and_arrays(config["encoding"], tensors, model)
    history = _history_of(config["history"], tensors)
    best = _best(saved)
    _refuse_other_tensors(saved, [*again, *(f"history.{name}" for name in history), *(f"best.{name}" for name in best)])
    arrays = {name.removeprefix("model."): array for name, array in tensors.items() if name.startswith("model.")}
    model.store(arrays, dict(config["model"]["counters"]))
    estimator._judged_ = {name: tensors[f"best.{name}"] for name in best}
    del tensors, arrays
    estimator.set_params(preprocessor=encoding.preprocessor)
    estimator._encoding_ = encoding
    estimator._model_ = model
    estimator.history_ = history
    estimator._fitted_with_ = dict(fitted["with"])
    estimator._draws_ = fitted["draws"]
    estimator.n_features_in_ = fitted["n_features_in"]
    names = fitted["feature_names_in"]
    if (
        fitted["n_features_in"] != encoding.n_features
        or len(names or range(encoding.n_features)) != encoding.n_features
    ):
        raise ValueError("the columns differ in number")
    if names is not None:
        estimator.feature_names_in_ = np.array(names, object)
    estimator._describe()
    return estimator


def _compare(saved: Saved, model: Model, counters: Mapping[str, int]) -> None:
    """Refuse tensors that are not exactly those of the networks, by what the head of their file says."""
    updates = {player: counters[f"{player}_updates"] for player in ("generator", "discriminator")}
    wanted = {f"model.{k}": v for k, v in blueprint.expected(model, len(saved.head), updates).items()}
    found = {name: entry for name, entry in saved.head.items() if name.startswith("model.")}
    missing, extra = sorted(wanted.keys() - found.keys()), sorted(found.keys() - wanted.keys())
    both = wanted.keys() & found.keys()
    other = sorted(name for name in both if not wanted[name].fits(found[name].dtype, found[name].shape))
    if missing or extra or other:
        raise CheckpointMismatchError(
            sentence(
                f"{str(saved.path)!r} must hold the tensors that its settings lead to.",
                f"Missing: {_cut(missing)}." if missing else "",
                f"Not known: {_cut(extra)}." if extra else "",
                f"Other: {'; '.join(f'{n[:60]} is {_shown(found[n])}, not {wanted[n]}' for n in other[:3])}."
                if other
                else "",
                "Use the version of skgan and its plugins that wrote it.",
            )
        )


def _best(saved: Saved) -> list[str]:
    """Return the names of the best state's tensors, as many and as large as those of the training; or none."""
    found = {name.removeprefix("best."): entry for name, entry in saved.head.items() if name.startswith("best.")}
    if found and "judged" not in saved.config.get("run", {}):
        raise ValueError("there is a best state of a training that was not judged")
    for name, entry in found.items():
        last = saved.head.get(f"model.{name}")
        if last is None or (last.dtype, last.shape) != (entry.dtype, entry.shape):
            raise ValueError(f"the best state differs in {name[:60]!r}")
    if found and len(found) != sum(name.startswith("model.") for name in saved.head):
        raise ValueError("the best state is not whole")
    return list(found)


def _refuse_too_much_beside(saved: Saved) -> None:
    """Refuse what claims far more of the data than of the networks, before it is read."""
    training = sum(entry.size for name, entry in saved.head.items() if name.startswith("model."))
    beside = sum(entry.size for entry in saved.head.values()) - training
    if beside > _OF_DATA + _OF_DATA_PER_BYTE * training:
        raise CheckpointMismatchError(
            sentence(
                f"{str(saved.path)!r} must hold mostly the networks. Got {beside} bytes of other tensors,",
                f"beside {training} of the training. Use another copy.",
            )
        )


def _refuse_other_tensors(saved: Saved, known: Iterable[str]) -> None:
    rest = {name for name in saved.head if not name.startswith("model.")}
    if rest != set(known):
        raise CheckpointMismatchError(
            sentence(
                f"{str(saved.path)!r} must hold the tensors that its settings lead to.",
                f"These are missing or not known: {_cut(sorted(rest ^ set(known)))}.",
                "Use the version of skgan that wrote it.",
            )
        )


def _refuse_to_save_nonfinite(arrays: Mapping[str, np.ndarray]) -> None:
    bad = [n for n, array in arrays.items() if array.dtype.kind == "f" and not np.isfinite(array).all()]
    if bad:
        raise CheckpointError(
            sentence(
                "Only a model of finite numbers can be saved.",
                f"Got NaN or infinity in {_cut(bad)}. Nothing was written. Fit again, or put the weights right.",
            )
        )


def _refuse_nonfinite(saved: Saved, tensors: Mapping[str, np.ndarray]) -> None:
    """Refuse NaN and infinity where `save` never writes them: everywhere but in a transformer and the history."""
    for name, array in tensors.items():
        if array.dtype.kind != "f" or not array.size or name.startswith(("preprocessor.", "history.")):
            continue
        if not (np.isfinite(array.min()) and np.isfinite(array.max())):
            raise corrupt(saved.path, f"the tensor {name[:100]!r} holds numbers that are not finite")


def _cut(names: list[str]) -> str:
    return listed((name[:60] for name in names), 3)


def _shown(entry: Any) -> str:
    return f"{entry.dtype} {entry.shape}"


def _params(estimator: GANEstimator) -> dict[str, Any]:
    params = {k: v for k, v in estimator.get_params(deep=False).items() if k not in _NOT_SAVED}
    if not _can_be_named(params["scoring"]):
        del params["scoring"]  # a function judges, and is no part of what was trained
    if not isinstance(params["random_state"], int | np.integer | None):
        params["random_state"] = None  # a generator's state is not a setting; the seed drawn from it is in the model
    return {name: _described(_KINDS_OF_PARAMS.get(name), value) for name, value in params.items()}


def _can_be_named(scoring: Any) -> bool:
    members = scoring if isinstance(scoring, list | tuple) else [scoring]
    return all(isinstance(member, str | type | Component) for member in members)


def _described(kind: str | None, value: Any) -> Any:
    """Return a parameter as JSON holds it: parts become their name and parameters."""
    if isinstance(value, list | tuple) and kind:
        return {"list": [_described(kind, member) for member in value]}
    if isinstance(value, latents.Prior):
        return latents.described(value)
    if isinstance(value, Mapping):  # of columns, whose names may be numbers
        return {"columns": [[plain(name), _described("encoder", each)] for name, each in value.items()]}
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
    params = {name: _within(value) for name, value in part.get_params(deep=False).items()}
    described = {"part": origin["name"], "params": params}
    return described if origin["distribution"] == plugins.BUILT_IN else {**described, "version": origin["version"]}


def _within(value: Any) -> Any:
    """Return a part's parameter as JSON holds it; only features are parts within parts."""
    return _part_config("features", value) if isinstance(value, Features) else plain(value)


def _part_or_value(kind: str | None, value: Any) -> Any:
    """Return what `_described` described, a part only where one of its family belongs."""
    if isinstance(value, dict) and "prior" in value:
        return latents.from_description(value)
    if isinstance(value, dict) and "columns" in value:
        return {name: _part_or_value("encoder", each) for name, each in value["columns"]}
    if isinstance(value, dict) and "list" in value:
        return [_part_or_value(kind, member) for member in value["list"]]
    if isinstance(value, dict) and kind:
        return _part(kind, value)
    return tuple(value) if isinstance(value, list) else value


def _encoding_config(encoding: Encoding | Table, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return what an encoding has learned as JSON holds it; encoders and rules become their name and parameters."""
    config = encoding.state(arrays)
    if isinstance(encoding, Table):
        for told in config["table"]:
            told["encoder"] = _part_config("encoder", told["encoder"])
            told["categories"] = plain(told["categories"])
        config["constraints"] = [_part_config("constraint", rule) for rule in config["constraints"]]
        config["names"] = plain(config["names"])
    return config


def _encoding_and_arrays(
    config: Mapping[str, Any], arrays: Mapping[str, np.ndarray], model: Model
) -> tuple[Any, dict[str, Any]]:
    """Return the encoding that was described, and its arrays, once it describes itself so, and data of the networks."""
    encoding = _encoding(config, arrays)
    again: dict[str, np.ndarray] = {}
    if _json(_encoding_config(encoding, again)) != _json(config):
        raise ValueError("the encoding describes itself otherwise")
    encoding.check()
    if vars(encoding.spec(model.spec.latent_dim, model.prior.codes())) != vars(model.spec):
        raise ValueError("the networks were made for other data")
    return encoding, again


def _encoding(config: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Encoding | Table:
    """Return the encoding that `_encoding_config` described."""
    if "table" not in config:
        return Encoding.from_state(dict(config), dict(arrays))
    told = [each | {"encoder": _part("encoder", each["encoder"])} for each in config["table"]]
    rules = [_part("constraint", rule) for rule in config["constraints"]]
    return Table.from_state(dict(config) | {"table": told, "constraints": rules}, dict(arrays))


def _part(kind: str, config: Mapping[str, Any], largest: int | None = None) -> Component:
    """Return the part that was described; of a network no size above `largest`."""
    try:
        part_class = registry.resolve(kind, config["part"])
    except ComponentNotFoundError as error:
        raise _not_installed(kind, config, error) from error
    known = sorted(part_class().get_params(deep=False))
    unknown = set(config["params"]) - set(known)
    if unknown:
        raise InvalidParameterError(
            sentence(
                f"The {kind} {config['part'][:60]!r} must take the parameters it was saved with.",
                f"It lacks {listed(sorted(name[:40] for name in unknown), 5)}.",
                did_you_mean(next(iter(unknown))[:40], known)
                or "Install the version of its package that wrote the model.",
            )
        )
    inner = {name: "features" if isinstance(v, dict) and "part" in v else None for name, v in config["params"].items()}
    values = {name: _part_or_value(inner[name], value) for name, value in config["params"].items()}
    too_large = [name for name, value in values.items() if type(value) is int and value > (largest or value)]
    if too_large and kind in _OF_NETWORKS:
        raise CheckpointMismatchError(
            sentence(
                f"The {kind} {config['part']!r} must be no larger than the file that holds its weights.",
                f"Got {listed(too_large, 3)} above {largest}. Use another copy.",
            )
        )
    return component(kind, config["part"], params=values)


def _not_installed(kind: str, config: Mapping[str, Any], error: ComponentNotFoundError) -> SkganError:
    """Return what to do about a part that is not there: which package it is of, as far as that is a name of one."""
    distribution, _, name = str(config["part"]).rpartition("/")
    version = str(config.get("version", ""))
    if distribution == plugins.LOCAL:
        return ComponentNotFoundError(
            f"The {kind} {name[:60]!r} was registered in the session that saved the model. Call skgan.register first."
        )
    absent = [each for each in plugins.loaded(tell=False) if each.status in ("failed", "disabled")]
    if plugins.canonical(distribution) in [plugins.canonical(each.distribution) for each in absent]:
        return error  # which says why it is not loaded
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", distribution):
        return ComponentNotFoundError(
            sentence(
                f"The model must be made of parts that skgan knows. Got the {kind} {str(config['part'])[:60]!r}.",
                did_you_mean(name[:60], registry.names(kind)) or "Update skgan, or use another copy.",
            )
        )
    exactly = f"=={version}" if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,30}", version) else ""
    return PluginError(
        sentence(
            f"The model needs the {kind} {name[:60]!r} of the plugin {distribution!r},",
            f"version {version[:30] or 'unknown'}, which is not installed.",
            f"If you trust it, run: pip install '{distribution}{exactly}'",
        )
    )


def _model_config(model: Model, counters: dict[str, int]) -> dict[str, Any]:
    parts = {}
    for name, kind in _KINDS_OF_PARTS.items():
        value = getattr(model.parts, name)
        parts[name] = [_part_config(kind, p) for p in value] if isinstance(value, list) else _part_config(kind, value)
    names = ("n_critic", "n_discriminators", "learning_rate", "discriminator_learning_rate")
    numbers = {name: getattr(model.parts, name) for name in names}
    return {
        "parts": parts,
        "numbers": {name: plain(value) for name, value in numbers.items()},
        "spec": plain(vars(model.spec)),
        "prior": latents.described(model.prior),
        "ema_decay": model.ema_decay,
        "precision": model.precision.name,
        "micro_batch": model.micro_batch,
        "key": list(model.key),
        "counters": counters,
    }


def _model(config: Mapping[str, Any], size: int) -> Model:
    """Return a model without numbers; nothing in it may be larger than a file of `size` bytes has room for."""
    largest = max(size, _FREE_SIZE)
    parts: dict[str, Any] = {}
    for name, kind in _KINDS_OF_PARTS.items():
        value = config["parts"][name]
        with _read_at(f"model.parts.{name}"):
            parts[name] = (
                [_part(kind, each) for each in value] if isinstance(value, list) else _part(kind, value, largest)
            )
    shapes: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in config["spec"].items()}
    shapes["columns"] = tuple(ColumnSpec(*column) for column in shapes.get("columns", ()))
    spec = DataSpec(**shapes)
    if max(spec.n_values, spec.latent_dim, *spec.label_shape, config["numbers"]["n_discriminators"]) > largest:
        raise ValueError("the networks were made for more than the file has room for")
    if spec.columns and sum(numbers + width for numbers, width, _ in spec.columns) != spec.n_values:
        raise ValueError("the columns do not add up to a row")
    prior = latents.from_description(config["prior"])
    prior.validate(spec.latent_dim)
    precision = Precision(config.get("precision", FLOAT32.name))  # absent in files of earlier versions
    key = tuple(config["key"])
    model = Model(Parts(**parts, **config["numbers"]), spec, prior, config["ema_decay"], key, "auto", precision)
    model.micro_batch = config.get("micro_batch")
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


def _history(history: Mapping[str, list[float]], tensors: dict[str, np.ndarray]) -> list[str]:
    """Return the names of the history's columns; the columns go into `tensors`, whole numbers as such."""
    for name, values in history.items():
        whole = all(isinstance(value, int | np.integer) for value in values)
        tensors[f"history.{name}"] = np.array(values, np.int64 if whole else np.float64)
    return list(history)


def _history_of(names: list[str], tensors: Mapping[str, np.ndarray]) -> History:
    columns = {name: tensors[f"history.{name}"] for name in names}
    if len({column.shape for column in columns.values()}) > 1 or any(column.ndim != 1 for column in columns.values()):
        raise ValueError("the columns of the history differ in length")
    return History({name: column.tolist() for name, column in columns.items()})
