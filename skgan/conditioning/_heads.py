"""Heads of discriminators, which several conditionings are made of."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Critique

#: the kinds of labels that are vectors, and none
VECTORS = ("none", "classes", "multilabel", "continuous")


class ProjectionHead(nn.Module):
    """A linear logit plus how well the features fit the label's vector; only linear where e has width 0."""

    def __init__(self, width: int, embedding: int):
        super().__init__()
        self.logit = nn.Linear(width, 1)
        self.vectors = nn.Linear(embedding, width, bias=False) if embedding else None

    def forward(self, features: Tensor, e: Tensor) -> Critique:
        """Return logits `(n,)` for features `(n, width)` and embedded labels e `(n, embedding)`."""
        logits = self.logit(features).squeeze(1)
        if self.vectors is not None:
            logits = logits + (self.vectors(e) * features).sum(1) / features.shape[1] ** 0.5
        return Critique(logits, features)


class JointHead(nn.Module):
    """A layer of features and labels together before the logit; without it where e has width 0."""

    def __init__(self, width: int, embedding: int, hidden: int):
        super().__init__()
        joint = [nn.Linear(width + embedding, hidden), nn.LeakyReLU(0.2)] if embedding else []
        self.joint = nn.Sequential(*joint)
        self.logit = nn.Linear(hidden if embedding else width, 1)

    def forward(self, features: Tensor, e: Tensor) -> Critique:
        """Return logits `(n,)` for features `(n, width)` and embedded labels e `(n, embedding)`."""
        return Critique(self.logit(self.joint(torch.cat([features, e], 1))).squeeze(1), features)
