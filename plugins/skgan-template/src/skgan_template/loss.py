"""A loss. The same file would work in skgan's own folder of losses."""

from torch import Tensor
from torch.nn.functional import softplus

from skgan.interfaces import Batch, Loss, Real, Tags


class Template(Loss):
    r"""The logistic loss of logits divided by a temperature.

    .. math:: L_D = \mathrm{sp}(-D(x) / T) + \mathrm{sp}(D(G(z)) / T), \qquad L_G = \mathrm{sp}(-D(G(z)) / T)

    Parameters
    ----------
    temperature : float, default=1.0
        The temperature T, in (0, inf).

    References
    ----------
    .. [1] Your paper, its venue and year.

    Examples
    --------
    >>> from skgan_template.loss import Template
    >>> Template(temperature=2.0)
    Template(temperature=2.0)
    """

    constraints = {"temperature": (Real(0.0, closed="neither"),)}

    def __init__(self, temperature: float = 1.0):
        self.temperature = temperature

    def tags(self) -> Tags:
        """Return what the logit means; see `skgan.interfaces.Tags`."""
        return Tags(meaning="margin")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return sp(-r / T) + sp(f / T), `(n, *heads)`."""
        real, fake = batch.real_.logits / self.temperature, batch.fake_.logits / self.temperature
        return softplus(-real) + softplus(fake)

    def generator(self, batch: Batch) -> Tensor:
        """Return sp(-f / T), `(n, *heads)`."""
        return softplus(-batch.fake_.logits / self.temperature)
