"""The mutual information of InfoGAN."""

import math

import torch
from torch import Tensor, nn

from skgan.interfaces import Batch, DataSpec, Integer, Real, Regularizer, Tags

NAMES = {"mutual-information": "MutualInformation", "infogan": "MutualInformation"}

#: least and largest logarithm of the variance of a continuous code
LOG_VARIANCE = (-6.0, 6.0)


class MutualInformation(Regularizer):
    r"""A sample should tell which latent codes it was made with.

    .. math:: -\lambda_c \sum_{j} \log Q_j(c_j \mid G(c, z))
              + \lambda_u \sum_{j} \frac12 \left(\log 2 \pi \sigma_j^2 + \frac{(u_j - \mu_j)^2}{\sigma_j^2}\right)

    with categorical codes c and continuous codes u, which the latents begin with. Q is one hidden layer on the
    values of the sample and says the class probabilities, :math:`\mu` and :math:`\log \sigma^2`, between -6 and
    6. In the paper Q shares all layers but the last with the discriminator; here it is a network of its own,
    trained by the generator. The prior must have codes: ``prior="codes"``.

    Parameters
    ----------
    categorical : float, default=1.0
        Weight :math:`\lambda_c`, in [0, inf).
    continuous : float, default=0.1
        Weight :math:`\lambda_u`, in [0, inf).
    width : int, default=128
        Width of Q's hidden layer, in [1, inf).

    References
    ----------
    .. [1] Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing Generative
       Adversarial Nets", NeurIPS 2016, equation 5.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(loss="nonsaturating", prior="codes", regularizers="infogan")
    GANEstimator(loss='nonsaturating', prior='codes', regularizers='infogan')
    """

    constraints = {"categorical": (Real(0.0),), "continuous": (Real(0.0),), "width": (Integer(1),)}
    player = "generator"

    def __init__(self, categorical: float = 1.0, continuous: float = 0.1, width: int = 128):
        self.categorical = categorical
        self.continuous = continuous
        self.width = width

    def tags(self) -> Tags:
        """Return that it reads latent codes."""
        return Tags(reads_codes=True)

    def modules(self, spec: DataSpec) -> dict[str, nn.Module]:
        """Return Q, trained with the generator."""
        codes = bool(spec.categorical_codes) or spec.continuous_codes > 0
        return {"generator": _CodeReader(spec, self.width)} if codes else {}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a small network."""
        return [{"width": 8}]

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each sample, `(n,)`."""
        reader = batch.modules[self]["generator"]
        surprise_c, surprise_u = reader(batch.fake, batch.z)
        return self.categorical * surprise_c + self.continuous * surprise_u


class _CodeReader(nn.Module):
    def __init__(self, spec: DataSpec, width: int):
        super().__init__()
        self.categorical, self.continuous = spec.categorical_codes, spec.continuous_codes
        outputs = sum(self.categorical) + 2 * self.continuous
        self.stack = nn.Sequential(nn.Linear(spec.n_values, width), nn.LeakyReLU(0.2), nn.Linear(width, outputs))

    def forward(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the surprise at the categorical and at the continuous codes of latents z, given samples x."""
        widths = (*self.categorical, self.continuous)
        *said, mean, log_variance = self.stack(x.flatten(1)).split([*widths, self.continuous], 1)
        *drawn, u = z[:, : sum(widths)].split(widths, 1)
        surprise = z.new_zeros(len(z))
        for logits, code in zip(said, drawn, strict=True):
            surprise = surprise - (code * logits.log_softmax(1)).sum(1)
        log_variance = log_variance.clamp(*LOG_VARIANCE)
        square = (u - mean).square() * torch.exp(-log_variance)
        return surprise, 0.5 * (math.log(2 * math.pi) + log_variance + square).sum(1)
