"""Standing statistics."""

import copy

import torch
from torch import Tensor, nn

from skgan.interfaces import Integer, Sampler, Tags

NAMES = {"standing-stats": "StandingStats"}

_STATISTICS = ("running_mean", "running_var")


class StandingStats(Sampler):
    r"""Samples of a generator whose batch statistics are those of its own latents, not a moving average of training.

    A copy of the generator sees batches of random size in training mode; its normalisations then keep the
    mean over the batches, weighted by their sizes, of each batch's mean and variance. The batches are standard
    normal latents with labels uniform over the classes, always the same ones, so that a sample does not depend
    on those beside it. They are run anew for every 64 samples, which makes sampling about `n_batches` / 2 times
    as slow. A generator without batch statistics is sampled as it is.

    Parameters
    ----------
    n_batches : int, default=16
        Number of batches, in [1, inf).
    most_rows : int, default=64
        The largest batch; sizes are uniform from 2, in [2, inf).
    seed : int, default=0
        Of the batches, in [0, inf).

    References
    ----------
    .. [1] Brock, Donahue, Simonyan, "Large Scale GAN Training for High Fidelity Natural Image Synthesis", ICLR 2019.

    Examples
    --------
    >>> from skgan import GANEstimator
    >>> GANEstimator(sampler="standing-stats").set_params(sampler__n_batches=32)
    GANEstimator(sampler=StandingStats(n_batches=32))
    """

    constraints = {"n_batches": (Integer(1),), "most_rows": (Integer(2),), "seed": (Integer(0),)}

    def __init__(self, n_batches: int = 16, most_rows: int = 64, seed: int = 0):
        self.n_batches = n_batches
        self.most_rows = most_rows
        self.seed = seed

    def tags(self) -> Tags:
        """Return the labels that it knows how to draw."""
        return Tags(labels=("none", "classes"), normal_latents=True)

    @torch.no_grad()
    def draw(
        self, generator: nn.Module, discriminator: nn.Module, z: Tensor, y: Tensor, rng: torch.Generator
    ) -> tuple[Tensor, float]:
        """Return samples `(n, *shape)` of a copy of the generator."""
        if any(_counts(name) for name, _ in generator.named_buffers()):
            devices = [z.device] if z.device.type == "cuda" else []
            with torch.random.fork_rng(devices=devices):  # for layers that draw, of which nothing is known here
                torch.manual_seed(self.seed)
                generator = self._standing(generator, z, y)
        return generator(z, y), 1.0

    def _standing(self, generator: nn.Module, z: Tensor, y: Tensor) -> nn.Module:
        """Return a copy of the generator, in evaluation mode, with the statistics of the batches."""
        generator = copy.deepcopy(generator)
        for layer in generator.modules():  # dropout and the like stay at rest
            layer.training = any(_counts(name) for name, _ in layer.named_buffers())
            if layer.training and getattr(layer, "momentum", 0.1) is None:
                layer.momentum = 0.1  # type: ignore[assignment]
        buffers = [buffer for name, buffer in generator.named_buffers() if _counts(name)]
        before = [buffer.clone() for buffer in buffers]
        fixed = torch.Generator().manual_seed(self.seed)

        def after(n: int, start: float) -> list[Tensor]:
            """Return what the statistics become when they are `start` before a batch of n rows."""
            latents = torch.randn(n, z.shape[1], generator=fixed).to(z)
            classes = torch.randint(max(y.shape[1], 1), (n,), generator=fixed).to(z.device)
            labels = (classes[:, None] == torch.arange(y.shape[1], device=z.device)).to(y.dtype)
            for buffer in buffers:
                buffer.fill_(start)
            generator(latents, labels)
            return [buffer.clone() for buffer in buffers]

        state = fixed.get_state()
        from_zero = after(2, 0.0)
        fixed.set_state(state)
        momenta = [1 - (one - zero) for one, zero in zip(after(2, 1.0), from_zero, strict=True)]
        sizes = torch.randint(2, self.most_rows + 1, (self.n_batches,), generator=fixed).tolist()
        totals = [torch.zeros_like(buffer) for buffer in buffers]
        for n in sizes:
            for total, moved in zip(totals, after(n, 0.0), strict=True):
                total += n / sum(sizes) * moved
        for buffer, total, momentum, old in zip(buffers, totals, momenta, before, strict=True):
            buffer.copy_(torch.where(momentum > 1e-3, total / momentum.clamp_min(1e-3), old))
        return generator.eval()

    @classmethod
    def get_test_params(cls) -> list[dict]:
        """Return few small batches."""
        return [{"n_batches": 3, "most_rows": 8}]


def _counts(name: str) -> bool:
    return name.rpartition(".")[2] in _STATISTICS
