"""The layers of VGG16, in which distances between photographs are like those that people see."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from skgan.features._pretrained import WEIGHTS, Look, Pretrained, as_photographs, fill, sha256_of, weights_of
from skgan.interfaces import Choice, IncompatibleComponentError, Integer, sentence

if TYPE_CHECKING:
    from torch import Tensor

NAMES = {"lpips": "LPIPS", "vgg": "LPIPS"}

#: places of the layers that are looked at, the last before each halving, and their channels
_LAYERS = {3: 64, 8: 128, 15: 256, 22: 512, 29: 512}
#: pixels each way below which nothing is left at the last layer
_SMALLEST = 16


class LPIPS(Pretrained):
    r"""Layers of VGG16 as a vector whose squared distance is the learned perceptual distance between two images.

    .. math:: \|\phi(x) - \phi(x')\|^2 = \sum_l \frac{1}{H_l W_l} \sum_{h,w}
              \big\| \sqrt{w_l} \odot (\hat{y}^l_{hw} - \hat{y}'^l_{hw}) \big\|^2,
              \qquad \hat{y}^l_{hw} = \frac{y^l_{hw}}{\|y^l_{hw}\| + 10^{-10}}

    of the layers l before each halving. The weights w of the paper were fitted to what people said; without them every
    channel counts as much, which is the distance that the paper calls VGG's own. Vectors are long, about 122 numbers a
    pixel, so take a few hundred images. ``skgan.path_length.ppl(gan, features=LPIPS(...))`` is the paper's path length.

    Parameters
    ----------
    weights : path, "download", "random" or None, default=None
        A .safetensors file of torchvision's weights of VGG16; "download" fetches those of ImageNet and checks their
        hash; "random" are the first weights of `random_state`. None is refused.
    linear : path or None, default=None
        A .safetensors file of the published w, ``lin0.model.1.weight`` to ``lin4.model.1.weight``; None is 1.
    size : int or None, default=None
        Pixels each way that images are brought to, bilinearly and without aliasing, in [16, inf); None leaves them.
    random_state : int, default=0
        Of "random" weights, in [0, inf).

    References
    ----------
    .. [1] Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual
       Metric", CVPR 2018.
    .. [2] Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.lpips import LPIPS
    >>> X = np.zeros((2, 1, 16, 16))
    >>> LPIPS("random").learn(X)(X).shape
    (2, 31232)
    """

    constraints = Pretrained.constraints | {"linear": WEIGHTS, "size": (Integer(_SMALLEST), Choice(None))}

    def __init__(self, weights: Any = None, linear: Any = None, size: int | None = None, random_state: int = 0):
        self.weights = weights
        self.linear = linear
        self.size = size
        self.random_state = random_state

    def fingerprint(self) -> str:
        """Return the digests of the files."""
        return super().fingerprint() + ("" if self.linear is None else sha256_of(self.linear))

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the network; it learns nothing from X, `(n, c, h, w)`."""
        if self.size is None and min(X.shape[2:]) < _SMALLEST:
            raise IncompatibleComponentError(
                sentence(
                    f"The features 'lpips' need images of {_SMALLEST} pixels or more each way.",
                    f"Got {X.shape[2]} x {X.shape[3]}. Set size=64, or take 'own-autoencoder'.",
                )
            )
        network, of_channels = self.filled(_layers, "torchvision's VGG16"), self._of_channels()
        prepared = partial(as_photographs, size=self.size, mode="bilinear")
        return Look(lambda x: _vectors(network, of_channels, x), prepared)

    def download(self) -> dict[str, Tensor]:
        """Return torchvision's weights of VGG16."""
        from torchvision.models import VGG16_Weights

        return dict(VGG16_Weights.IMAGENET1K_V1.get_state_dict(progress=False, check_hash=True))

    def renamed(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of the convolutions."""
        mine = [name for name in weights if name.startswith("features.")]
        return {name.removeprefix("features."): weights[name] for name in mine}

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return random weights and small images."""
        return [{"weights": "random", "size": 16}]

    def _of_channels(self) -> list[Tensor]:
        """Return the roots of w, `(1, c, 1, 1)` of each layer."""
        import torch
        from torch import nn

        from skgan.features._networks import where_it_is_fast

        factors = nn.ParameterList(torch.ones(1, width, 1, 1) for width in _LAYERS.values()).requires_grad_(False)
        if self.linear is not None:
            published = "the paper's weights of VGG16's channels"
            found = weights_of(self.linear, published)
            fill(factors, {name.removesuffix(".model.1.weight")[3:]: w for name, w in found.items()}, published)
        return [factor.clamp(min=0).sqrt().to(where_it_is_fast()) for factor in factors]


def _layers() -> Any:
    """Return VGG16 up to the last layer that is looked at."""
    from torchvision.models import vgg16

    return vgg16(weights=None, init_weights=False).features[: max(_LAYERS) + 1]


def _vectors(network: Any, of_channels: list[Tensor], x: Tensor) -> Tensor:
    """Return photographs `(n, 3, h, w)` as vectors, `(n, d)`."""
    import torch

    factors, found = iter(of_channels), []
    for place, layer in enumerate(network):
        x = layer(x)
        if place in _LAYERS:
            direction = x / (torch.linalg.vector_norm(x, dim=1, keepdim=True) + 1e-10)
            pixels = x.shape[2] * x.shape[3]
            found.append((next(factors) * direction / pixels**0.5).flatten(1))
    return torch.cat(found, dim=1)
