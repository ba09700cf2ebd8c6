"""A folder of images as one array of bytes, read once and kept as a file that memory maps."""

from __future__ import annotations

import hashlib
import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from skgan.exceptions import InvalidParameterError
from skgan.validation import Choice, Integer, Location, Sizes, as_path, check_value, listed, sentence

if TYPE_CHECKING:
    from PIL.Image import Image

#: parameter -> what it may be
_ALLOWED = {
    "image_size": (Integer(1), Sizes(2), Choice(None)),
    "mode": (Choice("L", "RGB", None),),
    "cache_dir": (Location(), Choice(None)),
    "on_error": (Choice("raise", "skip"),),
}


def load_images(
    folder: str | Path,
    *,
    image_size: int | tuple[int, int] | None = None,
    mode: str | None = None,
    cache_dir: str | Path | None = None,
    on_error: str = "raise",
    verbose: int = 1,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the images in a folder and, where they lie in subfolders, the subfolders' names as labels.

    All images become one file of bytes, in which `fit` reads what it needs, so that they may be larger than memory.
    It is made once, with a progress bar, and found again as long as folder and settings stay the same.

    Parameters
    ----------
    folder : str or Path
        Images directly in it (no labels), or in one subfolder a class, at any depth below that.
    image_size : int, tuple of two int, or None, default=None
        Height and width, in [1, inf): images are resized until they cover it, and cut to it around their centre. None
        needs images of one size.
    mode : {"L", "RGB", None}, default=None
        Grey or colour; None is what the first image is. Transparency is laid on white.
    cache_dir : str, Path or None, default=None
        Where the file of bytes is kept; None is ``skgan`` in the user's cache directory.
    on_error : {"raise", "skip"}, default="raise"
        What to do with a file that is no readable image; "skip" warns once, with the number.
    verbose : int, default=1
        Whether to show a progress bar while the file is made.

    Returns
    -------
    X : memmap of shape (n_images, height, width, channels)
        Bytes, in the order of the sorted paths; without the last axis when there is one channel.
    y : ndarray of shape (n_images,) or None
        Names of subfolders.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        When there is no such folder.
    ValueError
        When it holds no images, images of several sizes and no `image_size`, or one that cannot be read.

    Examples
    --------
    >>> from skgan.datasets import load_images
    >>> X, y = load_images("flowers/", image_size=64)  # doctest: +SKIP
    """
    settings = {"image_size": image_size, "mode": mode, "cache_dir": cache_dir, "on_error": on_error}
    for name, value in settings.items():
        check_value("load_images", name, value, _ALLOWED[name])
    root = as_path(folder, "folder")
    if not root.exists():
        raise FileNotFoundError(
            f"folder must hold images. Got {str(root)[-300:]!r}, which is not there. Check the path."
        )
    if not root.is_dir():
        raise NotADirectoryError(f"folder must be a folder. Got {str(root)[-300:]!r}, a file. Give the one it lies in.")
    paths = _images_below(root)
    size = (image_size, image_size) if isinstance(image_size, int) else image_size
    cache = _cache_directory(cache_dir) / f"images-{_digest(root, paths, size, mode, on_error)}.npy"
    if not cache.exists():
        _make(cache, root, paths, size, mode, on_error == "skip", verbose)
    X = np.load(cache, mmap_mode="r", allow_pickle=False)
    kept = np.load(cache.with_suffix(".rows.npy"), allow_pickle=False)
    return X, _labels([paths[place] for place in kept], root)


def _images_below(root: Path) -> list[Path]:
    from torchvision.datasets.folder import IMG_EXTENSIONS

    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in IMG_EXTENSIONS and path.is_file())
    if not paths:
        raise ValueError(
            sentence(
                f"folder must hold images ({listed(IMG_EXTENSIONS, 4)}). Got {str(root)[-200:]!r} with none.",
                "Check the path, or convert them.",
            )
        )
    return paths


def _labels(paths: list[Path], root: Path) -> np.ndarray | None:
    """Return the name of the subfolder that each image lies in; None where all lie in the folder itself."""
    parents = [path.relative_to(root).parts[0] if path.parent != root else None for path in paths]
    loose = parents.count(None)
    if loose == len(paths):
        return None
    if loose:
        raise ValueError(
            sentence(
                f"folder must hold images either in subfolders or not. Got {loose} of {len(paths)} outside of any.",
                "Move them into a subfolder of their own, or away.",
            )
        )
    return np.array(parents)


def _cache_directory(said: str | Path | None) -> Path:
    if said is not None:
        return Path(said)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "skgan"


def _digest(root: Path, paths: list[Path], *settings: object) -> str:
    """Return what changes when a file comes, goes or is written again, or when it shall be read otherwise."""
    said = hashlib.sha256(repr(settings).encode())
    for path in paths:
        status = path.stat()
        said.update(f"{path.relative_to(root)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return said.hexdigest()[:32]


def _make(
    cache: Path,
    root: Path,
    paths: list[Path],
    size: tuple[int, int] | None,
    mode: str | None,
    skip: bool,
    verbose: int,
) -> None:
    """Write the images as one array, and which of the paths they are; what is half made is never found."""
    from tqdm.auto import tqdm

    first = next((image for image in map(_opened, paths) if image is not None), None)
    if first is None:
        raise ValueError(f"folder must hold readable images. Got {len(paths)} files, none of them one. Check them.")
    grey = mode == "L" or (mode is None and first.mode in ("1", "L", "I;16"))
    shape = size or (first.height, first.width)
    kept: list[int] = []
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent, prefix=".images-") as place:
        half = Path(place) / "half.npy"
        whole = (len(paths), *shape) if grey else (len(paths), *shape, 3)
        rows = np.lib.format.open_memmap(half, "w+", np.uint8, whole)
        for number, path in enumerate(tqdm(paths, unit="image", disable=not verbose)):
            image = _opened(path)
            if image is None and not skip:
                raise ValueError(
                    sentence(
                        f"folder must hold readable images. Got {str(path.relative_to(root))[-200:]!r}, which is none.",
                        "Mend or remove it, or say on_error='skip'.",
                    )
                )
            if image is None:
                continue
            rows[len(kept)] = _bytes_of(image, grey, size, shape, path.relative_to(root))
            kept.append(number)
        if len(kept) < len(paths):
            warnings.warn(
                f"{len(paths) - len(kept)} of {len(paths)} files could not be read and are left out.", stacklevel=3
            )
            rows = _shortened(rows, len(kept), Path(place) / "short.npy")
        rows.flush()
        np.save(Path(place) / "rows.npy", np.array(kept))
        os.replace(Path(place) / "rows.npy", cache.with_suffix(".rows.npy"))
        os.replace(rows.filename, cache)  # type: ignore[arg-type]


def _shortened(rows: np.memmap, n: int, path: Path) -> np.memmap:
    short = np.lib.format.open_memmap(path, "w+", np.uint8, (n, *rows.shape[1:]))
    for start in range(0, n, 1024):
        short[start : start + 1024] = rows[start : min(start + 1024, n)]
    return short


def _opened(path: Path) -> Image | None:
    """Return an image that can be read and is not suspiciously large, or None."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image.copy())
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return None


def _bytes_of(image: Image, grey: bool, size: tuple[int, int] | None, shape: tuple[int, int], name: Path) -> np.ndarray:
    from PIL import Image as images
    from PIL import ImageOps

    if "A" in image.getbands() or "transparency" in image.info:
        image = images.alpha_composite(images.new("RGBA", image.size, "white"), image.convert("RGBA"))
    image = image.convert("L" if grey else "RGB")
    if size is None and (image.height, image.width) != shape:
        raise InvalidParameterError(
            sentence(
                f"image_size must be given for images of several sizes. Got None, and {str(name)[-150:]!r} is",
                f"{image.height}x{image.width} beside {shape[0]}x{shape[1]}. Say image_size={min(shape)}, for example.",
            )
        )
    if size is not None:
        image = ImageOps.fit(image, shape[::-1], images.Resampling.LANCZOS)
    return np.asarray(image)
