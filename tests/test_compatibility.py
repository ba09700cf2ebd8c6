"""What goes together: every rule refuses before the first step, naming both parts and the reason."""

import itertools

import numpy as np
import pytest

from skgan import GANEstimator, compatibility, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError
from skgan.interfaces import Architecture, Loss, Regularizer, Sampler, Tags

X = np.random.default_rng(0).standard_normal((12, 3))
IMAGES = np.random.default_rng(0).standard_normal((12, 6, 8))


class Mute(Loss):
    def discriminator(self, batch):
        return batch.fake_.logits - batch.real_.logits

    def generator(self, batch):
        return -batch.fake_.logits


class Whole(Mute):
    def tags(self):
        return Tags(whole_batch=True)


class Energy(Mute):
    def tags(self):
        return Tags(meaning="energy")


class Critic(Mute):
    def tags(self):
        return Tags(meaning="critic")


class Smoothing(Regularizer):
    def tags(self):
        return Tags(meanings=("log-ratio", "target"))


class Slope(Regularizer):
    def tags(self):
        return Tags(differentiates=True)


class Weighing(Regularizer):
    player = "generator"

    def tags(self):
        return Tags(weighs=True)


class Limit(Regularizer):
    def tags(self):
        return Tags(limits_weights=True)


class OtherLimit(Limit):
    pass


class ReadsCodes(Regularizer):
    def tags(self):
        return Tags(reads_codes=True)


class NeedsLabels(Regularizer):
    def tags(self):
        return Tags(labels=("classes",))


class Tagged(Architecture):
    said = Tags()

    def tags(self):
        return self.said

    def generator(self, spec, conditioning):
        return MLP(4, 1).generator(spec, conditioning)

    def discriminator(self, spec, conditioning):
        return MLP(4, 1).discriminator(spec, conditioning)


class Autoencoder(Tagged):
    said = Tags(reconstructs=True)


class BatchNorm(Tagged):
    said = Tags(batch_statistics=True)


class OnceOnly(Tagged):
    said = Tags(double_backward=False)


class Square(Tagged):
    said = Tags(square=True)


class ForVolumes(Tagged):
    said = Tags(kinds=("volume",))


class Calibrated(Sampler):
    def tags(self):
        return Tags(meanings=("log-ratio",))

    def draw(self, generator, discriminator, z, y, rng):
        return generator(z, y), 1.0


REFUSED = {
    "a loss of another meaning": (X, {"loss": Critic(), "regularizers": Smoothing()}, "'critic'.*critic"),
    "a loss that does not say": (X, {"loss": Mute(), "regularizers": Smoothing()}, "does not say what its logit means"),
    "energy without autoencoder": (X, {"loss": Energy(), "architecture": "mlp"}, "'mlp'.*'energy'.*autoencoder"),
    "autoencoder without energy": (X, {"architecture": Autoencoder()}, "'autoencoder' and the loss 'rpgan'"),
    "no second derivative": (X, {"regularizers": Slope(), "architecture": OnceOnly()}, "no second derivative"),
    "batch statistics": (X, {"regularizers": Slope(), "architecture": BatchNorm()}, "mix the samples of a batch"),
    "weights of a whole batch": (X, {"loss": Whole(), "regularizers": Weighing()}, "one number for the whole batch"),
    "two limits": (X, {"regularizers": [Limit(), OtherLimit()]}, "'otherlimit' and the regularizer 'limit'"),
    "no codes": (X, {"regularizers": ReadsCodes()}, "prior='codes'"),
    "no labels": (X, {"regularizers": NeedsLabels()}, "there is no y"),
    "not square": (IMAGES, {"architecture": Square()}, r"wide as high.*\(1, 6, 8\)"),
    "kind of data": (X, {"architecture": ForVolumes()}, "'volume' data, and X is vector data"),
    "sampler": (X, {"loss": Critic(), "sampler": Calibrated()}, "sampler 'calibrated' and the loss 'critic'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_both_names_and_the_reason(case):
    data, params, said = REFUSED[case]
    gan = GANEstimator(**params, max_iter=1)
    with pytest.raises(IncompatibleComponentError, match=said) as caught:
        gan.fit(data)
    assert "Choose another" in str(caught.value)
    assert len(str(caught.value)) <= 500
    assert not hasattr(gan, "history_")


def test_a_sampler_is_refused_when_it_is_asked_for_after_fit():
    gan = GANEstimator(Critic(), architecture=MLP(4, 1), max_iter=1, random_state=0).fit(X)
    with pytest.raises(IncompatibleComponentError, match="'log-ratio'"):
        gan.sample(2, sampler=Calibrated())


def registered(kind):
    return sorted({registry.resolve(kind, name) for name in registry.names(kind)}, key=lambda part: part.__name__)


def test_a_pair_is_judged_alike_in_both_orders():
    parts = [part() for kind in ("loss", "regularizer", "architecture", "conditioning") for part in registered(kind)]
    for first, second in itertools.combinations(parts, 2):
        assert compatibility.why_not(first, second) == compatibility.why_not(second, first)


def test_every_loss_goes_with_what_it_names_itself():
    from skgan import resolution
    from skgan.interfaces import DataSpec

    for spec in (
        DataSpec("vector", (5,), False, "none", 0, 4),
        DataSpec("image", (1, 8, 8), True, "classes", 3, 4),
    ):
        for loss in registered("loss"):
            params = GANEstimator(loss()).get_params(deep=False)
            resolution.complete(resolution.given(params), params, spec)


class TakesNormalLatents(Calibrated):
    def tags(self):
        return Tags(normal_latents=True)


def test_a_sampler_that_takes_latents_for_normal_is_refused_under_another_prior():
    with pytest.raises(IncompatibleComponentError, match=r"'takesnormallatents' and the prior Sphere\(\)"):
        GANEstimator(prior="sphere", sampler=TakesNormalLatents(), max_iter=1).fit(X)
