"""What is written is what safetensors reads, straight from memory; its digests come with and without threads."""

import hashlib
import json
import subprocess
import sys
import textwrap
import threading

import attacks
import numpy as np
import pytest
import safetensors.numpy
from small_checkpoints import newest, opened, write

import skgan
from skgan import GANEstimator, _fs
from skgan.exceptions import CheckpointError
from skgan.reading import CONFIG, LARGEST_CONFIG, LARGEST_HEAD, MANIFEST, STATE
from skgan.schema import TYPES
from skgan.writing import pieces_of, sealed, size_of

RNG = np.random.default_rng(0)
ARRAYS = {
    **{f"a.{name}": RNG.integers(0, 2, (3, 5)).astype(name) for name in TYPES.values()},
    "scalar": np.array(2.5, np.float32),
    "empty": np.zeros((0, 4), np.float64),
    "turned": np.arange(12.0).reshape(3, 4).T,
    "strided": np.arange(9, dtype=np.int32)[::2],
    "other end": np.arange(4, dtype=">f4"),
    "Straße 道": np.ones(3, np.uint8),
}


def joined(pieces):
    return b"".join(pieces)


def test_safetensors_reads_the_same_arrays():
    found = safetensors.numpy.load(joined(pieces_of(ARRAYS)))
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype.newbyteorder("=")
        assert found[name].shape == array.shape
        assert np.array_equal(found[name], array)


def test_of_one_type_the_bytes_are_those_of_safetensors():
    arrays = {
        name: RNG.standard_normal(size).astype("float32")
        for name, size in (("b", (2, 3)), ("a", 7), ("c", ()), ("道é", 1))
    }
    assert joined(pieces_of(arrays)) == safetensors.numpy.save(arrays)


@pytest.mark.parametrize("length", range(1, 10))
def test_every_array_lies_at_a_multiple_of_its_width(length):
    content = joined(pieces_of({f"{name}{'x' * length}": array for name, array in ARRAYS.items()}))
    start = 8 + int.from_bytes(content[:8], "little")
    for entry in json.loads(content[8:start]).values():
        assert (start + entry["data_offsets"][0]) % np.dtype(TYPES[entry["dtype"]]).itemsize == 0


def test_an_empty_file_is_a_head_of_nothing():
    assert joined(pieces_of({})) == safetensors.numpy.save({})


def test_arrays_are_not_copied():
    array = RNG.standard_normal((40, 30))
    _, piece = pieces_of({"a": array})
    assert np.shares_memory(np.frombuffer(piece, np.uint8), array)


def test_sizes_are_in_bytes():
    assert (
        size_of({"a": pieces_of({"b": np.zeros(10)}), "c": [b"123"]})
        == len(safetensors.numpy.save({"b": np.zeros(10)})) + 3
    )


FILES = {CONFIG: [b"{", b"}"], STATE: pieces_of({"a": np.arange(100.0), "b": np.arange(5)})}


def promised(files, **more):
    with sealed("Test", files, **more) as whole:
        assert list(whole) == [CONFIG, STATE, MANIFEST]
        return json.loads(joined(whole[MANIFEST]))


def no_thread(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)


@pytest.mark.parametrize("threads", [True, False])
def test_the_manifest_has_the_digests_of_the_files(threads, monkeypatch):
    if not threads:
        no_thread(monkeypatch)
    manifest = promised(FILES, sequence=7)
    assert manifest["sequence"] == 7
    assert manifest["estimator"] == "Test"
    assert (manifest["format"], manifest["skgan"]) == (1, skgan.__version__)
    assert attacks.seal(manifest) == manifest
    assert list(manifest) == ["format", "estimator", "skgan", "files", "sequence", "sha256"]
    for name, pieces in FILES.items():
        content = joined(pieces)
        assert manifest["files"][name]["size"] == len(content)
        assert manifest["files"][name]["sha256"] == hashlib.sha256(content).hexdigest()
    content = joined(FILES[STATE])
    head = content[: 8 + int.from_bytes(content[:8], "little")]
    assert manifest["files"][STATE]["head"] == hashlib.sha256(head).hexdigest()


def test_what_reading_refuses_is_not_written():
    kept = {**FILES, CONFIG: [b" " * LARGEST_CONFIG]}
    assert promised(kept)["files"][CONFIG]["size"] == LARGEST_CONFIG
    with pytest.raises(
        CheckpointError,
        match=f"The settings and columns of .*at most {LARGEST_CONFIG} bytes as JSON. Got {LARGEST_CONFIG + 1}",
    ):
        promised({**FILES, CONFIG: [b" " * LARGEST_CONFIG, b" "]})
    head = b" " * LARGEST_HEAD
    assert promised({**FILES, STATE: [head, b"12"]})["files"][STATE]["size"] == LARGEST_HEAD + 2
    with pytest.raises(CheckpointError) as caught:
        promised({**FILES, STATE: [head + b" ", b"12"]})
    assert str(caught.value) == (
        f"The names of tensors of a saved model must be at most {LARGEST_HEAD} bytes as JSON. Got {LARGEST_HEAD + 1}. "
        "Use joblib.dump, or shorter column and class names."
    )


def test_no_thread_stays_and_none_is_needed(tmp_path, monkeypatch):
    before = threading.active_count()
    directory = opened(tmp_path)
    write(directory, 1)
    assert threading.active_count() == before
    no_thread(monkeypatch)
    write(directory, 2)
    directory.release()
    assert newest(tmp_path) == 2


def test_a_digest_that_fails_fails_the_writing(tmp_path, monkeypatch):
    def fail(*content):
        raise MemoryError

    monkeypatch.setattr("skgan.writing.hashlib.sha256", fail)
    directory = opened(tmp_path)
    with pytest.raises(MemoryError):
        write(directory, 1)
    directory.release()
    assert directory.entries() == []
    assert list(tmp_path.glob(".*.draft")) == []


def test_a_model_can_be_saved_while_python_ends(tmp_path):
    code = """
        import atexit, sys
        import numpy as np
        from skgan import GANEstimator
        gan = GANEstimator(max_iter=1, random_state=0).fit(np.arange(20.0).reshape(10, 2))
        atexit.register(gan.save, sys.argv[1])
    """
    path = str(tmp_path / "model")
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), path], check=True, timeout=120)
    assert GANEstimator.load(path).n_iter_ == 1


def test_small_pieces_are_written_together_and_large_ones_as_they_are(tmp_path, monkeypatch):
    pieces = [bytes([n % 251]) * (n % 7) for n in range(1000)]
    large = memoryview(RNG.bytes(2**20))
    written, write = [], _fs.write

    def recording(descriptor, content):
        written.append(content)
        return write(descriptor, content)

    monkeypatch.setattr(_fs, "write", recording)
    _fs.write_directory(tmp_path / "a", {"file": [*pieces, large, *pieces]})
    assert (tmp_path / "a" / "file").read_bytes() == joined([*pieces, large, *pieces])
    assert len(written) == 3
    assert written[1].obj is large.obj
