"""Samplers: known distributions on networks whose density ratio is known; what `sample` promises with each of them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.exceptions import IncompatibleComponentError, TrainingWarning
from skgan.interfaces import Critique, Sampler
from skgan.layers import PlainNorm
from skgan.samplers.ddls import DDLS
from skgan.samplers.drs import DRS
from skgan.samplers.mh_gan import MHGAN
from skgan.samplers.psi import Psi
from skgan.samplers.standing_stats import StandingStats
from skgan.samplers.truncated import Truncated
from skgan.sampling import CHUNK, draw_with

CLASSES = sorted({registry.resolve("sampler", name) for name in registry.names("sampler")}, key=lambda c: c.__name__)
PARTS = [part(**params) for part in CLASSES for params in part.get_test_params()]
RATIO = [part for part in CLASSES if part().tags().meanings]

every_part = pytest.mark.parametrize("part", PARTS, ids=str)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape), dtype=dtype)


class Identity(nn.Module):
    """A generator of standard normal samples: the latents themselves, moved by the label."""

    def forward(self, z, y):
        return z + y


class Ratio(nn.Module):
    """A discriminator that knows: its logit is log N(x; mean, spread) / N(x; 0, 1), over two heads in the mean."""

    def __init__(self, mean, spread):
        super().__init__()
        self.mean, self.spread = mean, spread

    def forward(self, x, y):
        x = x - y
        log_ratio = (x.square() - ((x - self.mean) / self.spread).square()).sum(1) / 2 - np.log(self.spread)
        return Critique(torch.stack([log_ratio + 1, log_ratio - 1], 1), x)


def drawn(part, n, width=1, mean=0.5, spread=0.7, seed=0):
    shape = (n, width) if part.candidates == 1 else (n, part.candidates, width)
    x, share = part.draw(Identity(), Ratio(mean, spread), normal(*shape, seed=seed), torch.zeros(n, 1), rng(seed))
    assert x.shape == (n, width)
    return x.numpy(), share


# --- truth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.3, 1.0, 2.0, 5.0])
def test_truncated_latents_have_the_truncated_normal_distribution(threshold):
    x, share = drawn(Truncated(threshold), 4000)

    assert share == 1.0
    assert np.abs(x).max() <= threshold
    assert stats.kstest(x[:, 0], stats.truncnorm(-threshold, threshold).cdf).pvalue > 0.01


def test_truncation_leaves_latents_within_the_threshold_alone():
    z = normal(500, 3)
    x, _ = Truncated(1.0).draw(Identity(), None, z, torch.zeros(500, 1), rng())
    within = z.abs() <= 1.0
    assert torch.equal(x[within], z[within])
    assert not (x[~within] == z[~within]).any()


def test_truncation_is_finite_far_out():
    z = torch.tensor([[-50.0, 9.0, 0.0, 50.0]])
    for threshold in (1e-3, 2.0, 40.0):
        x, _ = Truncated(threshold).draw(Identity(), None, z, torch.zeros(1, 1), rng())
        assert torch.isfinite(x).all()
        assert x.abs().max() <= threshold


@pytest.mark.parametrize(
    ("part", "n"),
    [
        (DDLS(n_steps=1500, step_size=0.02), 2000),
        (DRS(candidates=80), 2000),
        (MHGAN(candidates=100), 2000),
    ],
    ids=lambda value: type(value).__name__,
)
def test_samples_come_from_the_data_where_the_ratio_is_known(part, n):
    x, share = drawn(part, n)

    assert 0 < share <= 1
    assert stats.kstest(x[:, 0], stats.norm(0.5, 0.7).cdf).pvalue > 0.01
    assert abs(x.mean() - 0.5) < 3 * 0.7 / np.sqrt(n)
    assert abs(x.std() - 0.7) < 3 * 0.7 / np.sqrt(2 * n)
    assert stats.kstest(drawn(part, n)[0][:, 0], "norm").pvalue < 1e-6  # where they started


def test_langevin_finds_a_mean_and_spread_in_two_dimensions():
    x, _ = drawn(DDLS(n_steps=1000, step_size=0.02), 2000, width=2, mean=-1.0, spread=0.5)
    assert stats.kstest((x.ravel() + 1) / 0.5, "norm").pvalue > 0.01
    assert abs(np.corrcoef(x.T)[0, 1]) < 0.07


def test_one_step_of_langevin_is_the_closed_form():
    z = normal(4000, 1)
    part = DDLS(n_steps=1, step_size=0.04)

    x, _ = part.draw(Identity(), Ratio(0.5, 0.7), z, torch.zeros(4000, 1), rng())

    drift = z - 0.04 / 2 * (z - 0.5) / 0.7**2  # of -log p_data, since |z|^2 / 2 and log p_model cancel
    assert stats.kstest((x - drift)[:, 0].numpy() / 0.2, "norm").pvalue > 0.01


def test_langevin_takes_no_step_when_told():
    z = normal(5, 2)
    assert torch.equal(DDLS(n_steps=0).draw(Identity(), Ratio(0.5, 0.7), z, torch.zeros(5, 1), rng())[0], z)


def test_rejection_takes_the_first_accepted_and_else_the_best():
    z = torch.tensor([[[0.5], [3.0], [-4.0]], [[-30.0], [0.5], [9.0]]], dtype=torch.float64)
    x, share = DRS(candidates=3).draw(Identity(), Ratio(0.5, 0.1), z, torch.zeros(2, 1), rng())
    assert x.flatten().tolist() == [0.5, 0.5]
    assert share == pytest.approx(2 / 3)  # one look, and two
    part = DRS(candidates=3, gamma_percentile=100.0)  # nothing has more than even odds
    for seed in range(20):
        x, share = part.draw(Identity(), Ratio(0.5, 0.1), z, torch.zeros(2, 1), rng(seed))
        assert x.flatten().tolist() == [0.5, 0.5]


def test_a_high_percentile_takes_only_what_looks_most_real():
    plain, strict = (drawn(DRS(candidates=40, gamma_percentile=g), 800)[0] for g in (None, 95.0))
    most_real = 0.5 / (1 - 0.7**2)
    assert np.abs(strict - most_real).mean() < 0.6 * np.abs(plain - most_real).mean()


def test_chains_move_by_the_ratio_of_the_odds():
    """Of two candidates the second is taken with min(1, (1 / p_1 - 1) / (1 / p_2 - 1))."""
    z = torch.tensor([[[1.2], [0.0]]], dtype=torch.float64).expand(4000, 2, 1)
    logits = Ratio(0.5, 0.7)(z[0], torch.zeros(2, 1)).logits.mean(1)
    p = 1 / (1 + np.exp(-logits.numpy()))

    x, share = MHGAN(candidates=2).draw(Identity(), Ratio(0.5, 0.7), z, torch.zeros(4000, 1), rng())

    moved = int((x == 0.0).sum())
    assert share == pytest.approx(moved / 4000)
    assert stats.binomtest(moved, 4000, (1 / p[0] - 1) / (1 / p[1] - 1)).pvalue > 0.01


class Styled(nn.Module):
    """A generator with a mapping: w of three layers, and the mean of w depends on the label."""

    def map(self, z, y):
        return ((z + 3 * y[:, :1]).exp())[:, None, :].expand(-1, 3, -1) * torch.tensor([[1.0], [2.0], [3.0]])

    def synthesize(self, w):
        return w

    def forward(self, z, y):
        return self.synthesize(self.map(z, y))


def test_psi_draws_to_the_mean_of_the_rows_own_label():
    z, y = normal(6, 2, dtype=torch.float32), torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(3, 1)
    w = Styled()(z, y)

    mean, _ = Psi(psi=0.0, n_latents=200_000).draw(Styled(), None, z, y, rng())
    half, _ = Psi(psi=0.5, n_latents=200_000).draw(Styled(), None, z, y, rng())
    cut, _ = Psi(psi=0.0, cutoff=2, n_latents=200_000).draw(Styled(), None, z, y, rng())

    expected = np.exp(3 * y[:, :1].numpy() + 0.5)[:, :, None] * np.array([[[1.0], [2.0], [3.0]]])
    np.testing.assert_allclose(mean, np.broadcast_to(expected, mean.shape), rtol=0.02)
    torch.testing.assert_close(half, (mean + w) / 2)
    torch.testing.assert_close(cut, torch.cat([mean[:, :2], w[:, 2:]], 1))
    torch.testing.assert_close(Psi(psi=1.0).draw(Styled(), None, z, y, rng())[0], w)


def test_psi_without_labels_and_without_a_mapping():
    z, y = normal(6, 2, dtype=torch.float32), torch.zeros(6, 0)

    class Unlabelled(Styled):
        def map(self, z, y):
            return z.exp()

    mean, _ = Psi(psi=0.0, n_latents=200_000).draw(Unlabelled(), None, z, y, rng())
    np.testing.assert_allclose(mean, np.exp(0.5), rtol=0.02)
    plain, _ = Psi(psi=0.25).draw(Identity(), None, z, torch.zeros(6, 1), rng())
    torch.testing.assert_close(plain, z / 4)


class Normalised(nn.Module):
    """A generator with batch statistics far from those of its latents, and dropout that must stay at rest."""

    def __init__(self, norm):
        super().__init__()
        self.norm, self.dropout = norm, nn.Dropout(0.5)
        self.register_buffer("steps", torch.zeros(()))

    def forward(self, z, y):
        h = 3 * z + 5 + 10 * y[:, :1] if y.shape[1] else 3 * z + 5
        return self.norm(self.dropout(h))


@pytest.mark.parametrize(
    "norm",
    [
        PlainNorm(2),
        nn.BatchNorm1d(2, affine=False),
        nn.BatchNorm1d(2, affine=False, momentum=None),
        nn.BatchNorm1d(2, affine=False, momentum=0.7),
    ],
    ids=["plain", "torch", "cumulative", "fast"],
)
def test_standing_statistics_are_those_of_the_latents(norm):
    generator, z = Normalised(norm).eval().requires_grad_(False), normal(64, 2, dtype=torch.float32)

    x, _ = StandingStats(n_batches=400).draw(generator, None, z, torch.zeros(64, 0), rng())

    torch.testing.assert_close(x, z, atol=0.05, rtol=0.05)
    x, _ = StandingStats(n_batches=400).draw(generator, None, z, torch.eye(2).repeat(32, 1), rng())
    spread = np.sqrt(9 + 25)  # half of the batches' rows have the first label
    offset = torch.tensor([5.0, -5.0]).repeat(32)[:, None]
    torch.testing.assert_close(x, (3 * z + offset) / spread, atol=0.1, rtol=0.05)


def test_standing_statistics_are_the_weighted_means_of_the_batches():
    generator, seen = Normalised(PlainNorm(2)).eval(), []

    class Watching(PlainNorm):
        def forward(self, h, e=None):
            if self.training:
                seen.append(h)
            else:
                seen.append((self.running_mean.clone(), self.running_var.clone()))
            return super().forward(h, e)

    generator.norm = Watching(2).eval()
    StandingStats(n_batches=5, most_rows=9).draw(generator, None, normal(4, 2).float(), torch.zeros(4, 0), rng())

    *batches, (mean, variance) = seen
    batches = [batch.numpy() for batch in batches[-5:]]
    sizes = [len(batch) for batch in batches]
    np.testing.assert_allclose(mean, np.average([b.mean(0) for b in batches], axis=0, weights=sizes), rtol=1e-4)
    np.testing.assert_allclose(
        variance, np.average([b.var(0, ddof=1) for b in batches], axis=0, weights=sizes), rtol=1e-4
    )
    assert min(sizes) >= 2
    assert max(sizes) <= 9


def test_a_generator_without_batch_statistics_is_sampled_as_it_is():
    z = normal(5, 2)
    assert torch.equal(StandingStats().draw(Identity(), None, z, torch.zeros(5, 1), rng())[0], z)


# --- what every sampler promises ------------------------------------------------------------------

X = np.random.default_rng(0).standard_normal((48, 3)) + np.repeat(np.arange(3), 16)[:, None]
Y = np.repeat(np.array(["a", "b", "c"]), 16)
IMAGES = np.random.default_rng(1).uniform(0, 1, (24, 8, 8))


@pytest.fixture(scope="module")
def gans():
    params = {"loss": "nonsaturating", "regularizers": "r1", "latent_dim": 4, "random_state": 0, "batch_size": 16}
    rows = GANEstimator(architecture=MLP(8, 2), max_iter=20, **params).fit(X, Y)
    images = GANEstimator(architecture="dcgan", max_iter=3, **params).set_params(architecture__channels=4).fit(IMAGES)
    return SimpleNamespace(rows=rows, images=images, before=[everything(rows), everything(images)])


def everything(gan):
    state = {name: tensor.clone() for name, tensor in gan._model_.state.tensors().items()}
    networks = (gan.generator_, gan.generator_ema_, gan.discriminator_)
    training = [layer.training for network in networks for layer in network.modules()]
    wants = [p.requires_grad for network in networks for p in network.parameters()]
    return state, training, wants, [p.grad for network in networks for p in network.parameters()]


@every_part
def test_a_short_draw_is_the_head_of_a_long_one(gans, part):
    long, labels = gans.rows.sample(CHUNK + 20, sampler=part, random_state=1, return_y=True)
    for n in (1, 10, CHUNK, CHUNK + 1):
        short, of_short = gans.rows.sample(n, sampler=part, random_state=1, return_y=True)
        np.testing.assert_array_equal(short, long[:n])
        np.testing.assert_array_equal(of_short, labels[:n])


@every_part
def test_samples_are_finite_and_shaped_like_the_data(gans, part):
    for gan, shape in ((gans.rows, (3,)), (gans.images, (8, 8))):
        samples = gan.sample(5, sampler=part, random_state=0)
        assert samples.shape == (5, *shape)
        assert np.isfinite(samples).all()


@every_part
def test_the_random_state_decides_everything(gans, part):
    one, same, other = (gans.rows.sample(6, sampler=part, random_state=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
    assert not np.array_equal(gans.rows.sample(6, sampler=part), gans.rows.sample(6, sampler=part))


@every_part
def test_the_networks_stay_as_they_are(gans, part):
    for gan, before in zip((gans.rows, gans.images), gans.before, strict=True):
        gan.sample(3, sampler=part, random_state=0)
        after = everything(gan)
        assert all(torch.equal(tensor, after[0][name]) for name, tensor in before[0].items())
        assert before[1:] == after[1:]


@every_part
def test_a_row_depends_on_its_own_label_and_no_other(gans, part):
    some = gans.rows.sample(y=["a", "b", "c", "a"], sampler=part, random_state=2)
    others = gans.rows.sample(y=["a", "c", "c", "b"], sampler=part, random_state=2)
    np.testing.assert_array_equal(some[[0, 2]], others[[0, 2]])
    assert (some[[1, 3]] != others[[1, 3]]).any(1).all()


@pytest.mark.parametrize("part", [part for part in PARTS if part.candidates == 1], ids=str)
def test_latents_of_ones_own_are_used(gans, part):
    latents = np.random.default_rng(0).standard_normal((3, 4)) * 0.1
    samples, moved = (gans.rows.sample(latents=z, y="a", sampler=part, random_state=0) for z in (latents, latents + 1))
    assert not np.array_equal(samples, moved)


@pytest.mark.parametrize("part", [DRS(), MHGAN()], ids=str)
def test_latents_are_refused_where_the_sampler_chooses(gans, part):
    with pytest.raises(ValueError, match="latents must be left out"):
        gans.rows.sample(latents=np.zeros((2, 4)), sampler=part)


@pytest.mark.parametrize("part", RATIO)
def test_a_loss_whose_logit_is_no_density_ratio_is_refused(part):
    with pytest.raises(IncompatibleComponentError, match="log-ratio"):
        GANEstimator("wgan-gp", architecture=MLP(8, 1), sampler=part(), max_iter=1).fit(X)


def test_a_sampler_that_accepts_hardly_anything_warns():
    class Sure(Ratio):
        """Every first candidate beats all others."""

        def forward(self, x, y):
            self.calls = getattr(self, "calls", 0) + 1
            return Critique(x[:, 0] - 1e6 * self.calls, x)

    part = MHGAN(candidates=5)
    module = Identity()
    module.weight = nn.Parameter(torch.zeros(()))
    with pytest.warns(TrainingWarning, match="accepted 0.0%"):
        draw_with(part, module, Sure(0.0, 1.0), torch.zeros(3, 5, 2), torch.zeros(3, 1), (0,), (2,))


@pytest.mark.parametrize("name", ["truncated", "psi", "standing-stats", "ddls", "drs", "mh-gan"])
def test_every_sampler_is_there_by_name_and_survives_saving(name, gans, tmp_path):
    assert issubclass(registry.resolve("sampler", name), Sampler)
    gan = GANEstimator("nonsaturating", architecture=MLP(8, 1), sampler=name, max_iter=1, random_state=0).fit(X)
    gan.save(tmp_path / "model")
    np.testing.assert_array_equal(
        GANEstimator.load(tmp_path / "model").sample(3, random_state=0), gan.sample(3, random_state=0)
    )
