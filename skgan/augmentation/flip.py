"""Left-right flips."""

import torch
from torch import Tensor

from skgan.interfaces import Augmentation, Real, Tags
from skgan.layers.transforms import flip

NAMES = {"flip": "Flip"}


class Flip(Augmentation):
    r"""Images mirrored left to right with probability p, before the discriminator.

    .. math:: T(x)_{chw} = x_{ch(W - 1 - w)} \text{ with probability } p, \text{ else } x_{chw}

    The generator then makes images that may be mirrored: not for digits or text.

    Parameters
    ----------
    p : float, default=0.5
        The probability, in [0, 1].

    References
    ----------
    .. [1] Karras, Aittala, Hellsten, Laine, Lehtinen, Aila, "Training Generative Adversarial Networks with
       Limited Data", NeurIPS 2020.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(augmentation="flip")
    GANEstimator(augmentation='flip')
    """

    constraints = {"p": (Real(0.0, 1.0, closed="both"),)}

    def __init__(self, p: float = 0.5):
        self.p = p

    def tags(self) -> Tags:
        """Return that it is for images."""
        return Tags(kinds=("image",))

    def __call__(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Return images `(n, c, h, w)`, some of them mirrored."""
        return flip(x, rng, self.p)
