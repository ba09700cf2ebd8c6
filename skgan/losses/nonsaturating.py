"""The non-saturating loss."""

from torch import Tensor
from torch.nn.functional import softplus

from skgan.interfaces import Batch, DataSpec, Loss

NAMES = {"nonsaturating": "NonSaturating", "vanilla": "NonSaturating", "logistic": "NonSaturating"}


class NonSaturating(Loss):
    r"""The original loss with the generator's gradient that does not vanish.

    .. math:: L_D = \mathrm{sp}(-D(x)) + \mathrm{sp}(D(G(z))), \qquad L_G = \mathrm{sp}(-D(G(z)))

    with :math:`\mathrm{sp}(t) = \log(1 + e^t)`, always from logits.

    References
    ----------
    .. [1] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, section 3.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating")
    GANEstimator(loss='nonsaturating')
    """

    def discriminator(self, batch: Batch) -> Tensor:
        """Return sp(-r) + sp(f), `(n, *heads)`."""
        return softplus(-batch.real_.logits) + softplus(batch.fake_.logits)

    def generator(self, batch: Batch) -> Tensor:
        """Return sp(-f), `(n, *heads)`."""
        return softplus(-batch.fake_.logits)

    def defaults(self, spec: DataSpec) -> dict:
        """Return the Adam that DCGAN made the custom: 2e-4, (0.5, 0.999)."""
        return {"optimizer": ("adam", {"betas": (0.5, 0.999)}), "learning_rate": 2e-4}
