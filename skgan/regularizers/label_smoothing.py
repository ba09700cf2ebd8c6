"""Label smoothing."""

from torch import Tensor

from skgan.interfaces import Batch, Real, Regularizer, Tags

NAMES = {"label-smoothing": "LabelSmoothing"}


class LabelSmoothing(Regularizer):
    r"""The discriminator is told "1 - a" of real samples instead of "1", and "b" of fake ones instead of "0".

    .. math:: a D(x) - b D(G(z))

    Added to a loss with sharp targets this is the loss with smoothed targets, up to a constant. For the
    logistic loss, with :math:`\mathrm{sp}(t) = \log(1 + e^t)` and :math:`\mathrm{sp}(t) = \mathrm{sp}(-t) + t`,

    .. math:: (1 - a)\, \mathrm{sp}(-r) + a\, \mathrm{sp}(r) = \mathrm{sp}(-r) + a r, \qquad
              (1 - b)\, \mathrm{sp}(f) + b\, \mathrm{sp}(-f) = \mathrm{sp}(f) - b f,

    and for least squares with targets 1 and 0

    .. math:: \tfrac12 (r - (1 - a))^2 = \tfrac12 (r - 1)^2 + a r + \mathrm{const}, \qquad
              \tfrac12 (f - b)^2 = \tfrac12 f^2 - b f + \mathrm{const}.

    Losses of other logits have no targets to smooth. Smoothing fake samples moves the best discriminator
    where there are no real ones, so b is 0 unless asked for.

    Parameters
    ----------
    real : float, default=0.1
        How far the target of real samples moves, :math:`a` in [0, 1).
    fake : float, default=0.0
        How far the target of fake samples moves, :math:`b` in [0, 1).

    References
    ----------
    .. [1] Salimans et al., "Improved Techniques for Training GANs", NeurIPS 2016, section 3.4.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", regularizers="label-smoothing")
    GANEstimator(loss='nonsaturating', regularizers='label-smoothing')
    """

    constraints = {"real": (Real(0.0, 1.0),), "fake": (Real(0.0, 1.0),)}

    def __init__(self, real: float = 0.1, fake: float = 0.0):
        self.real = real
        self.fake = fake

    def tags(self) -> Tags:
        """Return that it needs a loss with a target for each kind of sample."""
        return Tags(meanings=("log-ratio", "target"))

    def penalty(self, batch: Batch) -> Tensor:
        """Return the difference that smoothing makes, `(n, *heads)`."""
        return self.real * batch.real_.logits - self.fake * batch.fake_.logits
