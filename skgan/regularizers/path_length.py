"""Path length regularization."""

import math

import torch
from torch import Tensor

from skgan.interfaces import Batch, DataSpec, Integer, Real, Regularizer

NAMES = {"path-length": "PathLength"}


class PathLength(Regularizer):
    r"""A step of fixed length in the latents should change samples by a fixed amount, whatever its direction.

    .. math:: \lambda (\|J_w^\top v\|_2 - a)^2, \quad J_w = \partial G(w) / \partial w, \quad
              v \sim N(0, I) / \sqrt{m}

    with m the number of positions of a sample, 1 for vectors and height times width for images, and `a` the
    running mean of the norms, used as a constant after it has moved. w are the styles of a generator that has
    ``map`` and ``synthesize``, and the latents of any other; where each layer has its own style the square
    of the norm is the mean over layers.

    Parameters
    ----------
    weight : float, default=2.0
        Weight :math:`\lambda`, in [0, inf).
    decay : float, default=0.01
        Share of each batch in the running mean, in (0, 1].
    fraction : float, default=1.0
        Share of the batch that is looked at, in (0, 1].
    every_updates : int, default=4
        Due at every so many generator updates, with the weight multiplied by it, in [1, inf).

    References
    ----------
    .. [1] Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, equation 4.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(regularizers=["r1", "path-length"]).set_params(regularizers__path_length__fraction=0.5)
    GANEstimator(regularizers=['r1', PathLength(fraction=0.5)])
    """

    constraints = {
        "weight": (Real(0.0),),
        "decay": (Real(0.0, 1.0, closed="right"),),
        "fraction": (Real(0.0, 1.0, closed="right"),),
        "every_updates": (Integer(1),),
    }
    player = "generator"

    def __init__(self, weight: float = 2.0, decay: float = 0.01, fraction: float = 1.0, every_updates: int = 4):
        self.weight = weight
        self.decay = decay
        self.fraction = fraction
        self.every_updates = every_updates

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return the running mean of the norms."""
        return {"length": torch.zeros(())}

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each latent that is looked at, `(n,)`."""
        rows = math.ceil(self.fraction * len(batch.z))
        w, x = _styles_and_samples(batch, batch.z[:rows], batch.y[:rows])
        v = torch.randn(x.shape, generator=batch.rng(self), device=x.device, dtype=x.dtype)
        slope = batch.grad(x * v / math.sqrt(math.prod(x.shape[2:])), w)
        lengths = (slope.square().sum(-1).reshape(rows, -1).mean(1) + 1e-12).sqrt()
        mean = batch.state[self]["length"]
        mean.lerp_(lengths.detach().to(mean.dtype).mean(), self.decay)
        return self.weight * (lengths - mean).square()


def _styles_and_samples(batch: Batch, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return what samples are made of, styles or else latents, and the samples."""
    if batch.styled:
        w = batch.map(z, y)
        return w, batch.synthesize(w)
    z = z.detach().requires_grad_()
    return z, batch.generate(z, y)
