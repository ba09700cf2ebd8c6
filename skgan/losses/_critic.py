"""What the Wasserstein losses share: they differ in how they keep the critic's slope bounded."""

from abc import abstractmethod

from torch import Tensor

from skgan.interfaces import Batch, DataSpec, Loss, Tags


class Critic(Loss):
    """A critic's logits are a potential: how much higher it is on real samples estimates the distance."""

    @abstractmethod
    def defaults(self, spec: DataSpec) -> dict:
        """Return what keeps the slope bounded, and what its paper trains with."""

    def tags(self) -> Tags:
        """Return that the logit is a potential."""
        return Tags(meaning="critic")

    def discriminator(self, batch: Batch) -> Tensor:
        """Return f - r, `(n, *heads)`."""
        return batch.fake_.logits - batch.real_.logits

    def generator(self, batch: Batch) -> Tensor:
        """Return -f, `(n, *heads)`."""
        return -batch.fake_.logits

    def watch(self, batch: Batch) -> dict[str, Tensor]:
        """Return the distance that the critic estimates, the mean of r less the mean of f."""
        return {"wasserstein": batch.real_.logits.mean() - batch.fake_.logits.mean()}
