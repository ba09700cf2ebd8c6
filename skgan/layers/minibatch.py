"""How much samples differ within a batch, as a channel that a discriminator can see."""

import torch
from torch import Tensor, nn


class MinibatchStd(nn.Module):
    r"""A further channel that holds the mean standard deviation over a group of samples.

    .. math:: s = \frac{1}{C P} \sum_{c, p} \sqrt{\frac{1}{g} \sum_{i \in \text{group}} (h_{icp} - \bar h_{cp})^2
              + 10^{-12}}

    over the C channels and P places. In evaluation the channel holds the running mean of s over the training, so that
    a row does not depend on its batch.

    Parameters
    ----------
    group : int, default=4
        Samples in a group, in [1, inf); where it does not divide a batch, the next larger divisor is taken.
    """

    running: Tensor

    def __init__(self, group: int = 4):
        super().__init__()
        self.group = group
        self.register_buffer("running", torch.zeros(()))

    def forward(self, h: Tensor) -> Tensor:
        """Return h `(n, c, ...)` with one more channel, `(n, c + 1, ...)`."""
        s = self._spread(h) if self.training else self.running.to(h.dtype).expand(len(h))
        return torch.cat([h, s.reshape(-1, *[1] * (h.ndim - 1)).expand(-1, 1, *h.shape[2:])], 1)

    def _spread(self, h: Tensor) -> Tensor:
        """Return s for each sample, `(n,)`, and move the running mean."""
        n = len(h)
        size = next(size for size in range(min(self.group, n), n + 1) if n % size == 0)
        groups = h.flatten(1).unflatten(0, (-1, size)).to(torch.promote_types(h.dtype, torch.float32))
        variance = (groups - groups.mean(1, keepdim=True)).square().mean(1)  # torch's own takes forty times as long
        s = (variance + 1e-12).sqrt().mean(1)
        with torch.no_grad():
            self.running.lerp_(s.mean().to(self.running.dtype), 0.01)
        return s.to(h.dtype).repeat_interleave(size)
