"""Encoders and rules inside `GANEstimator`: a table is learned with them, drawn, and saved."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numpy as np
import torch
from sklearn.base import clone

from skgan.estimator import GANEstimator
from skgan.interfaces import Asking, Encoder
from skgan.testing import constraint_checks, encoder_checks
from skgan.testing._common import expect
from skgan.testing._parts import registered, small


def check_networks_see_what_it_declares(part: Any) -> None:
    """A row is as wide for the networks as the encoders declare, and each span holds one 1."""
    from skgan.encoding.table import Table

    rows, params = _rows_for(part)
    rules = [clone(rule) for rule in params.get("constraints", [])]
    table = Table(rows, params["columns"], None, None, None, Asking(0.5, "true"), rules)
    wide = sum(encoder.numbers + encoder.width for encoder in table.encoders)
    seen = table.expand(table.encode(rows))
    expect(seen.shape == (len(rows), wide), f"rows must be {wide} wide for the networks; got {tuple(seen.shape)}")
    ones = seen[:, table.n_numbers :].sum(1)
    expect(torch.equal(ones, torch.full_like(ones, len(table.widths))), "each span of a row must hold one 1")


def check_table_is_drawn_and_saved(part: Any) -> None:
    """`fit` takes it, `sample` gives as many rows as asked for, and a saved model draws the same."""
    rows, params = _rows_for(part)
    with registered(part), tempfile.TemporaryDirectory() as folder:
        chosen = {"architecture": small("architecture", "tabular"), "max_iter": 2, "batch_size": 20, "random_state": 0}
        gan = GANEstimator(device="cpu", **chosen, **params).fit(rows)
        drawn = gan.sample(33, random_state=1)
        expect(drawn.shape == (33, rows.shape[1]), f"33 rows must be 33 rows; got {drawn.shape}")
        path = Path(folder) / "model"
        gan.save(path)
        again = GANEstimator.load(path).sample(33, random_state=1)
    expect(
        repr(drawn.to_numpy().tolist()) == repr(again.to_numpy().tolist()),
        "a saved model must draw what the model drew",
    )


def _rows_for(part: Any) -> tuple[Any, dict[str, Any]]:
    """Return a DataFrame, and the parameters of an estimator that looks at it with `part`."""
    try:
        import pandas as pd
    except ImportError as error:
        raise SkipTest("tables with names need pandas") from error
    if isinstance(part, Encoder):
        column = next(iter(encoder_checks.columns_of(part).values()))
        rows = pd.DataFrame({"own": column, "beside": np.arange(len(column)) % 3})
        return rows, {"columns": {"own": part, "beside": "discrete"}}
    return pd.DataFrame(constraint_checks.data()), {"constraints": [part], "columns": {}}
