"""What older versions saved can be loaded, draws what it drew then, and trains on."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from golden.make import MIXED

from skgan import GANEstimator, reading

FOLDERS = sorted((Path(__file__).parent / "golden").glob("v*"))


def data_of(folder):
    with np.load(folder / "data.npz", allow_pickle=False) as file:
        data = dict(file)
    if folder.name.endswith("-tables"):
        return MIXED, None, pd.read_csv(io.StringIO(str(data["samples"])))
    X = pd.DataFrame(data["X"], columns=data["columns"].tolist()) if len(data["columns"]) else data["X"]
    return X, data.get("y"), data["samples"]


def test_there_is_one_of_each_kind():
    kinds = ("vectors-classes", "images-sn-wgan-gp", "frame-names", "continuous-labels", "tables")
    assert {f"v{reading.FORMAT}-{kind}" for kind in kinds} <= {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_golden_model_is_small_and_whole(folder):
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) <= 50_000
    assert reading.verify(folder / "model")["format"] == int(folder.name[1 : folder.name.index("-")])


@pytest.mark.goal("G11")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_golden_model_draws_what_it_drew(folder):
    X, _, samples = data_of(folder)
    drawn = GANEstimator.load(folder / "model").sample(8, random_state=0)
    if isinstance(samples, pd.DataFrame):
        pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(drawn.to_csv(index=False))), samples)
        pd.testing.assert_series_equal(drawn.dtypes, X.dtypes)
    else:
        np.testing.assert_allclose(np.asarray(drawn), samples, rtol=1e-5, atol=1e-5)
    assert type(drawn) is type(X)
    assert not hasattr(X, "columns") or list(drawn.columns) == list(X.columns)


@pytest.mark.fault("F11")
@pytest.mark.goal("G11")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_golden_model_trains_on(folder):
    X, y, _ = data_of(folder)
    gan = GANEstimator.load(folder / "model")
    before = gan.n_iter_
    gan.set_params(warm_start=True, max_iter=2).fit(X, y)
    assert gan.n_iter_ == before + 2
    samples = gan.sample(4, random_state=0)
    assert list(samples.columns) == list(X.columns) if X is MIXED else np.isfinite(np.asarray(samples)).all()
