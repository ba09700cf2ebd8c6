"""The minimax (saturating) loss."""

from torch import Tensor
from torch.nn.functional import softplus

from skgan.interfaces import Batch, DataSpec, Loss, Tags
from skgan.losses._custom import dcgan_adam

NAMES = {"minimax": "Minimax"}


class Minimax(Loss):
    r"""The zero-sum game of the first GAN paper.

    .. math:: L_D = \mathrm{sp}(-D(x)) + \mathrm{sp}(D(G(z))), \qquad L_G = -\mathrm{sp}(D(G(z)))

    The generator's gradient vanishes where the discriminator is sure, so it is for study.

    References
    ----------
    .. [1] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, equation 1.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="minimax")
    GANEstimator(loss='minimax')
    """

    def tags(self) -> Tags:
        """Return that the logit is log p_data / p_model."""
        return Tags(meaning="log-ratio")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return sp(-r) + sp(f), `(n, *heads)`."""
        return softplus(-batch.real_.logits) + softplus(batch.fake_.logits)

    def generator(self, batch: Batch) -> Tensor:
        """Return -sp(f), `(n, *heads)`."""
        return -softplus(batch.fake_.logits)

    def defaults(self, spec: DataSpec) -> dict:
        """Return DCGAN's Adam, but for vectors, where the networks say what they train best with."""
        return {} if spec.kind == "vector" else dcgan_adam()
