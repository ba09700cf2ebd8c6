"""Networks of torchvision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skgan.interfaces import Choice, Features, Integer, InvalidParameterError, Kind, Tags, sentence

NAMES = {"torchvision": "TorchvisionNetwork", "resnet50": "TorchvisionNetwork"}

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class TorchvisionNetwork(Features):
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

    constraints = {
        "network": (Kind("the name of a network", "casefold"),),
        "weights": (Kind("a path, 'download' or 'random'", "casefold"), Kind("a path", "__fspath__"), Choice(None)),
        "size": (Integer(32),),
        "random_state": (Integer(0),),
    }
    knows_classes = True

    def __init__(self, network: str = "resnet50", weights: Any = None, size: int = 224, random_state: int = 0):
        self.network = network
        self.weights = weights
        self.size = size
        self.random_state = random_state

    def tags(self) -> Tags:
        """Return that it needs images."""
        return Tags(kinds=("image",))

    def fingerprint(self) -> str:
        """Return the digest of the file of weights."""
        from skgan.features._networks import sha256_of

        return "" if self.weights in (None, "random", "download") else sha256_of(self.weights)

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Callable[[np.ndarray], np.ndarray]:
        """Return the network; it learns nothing from X, `(n, c, h, w)`."""
        network = self._network()
        return _Look(network.eval().requires_grad_(False), self.size)

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return a small network of random weights."""
        return [{"network": "resnet18", "weights": "random", "size": 32}]

    def _network(self) -> Any:
        import torch
        from torchvision import models

        from skgan.features._networks import weights_of

        if self.network not in models.list_models(models):
            raise InvalidParameterError(
                sentence(
                    "The 'network' parameter of TorchvisionNetwork must be a classifier of torchvision.models.",
                    f"Got {self.network!r:.60}. Take 'resnet50' or 'efficientnet_b0'.",
                )
            )
        if self.weights is None:
            raise InvalidParameterError(
                sentence(
                    "The 'weights' parameter of TorchvisionNetwork must be the path of a file, or 'download'.",
                    "Got None: nothing is downloaded unasked. Pass a path, or take features that need none.",
                )
            )
        network = _empty(self.network)
        if self.weights == "random":
            rng = torch.Generator().manual_seed(self.random_state)
            for name, tensor in network.state_dict().items():
                if tensor.dim() > 1:
                    tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=rng)
                else:
                    tensor.fill_(float(name.endswith(("running_var", "weight"))))
            return network
        if self.weights == "download":
            weights: Any = models.get_model_weights(self.network)
            network.load_state_dict(weights.DEFAULT.get_state_dict(progress=False, check_hash=True))
            return network
        try:
            network.load_state_dict(weights_of(self.weights, self.network))
        except RuntimeError as error:
            raise InvalidParameterError(
                sentence(
                    f"weights must hold the tensors of {self.network!r}. Got those of another network.",
                    "Give the file that belongs to it, or change network.",
                )
            ) from error
        return network


class _Look:
    """A classifier up to its last layer, and what it says."""

    def __init__(self, network: Any, size: int):
        from torch import nn

        from skgan.features._networks import where_it_is_fast

        self._device = where_it_is_fast()
        self._network, self._size = network.to(self._device), size
        self._last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Return what goes into the last layer, `(n, d)`."""
        from skgan.features._networks import asked

        return asked(self._before_the_last, X, self._device, 32)

    def probabilities(self, X: np.ndarray) -> np.ndarray:
        """Return class probabilities, `(n, K)`."""
        from skgan.features._networks import asked

        return asked(lambda x: self._network(self._prepared(x)).double().softmax(1), X, self._device, 32)

    def _before_the_last(self, x: Any) -> Any:
        seen: list[Any] = []
        hook = self._last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            self._network(self._prepared(x))
        finally:
            hook.remove()
        return seen[0]

    def _prepared(self, x: Any) -> Any:
        from torch.nn import functional

        from skgan.features._networks import as_colour

        size = (self._size, self._size)
        x = functional.interpolate(as_colour((x + 1) / 2), size, mode="bilinear", align_corners=False, antialias=True)
        mean, deviation = (x.new_tensor(each)[:, None, None] for each in (_MEAN, _DEVIATION))
        return (x - mean) / deviation


def _empty(name: str) -> Any:
    """Return a network of torchvision without first weights, which would come from a global generator."""
    import torch
    from torchvision import models

    with torch.device("meta"):
        network = models.get_model(name, weights=None)
    return network.to_empty(device="cpu")
