"""The LeCam regularizer for little data."""

import torch
from torch import Tensor
from torch.nn.functional import relu

from skgan.interfaces import Batch, DataSpec, Integer, Real, Regularizer

NAMES = {"lecam": "LeCam"}


class LeCam(Regularizer):
    r"""Holds logits of real samples near those of fake ones, and the other way round.

    .. math:: \lambda \left([D(x) - \alpha_F]_+^2 + [\alpha_R - D(G(z))]_+^2\right)

    The anchors :math:`\alpha_R` and :math:`\alpha_F` are running means of the logits of real and of fake
    batches. Each batch moves them before they are used, as constants. In the first `start` updates they
    are the means of the present batch. The rectifiers are not in the paper's formula but in its authors' runs.

    Parameters
    ----------
    weight : float, default=0.3
        Weight :math:`\lambda`, in [0, inf).
    decay : float, default=0.99
        Decay of the running means, in [0, 1).
    start : int, default=1000
        Discriminator updates after which the means begin to run, in [0, inf).

    References
    ----------
    .. [1] Tseng et al., "Regularizing Generative Adversarial Networks under Limited Data", CVPR 2021, equation 7.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="lecam").set_params(regularizers__lecam__start=0)
    GANEstimator(loss='nonsaturating', regularizers=LeCam(start=0))
    """

    constraints = {"weight": (Real(0.0),), "decay": (Real(0.0, 1.0),), "start": (Integer(0),)}

    def __init__(self, weight: float = 0.3, decay: float = 0.99, start: int = 1000):
        self.weight = weight
        self.decay = decay
        self.start = start

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return both anchors and the number of updates so far."""
        return {"real": torch.zeros(()), "fake": torch.zeros(()), "updates": torch.zeros(())}

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each pair, `(n, *heads)`."""
        real, fake, anchors = batch.real_.logits, batch.fake_.logits, batch.state[self]
        decay = self.decay * (anchors["updates"] >= self.start).to(anchors["real"].dtype)
        for anchor, logits in ((anchors["real"], real), (anchors["fake"], fake)):
            anchor.lerp_(logits.detach().to(anchor.dtype).mean(), 1 - decay)
        anchors["updates"] += 1
        return self.weight * (relu(real - anchors["fake"]).square() + relu(anchors["real"] - fake).square())
