"""The one place for names that others keep private, each with the reason it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def flag_nonfinite_(tensors: Sequence[Tensor], flag: Tensor, one: Tensor | None = None) -> None:
    """Set `flag` to 1 when a tensor holds NaN or infinity, and leave it alone otherwise; nothing is read back.

    This is the kernel behind torch's GradScaler: one pass over all tensors, about forty times faster
    than their infinity norms. It also multiplies them, here by `one`, which is made where it is not given.
    """
    dense = [tensor.contiguous() if 0 in tensor.stride() else tensor for tensor in tensors]
    torch._amp_foreach_non_finite_check_and_unscale_(dense, flag, torch.ones_like(flag) if one is None else one)


def store_of_the_ranks() -> Any:
    """Return the key-value store that the ranks of torch's default process group found each other by.

    A group that somebody else made has one, and no public name leads to it.
    """
    from torch.distributed.distributed_c10d import _get_default_store

    return _get_default_store()
