"""The Inception network of the published FID."""

from __future__ import annotations

from typing import Any

import numpy as np

from skgan.features._pretrained import Pretrained
from skgan.interfaces import Choice, Integer

NAMES = {"inception": "Inception"}

#: the one file of weights that published figures use; fetched only for weights="download"
URL = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/weights-inception-2015-12-05-6726825d.pth"


class Inception(Pretrained):
    r"""The last pooled layer, `(n, 2048)`, of the Inception network that published FIDs are measured with.

    .. math:: \phi = \mathrm{pool}_3, \qquad p(y|x) = \mathrm{softmax}(W \phi(x))

    Made for colour photographs; of others take features of your own data. Grey images count three times. Nothing is
    downloaded unless asked for.

    Parameters
    ----------
    weights : path, "download", "random" or None, default=None
        A .safetensors file with the published weights, those of ``weights-inception-2015-12-05-6726825d.pth``;
        "download" fetches that once and checks its hash; "random" are the first weights of `random_state`. None is
        refused.
    resize : {"clean", "friendly", "legacy", "tensorflow"}, default="clean"
        How images come to 299 pixels: by bicubic or bilinear filters without aliasing, by bilinear interpolation with
        it, or as the first TensorFlow did (the graph of the paper).
    size : int, default=299
        Pixels each way, in [75, inf); other sizes give other figures.
    random_state : int, default=0
        Of "random" weights, in [0, inf).

    References
    ----------
    .. [1] Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", CVPR 2016.
    .. [2] Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
       NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.inception import Inception
    >>> X = np.zeros((2, 1, 8, 8))
    >>> Inception("random", size=75).learn(X)(X).shape
    (2, 2048)
    """

    constraints = Pretrained.constraints | {
        "resize": (Choice("clean", "friendly", "legacy", "tensorflow"),),
        "size": (Integer(75),),
    }
    knows_classes = True

    def __init__(self, weights: Any = None, resize: str = "clean", size: int = 299, random_state: int = 0):
        self.weights = weights
        self.resize = resize
        self.size = size
        self.random_state = random_state

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the network; of X `(n, c, h, w)` only the number of channels matters."""
        from skgan.features._inception import Look, network, up_to_the_pool

        filled = self.filled(network, "the published Inception network with 1008 classes")
        filled.forward = up_to_the_pool.__get__(filled)
        return Look(filled, self.resize, self.size)

    def download(self) -> dict[str, Any]:
        """Return the published weights."""
        from torch.hub import load_state_dict_from_url

        return load_state_dict_from_url(URL, progress=False, check_hash=True, map_location="cpu", weights_only=True)

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return random weights and small images."""
        return [{"weights": "random", "size": 75}]
