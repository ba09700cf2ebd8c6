"""The network of SwAV, which learned from photographs without their classes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from skgan.features._pretrained import Look, Pretrained, as_photographs, of_resnet50, resnet50

if TYPE_CHECKING:
    from torch import Tensor

NAMES = {"swav": "SwAV"}

#: as SwAV was trained, 0.001 from what others divide by
_DEVIATION = (0.228, 0.224, 0.225)


class SwAV(Pretrained):
    r"""The last pooled layer, `(n, 2048)`, of a ResNet-50 that learned by assigning views of a photograph to clusters.

    .. math:: \phi = \mathrm{pool}(h_L(x))

    It has seen no classes, and so is less partial than Inception to samples of which a class of ImageNet is the
    middle. A photograph comes whole to `size` pixels.

    Parameters
    ----------
    weights : path, "random" or None, default=None
        A .safetensors file of the published weights of a ResNet-50 of single width; "random" are the first weights of
        `random_state`. None is refused, and so is "download": the publishers give no hash.
    size : int, default=224
        Pixels each way that images are brought to, bilinearly and without aliasing, in [32, inf).
    random_state : int, default=0
        Of "random" weights, in [0, inf).

    References
    ----------
    .. [1] Caron et al., "Unsupervised Learning of Visual Features by Contrasting Cluster Assignments", NeurIPS 2020.
    .. [2] Morozov, Voynov, Babenko, "On Self-Supervised Image Representations for GAN Evaluation", ICLR 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.swav import SwAV
    >>> X = np.zeros((2, 1, 8, 8))
    >>> SwAV("random", size=32).learn(X)(X).shape
    (2, 2048)
    """

    def __init__(self, weights: Any = None, size: int = 224, random_state: int = 0):
        self.weights = weights
        self.size = size
        self.random_state = random_state

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the network; it learns nothing from X, `(n, c, h, w)`."""
        network = self.filled(resnet50, "SwAV's ResNet-50")
        return Look(network, partial(as_photographs, size=self.size, mode="bilinear", deviation=_DEVIATION))

    def renamed(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of the ResNet-50, without the layers that clusters were assigned by."""
        return of_resnet50(weights)

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return random weights and small images."""
        return [{"weights": "random", "size": 32}]
