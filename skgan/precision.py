"""The numbers that networks compute in; what goes in and comes out is float32 all the same."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from skgan.interfaces import Critique
from skgan.layers import convolves


@dataclass(frozen=True)
class Precision:
    """In which type matrix products and convolutions are computed; weights, losses and statistics stay as they are.

    Parameters
    ----------
    name : {"float32", "bfloat16"}
        "bfloat16" rounds the factors of each product to 8 bits and adds up in float32.
    """

    name: str

    def run(self, network: Callable[..., Any], *inputs: Tensor) -> Any:
        """Return what a network makes of the inputs; each call casts the weights anew, as they may have changed."""
        if self.name == "float32":
            return network(*inputs)
        with torch.autocast(inputs[0].device.type, torch.bfloat16, cache_enabled=False):
            found = network(*inputs)
        if isinstance(found, Tensor):
            return found.float()
        logits, features, class_logits = found
        return Critique(logits.float(), features.float(), None if class_logits is None else class_logits.float())


FLOAT32 = Precision("float32")
BFLOAT16 = Precision("bfloat16")


def named(word: str) -> Precision | None:
    """Return the precision that a user's word stands for; None for "auto", which waits for the networks."""
    return None if word == "auto" else Precision(word)


def natural(networks: Iterable[nn.Module], device: torch.device) -> Precision:
    """Return the precision that "auto" stands for: bfloat16 for convolutions on a GPU that multiplies it itself.

    There it was as good as float32 over paired seeds; on a processor it was not (docs/benchmarks.md).
    """
    if device.type != "cuda" or not torch.cuda.is_bf16_supported(including_emulation=False):
        return FLOAT32
    return BFLOAT16 if any(map(convolves, networks)) else FLOAT32


def is_wider_than_its_images(network: Callable[..., Any], *inputs: Tensor) -> bool:
    """Return whether a convolution's kernel is wider than what it is laid over.

    On a processor the gradient of such weights in bfloat16 is now and then memory that nobody wrote (torch 2.14: a
    stride of two over a width of one, a stride of three over two, a kernel of three in a volume of two).

    Parameters
    ----------
    network : callable
        Run once on the inputs, without gradients.
    *inputs : Tensor
        Of one row.
    """
    watching = _Convolutions()
    with torch.no_grad(), watching:
        network(*inputs)
    return watching.wide


class _Convolutions(TorchDispatchMode):
    """Looks at all convolutions, also of layers that are not torch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = False

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        found = func(*args, **(kwargs or {}))
        if func is torch.ops.aten.convolution.default:
            laid_over, kernel = found if args[6] else args[0], args[1]  # a transposed one's result is laid under it
            self.wide |= any(map(operator.lt, laid_over.shape[2:], kernel.shape[2:]))
        return found
