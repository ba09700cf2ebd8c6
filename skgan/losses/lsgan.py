"""The least-squares loss."""

from torch import Tensor

from skgan.interfaces import Batch, DataSpec, Loss, Real, Tags
from skgan.losses._custom import customary

NAMES = {"lsgan": "LSGAN", "least-squares": "LSGAN"}


class LSGAN(Loss):
    r"""The logit is a regression to one number on real and to another on fake samples.

    .. math:: L_D = \tfrac12 (D(x) - b)^2 + \tfrac12 (D(G(z)) - a)^2, \qquad L_G = \tfrac12 (D(G(z)) - c)^2

    Parameters
    ----------
    fake_target : float, default=0.0
        :math:`a`, what the discriminator should say of fake samples, in (-inf, inf).
    real_target : float, default=1.0
        :math:`b`, what it should say of real samples, in (-inf, inf).
    wanted_target : float, default=1.0
        :math:`c`, what the generator wants it to say of fake samples, in (-inf, inf). With b - c = 1 and
        b - a = 2 the generator minimises Pearson's chi-square divergence.

    References
    ----------
    .. [1] Mao et al., "Least Squares Generative Adversarial Networks", ICCV 2017, equations 2 and 9.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="lsgan").set_params(loss__fake_target=-1.0, loss__wanted_target=0.0)
    GANEstimator(loss=LSGAN(fake_target=-1.0, wanted_target=0.0))
    """

    constraints = {"fake_target": (Real(),), "real_target": (Real(),), "wanted_target": (Real(),)}

    def __init__(self, fake_target: float = 0.0, real_target: float = 1.0, wanted_target: float = 1.0):
        self.fake_target = fake_target
        self.real_target = real_target
        self.wanted_target = wanted_target

    def tags(self) -> Tags:
        """Return that the logit is a regression."""
        return Tags(meaning="target")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return ((r - b)^2 + (f - a)^2) / 2, `(n, *heads)`."""
        real, fake = batch.real_.logits - self.real_target, batch.fake_.logits - self.fake_target
        return (real.square() + fake.square()) / 2

    def generator(self, batch: Batch) -> Tensor:
        """Return (f - c)^2 / 2, `(n, *heads)`."""
        return (batch.fake_.logits - self.wanted_target).square() / 2

    def defaults(self, spec: DataSpec) -> dict:
        """Return ``"r1"`` for vectors, which lose modes without it, and DCGAN's Adam for the rest."""
        return customary(spec)
