"""Small networks that learn from the user's own rows, and ways to make any network and to ask it for vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from skgan.layers.counting import multiplications

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


def work(module: nn.Module, shape: tuple[int, ...], n: int, steps: int) -> float:
    """Return about how many multiplications `train` takes: one way forth and two back for each row of each batch."""
    once = multiplications(module, lambda network, x: network(x), torch.zeros(1, *shape))
    return 3.0 * steps * min(_BATCH, n) * once


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


def without_weights(make: Callable[[], nn.Module]) -> nn.Module:
    """Return a network whose weights are still to be filled in; first ones would come from a global generator."""
    with torch.device("meta"):
        network = make()
    return network.to_empty(device="cpu")


def fill_at_random(network: nn.Module, seed: int) -> None:
    """Give a network first weights of `seed`, after He et al.; norms do nothing and biases are 0."""
    rng = torch.Generator().manual_seed(seed)
    for name, tensor in network.state_dict().items():
        if tensor.dim() > 1:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=rng)
        else:
            tensor.fill_(float(name.endswith(("running_var", "weight"))))


def as_colour(x: Tensor) -> Tensor:
    """Return images `(n, 3, h, w)`: grey ones three times, of more channels the first three."""
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x[:, [0, 1, 1]] if x.shape[1] == 2 else x[:, :3]


def _batches(n: int, steps: int, rng: torch.Generator) -> Iterator[Tensor]:
    order = torch.empty(0, dtype=torch.long)
    for _ in range(steps):
        if len(order) < min(_BATCH, n):
            order = torch.randperm(n, generator=rng)
        yield order[:_BATCH]
        order = order[_BATCH:]
