"""Small networks that learn from the user's own rows, and ways to ask any network for vectors."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from skgan.interfaces import InvalidParameterError, sentence

_CHUNK, _BATCH = 256, 64
#: pixels each way at which a convolutional network stops halving, and the widest of its layers
_SMALLEST, _WIDEST = 4, 64


def encoder(shape: tuple[int, ...], width: int, rng: torch.Generator) -> nn.Sequential:
    """Return a network from samples of `shape` to `width` numbers: convolutions for images, layers for the rest."""
    layers: list[nn.Module] = []
    if len(shape) == 3:
        channels, *size = shape
        while min(size) > _SMALLEST:
            wider = min(2 * channels if channels >= 16 else 16, _WIDEST)
            layers += [made(nn.Conv2d, rng, channels, wider, 3, stride=2, padding=1), nn.LeakyReLU(0.2)]
            channels, size = wider, [(length + 1) // 2 for length in size]
        shape = (channels, *size)
    else:
        layers += [nn.Flatten(), made(nn.Linear, rng, math.prod(shape), 2 * width), nn.LeakyReLU(0.2)]
        shape = (2 * width,)
    return nn.Sequential(*layers, nn.Flatten(), made(nn.Linear, rng, math.prod(shape), width))


def made(layer: type[nn.Module], rng: torch.Generator, *args: Any, **settings: Any) -> nn.Module:
    """Return a layer whose first weights come from `rng`, after He et al., and whose biases are 0."""
    found: Any = nn.utils.skip_init(layer, *args, **settings)
    nn.init.kaiming_normal_(found.weight, a=0.2, generator=rng)
    nn.init.zeros_(found.bias)
    return found


def train(module: nn.Module, loss: Callable[[Tensor], Tensor], n: int, steps: int, rng: torch.Generator) -> None:
    """Take steps of Adam down ``loss(places)`` over batches of n rows."""
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    parameters = list(module.parameters())
    with torch.inference_mode(False), torch.enable_grad():
        for places in _batches(n, steps, rng):
            gradients = torch.autograd.grad(loss(places), parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
    for parameter in parameters:
        parameter.grad = None
        parameter.requires_grad_(False)


def asked(module: Callable[[Tensor], Tensor], X: np.ndarray, device: str = "cpu", at_once: int = _CHUNK) -> np.ndarray:
    """Return what a network says of samples `(n, *shape)`, a piece at a time."""
    with torch.inference_mode():
        pieces = [
            module(torch.from_numpy(np.array(X[start : start + at_once], np.float32)).to(device)).cpu()
            for start in range(0, len(X), at_once)
        ]
    return torch.cat(pieces).double().numpy()


def where_it_is_fast() -> str:
    """Return a device for large networks."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def as_colour(x: Tensor) -> Tensor:
    """Return images `(n, 3, h, w)`: grey ones three times, of more channels the first three."""
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x[:, [0, 1, 1]] if x.shape[1] == 2 else x[:, :3]


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


def _batches(n: int, steps: int, rng: torch.Generator) -> Iterator[Tensor]:
    order = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(order) < min(_BATCH, n):
            order = torch.randperm(n, generator=rng)
        yield order[:_BATCH]
        order = order[_BATCH:]
