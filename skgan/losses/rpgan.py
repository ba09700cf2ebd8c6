"""The relativistic pairing loss."""

from torch import Tensor

from skgan.interfaces import Batch, Choice, DataSpec, Loss, Tags
from skgan.losses._relative import FORMS, price

NAMES = {"rpgan": "RpGAN"}

#: weight of both penalties for each feature of a vector, each column of a table, and for images in [-1, 1];
#: docs/benchmarks.md says why
PENALTY_PER_FEATURE, PENALTY_PER_COLUMN = 0.3, 1.0
PENALTY_OF_IMAGES = 5.0


class RpGAN(Loss):
    r"""Real i must look more real than fake i, which shares its label.

    .. math:: L_D = h(D(x_i) - D(G(z_i))), \qquad L_G = h(D(G(z_i)) - D(x_i))

    with :math:`h(t) = \log(1 + e^{-t})`, :math:`(t - 1)^2` or :math:`\max(1 - t, 0)`. By its defaults it
    comes with zero-centred gradient penalties on real (``"r1"``) and fake (``"r2"``) samples, under which
    it converges where others cycle or lose modes.

    Parameters
    ----------
    form : {"logistic", "least-squares", "hinge"}, default="logistic"
        Which :math:`h`.

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

    constraints = {"form": (Choice(*FORMS),)}

    def __init__(self, form: str = "logistic"):
        self.form = form

    def tags(self) -> Tags:
        """Return that real i is compared with fake i, and only their difference counts."""
        return Tags(meaning="relative", pairing=True)

    def discriminator(self, batch: Batch) -> Tensor:
        """Return h(r - f), `(n, *heads)`."""
        return price(self.form, batch.real_.logits - batch.fake_.logits)

    def generator(self, batch: Batch) -> Tensor:
        """Return h(f - r), `(n, *heads)`."""
        return price(self.form, batch.fake_.logits - batch.real_.logits)

    def defaults(self, spec: DataSpec) -> dict:
        """Return both penalties, weighted for the number of features."""
        of_rows = PENALTY_PER_COLUMN * len(spec.columns) or PENALTY_PER_FEATURE * spec.n_values
        weight = PENALTY_OF_IMAGES if spec.kind == "image" else of_rows
        return {"regularizers": [("r1", {"weight": weight}), ("r2", {"weight": weight})]}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return each form."""
        return [{"form": form} for form in FORMS]
