"""Reconstruction of real images from the discriminator's features."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.interfaces import Batch, DataSpec, Integer, Real, Regularizer, Tags
from skgan.layers import Grid, keeping

NAMES = {"ae-reconstruction": "Reconstruction"}

#: how many features have signs of their own; a prime, so that no width of the code meets it
_SIGNS = 8191


class Reconstruction(Regularizer):
    r"""The discriminator's features of a real image should be enough to draw it again.

    .. math:: \lambda \frac{1}{C H W} \left\| \mathrm{Dec}(c) - x \right\|_2^2, \qquad
              c_j = \sqrt{\tfrac{m}{d}} \sum_{i \equiv j \bmod m} s_i h_i(x)

    with the d features h, summed into m numbers with fixed random signs s, so that a decoder goes with any
    discriminator and nothing is lost while d is at most m. The discriminator trains the decoder along: a linear layer
    to a grid of about four by four, doubled by repeating values between gated convolutions. The paper decodes features
    of two grids, one of them cropped, and compares by a pretrained network. Beside an augmentation the image is to be
    found as it was before.

    Parameters
    ----------
    weight : float, default=1.0
        Weight :math:`\lambda`, in [0, inf).
    code_dim : int, default=256
        Width m of what reaches the decoder, in [1, inf).
    channels : int, default=32
        Channels of the decoder's convolutions, in [1, inf).

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

    def tags(self) -> Tags:
        """Return that it is for images."""
        return Tags(kinds=("image",))

    def modules(self, spec: DataSpec) -> dict[str, nn.Module]:
        """Return the decoder, trained with the discriminator."""
        return {"discriminator": _Decoder(spec, self.code_dim, self.channels)} if spec.kind == "image" else {}

    def penalty(self, batch: Batch) -> Tensor:
        """Return the penalty of each real image, `(n,)`."""
        drawn = batch.modules[self]["discriminator"](batch.real_.features)
        return self.weight * (drawn - batch.real.detach()).flatten(1).square().mean(1)

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return a small decoder."""
        return [{"code_dim": 6, "channels": 4}]


class _Decoder(nn.Module):
    """Features `(n, d)`, whatever d is, to images."""

    signs: Tensor

    def __init__(self, spec: DataSpec, code_dim: int, channels: int):
        super().__init__()
        self.register_buffer("signs", 2.0 * torch.randint(0, 2, (_SIGNS,)) - 1.0)
        self.code_dim = code_dim
        self.grid = Grid(spec.shape[1:])
        start = (2 * channels, *self.grid.coarse)
        layers: list[nn.Module] = [nn.Linear(code_dim, math.prod(start)), nn.Unflatten(1, start), nn.GLU(1)]
        for _ in range(self.grid.doublings):
            layers += [nn.Upsample(scale_factor=2), keeping(2, channels, 2 * channels), nn.GLU(1)]
        self.stack = nn.Sequential(*layers, keeping(2, channels, spec.shape[0]))
        self.squash = nn.Tanh() if spec.bounded else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        return self.squash(self.grid.cropped(self.stack(self.code(features))))

    def code(self, features: Tensor) -> Tensor:
        """Return the signed sums of features, `(n, code_dim)`."""
        d, m = features.shape[1], self.code_dim
        signs = self.signs.repeat(math.ceil(d / _SIGNS))[:d]
        folded = functional.pad(features * signs, (0, -d % m)).unflatten(1, (-1, m))
        return folded.sum(1) * math.sqrt(m / d)
