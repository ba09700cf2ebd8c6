"""The non-saturating loss."""

from torch import Tensor
from torch.nn.functional import softplus

from skgan.interfaces import Batch, DataSpec, Loss, Tags
from skgan.losses._custom import customary

NAMES = {"nonsaturating": "NonSaturating", "vanilla": "NonSaturating", "logistic": "NonSaturating"}


class NonSaturating(Loss):
    r"""The original loss with the generator's gradient that does not vanish.

    .. math:: L_D = \mathrm{sp}(-D(x)) + \mathrm{sp}(D(G(z))), \qquad L_G = \mathrm{sp}(-D(G(z)))

    with :math:`\mathrm{sp}(t) = \log(1 + e^t)`, always from logits. By its defaults vectors come with the
    penalty ``"r1"``; with ``regularizers=None`` it is the textbook's, which loses modes in the long run.

    References
    ----------
    .. [1] Goodfellow et al., "Generative Adversarial Nets", NeurIPS 2014, section 3.
    .. [2] Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating")
    GANEstimator(loss='nonsaturating')
    """

    def tags(self) -> Tags:
        """Return that the logit is log p_data / p_model."""
        return Tags(meaning="log-ratio")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return sp(-r) + sp(f), `(n, *heads)`."""
        return softplus(-batch.real_.logits) + softplus(batch.fake_.logits)

    def generator(self, batch: Batch) -> Tensor:
        """Return sp(-f), `(n, *heads)`."""
        return softplus(-batch.fake_.logits)

    def defaults(self, spec: DataSpec) -> dict:
        """Return ``"r1"`` for vectors, which lose modes without it, and DCGAN's Adam for the rest."""
        return customary(spec)
