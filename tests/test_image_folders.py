"""Folders of images: read once, labels from subfolders, refused in words, trained on from the file."""

import os

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from skgan import GANEstimator
from skgan.cli import main
from skgan.datasets import load_images

RNG = np.random.default_rng(0)


def write(folder, name, pixels, mode=None):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels, mode).save(path)
    return pixels


def pixels(*shape):
    return RNG.integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def classes(tmp_path):
    root = tmp_path / "pets"
    images = {
        f"{kind}/{i}.png": write(root, f"{kind}/{i}.png", pixels(8, 8, 3)) for kind in ("cat", "dog") for i in range(9)
    }
    return root, images


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "skgan"


def test_pixels_and_labels_are_those_of_the_files(classes, cache):
    root, images = classes
    X, y = load_images(root, verbose=0)
    assert isinstance(X, np.memmap)
    np.testing.assert_array_equal(X, np.stack([images[name] for name in sorted(images)]))
    assert y.tolist() == [name.partition("/")[0] for name in sorted(images)]
    assert load_images(root / "cat", verbose=0)[1] is None


def test_the_file_of_bytes_is_made_once_and_again_when_something_changed(classes, cache):
    root, _ = classes
    X, _ = load_images(root, verbose=0)
    made = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    load_images(root, verbose=0)
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == made
    new = write(root, "cat/0.png", pixels(8, 8, 3))
    os.utime(root / "cat/0.png", ns=(1, 1))
    X, _ = load_images(root, verbose=0)
    np.testing.assert_array_equal(X[0], new)
    X, _ = load_images(root, image_size=4, verbose=0)
    assert X.shape == (18, 4, 4, 3)
    assert len(list(cache.iterdir())) == 6  # three arrays, and which files each holds; nothing half made


def test_sizes_are_covered_and_cut_around_the_centre(tmp_path, cache):
    wide = np.zeros((10, 30), np.uint8)
    wide[:, 10:20] = 200
    write(tmp_path / "wide", "a.png", wide)
    X, y = load_images(tmp_path / "wide", image_size=(10, 10), verbose=0)
    assert (X.shape, y) == ((1, 10, 10), None)
    assert (X == 200).mean() > 0.9


def test_channels_are_those_of_the_first_or_as_told(tmp_path, cache):
    grey = write(tmp_path / "mixed", "a.png", pixels(6, 6))
    colour = write(tmp_path / "mixed", "b.png", np.full((6, 6, 3), 90, np.uint8))
    X, _ = load_images(tmp_path / "mixed", verbose=0)
    np.testing.assert_array_equal(X[0], grey)
    assert (X[1] == 90).all()
    X, _ = load_images(tmp_path / "mixed", mode="RGB", verbose=0)
    np.testing.assert_array_equal(X[1], colour)
    np.testing.assert_array_equal(X[0], np.repeat(grey[..., None], 3, -1))


def test_transparency_is_laid_on_white(tmp_path, cache):
    write(tmp_path / "clear", "a.png", np.dstack([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)]))
    X, _ = load_images(tmp_path / "clear", verbose=0)
    assert (X == 255).all()


def test_unreadable_files_are_named_or_left_out(classes, cache):
    root, images = classes
    (root / "cat" / "3.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"cat/3.png.*which is none.*on_error='skip'"):
        load_images(root, verbose=0)
    assert not list(cache.glob("*.npy"))
    with pytest.warns(UserWarning, match="1 of 18 files"):
        X, y = load_images(root, on_error="skip", verbose=0)
    assert (len(X), len(y)) == (17, 17)
    np.testing.assert_array_equal(X[3], images["cat/4.png"])


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda root: None, FileNotFoundError, "not there"),
        (lambda root: root.write_text("x"), NotADirectoryError, "a file"),
        (lambda root: root.mkdir(), ValueError, "with none"),
        (
            lambda root: [write(root, "a.png", pixels(4, 4)), write(root, "b.png", pixels(4, 5))],
            ValueError,
            "image_size",
        ),
        (lambda root: [write(root, "a.png", pixels(4, 4)), write(root, "c/b.png", pixels(4, 4))], ValueError, "1 of 2"),
    ],
    ids=["nothing", "a file", "empty", "two sizes", "loose"],
)
def test_what_cannot_be_loaded_is_refused(tmp_path, cache, make, error, said):
    root = tmp_path / "images"
    make(root)
    with pytest.raises(error, match=said) as caught:
        load_images(root, verbose=0)
    assert len(str(caught.value)) <= 500


@pytest.mark.parametrize(
    "settings", [{"image_size": 0}, {"image_size": (3, 4, 5)}, {"mode": "CMYK"}, {"on_error": "no"}]
)
def test_settings_are_checked(tmp_path, settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        load_images(tmp_path, **settings)


def test_a_folder_is_fitted_on_by_the_command(classes, cache, tmp_path):
    root, _ = classes
    command = ["fit", str(root), "-o", str(tmp_path / "model"), "--image-size", "4", "--max-iter", "2", "--seed", "0"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    gan = GANEstimator.load(tmp_path / "model")
    assert gan.classes_.tolist() == ["cat", "dog"]
    assert gan.sample(3, y="dog").shape == (3, 4, 4, 3)
