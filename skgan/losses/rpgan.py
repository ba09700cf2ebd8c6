"""The relativistic pairing loss."""

from torch import Tensor
from torch.nn.functional import softplus

from skgan.interfaces import Batch, DataSpec, Loss, Tags

NAMES = {"rpgan": "RpGAN"}

#: weight of both penalties for each feature of a vector, and for images in [-1, 1]; docs/benchmarks.md says why
PENALTY_PER_FEATURE = 0.3
PENALTY_OF_IMAGES = 5.0


class RpGAN(Loss):
    r"""Real i must look more real than fake i, which shares its label.

    .. math:: L_D = \mathrm{sp}(D(G(z_i)) - D(x_i)), \qquad L_G = \mathrm{sp}(D(x_i) - D(G(z_i)))

    with :math:`\mathrm{sp}(t) = \log(1 + e^t)`. By its defaults it comes with zero-centred gradient
    penalties on real (``"r1"``) and fake (``"r2"``) samples, under which it converges where others
    cycle or lose modes.

    References
    ----------
    .. [1] Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019.
    .. [2] Huang et al., "The GAN is dead; long live the GAN! A Modern GAN Baseline", NeurIPS 2024.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="rpgan", regularizers="r1")
    GANEstimator(loss='rpgan', regularizers='r1')
    """

    def tags(self) -> Tags:
        """Return that real i is compared with fake i."""
        return Tags(pairing=True)

    def discriminator(self, batch: Batch) -> Tensor:
        """Return sp(f - r), `(n, *heads)`."""
        return softplus(batch.fake_.logits - batch.real_.logits)

    def generator(self, batch: Batch) -> Tensor:
        """Return sp(r - f), `(n, *heads)`."""
        return softplus(batch.real_.logits - batch.fake_.logits)

    def defaults(self, spec: DataSpec) -> dict:
        """Return both penalties, weighted for the number of features."""
        weight = PENALTY_OF_IMAGES if spec.kind == "image" else PENALTY_PER_FEATURE * spec.n_values
        return {"regularizers": [("r1", {"weight": weight}), ("r2", {"weight": weight})]}
