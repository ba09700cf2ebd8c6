"""Historical averaging."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Batch, Choice, Real, Regularizer

NAMES = {"historical-average": "HistoricalAverage"}


class HistoricalAverage(Regularizer):
    r"""Pulls a player's weights towards their mean over all its updates, the present one included.

    .. math:: \lambda \left\|\theta_t - \frac{1}{t} \sum_{i=1}^t \theta_i\right\|_2^2

    The mean is one vector as long as all weights together. It and t are buffers of the network, so they are
    kept with it.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).
    player : {"generator", "discriminator", "both"}, default="generator"
        Whose weights are pulled.

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, section 3.3.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> gan = GANEstimator(regularizers="historical-average")
    >>> gan.set_params(regularizers__historical_average__player="both")
    GANEstimator(regularizers=HistoricalAverage(player='both'))
    """

    constraints = {"weight": (Real(0.0),), "player": (Choice("generator", "discriminator", "both"),)}

    def __init__(self, weight: float = 1.0, player: str = "generator"):
        self.weight = weight
        self.player = player

    def prepare(self, module: nn.Module, player: str) -> None:
        """Give the network its mean and the number of updates in it."""
        if self.player in (player, "both"):
            with torch.no_grad():
                nothing = torch.zeros_like(_flat(module))
            module.register_buffer("historical_mean", nothing)
            module.register_buffer("historical_updates", torch.zeros(()))

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of the weights, a scalar."""
        module, weights = batch.module, _flat(batch.module)
        mean, updates = module.get_buffer("historical_mean"), module.get_buffer("historical_updates")
        updates += 1
        mean += (weights.detach() - mean) / updates
        return self.weight * (weights - mean).square().sum()


def _flat(module: nn.Module) -> Tensor:
    """Return all weights as one vector, whatever their memory format."""
    return torch.cat([weight.flatten() for weight in module.parameters()])
