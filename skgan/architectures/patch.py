"""A discriminator that judges patches."""

from torch import Tensor, nn

from skgan.architectures._convolutional import VECTORS, Generator
from skgan.interfaces import Architecture, Choice, Conditioning, Critique, DataSpec, Integer, Tags
from skgan.layers import Grid, Patches, rows_of_places, widths

NAMES = {"patch": "Patch"}


class Patch(Architecture):
    r"""One logit for each place of a grid, of the patch around it; the loss is the mean over all.

    The logits are `(n, h', w')` with :math:`h' = \lceil h / 2^l \rceil`. With l = 0, 1, 2, 3 halvings a patch is 7, 16,
    34, 70 pixels wide. The conditioning's head is applied at every place. The generator is that of `DCGAN`.

    Parameters
    ----------
    n_layers : int or None, default=None
        The halvings l, in [0, 8]; None takes the most, up to 3, whose patch is not wider than the image's longer side,
        but at least one where that is 8 or more.
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
    >>> GANEstimator(architecture="patch").set_params(architecture__n_layers=2)
    GANEstimator(architecture=Patch(n_layers=2))
    """

    constraints = {
        "n_layers": (Integer(0, 8), Choice(None)),
        "channels": (Integer(1),),
        "most_channels": (Integer(1),),
    }

    def __init__(self, n_layers: int | None = None, channels: int = 64, most_channels: int = 256):
        self.n_layers = n_layers
        self.channels = channels
        self.most_channels = most_channels

    def tags(self) -> Tags:
        """Return that it is for images."""
        return Tags(kinds=("image",), labels=VECTORS)

    def generator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(z, y) -> x`` `(n, c, h, w)`."""
        count = max(Grid(spec.shape[1:]).doublings, 1)
        return Generator(spec, conditioning, widths(count, self.channels, self.most_channels))

    def discriminator(self, spec: DataSpec, conditioning: Conditioning) -> nn.Module:
        """Return a module ``(x, y) -> Critique`` with logits `(n, h', w')`."""
        stack = Patches(spec.shape[0], spec.shape[1:], self.n_layers, self.channels, self.most_channels)
        return _Discriminator(stack, conditioning.embed(spec), conditioning.head(stack.out_channels, spec))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return small networks."""
        return [{"channels": 4, "most_channels": 8}]


class _Discriminator(nn.Module):
    def __init__(self, stack: Patches, embed: nn.Module, head: nn.Module):
        super().__init__()
        self.stack = stack
        self.embed = embed
        self.head = head

    def forward(self, x: Tensor, y: Tensor) -> Critique:
        """Return the critique of images `(n, c, h, w)` with labels `(n, label_dim)`; features are means over places."""
        h = self.stack(x)
        n, places = len(h), h.shape[2:]
        e = self.embed(y).repeat_interleave(places.numel(), 0)
        critique = self.head(rows_of_places(h), e)
        classes = critique.class_logits
        return Critique(
            critique.logits.unflatten(0, (n, *places)),
            h.mean((2, 3)),
            None if classes is None else classes.unflatten(0, (n, -1)).mean(1),
        )
