"""What may look on while a fit runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skgan.interfaces import Callback, Integer, Kind

NAMES = {"sample-grid": "SampleGrid"}


class SampleGrid(Callback):
    """Writes a picture of samples at every k-th tick and at the end: the same latents each time.

    Parameters
    ----------
    path : str or Path, default="samples.png"
        Where to; ``{step}`` in it is replaced by the step, otherwise the picture is overwritten.
    every_ticks : int, default=10
        Ticks (100 generator updates each) between two pictures, in [1, inf).
    n_samples : int, default=64
        Samples in a picture, in [1, inf).

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> from skgan.callbacks import SampleGrid
    >>> GANEstimator(callbacks=[SampleGrid("digits-{step}.png")])
    GANEstimator(callbacks=[SampleGrid(path='digits-{step}.png')])
    """

    constraints = {
        "path": (Kind("a path", "__fspath__"), Kind("a str", "format")),
        "every_ticks": (Integer(1),),
        "n_samples": (Integer(1),),
    }

    def __init__(self, path: str | Path = "samples.png", every_ticks: int = 10, n_samples: int = 64):
        self.path = path
        self.every_ticks = every_ticks
        self.n_samples = n_samples

    def on_tick(self, view: Any) -> None:
        """Write the picture when it is due."""
        from skgan.pictures import save_grid
        from skgan.watch import TICK

        if view.step % (self.every_ticks * TICK) == 0 or view.step == view.last_step:
            save_grid(view.sample(self.n_samples), str(self.path).format(step=view.step))
