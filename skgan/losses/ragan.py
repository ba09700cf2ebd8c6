"""The relativistic average loss."""

from torch import Tensor

from skgan.interfaces import Batch, Choice, DataSpec, Loss, Tags
from skgan.losses._custom import customary
from skgan.losses._relative import FORMS, price

NAMES = {"ragan": "RaGAN"}


class RaGAN(Loss):
    r"""Real samples must look more real than the average fake, and fake ones less than the average real.

    .. math::
        L_D &= h(D(x) - \bar f) + h(\bar r - D(G(z))) \\
        L_G &= h(\bar f - D(x)) + h(D(G(z)) - \bar r)

    with the means :math:`\bar r` and :math:`\bar f` of the batch's logits, through which gradients flow,
    and :math:`h(t) = \log(1 + e^{-t})`, :math:`(t - 1)^2` or :math:`\max(1 - t, 0)`.

    Parameters
    ----------
    form : {"logistic", "least-squares", "hinge"}, default="logistic"
        Which :math:`h`.

    References
    ----------
    .. [1] Jolicoeur-Martineau, "The relativistic discriminator", ICLR 2019, equations 8 and 9.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="ragan").set_params(loss__form="hinge")
    GANEstimator(loss=RaGAN(form='hinge'))
    """

    constraints = {"form": (Choice(*FORMS),)}

    def __init__(self, form: str = "logistic"):
        self.form = form

    def tags(self) -> Tags:
        """Return that only differences of logits count."""
        return Tags(meaning="relative")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return h(r - mean f) + h(mean r - f), `(n, *heads)`."""
        real, fake = batch.real_.logits, batch.fake_.logits
        return price(self.form, real - fake.mean(0)) + price(self.form, real.mean(0) - fake)

    def generator(self, batch: Batch) -> Tensor:
        """Return h(mean f - r) + h(f - mean r), `(n, *heads)`."""
        real, fake = batch.real_.logits, batch.fake_.logits
        return price(self.form, fake.mean(0) - real) + price(self.form, fake - real.mean(0))

    def defaults(self, spec: DataSpec) -> dict:
        """Return ``"r1"`` for vectors, which lose modes without it, and DCGAN's Adam for the rest."""
        return customary(spec)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return each form."""
        return [{"form": form} for form in FORMS]
