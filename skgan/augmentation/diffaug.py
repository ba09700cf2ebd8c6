"""Differentiable augmentation."""

import math
from typing import Any

import torch
from torch import Tensor

from skgan.augmentation._images import cut
from skgan.interfaces import Augmentation, Tags
from skgan.layers.transforms import Draws, moved, rowwise

NAMES = {"diffaug": "DiffAug"}

CHANGES = ("color", "translation", "cutout", "offset")


class _Policy:
    """Some of the changes, each at most once."""

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, tuple | list):
            return False
        return all(isinstance(change, str) and change in CHANGES for change in value) and len(set(value)) == len(value)

    def __str__(self) -> str:
        return f"a tuple of some of {', '.join(map(repr, CHANGES))}"


class DiffAug(Augmentation):
    r"""Changes of every image, real and fake, through which the generator gets its gradient.

    For each image x `(c, h, w)` with u uniform, in the order of the policy:

    .. math::
        \text{color: } & x + u_{[-1/2, 1/2]}, \quad
            (x - \bar x_{hw}) u_{[0, 2]} + \bar x_{hw}, \quad (x - \bar x) u_{[1/2, 3/2]} + \bar x \\
        \text{translation: } & \text{by up to } \lfloor h / 8 + 1/2 \rfloor \text{ rows and }
            \lfloor w / 8 + 1/2 \rfloor \text{ columns, zeros come in} \\
        \text{cutout: } & \text{a box of half the height and width becomes zero} \\
        \text{offset: } & \text{by any number of rows and columns, round and round}

    Here :math:`\bar x_{hw}` is the mean over the channels at each place and :math:`\bar x` that of the image.
    With one channel there is no saturation; with any other number of channels it is the distance from
    their mean.

    Parameters
    ----------
    policy : tuple of {"color", "translation", "cutout", "offset"}, default=("color", "translation", "cutout")
        The changes, in this order.

    References
    ----------
    .. [1] Zhao, Liu, Lin, Zhu, Han, "Differentiable Augmentation for Data-Efficient GAN Training", NeurIPS 2020.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(augmentation="diffaug").set_params(augmentation__diffaug__policy=("translation", "cutout"))
    GANEstimator(augmentation=DiffAug(policy=('translation', 'cutout')))
    """

    constraints = {"policy": (_Policy(),)}

    def __init__(self, policy: tuple[str, ...] = ("color", "translation", "cutout")):
        self.policy = policy

    def tags(self) -> Tags:
        """Return that it is for images."""
        return Tags(kinds=("image",))

    def __call__(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Return changed images `(n, c, h, w)`."""
        draws = Draws(x, rng)
        changes = {"color": _coloured, "translation": _translated, "cutout": cut, "offset": _offset}
        for change in self.policy:
            x = changes[change](x, draws)
        return x

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return the default and all changes."""
        return [{}, {"policy": CHANGES}]


def _coloured(x: Tensor, draws: Draws) -> Tensor:
    x = x + rowwise(draws.uniform(-0.5, 0.5), x)
    if x.shape[1] > 1:
        grey = x.mean(1, keepdim=True)
        x = (x - grey) * rowwise(draws.uniform(0.0, 2.0), x) + grey
    middle = x.mean((1, 2, 3), keepdim=True)
    return (x - middle) * rowwise(draws.uniform(0.5, 1.5), x) + middle


def _translated(x: Tensor, draws: Draws) -> Tensor:
    farthest = [math.floor(length / 8 + 0.5) for length in x.shape[2:]]
    return moved(x, torch.stack([draws.integers(-most, most) for most in farthest], 1), edge="zeros")


def _offset(x: Tensor, draws: Draws) -> Tensor:
    return moved(x, torch.stack([draws.integers(0, length - 1) for length in x.shape[2:]], 1), edge="wrap")
