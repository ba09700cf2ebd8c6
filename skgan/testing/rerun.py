"""A stand-in for CUDA graphs that runs anywhere: operators are recorded and run again on the same tensors.

What would go wrong on a GPU goes wrong here: numbers that Python computed stay what they were when the step was
recorded, results lie where they lay then, and a step that reads a number back cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = ["Rerun"]

_READS = {
    "aten::_local_scalar_dense": "reads a number back",
    "aten::nonzero": "makes a shape that depends on values",
    "aten::masked_select": "makes a shape that depends on values",
    "aten::_unique2": "makes a shape that depends on values",
    "aten::is_nonzero": "reads a number back",
    "aten::equal": "reads a number back",
}


class Rerun:
    """Records operators and runs them again, as a CUDA graph does with kernels; a `skgan.recording.Recorder`.

    Parameters
    ----------
    device : torch.device
        Not looked at.

    Examples
    --------
    >>> import torch
    >>> from skgan.testing import Rerun
    >>> total = torch.zeros(())
    >>> again = Rerun(torch.device("cpu")).record(lambda: total.add_(1), [])
    >>> again(), again(), total
    (None, None, tensor(2.))
    """

    def __init__(self, device: torch.device):
        self.recorded = 0

    def eagerly(self, function: Callable[[], Any]) -> None:
        """Run a function."""
        function()

    def record(self, function: Callable[[], Any], generators: list[torch.Generator]) -> Callable[[], None]:
        """Return what runs the operators of a function again; what it changes now is put back."""
        listening = _Listening()
        try:
            with listening:
                function()
        finally:
            listening.put_back()
        self.recorded += 1
        return listening.again


class _Listening(TorchDispatchMode):
    """Keeps the operators that are called, with what they were given and what they returned."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple[Any, tuple, dict, list[Tensor]]] = []
        self._before: dict[int, tuple[Tensor, Tensor]] = {}
        self._made: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        schema = func._schema
        if schema.name in _READS:
            raise RuntimeError(f"{schema.name} {_READS[schema.name]}")
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        places = {_place(tensor) for tensor in given}
        for tensor in given:  # of all, since batch normalisation does not say what it changes
            self._keep(tensor)
        found = func(*args, **kwargs)
        made = [leaf for leaf in tree_leaves(found) if isinstance(leaf, Tensor) and _place(leaf) not in places]
        self._made |= {_place(tensor) for tensor in made}
        if made or schema.is_mutable:  # a view needs no repetition: it looks at the same place
            self._calls.append((func, args, kwargs, made))
        return found

    def put_back(self) -> None:
        """Undo what the operators did to tensors that were there before."""
        with torch.no_grad():
            for tensor, before in self._before.values():
                tensor.copy_(before)

    def again(self) -> None:
        """Run the operators again."""
        with torch.no_grad():
            for func, args, kwargs, made in self._calls:
                places = {_place(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)}
                found = [leaf for leaf in tree_leaves(func(*args, **kwargs)) if isinstance(leaf, Tensor)]
                fresh = [tensor for tensor in found if _place(tensor) not in places]
                for old, new in zip(made, fresh, strict=True):
                    if not torch._is_zerotensor(old):
                        old.copy_(new)

    def _keep(self, tensor: Tensor) -> None:
        place = _place(tensor)
        if place not in self._before and place not in self._made:
            whole = torch.empty(0, dtype=tensor.dtype).set_(tensor.untyped_storage())
            self._before[place] = whole, whole.clone()


def _place(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
