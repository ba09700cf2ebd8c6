"""The networks of DINO, which learned from photographs without their classes."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from skgan.features._pretrained import Look, Pretrained, as_photographs, of_resnet50, resnet50
from skgan.interfaces import Choice, InvalidParameterError, sentence

if TYPE_CHECKING:
    from torch import Tensor

NAMES = {"dino": "DINO"}

#: network -> pixels of a patch each way, width, heads
_TRANSFORMERS = {"vit-s-16": (16, 384, 6), "vit-s-8": (8, 384, 6), "vit-b-16": (16, 768, 12), "vit-b-8": (8, 768, 12)}
#: how the published file says what torchvision says
_SPELLINGS = (
    (r"^(module\.)?(backbone\.)?", ""),
    (r"^cls_token$", "class_token"),
    (r"^pos_embed$", "encoder.pos_embedding"),
    (r"^patch_embed\.proj\.", "conv_proj."),
    (r"^norm\.", "encoder.ln."),
    (r"^blocks\.(\d+)\.", r"encoder.layers.encoder_layer_\1."),
    (r"\.norm([12])\.", r".ln_\1."),
    (r"\.attn\.qkv\.", ".self_attention.in_proj_"),
    (r"\.attn\.proj\.", ".self_attention.out_proj."),
    (r"\.mlp\.fc1\.", ".mlp.0."),
    (r"\.mlp\.fc2\.", ".mlp.3."),
)


class DINO(Pretrained):
    r"""What a network that learned from a slower copy of itself says of a photograph as a whole.

    .. math:: \phi = h_L(x)_{\mathrm{class}} \quad\text{of a transformer},
              \qquad \phi = \mathrm{pool}(h_L(x)) \quad\text{of a ResNet-50}

    The last layer of the transformer at the place of its class token, after the last norm: 384 numbers of "vit-s-16",
    768 of "vit-b-16"; the ResNet-50 gives 2,048. A photograph comes whole to `size` pixels.

    Parameters
    ----------
    network : {"vit-s-16", "vit-s-8", "vit-b-16", "vit-b-8", "resnet50"}, default="vit-s-16"
        A small or base transformer with patches of 16 or 8 pixels, or a ResNet-50.
    weights : path, "random" or None, default=None
        A .safetensors file of the published weights of that network; "random" are the first weights of `random_state`.
        None is refused, and so is "download": the publishers give no hash.
    size : int, default=224
        Pixels each way that images are brought to, bicubically and without aliasing, in [32, inf). Published
        transformers know the places of 224 only, and whole patches must fit.
    random_state : int, default=0
        Of "random" weights, in [0, inf).

    References
    ----------
    .. [1] Caron et al., "Emerging Properties in Self-Supervised Vision Transformers", ICCV 2021.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.features.dino import DINO
    >>> X = np.zeros((2, 1, 8, 8))
    >>> DINO(weights="random", size=32).learn(X)(X).shape
    (2, 384)
    """

    constraints = Pretrained.constraints | {"network": (Choice(*_TRANSFORMERS, "resnet50"),)}

    def __init__(self, network: str = "vit-s-16", weights: Any = None, size: int = 224, random_state: int = 0):
        self.network = network
        self.weights = weights
        self.size = size
        self.random_state = random_state

    def learn(self, X: np.ndarray, y: np.ndarray | None = None) -> Any:
        """Return the network; it learns nothing from X, `(n, c, h, w)`."""
        network = self.filled(
            resnet50 if self.network == "resnet50" else self._transformer,
            f"DINO's {self.network!r} at {self.size} pixels",
        )
        return Look(network, partial(as_photographs, size=self.size, mode="bicubic"))

    def renamed(self, weights: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the tensors of the network by torchvision's names, without the layers that taught it."""
        if self.network == "resnet50":
            return of_resnet50(weights)
        found = {}
        for name, tensor in weights.items():
            for theirs, ours in _SPELLINGS:
                name = re.sub(theirs, ours, name)
            found[name] = tensor
        return {name: tensor for name, tensor in found.items() if not name.startswith("head.")}

    @classmethod
    def get_test_params(cls) -> list[dict[str, Any]]:
        """Return random weights and small images."""
        return [{"weights": "random", "size": 32}]

    def _transformer(self) -> Any:
        from torch import nn
        from torchvision.models import VisionTransformer

        patch, width, heads = _TRANSFORMERS[self.network]
        if self.size % patch:
            raise InvalidParameterError(
                sentence(
                    f"The 'size' parameter of DINO must be a multiple of the {patch} pixels of a patch.",
                    f"Got {self.size}. Take 224.",
                )
            )
        network = VisionTransformer(self.size, patch, 12, heads, width, 4 * width)
        network.heads = nn.Identity()
        return network
