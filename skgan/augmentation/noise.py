"""Instance noise."""

from collections.abc import Mapping

import torch
from torch import Tensor

from skgan.interfaces import Augmentation, Choice, DataSpec, Integer, Real

NAMES = {"noise": "InstanceNoise", "instance-noise": "InstanceNoise"}


class InstanceNoise(Augmentation):
    r"""Normal noise on every value of real and fake samples, which fades.

    .. math:: T(x) = x + \sigma \varepsilon, \quad \varepsilon \sim N(0, I), \quad
              \sigma = \sigma_0 \max(0, 1 - t / \mathrm{steps})

    It gives data on a thin set and generated samples a common support. The noise fades at ticks, that is
    every 100th generator update t, and is measured in the networks' scale, where data have a spread of
    about one half to one.

    Parameters
    ----------
    start : float, default=0.1
        The standard deviation at first, in [0, inf).
    steps : int or None, default=None
        Generator updates after which it is gone, in [1, inf); None keeps it.

    References
    ----------
    .. [1] Sønderby, Caballero, Theis, Shi, Huszár, "Amortised MAP Inference for Image Super-resolution", ICLR 2017.
    .. [2] Arjovsky, Bottou, "Towards Principled Methods for Training Generative Adversarial Networks", ICLR 2017.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(augmentation="noise").set_params(augmentation__noise__steps=1000)
    GANEstimator(augmentation=InstanceNoise(steps=1000))
    """

    constraints = {"start": (Real(0.0),), "steps": (Integer(1), Choice(None))}

    def __init__(self, start: float = 0.1, steps: int | None = None):
        self.start = start
        self.steps = steps

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return the present standard deviation, ``sigma``."""
        return {"sigma": torch.tensor(float(self.start))}

    def __call__(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Return samples `(n, *shape)` with the noise of the start."""
        return self.with_state(x, rng, {"sigma": x.new_tensor(self.start)})

    def with_state(self, x: Tensor, rng: torch.Generator, state: Mapping[str, Tensor]) -> Tensor:
        """Return samples `(n, *shape)` with the present noise."""
        noise = torch.randn(x.shape, generator=rng, device=x.device, dtype=x.dtype)
        return x + state["sigma"].to(x.dtype) * noise

    def adapt(self, state: Mapping[str, Tensor], statistics: Mapping[str, Tensor]) -> None:
        """Let the noise fade to what it is at this step."""
        if self.steps is not None:
            state["sigma"].copy_(self.start * (1 - statistics["step"] / self.steps).clamp_min(0.0))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return noise that stays, and noise that fades."""
        return [{}, {"steps": 10}]
