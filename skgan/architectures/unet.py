"""Image to image: a U-Net and a discriminator of patches that sees both images."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.architectures._convolutional import Finish
from skgan.interfaces import (
    Architecture,
    Conditioning,
    Critique,
    DataSpec,
    IncompatibleComponentError,
    Integer,
    Tags,
    sentence,
)
from skgan.layers import Grid, Patches, PlainNorm, doubling, halving, keeping, pointwise, widths

NAMES = {"unet": "UNet", "pix2pix": "UNet"}


class UNet(Architecture):
    r"""y is an image: it is halved to a grid of about four by four and doubled back, beside what each halving saw.

    .. math:: G(z, y) = U(y, A z), \qquad D(x, y)_p = w^\top \phi([x, y])_p + b

    The latents, through a linear layer A, are one more channel of the coarsest grid. The discriminator gives a logit
    for each place p, of a patch of both images, `(n, h', w')` as that of `Patch`. The conditioning is not asked. x and
    y have one height and width, and any numbers of channels.

    Parameters
    ----------
    channels : int, default=64
        Channels of the first layer, doubled at each further one, in [1, inf).
    most_channels : int, default=256
        Where the doubling ends, in [1, inf).

    References
    ----------
    .. [1] Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(architecture="unet").set_params(architecture__channels=32)
    GANEstimator(architecture=UNet(channels=32))
    """

    constraints = {"channels": (Integer(1),), "most_channels": (Integer(1),)}

    def __init__(self, channels: int = 64, most_channels: int = 256):
        self.channels = channels
        self.most_channels = most_channels

    def tags(self) -> Tags:
        """Return that both X and y are images."""
        return Tags(kinds=("image",), labels=("image",))

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)` for y `(n, c_y, h, w)`."""
        _check(spec)
        count = max(Grid(spec.shape[1:]).doublings, 1)
        return _Generator(spec, widths(count, self.channels, self.most_channels))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique`` with logits `(n, h', w')`."""
        _check(spec)
        inputs = spec.shape[0] + spec.label_shape[0]
        return _Discriminator(Patches(inputs, spec.shape[1:], None, self.channels, self.most_channels))

    def defaults(self, spec: DataSpec) -> dict:
        """Return the paper's Adam."""
        return {"optimizer": ("adam", {"betas": (0.5, 0.999)}), "learning_rate": 2e-4}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 4, "most_channels": 8}]


def _check(spec: DataSpec) -> None:
    if len(spec.label_shape) != 3 or spec.label_shape[1:] != spec.shape[1:]:
        raise IncompatibleComponentError(
            sentence(
                "The architecture 'unet' needs images y as high and wide as those of X.",
                f"Got y of shape {spec.label_shape} and X of shape {spec.shape} (channels, height, width).",
                "Resize y, or pick another architecture.",
            )
        )


class _Generator(nn.Module):
    def __init__(self, spec: DataSpec, channels: list[int]):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        down, up = (halving, doubling) if self.grid.doublings else (keeping, keeping)
        inputs = [spec.label_shape[0], *channels]
        self.downs = nn.ModuleList(down(2, *pair, bias=i == 0) for i, pair in enumerate(pairwise(inputs)))
        self.down_norms = nn.ModuleList(PlainNorm(width) for width in channels[1:])
        places = math.prod(self.grid.coarse)
        self.latents = nn.Linear(spec.latent_dim, places, bias=places > 1)  # as in Start: a normalisation comes next
        self.bottom = keeping(2, channels[-1] + 1, channels[-1], bias=False)
        self.bottom_norm = PlainNorm(channels[-1])
        # What comes up beside what went down has twice the channels, except at the bottom.
        comes = [2 * width for width in channels[:-1]] + [channels[-1]]
        pairs = [(comes[i + 1], channels[i]) for i in reversed(range(len(channels) - 1))]
        self.ups = nn.ModuleList(up(2, *pair, bias=False) for pair in pairs)
        self.up_norms = nn.ModuleList(PlainNorm(width) for _, width in pairs)
        self.out = up(2, comes[0], spec.shape[0])
        self.finish = Finish(spec)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and images y `(n, c_y, h, w)`."""
        seen = [functional.leaky_relu(self.downs[0](self.grid.padded(y)), 0.2)]
        for down, norm in zip(self.downs[1:], self.down_norms, strict=True):
            seen.append(functional.leaky_relu(norm(down(seen[-1])), 0.2))
        h = torch.cat([seen.pop(), self.latents(z).unflatten(1, (1, *self.grid.coarse))], 1)
        h = functional.relu(self.bottom_norm(self.bottom(h)))
        for up, norm in zip(self.ups, self.up_norms, strict=True):
            h = torch.cat([functional.relu(norm(up(h))), seen.pop()], 1)
        return self.finish(self.out(h))


class _Discriminator(nn.Module):
    def __init__(self, stack: Patches):
        super().__init__()
        self.stack = stack
        self.logit = pointwise(2, stack.out_channels, 1)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with images y `(n, c_y, h, w)`; features are means."""
        h = self.stack(torch.cat([x, y], 1))
        return Critique(self.logit(h).squeeze(1), h.mean((2, 3)))
