"""Numbers with spikes, by the components of a mixture."""

from __future__ import annotations

from collections.abc import Sequence

from skgan.encoding.mode_specific import ModeSpecific
from skgan.interfaces import Choice, Integer, Several

NAMES = {"mixed": "Mixed"}


class Mixed(ModeSpecific):
    r"""Values that are there remarkably often are categories beside the components of a mixture of the others.

    Parameters
    ----------
    modes : int, default=10
        Components at most, in [1, inf).
    spikes : "auto", list of float or None, default="auto"
        Values that become categories of their own. "auto" takes those that one row in twenty has, and those that
        one in a hundred has and three times as many as the values beside them.

    References
    ----------
    .. [1] Zhao et al., "CTAB-GAN: Effective Table Data Synthesizing", ACML 2021, section 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skgan.encoding.mixed import Mixed
    >>> column = np.concatenate([np.zeros(90), np.linspace(5, 9, 10)])
    >>> Mixed().fit(column).code_of(0.0)
    0
    """

    constraints = {
        "modes": (Integer(1),),
        "spikes": (Choice("auto", None), Several("a list of numbers", numbers=True)),
    }

    def __init__(self, modes: int = 10, spikes: str | Sequence[float] | None = "auto"):
        super().__init__(modes)
        self.spikes = spikes

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return found spikes and given ones."""
        return [{}, {"spikes": [0.0]}]
