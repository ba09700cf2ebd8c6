r"""Losses that estimate an f-divergence by its variational bound.

For a convex f with conjugate :math:`f^*` and an output activation :math:`g` into its domain,

.. math:: D_f(P \| Q) \ge \mathbb{E}_{x \sim P}\, g(V(x)) - \mathbb{E}_{x \sim Q}\, f^*(g(V(x))),

where V is the discriminator's logit. The discriminator maximises the bound; the generator minimises its
second term or, as the paper advises, maximises :math:`g(V(G(z)))`, which does not saturate.
"""

from __future__ import annotations

import math
from abc import abstractmethod

from torch import Tensor
from torch.nn.functional import softplus

from skgan.interfaces import Batch, Boolean, DataSpec, Loss, Tags

#: the exponential is continued by its tangent from here on, so that no logit is too large for float32
LARGEST_EXPONENT = 10.0


def exp(v: Tensor) -> Tensor:
    """Return e^v, from `LARGEST_EXPONENT` on its tangent there."""
    below = v.clamp(max=LARGEST_EXPONENT)
    return below.exp() * (1 + (v - below))


class FDivergence(Loss):
    """What the five have in common: the bound, from an activation and a conjugate."""

    constraints = {"saturating": (Boolean(),)}

    def __init__(self, saturating: bool = False):
        self.saturating = saturating

    @abstractmethod
    def activation(self, v: Tensor) -> Tensor:
        """Return g(v)."""

    @abstractmethod
    def conjugate(self, v: Tensor) -> Tensor:
        """Return f*(g(v)), as one expression."""

    def discriminator(self, batch: Batch) -> Tensor:
        """Return f*(g(f)) - g(r), `(n, *heads)`."""
        return self.conjugate(batch.fake_.logits) - self.activation(batch.real_.logits)

    def generator(self, batch: Batch) -> Tensor:
        """Return -g(f), or with `saturating` -f*(g(f)), `(n, *heads)`."""
        return -(self.conjugate if self.saturating else self.activation)(batch.fake_.logits)

    def watch(self, batch: Batch) -> dict[str, Tensor]:
        """Return the bound on the divergence that the discriminator reaches."""
        return {"divergence": -self.discriminator(batch).mean()}

    def defaults(self, spec: DataSpec) -> dict:
        """Return a penalty on the slope at real samples, without which the bound grows without end."""
        return {"regularizers": [("r1", {"weight": 1.0})]}

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return both forms."""
        return [{}, {"saturating": True}]


class KL(FDivergence):
    r"""The Kullback-Leibler divergence of the data from the model, which must cover every mode.

    .. math:: L_D = e^{D(G(z)) - 1} - D(x), \qquad L_G = -D(G(z))

    with :math:`g(v) = v` and :math:`f^*(t) = e^{t - 1}`.

    Parameters
    ----------
    saturating : bool, default=False
        Whether the generator minimises the bound itself, :math:`-f^*(g(D(G(z))))`.

    References
    ----------
    .. [1] Nowozin, Cseke, Tomioka, "f-GAN: Training Generative Neural Samplers using Variational Divergence
       Minimization", NeurIPS 2016, tables 1 and 2.

    Examples
    --------
    >>> from skgan_fgan.losses import KL
    >>> KL(saturating=True)
    KL(saturating=True)
    """

    def activation(self, v: Tensor) -> Tensor:
        """Return v."""
        return v

    def conjugate(self, v: Tensor) -> Tensor:
        """Return exp(v - 1)."""
        return exp(v - 1)


class ReverseKL(FDivergence):
    r"""The Kullback-Leibler divergence of the model from the data, which prefers to be right over being complete.

    .. math:: L_D = D(G(z)) - 1 + e^{-D(x)}, \qquad L_G = e^{-D(G(z))}

    with :math:`g(v) = -e^{-v}` and :math:`f^*(t) = -1 - \log(-t)`; the best logit is the log density ratio.

    Parameters
    ----------
    saturating : bool, default=False
        Whether the generator minimises the bound itself, :math:`-f^*(g(D(G(z))))`.

    References
    ----------
    .. [1] Nowozin, Cseke, Tomioka, "f-GAN: Training Generative Neural Samplers using Variational Divergence
       Minimization", NeurIPS 2016, tables 1 and 2.

    Examples
    --------
    >>> from skgan_fgan.losses import ReverseKL
    >>> ReverseKL()
    ReverseKL()
    """

    def tags(self) -> Tags:
        """Return that the logit is a log density ratio."""
        return Tags(meaning="log-ratio")

    def activation(self, v: Tensor) -> Tensor:
        """Return -exp(-v)."""
        return -exp(-v)

    def conjugate(self, v: Tensor) -> Tensor:
        """Return v - 1."""
        return v - 1


class ChiSquare(FDivergence):
    r"""Pearson's chi-square divergence.

    .. math:: L_D = \tfrac14 D(G(z))^2 + D(G(z)) - D(x), \qquad L_G = -D(G(z))

    with :math:`g(v) = v` and :math:`f^*(t) = \tfrac14 t^2 + t`.

    Parameters
    ----------
    saturating : bool, default=False
        Whether the generator minimises the bound itself, :math:`-f^*(g(D(G(z))))`.

    References
    ----------
    .. [1] Nowozin, Cseke, Tomioka, "f-GAN: Training Generative Neural Samplers using Variational Divergence
       Minimization", NeurIPS 2016, tables 1 and 2.

    Examples
    --------
    >>> from skgan_fgan.losses import ChiSquare
    >>> ChiSquare()
    ChiSquare()
    """

    def activation(self, v: Tensor) -> Tensor:
        """Return v."""
        return v

    def conjugate(self, v: Tensor) -> Tensor:
        """Return v^2 / 4 + v."""
        return v.square() / 4 + v


class Hellinger(FDivergence):
    r"""The squared Hellinger distance.

    .. math:: L_D = e^{D(G(z))} - 2 + e^{-D(x)}, \qquad L_G = e^{-D(G(z))} - 1

    with :math:`g(v) = 1 - e^{-v}` and :math:`f^*(t) = t / (1 - t)`.

    Parameters
    ----------
    saturating : bool, default=False
        Whether the generator minimises the bound itself, :math:`-f^*(g(D(G(z))))`.

    References
    ----------
    .. [1] Nowozin, Cseke, Tomioka, "f-GAN: Training Generative Neural Samplers using Variational Divergence
       Minimization", NeurIPS 2016, tables 1 and 2.

    Examples
    --------
    >>> from skgan_fgan.losses import Hellinger
    >>> Hellinger()
    Hellinger()
    """

    def activation(self, v: Tensor) -> Tensor:
        """Return 1 - exp(-v)."""
        return 1 - exp(-v)

    def conjugate(self, v: Tensor) -> Tensor:
        """Return exp(v) - 1."""
        return exp(v) - 1


class JensenShannon(FDivergence):
    r"""The Jensen-Shannon divergence: the logistic loss, less its value at the optimum.

    .. math:: L_D = \mathrm{sp}(-D(x)) + \mathrm{sp}(D(G(z))) - 2 \log 2, \qquad L_G = \mathrm{sp}(-D(G(z))) - \log 2

    with :math:`g(v) = \log 2 - \mathrm{sp}(-v)` and :math:`f^*(t) = -\log(2 - e^t)`; the best logit is the log
    density ratio.

    Parameters
    ----------
    saturating : bool, default=False
        Whether the generator minimises the bound itself, :math:`-f^*(g(D(G(z))))`.

    References
    ----------
    .. [1] Nowozin, Cseke, Tomioka, "f-GAN: Training Generative Neural Samplers using Variational Divergence
       Minimization", NeurIPS 2016, tables 1 and 2.

    Examples
    --------
    >>> from skgan_fgan.losses import JensenShannon
    >>> JensenShannon()
    JensenShannon()
    """

    def tags(self) -> Tags:
        """Return that the logit is a log density ratio."""
        return Tags(meaning="log-ratio")

    def activation(self, v: Tensor) -> Tensor:
        """Return log 2 - sp(-v)."""
        return math.log(2) - softplus(-v)

    def conjugate(self, v: Tensor) -> Tensor:
        """Return sp(v) - log 2."""
        return softplus(v) - math.log(2)
