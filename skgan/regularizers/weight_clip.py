"""Weight clipping."""

import torch
from torch import Tensor, nn

from skgan.interfaces import Real, Regularizer, Tags

NAMES = {"weight-clip": "WeightClip"}


class WeightClip(Regularizer):
    r"""Clips every weight of the discriminator after each of its updates.

    .. math:: w \mapsto \min(\max(w, -c), c)

    The slope of the discriminator is then bounded by a number that depends on c and its layers.

    Parameters
    ----------
    limit : float, default=0.01
        Largest absolute weight :math:`c`, in (0, inf).

    References
    ----------
    .. [1] Arjovsky, Chintala, Bottou, "Wasserstein Generative Adversarial Networks", ICML 2017, algorithm 1.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(regularizers="weight-clip").set_params(regularizers__weight_clip__limit=0.1)
    GANEstimator(regularizers=WeightClip(limit=0.1))
    """

    constraints = {"limit": (Real(0.0, closed="neither"),)}

    def __init__(self, limit: float = 0.01):
        self.limit = limit

    def tags(self) -> Tags:
        """Return that it keeps the discriminator's weights small, by cutting them off."""
        return Tags(limits_weights=True, clips_weights=True)

    @torch.no_grad()
    def after_update(self, module: nn.Module) -> None:
        """Clip all weights in place."""
        weights: list[Tensor] = list(module.parameters())
        torch._foreach_clamp_min_(weights, -self.limit)
        torch._foreach_clamp_max_(weights, self.limit)
