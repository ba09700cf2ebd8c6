"""The style-based architecture."""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from skgan.architectures._convolutional import VECTORS, Finish
from skgan.architectures._styled import GAIN, SLOPE, TAPS, Mapping, StyledConv, ToImage
from skgan.interfaces import Architecture, Boolean, Choice, Conditioning, Critique, DataSpec, Integer, Real, Tags
from skgan.layers import (
    EqualizedConv,
    EqualizedLinear,
    Filter,
    FilteredDown,
    FilteredUp,
    Grid,
    MinibatchStd,
    equalize,
    widths,
)
from skgan.layers.chance import uniform

NAMES = {"stylegan2": "StyleGAN2"}

#: the length from which on images have the path length regularised
LARGE = 256


class StyleGAN2(Architecture):
    r"""Latents become styles, and styles scale the channels of every convolution of the generator.

    .. math:: w = f(z, y), \qquad h_{l+1} = \mathrm{act}\big(\sqrt 2\, \mathrm{conv}_{l, w}(h_l) + \eta_l \epsilon + b_l
              \big), \qquad x = \sum_r \mathrm{up}(T_{r, w}\, h_r)

    from learned values :math:`h_0` of a grid of about four by four, the same for all samples, doubled as often as in
    `DCGAN`; each resolution r adds to the image. A convolution's weights are scaled by the style and brought back to
    one length. In training some rows take the styles of their last layers from the next row's latent. Between
    resolutions stands the filter [1, 3, 3, 1]. The discriminator ends in the standard deviation over groups of the
    batch and a linear layer. All weights are drawn standard normal and scaled when used.

    Labels reach the generator through the mapping, and from there every layer: the conditioning embeds them and has
    the discriminator's head. There is no normalisation that it could change, so that ``"cbn"`` and ``"adain"`` differ
    from ``"projection"`` in nothing else.

    The loss is ``"nonsaturating"`` where none is named. The networks learn by Adam at 2.5e-3 and (0, 0.99) whatever
    the loss; losses without penalties of their own come with ``"r1"``, and on large images with ``"path-length"``.

    Parameters
    ----------
    channels : int, default=32
        Channels at the image's resolution, doubled at each halving, in [1, inf).
    most_channels : int, default=512
        Where the doubling ends, in [1, inf).
    width : int, default=512
        Width of a style, in [1, inf).
    mapping_layers : int, default=2
        Layers from latents to styles, in [1, inf); the paper has 8 for large photographs.
    mapping_rate : float, default=0.01
        Their learning rate, as a share of that of the other layers, in (0, inf).
    style_mixing : float, default=0.9
        Probability that a row of a batch in training has styles of two latents, in [0, 1].
    noise : bool, default=True
        Whether each layer adds noise by a learned strength, in training and in `sample`.
    form : {"residual", "orig"}, default="residual"
        Whether the discriminator's blocks have a shortcut.
    group : int, default=4
        Rows of a batch whose standard deviation the discriminator sees, in [1, inf).

    References
    ----------
    .. [1] Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020.
    .. [2] Karras, Laine, Aila, "A Style-Based Generator Architecture for Generative Adversarial Networks", CVPR 2019.
    .. [3] Karras et al., "Training Generative Adversarial Networks with Limited Data", NeurIPS 2020.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("nonsaturating", architecture="stylegan2").set_params(architecture__style_mixing=0.0)
    GANEstimator(architecture=StyleGAN2(style_mixing=0.0), loss='nonsaturating')
    """

    constraints = {
        "channels": (Integer(1),),
        "most_channels": (Integer(1),),
        "width": (Integer(1),),
        "mapping_layers": (Integer(1),),
        "mapping_rate": (Real(0.0, closed="neither"),),
        "style_mixing": (Real(0.0, 1.0, closed="both"),),
        "noise": (Boolean(),),
        "form": (Choice("residual", "orig"),),
        "group": (Integer(1),),
    }

    def __init__(
        self,
        channels: int = 32,
        most_channels: int = 512,
        width: int = 512,
        mapping_layers: int = 2,
        mapping_rate: float = 0.01,
        style_mixing: float = 0.9,
        noise: bool = True,
        form: str = "residual",
        group: int = 4,
    ):
        self.channels = channels
        self.most_channels = most_channels
        self.width = width
        self.mapping_layers = mapping_layers
        self.mapping_rate = mapping_rate
        self.style_mixing = style_mixing
        self.noise = noise
        self.form = form
        self.group = group

    def tags(self) -> Tags:
        """Return that it is for images, how samples of a batch meet, and that weights are scaled when used."""
        return Tags(
            kinds=("image",), labels=VECTORS, batch_statistics=True, penalised_together=True, scales_weights=True
        )

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`, with ``map(z, y)`` and ``synthesize(w)``."""
        mapping = Mapping(spec, conditioning, self.width, self.mapping_layers, self.mapping_rate)
        return _Generator(spec, mapping, self._widths(spec), self.width, self.style_mixing, self.noise)

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique``."""
        return _Discriminator(spec, conditioning, self._widths(spec), self.form == "residual", self.group)

    def defaults(self, spec: DataSpec) -> dict:
        """Return the papers' loss, Adam and penalties."""
        size = spec.shape[1:]
        # 0.01 at 32 by 32, 0.7 at 256, 10 at 1024, as the papers found by hand
        penalties: list = [("r1", {"weight": 1e-5 * math.prod(size), "every_updates": 16})]
        if max(size, default=1) >= LARGE:
            penalties.append(("path-length", {"fraction": 0.5}))
        return {
            "loss": "nonsaturating",
            "optimizer": ("adam", {"betas": (0.0, 0.99)}),
            "learning_rate": 2.5e-3,
            "regularizers": penalties,
        }

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks of both forms."""
        small = {"channels": 2, "most_channels": 4, "width": 8}
        return [small, small | {"form": "orig", "mapping_layers": 1, "noise": False, "style_mixing": 0.0, "group": 2}]

    def _widths(self, spec: DataSpec) -> list[int]:
        """Return the channels at each resolution, the finest first."""
        return widths(Grid(spec.shape[1:]).doublings + 1, self.channels, self.most_channels)


class _Generator(nn.Module):
    def __init__(
        self, spec: DataSpec, mapping: Mapping, channels: list[int], width: int, style_mixing: float, noise: bool
    ):
        super().__init__()
        coarse_first = channels[::-1]
        self.mapping = mapping
        self.style_mixing = style_mixing
        self.start = nn.Parameter(torch.randn(coarse_first[0], *Grid(spec.shape[1:]).coarse))
        self.first = StyledConv(coarse_first[0], coarse_first[0], width, noise)
        pairs = list(pairwise(coarse_first))
        self.doubling = nn.ModuleList(StyledConv(*pair, width, noise, up=True) for pair in pairs)
        self.keeping = nn.ModuleList(StyledConv(fine, fine, width, noise) for _, fine in pairs)
        self.to_image = nn.ModuleList(ToImage(each, spec.shape[0], width) for each in coarse_first)
        self.up = FilteredUp(TAPS)
        self.finish = Finish(spec)

    @property
    def n_styles(self) -> int:
        """How many layers take a style; what goes into the image takes that of the next convolution."""
        return 2 * len(self.to_image)

    def map(self, z: Tensor, y: Tensor) -> Tensor:
        """Return styles `(n, layers, width)`, the same for each layer."""
        return self.mapping(z, y)[:, None].expand(-1, self.n_styles, -1)

    def synthesize(self, w: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` of styles `(n, layers, width)`."""
        styles = w.unbind(1)
        h = self.first(self.start.expand(len(w), -1, -1, -1), styles[0])
        x = self.to_image[0](h, styles[1])
        for i, (doubling, keeping) in enumerate(zip(self.doubling, self.keeping, strict=True)):
            h = keeping(doubling(h, styles[2 * i + 1]), styles[2 * i + 2])
            x = self.up(x) + self.to_image[i + 1](h, styles[2 * i + 3])
        return self.finish(x)

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """Return images `(n, c, h, w)` for latents `(n, latent_dim)` and labels `(n, label_dim)`."""
        w = self.map(z, y)
        return self.synthesize(self._mixed(w, z, y) if self.training and self.style_mixing else w)

    def _mixed(self, w: Tensor, z: Tensor, y: Tensor) -> Tensor:
        """Return styles of which some rows have those of the next row's latent from some layer on."""
        of_next = self.map(z.roll(-1, 0), y)
        chance, place = uniform(z.new_empty(2, len(z)))
        first = 1 + (place * (self.n_styles - 1)).floor()  # uniform among all layers but the first
        first = torch.where(chance < self.style_mixing, first, self.n_styles)
        own = torch.arange(self.n_styles, device=w.device) < first[:, None]
        return torch.where(own[:, :, None], w, of_next)


class _Discriminator(nn.Module):
    def __init__(self, spec: DataSpec, conditioning: Conditioning, channels: list[int], residual: bool, group: int):
        super().__init__()
        self.grid = Grid(spec.shape[1:])
        self.embed = conditioning.embed(spec)
        last = channels[-1]
        self.from_image = EqualizedConv(spec.shape[0], channels[0], 1, gain=GAIN)
        self.blocks = nn.ModuleList(_Block(*pair, residual) for pair in pairwise(channels))
        self.spread = MinibatchStd(group)
        self.last = EqualizedConv(last + 1, last, 3, gain=GAIN)
        self.features = EqualizedLinear(last * math.prod(self.grid.coarse), last, gain=GAIN)
        self.head = conditioning.head(last, spec)
        equalize(self.head)

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`."""
        h = functional.leaky_relu(self.from_image(self.grid.padded(x)), SLOPE)
        for block in self.blocks:
            h = block(h)
        h = functional.leaky_relu(self.last(self.spread(h)), SLOPE)
        return self.head(functional.leaky_relu(self.features(h.flatten(1)), SLOPE), self.embed(y))


class _Block(nn.Module):
    """Two convolutions, the second of which halves the size, beside a shortcut if there is one."""

    def __init__(self, inputs: int, outputs: int, residual: bool):
        super().__init__()
        self.first = EqualizedConv(inputs, inputs, 3, gain=GAIN)
        self.smooth = Filter(TAPS, margin=len(TAPS) // 2)
        # the sum of both has the mean square of one
        self.second = EqualizedConv(inputs, outputs, 3, stride=2, padding=0, gain=1.0 if residual else GAIN)
        self.down = FilteredDown(TAPS)
        self.shortcut = EqualizedConv(inputs, outputs, 1, bias=False, gain=math.sqrt(0.5)) if residual else None

    def forward(self, h: Tensor) -> Tensor:
        """Return `(n, outputs, height / 2, width / 2)` for h `(n, inputs, height, width)`."""
        found = functional.leaky_relu(self.first(h), SLOPE)
        found = functional.leaky_relu(self.second(self.smooth(found)), SLOPE)
        return found if self.shortcut is None else found + self.shortcut(self.down(h))
