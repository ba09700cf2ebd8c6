"""How much a network works, counted and not timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


def multiplications(module: nn.Module, use: Callable[..., Any], *inputs: Tensor) -> float:
    """Return the multiplications with weights of all layers, in one ``use(module, *inputs)``."""
    total = 0.0

    def count(layer: nn.Module, given: tuple[Any, ...], said: Any) -> None:
        nonlocal total
        weight = getattr(layer, "weight", None)
        if isinstance(weight, Tensor) and weight.dim() > 1 and isinstance(said, Tensor):
            many = given[0] if isinstance(layer, nn.modules.conv._ConvTransposeNd) else said
            total += many.numel() * weight[0].numel()

    hooks = [layer.register_forward_hook(count) for layer in module.modules()]
    try:
        use(module, *inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return total
