"""The way back to the last good tick, when a number stopped being finite."""

from __future__ import annotations

from torch import Tensor

from skgan.training import TrainState

#: roll-backs to one tick before a training is given up
MOST = 3


class LastGood:
    """A copy of everything that training changes, on the device, as it was at the last good tick.

    Parameters
    ----------
    state : TrainState
        The training; it is copied at once, so there is a way back from the first step on.
    """

    def __init__(self, state: TrainState):
        self._state = state
        self.keep()

    def keep(self) -> None:
        """Take a new copy; what failed before counts no more."""
        self.tries = 0
        self._tensors: dict[str, Tensor] = {n: tensor.detach().clone() for n, tensor in self._state.tensors().items()}
        self._counters = self._state.counters()

    def back(self) -> None:
        """Put everything back but the count of roll-backs, which grows: the same steps meet other random numbers."""
        count = self._state.rollbacks + 1
        # clones, since an optimizer may take over the tensors themselves
        self._state.load({name: tensor.clone() for name, tensor in self._tensors.items()}, self._counters)
        self._state.rollbacks = count
        self._state.guard.reset()
        self.tries += 1
