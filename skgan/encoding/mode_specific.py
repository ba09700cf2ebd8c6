"""Numbers by the component of a mixture of normals that they belong to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skgan.encoding._numeric import Numeric
from skgan.encoding.mixture import Mixture
from skgan.interfaces import Integer

NAMES = {"mode-specific": "ModeSpecific"}


class ModeSpecific(Numeric):
    r"""A number as its component k of a mixture of normals and its distance from that component's mean.

    .. math:: a = \frac{x - \mu_k}{4 \sigma_k}, \qquad k \sim p(k \mid x)

    The mixture is fitted by variational inference on distinct values with their counts. In training the component
    is drawn, otherwise it is the most probable one.

    Parameters
    ----------
    modes : int, default=10
        Components at most, in [1, inf); those of weight below 0.005 are left out.

    References
    ----------
    .. [1] Xu et al., "Modeling Tabular Data using Conditional GAN", NeurIPS 2019, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.mode_specific import ModeSpecific
    >>> column = np.concatenate([np.linspace(-1, 1, 5000), np.linspace(99, 101, 5000)])
    >>> ModeSpecific().fit(column).width
    2
    """

    constraints = {"modes": (Integer(1),)}

    def __init__(self, modes: int = 10):
        self.modes = modes

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return two numbers of modes."""
        return [{}, {"modes": 3}]

    def _learn(self, distinct: np.ndarray, counts: np.ndarray) -> int:
        self.mixture_ = Mixture(distinct, counts, self.modes)
        return len(self.mixture_)

    def _encoded(self, values: np.ndarray, rng: np.random.Generator | None) -> tuple[np.ndarray, np.ndarray]:
        return self.mixture_.encode(values, rng)

    def _decoded(self, numbers: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        return self.mixture_.decode(numbers, kinds)

    def _own(self) -> dict[str, np.ndarray]:
        return self.mixture_.state()

    def _relearn(self, arrays: Mapping[str, np.ndarray]) -> int:
        self.mixture_ = Mixture.from_state(arrays)
        return len(self.mixture_)
