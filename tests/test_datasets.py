"""Tables in files, read a chunk at a time."""

import numpy as np
import pandas as pd
import pytest

from skgan import GANEstimator, datasets
from skgan.encoding import table
from skgan.encoding.table import Table
from skgan.interfaces import Asking

pytest.importorskip("pyarrow")


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "n": rng.normal(size=500).round(2),
            "kind": rng.choice(["a", "b", "c"], 500),
            "hole": np.where(rng.random(500) < 0.3, np.nan, rng.random(500).round(3)),
        }
    )


@pytest.fixture(params=["parquet", "csv"])
def file(request, data, tmp_path):
    path = tmp_path / f"table.{request.param}"
    data.to_parquet(path) if request.param == "parquet" else data.to_csv(path, index=False)
    return path


def test_a_file_trains_as_its_table_does(file, data, monkeypatch):
    monkeypatch.setattr(datasets, "ROWS_AT_ONCE", 64)
    scanned = datasets.scan_table(file)
    assert scanned.shape == data.shape
    assert sum(len(chunk) for chunk in scanned.chunks_of_rows()) == len(data)
    gan = GANEstimator(max_iter=2, random_state=0).fit(scanned)
    samples = gan.sample(50)
    assert samples.dtypes.equals(scanned.dtypes)
    assert set(samples["kind"]) <= set("abc")
    assert gan.feature_names_in_.tolist() == list(data)
    assert (gan.sample(20, y={"kind": "b"})["kind"] == "b").all()


@pytest.mark.parametrize("limit", [0, 2**30])
def test_records_of_chunks_are_those_of_the_table(file, data, monkeypatch, limit):
    monkeypatch.setattr(datasets, "ROWS_AT_ONCE", 64)
    monkeypatch.setattr(table, "LARGEST_IN_MEMORY", limit)
    scanned = datasets.scan_table(file)
    learned = Table(scanned, {}, None, None, None, Asking(), [])
    np.testing.assert_array_equal(learned.encode(scanned).numpy(), learned.encode(data).numpy())


def test_rows_are_found_by_their_numbers(file, data):
    rows = np.array([400, 3, 77])
    found = datasets.scan_table(file)[rows]
    np.testing.assert_array_equal(found[:, 1], data["kind"].iloc[rows])


def test_what_is_no_table_is_refused_in_words(tmp_path):
    with pytest.raises(FileNotFoundError, match="Nothing is at"):
        datasets.scan_table(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("no table")
    with pytest.raises(ValueError, match="which is no parquet"):
        datasets.scan_table(tmp_path / "text.parquet")


def test_columns_can_be_chosen(file):
    scanned = datasets.scan_table(file, columns=["kind", "n"])
    assert list(scanned.first) == ["kind", "n"]
    with pytest.raises(ValueError, match="columns must be of the file"):
        datasets.scan_table(file, columns=["kinds"])
