"""Networks of torchvision."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from skgan.features._pretrained import AT_ONCE, Look, Pretrained, as_photographs
from skgan.interfaces import InvalidParameterError, Kind, sentence

NAMES = {"torchvision": "TorchvisionNetwork", "resnet50": "TorchvisionNetwork"}


class TorchvisionNetwork(Pretrained):
    r"""What a classifier of torchvision sees before its last layer.

    .. math:: \phi = h_{L-1}, \qquad p(y|x) = \mathrm{softmax}(W h_{L-1} + b)

    Parameters
    ----------
    network : str, default="resnet50"
        A name that ``torchvision.models.get_model`` knows.
    weights : path, "download", "random" or None, default=None
        A .safetensors file of weights for it; "download" fetches torchvision's default ones and checks their hash;
        "random" are the first weights of `random_state`. None is refused.
    size : int, default=224
        Pixels each way that images are brought to, in [32, inf).
    random_state : int, default=0
        Of "random" weights, in [0, inf).

    References
    ----------
    .. [1] He, Zhang, Ren, Sun, "Deep Residual Learning for Image Recognition", CVPR 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.torchvision_networks import TorchvisionNetwork
    >>> X = np.zeros((2, 1, 8, 8))
    >>> TorchvisionNetwork("resnet18", "random", size=32).learn(X)(X).shape
    (2, 512)
    """

    constraints = Pretrained.constraints | {"network": (Kind("the name of a network", "casefold"),)}
    knows_classes = True

    def __init__(self, network: str = "resnet50", weights: Any = None, size: int = 224, random_state: int = 0):
        self.network = network
        self.weights = weights
        self.size = size
        self.random_state = random_state

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the network; it learns nothing from X, `(n, c, h, w)`."""
        from torchvision import models

        if self.network not in models.list_models(models):
            raise InvalidParameterError(
                sentence(
                    "The 'network' parameter of TorchvisionNetwork must be a classifier of torchvision.models.",
                    f"Got {self.network!r:.60}. Take 'resnet50' or 'efficientnet_b0'.",
                )
            )
        network = self.filled(partial(models.get_model, self.network, weights=None), repr(self.network))
        return _Classifier(network, partial(as_photographs, size=self.size, mode="bilinear"))

    def download(self) -> dict[str, Any]:
        """Return torchvision's default weights."""
        from torchvision import models

        weights: Any = models.get_model_weights(self.network)
        return dict(weights.DEFAULT.get_state_dict(progress=False, check_hash=True))

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return a small network of random weights."""
        return [{"network": "resnet18", "weights": "random", "size": 32}]


class _Classifier(Look):
    """A classifier up to its last layer, and what it says."""

    def __init__(self, network: Any, prepared: Any):
        from torch import nn

        super().__init__(self._before_the_last, prepared)
        self._whole = network
        self._last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Return class probabilities, `(n, K)`."""
        from skgan.features._networks import asked, where_it_is_fast

        return asked(lambda x: self._whole(self._prepared(x)).double().softmax(1), X, where_it_is_fast(), AT_ONCE)

    def _before_the_last(self, x: Any) -> Any:
        seen: list[Any] = []
        hook = self._last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            self._whole(x)
        finally:
            hook.remove()
        return seen[0]
