"""The auxiliary classifier."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Batch, Boolean, Conditioning, Critique, DataSpec, Real, Tags
from skgan.layers import Embedding, NoEmbedding

NAMES = {"ac": "AuxiliaryClassifier"}


class AuxiliaryClassifier(Conditioning):
    r"""The discriminator also names the class, and both players want the right one to be found.

    .. math::
        L_D &\mathrel{+}= \lambda \big(H(y, C(x)) + H(y, C(G(z, y)))\big), \qquad
        L_G \mathrel{+}= \lambda H(y, C(G(z, y)))

        H(y, c) &= -\sum_k y_k \log \operatorname{softmax}(c)_k

    The label itself joins the latents; the logit does not depend on it. Rows without a label add nothing.

    Parameters
    ----------
    weight : float, default=0.1
        The factor :math:`\lambda`, in [0, inf). The paper has 1, beside logits that nothing holds down; beside
        penalties on their slope the classes then drown the samples' quality.
    on_fakes : bool, default=True
        Whether the discriminator learns the classes of fake samples too, as in the paper.

    References
    ----------
    .. [1] Odena, Olah, Shlens, "Conditional Image Synthesis with Auxiliary Classifier GANs", ICML 2017.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(conditioning="ac").set_params(conditioning__on_fakes=False)
    GANEstimator(conditioning=AuxiliaryClassifier(on_fakes=False))
    """

    constraints = {"weight": (Real(0.0),), "on_fakes": (Boolean(),)}

    def __init__(self, weight: float = 0.1, on_fakes: bool = True):
        self.weight = weight
        self.on_fakes = on_fakes

    def tags(self) -> Tags:
        """Return that it is for classes."""
        return Tags(labels=("classes",), classifies=True)

    def embed(self, spec: DataSpec) -> Embedding:
        """Return the label itself."""
        return NoEmbedding(spec.label_dim)

    def head(self, width: int, spec: DataSpec) -> nn.Module:
        """Return a linear logit and, with labels, linear class logits."""
        return _Head(width, spec.label_dim)

    def auxiliary(self, batch: Batch) -> Tensor | None:
        """Return the weighted cross-entropy of the playing network, `(n,)`; None without labels."""
        if not batch.y.shape[1]:
            return None
        seen = [batch.fake_] if batch.player == "generator" or self.on_fakes else []
        seen += [batch.real_] if batch.player == "discriminator" else []
        return self.weight * torch.stack([_cross_entropy(critique, batch) for critique in seen]).sum(0)


def _cross_entropy(critique: Critique, batch: Batch) -> Tensor:
    """Return the cross-entropy of each row, `(n,)`, in float32 or wider; 0 for rows without a label."""
    logits = critique.class_logits
    assert logits is not None
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    return -(batch.y * logits.log_softmax(1)).sum(1) * batch.labelled


class _Head(nn.Module):
    def __init__(self, width: int, classes: int):
        super().__init__()
        self.logit = nn.Linear(width, 1)
        self.classes = nn.Linear(width, classes) if classes else None

    def forward(self, features: Tensor, e: Tensor) -> Critique:
        """Return logits `(n,)` and class logits `(n, K)` for features `(n, width)`; labels e are not looked at."""
        classes = None if self.classes is None else self.classes(features)
        return Critique(self.logit(features).squeeze(1), features, classes)
