"""The preprocessors that a saved model can hold: scikit-learn's invertible scalers and PCA, as settings and arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from skgan.exceptions import CheckpointError, InvalidParameterError
from skgan.validation import listed, sentence

CLOSED_LIST = {
    cls.__name__: cls
    for cls in (MinMaxScaler, StandardScaler, MaxAbsScaler, RobustScaler, QuantileTransformer, PowerTransformer, PCA)
}


def applied(transformer: Any, method: str, rows: np.ndarray, width: int | None = None) -> np.ndarray:
    """Return what a method of the user's transformer makes of rows: as many rows, of `width` finite numbers.

    Raises
    ------
    InvalidParameterError
        When it raises or returns anything else; with `preprocessor`, its class and the method.
    """
    refused = partial(_refused, transformer, method, len(rows), width)
    try:
        made = getattr(transformer, method)(rows)
    except MemoryError:
        raise
    except Exception as error:
        raise refused(f"{type(error).__name__}, raised") from error
    try:
        found = np.asarray(made)
        found = found if found.dtype.kind in "biuf" else np.asarray(made, np.float64)
    except (TypeError, ValueError) as error:
        raise refused(f"a {type(made).__name__}, returned") from error
    widths = found.shape[1:] if width is None else (width,)
    if made is None or found.shape != (len(rows), *widths) or len(widths) != 1 or not found.size:
        what = "None" if made is None else f"a {type(made).__name__} of shape {found.shape}"
        raise refused(f"{what}, returned")
    if n_bad := np.count_nonzero(~np.isfinite(found)):
        raise refused(f"{n_bad} times NaN or infinity, returned")
    return found


def _refused(transformer: Any, method: str, n_rows: int, width: int | None, got: str) -> InvalidParameterError:
    numbers = "finite numbers" if width is None else f"{width} finite numbers each"
    return InvalidParameterError(
        sentence(
            "The 'preprocessor' parameter of GANEstimator must be a transformer",
            f"whose {method} makes {n_rows} rows of {numbers} of as many rows.",
            f"Got {got} by {type(transformer).__name__[:80]}.",
            f"Correct its {method}, or transform X yourself and leave preprocessor=None.",
        )
    )


def plain(value: Any) -> Any:
    """Return a value as JSON holds it, or refuse it."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    if isinstance(value, dict):
        return {str(name): plain(member) for name, member in value.items()}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise CheckpointError(
        sentence(
            "A saved model must be made of names, numbers and arrays.",
            f"Got an object of type {type(value).__name__} among its settings or names. Use joblib.dump instead.",
        )
    )


def dump(transformer: Any, prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the settings and numbers of a fitted transformer; its arrays go into `arrays` under `prefix`."""
    name = type(transformer).__name__
    if CLOSED_LIST.get(name) is not type(transformer):
        raise CheckpointError(
            sentence(
                f"preprocessor must be one of {listed(CLOSED_LIST)} to be saved as data.",
                f"Got {name}. Use joblib.dump for the whole estimator instead.",
            )
        )
    params = transformer.get_params()
    fitted: dict[str, Any] = {}
    for attribute, value in vars(transformer).items():
        if attribute in params or attribute == "feature_names_in_":
            continue
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}.{attribute}"] = value
        elif type(value).__name__ in CLOSED_LIST:
            fitted[attribute] = dump(value, f"{prefix}.{attribute}", arrays)
        else:
            fitted[attribute] = plain(value)
    return {"class": name, "params": {name: plain(value) for name, value in params.items()}, "fitted": fitted}


def load(config: dict[str, Any], prefix: str, arrays: dict[str, np.ndarray]) -> Any:
    """Return the fitted transformer that `dump` took apart."""
    params = {name: tuple(v) if isinstance(v, list) else v for name, v in config["params"].items()}
    transformer = CLOSED_LIST[config["class"]](**params)
    transformer._validate_params()
    arrays_of_it = [name.removeprefix(f"{prefix}.") for name in arrays if name.startswith(f"{prefix}.")]
    for attribute in (*config["fitted"], *arrays_of_it):
        if not attribute.partition(".")[0].isidentifier() or hasattr(transformer, attribute) or "__" in attribute:
            raise ValueError("a transformer learns no number of that name")
    for attribute, value in config["fitted"].items():
        nested = isinstance(value, dict) and "class" in value
        setattr(transformer, attribute, load(value, f"{prefix}.{attribute}", arrays) if nested else value)
    for name, array in arrays.items():
        attribute = name.removeprefix(f"{prefix}.")
        if name.startswith(f"{prefix}.") and "." not in attribute:
            setattr(transformer, attribute, array)
    return transformer
