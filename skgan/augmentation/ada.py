"""Adaptive discriminator augmentation."""

from collections.abc import Mapping

import torch
from torch import Tensor

from skgan.augmentation._pipes import PIPES, changed
from skgan.interfaces import Augmentation, Choice, DataSpec, Integer, Real, Tags

NAMES = {"ada": "ADA"}


class ADA(Augmentation):
    r"""Changes of images, each with a probability p that is fixed, climbs, or follows how sure the discriminator is.

    At each tick "adaptive" moves p by what the discriminator said of augmented real images since the last:

    .. math:: p \leftarrow \mathrm{clip}\left(p + \mathrm{sign}(\overline{\mathrm{sign} D(T(x))} - \mathrm{target})\,
              \frac{\mathrm{rows}}{1000\, \mathrm{ada\_kimg}},\ 0,\ p_{\max}\right)

    ============  ==========================================================================================
    stage         changes, each with probability p
    ============  ==========================================================================================
    ``blit``      mirror; quarter turn; shift by up to 1/8 in whole pixels
    ``geom``      scale :math:`2^{N(0, 0.2^2)}`; turn by up to π; stretch :math:`2^{N(0, 0.2^2)}`;
                  shift :math:`N(0, 0.125^2)`
    ``color``     brightness :math:`N(0, 0.2^2)`; contrast :math:`2^{N(0, 0.5^2)}`; luma flip;
                  hue by up to π; saturation :math:`2^{N(0, 1)}`
    ``filter``    four bands of frequencies, each :math:`2^{N(0, 1)}`, at equal expected power
    ``noise``     normal noise of spread :math:`|N(0, 0.1^2)|`
    ``cutout``    a box of half the height and width set to zero
    ============  ==========================================================================================

    Pixels beyond the edge are mirrored. Pixels are read between their places by bilinear interpolation,
    without the paper's low-pass filter, whose doubling of the resolution costs more than the networks of
    small images; strongly shrunk images alias a little. The bands of ``filter`` are differences of binomial
    blurs instead of wavelets. Images that are not square turn by halves only. Grey images have brightness,
    contrast and luma flip; images with neither one nor three channels brightness and contrast.

    Parameters
    ----------
    mode : {"adaptive", "fixed", "scheduled"}, default="adaptive"
        How p is chosen. "adaptive" needs a loss whose logit is 0 where real and fake look alike.
    pipe : str, default="bgc"
        One stage, or the first letters of several: "blit", "geom", "color", "filter", "noise", "cutout",
        "bg", "bgc", "bgcf", "bgcfn" or "bgcfnc".
    p : float, default=0.2
        Of "fixed": the probability, in [0, 1].
    p_max : float, default=1.0
        Of "scheduled": where p ends; of "adaptive": the most it may become, in [0, 1].
    target : float, default=0.6
        Of "adaptive": the mean sign of the logits of real images to keep, in [-1, 1].
    ada_kimg : float, default=500.0
        Of "adaptive": thousands of real images in which p could go from 0 to 1, in (0, inf).
    ramp_steps : int, default=10000
        Of "scheduled": generator updates in which p climbs from 0 to `p_max`, in [1, inf).

    References
    ----------
    .. [1] Karras, Aittala, Hellsten, Laine, Lehtinen, Aila, "Training Generative Adversarial Networks with
       Limited Data", NeurIPS 2020.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator("nonsaturating", augmentation="ada").set_params(augmentation__ada__pipe="bg")
    GANEstimator(augmentation=ADA(pipe='bg'), loss='nonsaturating')
    """

    constraints = {
        "mode": (Choice("adaptive", "fixed", "scheduled"),),
        "pipe": (Choice(*PIPES),),
        "p": (Real(0.0, 1.0, closed="both"),),
        "p_max": (Real(0.0, 1.0, closed="both"),),
        "target": (Real(-1.0, 1.0, closed="both"),),
        "ada_kimg": (Real(0.0, closed="neither"),),
        "ramp_steps": (Integer(1),),
    }

    def __init__(
        self,
        mode: str = "adaptive",
        pipe: str = "bgc",
        p: float = 0.2,
        p_max: float = 1.0,
        target: float = 0.6,
        ada_kimg: float = 500.0,
        ramp_steps: int = 10000,
    ):
        self.mode = mode
        self.pipe = pipe
        self.p = p
        self.p_max = p_max
        self.target = target
        self.ada_kimg = ada_kimg
        self.ramp_steps = ramp_steps

    def tags(self) -> Tags:
        """Return that it is for images, and when it reads the sign of the logit."""
        return Tags(kinds=("image",), meanings=("log-ratio", "margin") if self.mode == "adaptive" else None)

    def state(self, spec: DataSpec) -> dict[str, Tensor]:
        """Return the present probability, ``p``."""
        return {"p": torch.tensor(self._first())}

    def __call__(self, x: Tensor, rng: torch.Generator) -> Tensor:
        """Return images `(n, c, h, w)` changed as at the start."""
        return self.with_state(x, rng, {"p": x.new_tensor(self._first())})

    def with_state(self, x: Tensor, rng: torch.Generator, state: Mapping[str, Tensor]) -> Tensor:
        """Return images `(n, c, h, w)` changed with the present probability."""
        return changed(x, rng, state["p"].to(x.dtype), self.pipe)

    def adapt(self, state: Mapping[str, Tensor], statistics: Mapping[str, Tensor]) -> None:
        """Move the probability, by the signs of the logits or by the clock."""
        p = state["p"]
        if self.mode == "adaptive":
            direction = (statistics["real_sign"] - self.target).sign()
            p.add_(direction * statistics["rows"] / (1000 * self.ada_kimg)).clamp_(0.0, self.p_max)
        elif self.mode == "scheduled":
            p.copy_(self.p_max * (statistics["step"] / self.ramp_steps).clamp_max(1.0))

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return each mode, with all pipes among them."""
        return [{}, {"mode": "fixed", "p": 0.5, "pipe": "bgcfnc"}, {"mode": "scheduled", "ramp_steps": 10}]

    def _first(self) -> float:
        return float(self.p) if self.mode == "fixed" else 0.0
