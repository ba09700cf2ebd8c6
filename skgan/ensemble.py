"""Several discriminators that look at the same samples, as one module."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Critique


class Ensemble(nn.Module):
    """Discriminators side by side: each is a head of the logits, and the loss is the mean over them.

    Parameters
    ----------
    members : list of nn.Module
        Discriminators of one architecture, with first weights of their own.
    """

    def __init__(self, members: list[nn.Module]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return logits `(n, k, *heads)`, features side by side `(n, k d)`, and the mean of the class logits."""
        critiques = [member(x, y) for member in self.members]
        classes = [critique.class_logits for critique in critiques if critique.class_logits is not None]
        return Critique(
            torch.stack([critique.logits for critique in critiques], 1),
            torch.cat([critique.features for critique in critiques], 1),
            torch.stack(classes).mean(0) if classes else None,
        )
