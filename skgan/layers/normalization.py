"""Normalisations for inside a generator."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class PlainNorm(nn.Module):
    """Batch normalisation, the same for every label.

    A batch with a single value for each channel has no spread to divide by; it is normalised by the
    running statistics instead of failing.

    Parameters
    ----------
    channels : int
        Axis 1 of what comes in, `(n, channels, ...)`.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(self, h: Tensor, e: Tensor) -> Tensor:
        """Return h normalised, `(n, channels, ...)`; the embedded label e is not looked at."""
        several = h.numel() > h.shape[1]
        return functional.batch_norm(
            h, self.running_mean, self.running_var, self.weight, self.bias, training=self.training and several
        )
