"""Top-k training."""

import torch
from torch import Tensor

from skgan.interfaces import Batch, DataSpec, Integer, Real, Regularizer, Tags

NAMES = {"top-k": "TopK"}


class TopK(Regularizer):
    r"""The generator learns only from those k of its n samples that look most real.

    .. math:: k = \max\left(\gamma^{\lfloor t / T \rfloor} n, \nu n\right)

    after t generator updates, rounded and at least 1. The losses of the k samples with the highest logits are
    multiplied by n / k and the others by 0, so that the mean over the batch is the mean over the k. The paper
    lowers k after each epoch; here `decay_updates` generator updates take the place of an epoch.

    Parameters
    ----------
    decay : float, default=0.99
        Factor :math:`\gamma`, in (0, 1].
    least : float, default=0.5
        Least share :math:`\nu` of the batch, in (0, 1].
    decay_updates : int, default=2000
        Generator updates T for one factor, in [1, inf).

    References
    ----------
    .. [1] Sinha et al., "Top-k Training of GANs: Improving GAN Performance by Throwing Away Bad Samples", NeurIPS 2020.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="top-k").set_params(regularizers__top_k__least=0.75)
    GANEstimator(loss='nonsaturating', regularizers=TopK(least=0.75))
    """

    constraints = {
        "decay": (Real(0.0, 1.0, closed="right"),),
        "least": (Real(0.0, 1.0, closed="right"),),
        "decay_updates": (Integer(1),),
    }
    player = "generator"

    def __init__(self, decay: float = 0.99, least: float = 0.5, decay_updates: int = 2000):
        self.decay = decay
        self.least = least
        self.decay_updates = decay_updates

    def tags(self) -> Tags:
        """Return that it weighs the loss of each sample."""
        return Tags(weighs=True)

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return the number of updates so far."""
        return {"updates": torch.zeros(())}

    def weights(self, batch: Batch) -> Tensor:
        """Return n / k for the k samples that look most real and 0 for the others, `(n,)`."""
        logits = batch.fake_.logits.detach()
        scores = logits.reshape(len(logits), -1).mean(1)
        updates, n = batch.state[self]["updates"], len(scores)
        share = self.decay ** torch.floor(updates / self.decay_updates)
        k = (share.clamp_min(self.least) * n).round().clamp_min(1)
        updates += 1
        rank = scores.argsort(descending=True, stable=True).argsort()
        return (rank < k) * (n / k).to(scores.dtype)
