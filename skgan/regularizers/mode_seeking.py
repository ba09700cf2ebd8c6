"""Mode seeking."""

from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer, Tags

NAMES = {"mode-seeking": "ModeSeeking", "msgan": "ModeSeeking"}

#: keeps from dividing by zero
SMALL = 1e-5


class ModeSeeking(Regularizer):
    r"""Different latents should give different samples of the same label.

    .. math:: \lambda \left(\frac{\mathrm{mean} |G(z, y) - G(z', y)|}{\mathrm{mean} |z - z'|} + 10^{-5}\right)^{-1}

    with z' the latents of the batch moved by one row, and means over the batch and all values. A batch of one
    row has no other latent, and no penalty.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).

    References
    ----------
    .. [1] Mao et al., "Mode Seeking Generative Adversarial Networks for Diverse Image Synthesis", CVPR 2019,
       equation 2, there maximised as it stands.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="mode-seeking")
    GANEstimator(loss='nonsaturating', regularizers='mode-seeking')
    """

    constraints = {"weight": (Real(0.0),)}
    player = "generator"

    def __init__(self, weight: float = 1.0):
        self.weight = weight

    def tags(self) -> Tags:
        """Return that it is a number of the whole batch."""
        return Tags(whole_batch=True)

    def penalty(self, batch: Batch) -> Tensor | None:
        """Return the penalty of the batch, a scalar."""
        if len(batch.z) < 2:
            return None
        z = batch.z.roll(1, 0)
        between_samples = (batch.fake - batch.generate(z, batch.y)).abs().mean()
        between_latents = (batch.z - z).abs().mean().clamp_min(SMALL)
        return self.weight / (between_samples / between_latents + SMALL)
