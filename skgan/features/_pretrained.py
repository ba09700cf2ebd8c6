"""What features share whose network learned elsewhere: where its weights come from, and how photographs come to it."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skgan.interfaces import Choice, Features, Integer, InvalidParameterError, Kind, Tags, sentence

if TYPE_CHECKING:
    from torch import Tensor

#: what the parameter `weights` may be
WEIGHTS = (Kind("a path or the name of a source", "casefold"), Kind("a path", "__fspath__"), Choice(None))
#: of the photographs of ImageNet, whose pixels lie in [0, 1]
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
#: images that a large network is asked about at once
AT_ONCE = 32


class Pretrained(Features):
    """The network of a paper with weights that are given: a file, "random", or, where it has a hash, "download"."""

    constraints = {"weights": WEIGHTS, "size": (Integer(32),), "random_state": (Integer(0),)}

    weights: Any
    random_state: int

    def tags(self) -> Tags:
        """Return that it needs images."""
        return Tags(kinds=("image",))

    def fingerprint(self) -> str:
        """Return the digest of the file of weights."""
        return "" if self.weights in (None, "random", "download") else sha256_of(self.weights)

    @abstractmethod
    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the network; of X `(n, c, h, w)` nothing is learned."""

    def download(self) -> dict[str, Tensor]:
        """Return the published weights, fetched and checked by their hash; by default there are none."""
        raise InvalidParameterError(
            sentence(
                f"The 'weights' parameter of {type(self).__name__} must be a path or 'random'. Got 'download': their",
                "publishers give no hash to check a download by. Fetch the file yourself and pass its path.",
            )
        )

    def renamed(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of a published file by the names of our network; what it has no place for is left out."""
        return weights

    def filled(self, make: Callable[[], Any], published: str) -> Any:
        """Return the network that `make` builds with its weights, for evaluation, where it is fast.

        Parameters
        ----------
        make : callable
            Builds it.
        published : str
            Whose weights they are, in words.
        """
        from skgan.features._networks import fill_at_random, where_it_is_fast, without_weights

        self._refuse_no_weights(published)
        network = without_weights(make)
        if self.weights == "random":
            fill_at_random(network, self.random_state)
        else:
            found = self.download() if self.weights == "download" else weights_of(self.weights, published)
            fill(network, self.renamed(found), published)
        return network.eval().requires_grad_(False).to(where_it_is_fast())

    def _refuse_no_weights(self, published: str) -> None:
        if self.weights is None:
            raise InvalidParameterError(
                sentence(
                    f"The 'weights' parameter of {type(self).__name__} must be the path of those of {published}.",
                    "Got None: nothing is downloaded unasked. Pass a path, or compare by 'own-classifier',",
                    "'own-autoencoder' or 'random-convolutions', which need none.",
                )
            )


class Look:
    """A network of photographs as a map of images `(n, c, h, w)` in [-1, 1] to vectors `(n, d)`.

    Parameters
    ----------
    network : callable
        Photographs `(n, 3, size, size)` to vectors.
    prepared : callable
        Images as they are to such photographs.
    """

    def __init__(self, network: Callable[[Tensor], Tensor], prepared: Callable[[Tensor], Tensor]):
        self._network = network
        self._prepared = prepared

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return the vectors, `(n, d)`."""
        from skgan.features._networks import asked, where_it_is_fast

        return asked(lambda x: self._network(self._prepared(x)), X, where_it_is_fast(), AT_ONCE)


def as_photographs(x: Tensor, size: int | None, mode: str, deviation: tuple[float, ...] = DEVIATION) -> Tensor:
    """Return images in [-1, 1] in three colours, the whole of each at `size` pixels each way, in units of ImageNet."""
    from torch.nn import functional

    from skgan.features._networks import as_colour

    x = as_colour((x + 1) / 2)
    if size is not None:
        x = functional.interpolate(x, (size, size), mode=mode, align_corners=False, antialias=True)
    mean, spread = (x.new_tensor(each)[:, None, None] for each in (MEAN, deviation))
    return (x - mean) / spread


def resnet50() -> Any:
    """Return torchvision's ResNet-50 up to its pool."""
    from torch import nn
    from torchvision import models

    network = models.resnet50(weights=None)
    network.fc = nn.Identity()
    return network


def of_resnet50(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a published file that belong to a ResNet-50, without what was trained on top of it."""
    names = {name: name.removeprefix("module.").removeprefix("backbone.") for name in weights}
    on_top = ("fc.", "projection_head.", "prototypes.", "head.")
    return {ours: weights[name] for name, ours in names.items() if not ours.startswith(on_top)}


# --- files of weights -----------------------------------------------------------------------------


def fill(network: Any, weights: dict[str, Tensor], published: str) -> None:
    """Give a network its weights; every name must be there, but for counts of batches, and none beside them."""
    wanted = network.state_dict()
    missing = [n for n in wanted if n not in weights and not n.endswith("num_batches_tracked")]
    fits = not missing and all(n in wanted and wanted[n].shape == t.shape for n, t in weights.items())
    if not fits:
        raise InvalidParameterError(
            sentence(
                f"weights must hold the tensors of {published}. Got those of another network.",
                "Give the file that belongs to it.",
            )
        )
    network.load_state_dict(weights, strict=False)


def sha256_of(path: str | Path) -> str:
    """Return the digest of a file of weights."""
    _refuse_what_is_no_file(path)
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while piece := file.read(2**20):
            digest.update(piece)
    return digest.hexdigest()


def weights_of(path: str | Path, what: str) -> dict[str, Tensor]:
    """Return the tensors in a safetensors file; such a file holds nothing else, so nothing in it can be run."""
    from safetensors.torch import load_file

    _refuse_what_is_no_file(path)
    try:
        return load_file(path)
    except Exception as error:
        raise InvalidParameterError(
            sentence(
                f"weights must be a .safetensors file. Got one that is not ({type(error).__name__}).",
                f"Give the file of {what}; one that torch saved is turned into it by",
                "safetensors.torch.save_file(torch.load(old, weights_only=True), new), if you trust it.",
            )
        ) from error


def _refuse_what_is_no_file(path: str | Path) -> None:
    if not Path(path).is_file():
        raise InvalidParameterError(
            sentence(
                "weights must be the path of a file of weights, 'download' or 'random'.",
                f"Got {str(path)[-200:]!r}, which is none. Look at the path; nothing is downloaded unasked.",
            )
        )
