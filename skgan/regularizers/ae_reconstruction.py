"""Reconstruction of real samples from the discriminator's features."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Batch, DataSpec, Integer, Real, Regularizer
from skgan.layers import Grid, keeping

NAMES = {"ae-reconstruction": "Reconstruction"}

#: how many features have signs of their own; a prime, so that no width of the code meets it
_SIGNS = 8191


class Reconstruction(Regularizer):
    r"""The discriminator's features of a real sample should be enough to draw it again.

    .. math:: \lambda \frac{1}{D} \left\| \mathrm{Dec}(c) - x \right\|_2^2, \qquad
              c_j = \sqrt{\tfrac{m}{d}} \sum_{i \equiv j \bmod m} s_i h_i(x)

    with the d features h, summed into m numbers with fixed random signs s, so that a decoder goes with any
    discriminator and nothing is lost while d is at most m. The discriminator trains the decoder along: for images a
    linear layer to a grid of about four by four, doubled by repeating values between gated convolutions, else one
    hidden layer. The paper decodes features of two grids, one of them cropped, and compares by a pretrained network.
    Beside an augmentation the sample is to be found as it was before; of rows that are judged together, their mean.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).
    code_dim : int, default=256
        Width m of what reaches the decoder, in [1, inf).
    channels : int, default=32
        Channels of the decoder's convolutions, and a quarter of its hidden layer, in [1, inf).

    References
    ----------
    .. [1] Liu, Zhu, Song, Elgammal, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image
       Synthesis", ICLR 2021, section 3.2.
    .. [2] Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", ICML 2009.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("hinge", regularizers="ae-reconstruction").set_params(regularizers__ae_reconstruction__weight=0.5)
    GANEstimator(loss='hinge', regularizers=Reconstruction(weight=0.5))
    """

    constraints = {"weight": (Real(0.0),), "code_dim": (Integer(1),), "channels": (Integer(1),)}

    def __init__(self, weight: float = 1.0, code_dim: int = 256, channels: int = 32):
        self.weight = weight
        self.code_dim = code_dim
        self.channels = channels

    def modules(self, spec: DataSpec) -> dict[str, nn.Module]:
        """Return the decoder, trained with the discriminator."""
        return {"discriminator": _Decoder(spec, self.code_dim, self.channels)}

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each real sample, `(n,)`."""
        features, real = batch.real_.features, batch.real.detach()
        drawn = batch.modules[self]["discriminator"](features)
        if len(features) < len(real):
            real = real.unflatten(0, (len(features), -1)).mean(1)
        return self.weight * (drawn - real).flatten(1).square().mean(1)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a small decoder."""
        return [{"code_dim": 6, "channels": 4}]


class _Decoder(nn.Module):
    """Features `(n, d)`, whatever d is, to samples `(n, *shape)`."""

    signs: Tensor

    def __init__(self, spec: DataSpec, code_dim: int, channels: int):
        super().__init__()
        self.register_buffer("signs", 2.0 * torch.randint(0, 2, (_SIGNS,)) - 1.0)
        self.code_dim = code_dim
        layers = _image(spec, code_dim, channels) if spec.kind == "image" else _flat(spec, code_dim, 4 * channels)
        self.stack = nn.Sequential(*layers, nn.Tanh() if spec.bounded else nn.Identity())
        self.shape = spec.shape

    def forward(self, features: Tensor) -> Tensor:
        drawn = self.stack(self.code(features))
        return drawn[(..., *(slice(length) for length in self.shape))]

    def code(self, features: Tensor) -> Tensor:
        """Return the signed sums of features, `(n, code_dim)`."""
        d, m = features.shape[1], self.code_dim
        signs = self.signs.repeat(math.ceil(d / _SIGNS))[:d]
        folded = functional.pad(features * signs, (0, -d % m)).unflatten(1, (-1, m))
        return folded.sum(1) * math.sqrt(m / d)


def _image(spec: DataSpec, code_dim: int, channels: int) -> list[nn.Module]:
    """Return the layers from codes to images, perhaps larger than they are to be."""
    grid = Grid(spec.shape[1:])
    start = (2 * channels, *grid.coarse)
    layers: list[nn.Module] = [nn.Linear(code_dim, math.prod(start)), nn.Unflatten(1, start), nn.GLU(1)]
    for _ in range(grid.doublings):
        layers += [nn.Upsample(scale_factor=2), keeping(2, channels, 2 * channels), nn.GLU(1)]
    return [*layers, keeping(2, channels, spec.shape[0])]


def _flat(spec: DataSpec, code_dim: int, width: int) -> list[nn.Module]:
    """Return the layers from codes to samples of any shape."""
    out = nn.Linear(width, spec.n_values)
    return [nn.Linear(code_dim, width), nn.LeakyReLU(0.2), out, nn.Unflatten(1, spec.shape)]
