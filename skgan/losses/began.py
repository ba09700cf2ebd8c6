"""The boundary equilibrium loss."""

import torch
from torch import Tensor

from skgan.interfaces import Batch, DataSpec, Loss, Real, Tags

NAMES = {"began": "BEGAN"}


class BEGAN(Loss):
    r"""An autoencoder's error on fake samples is held at a share of that on real ones.

    .. math:: L_D = E(x) - k_t E(G(z)), \qquad L_G = E(G(z)), \qquad
              k_{t+1} = k_t + \lambda (\gamma \bar E(x) - \bar E(G(z))) \in [0, 1], \quad k_0 = 0

    The energy E is the mean absolute error of ``"autoencoder-d"``, whose logit is -E, and a bar the mean of
    the batch. k moves with each of the discriminator's updates and is saved with the model. The history
    has the convergence measure :math:`M = \bar E(x) + |\gamma \bar E(x) - \bar E(G(z))|`.

    Parameters
    ----------
    gamma : float, default=0.75
        Error on fake samples over that on real ones, in [0, 1]; lower is sharper and less diverse.
    k_rate : float, default=0.001
        Rate :math:`\lambda` of k, in [0, inf).

    References
    ----------
    .. [1] Berthelot, Schumm, Metz, "BEGAN: Boundary Equilibrium Generative Adversarial Networks", 2017, section 3.4.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="began").set_params(loss__gamma=0.5)
    GANEstimator(loss=BEGAN(gamma=0.5))
    """

    constraints = {"gamma": (Real(0.0, 1.0, closed="both"),), "k_rate": (Real(0.0),)}

    def __init__(self, gamma: float = 0.75, k_rate: float = 0.001):
        self.gamma = gamma
        self.k_rate = k_rate

    def tags(self) -> Tags:
        """Return that the logit is minus an energy."""
        return Tags(meaning="energy")

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return k, 0 to start from."""
        return {"k": torch.zeros(())}

    def discriminator(self, batch: Batch) -> Tensor:
        """Return E(x) - k E(G(z)), `(n, *heads)`, and move k for the next update."""
        k = batch.state[self]["k"]
        loss = k.clone() * batch.fake_.logits - batch.real_.logits  # the backward pass needs this k
        with torch.no_grad():
            k.add_(self.k_rate * self._imbalance(batch)).clamp_(0, 1)
        return loss

    def generator(self, batch: Batch) -> Tensor:
        """Return E(G(z)), `(n, *heads)`."""
        return -batch.fake_.logits

    def watch(self, batch: Batch) -> dict[str, Tensor]:
        """Return the convergence measure, which falls as training gets on."""
        return {"convergence": self._imbalance(batch).abs() - batch.real_.logits.mean()}

    def defaults(self, spec: DataSpec) -> dict:
        """Return the autoencoder with absolute errors and the paper's Adam 1e-4."""
        return {
            "architecture": ("autoencoder-d", {"power": 1}),
            "optimizer": ("adam", {"betas": (0.5, 0.999)}),
            "learning_rate": 1e-4,
        }

    def _imbalance(self, batch: Batch) -> Tensor:
        """Return gamma E(x) - E(G(z)), in means over the batch."""
        return batch.fake_.logits.mean() - self.gamma * batch.real_.logits.mean()
