"""Conditionings against their formulas in float64, and what they add to each player's loss."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from skgan import GANEstimator, resolution
from skgan.conditioning.ac import AuxiliaryClassifier
from skgan.conditioning.adain import AdaIN
from skgan.conditioning.cbn import ConditionalBatchNorm
from skgan.conditioning.concat import Concat
from skgan.conditioning.embedding import LabelEmbedded
from skgan.conditioning.projection import Projection
from skgan.data import Rows
from skgan.interfaces import Critique, DataSpec
from skgan.latents import Gaussian
from skgan.layers import AdaptiveInstanceNorm, ConditionalNorm, PlainNorm
from skgan.model import Model
from skgan.seeding import global_generator

SPEC = DataSpec("image", (1, 8, 8), True, "classes", 3, 4)
NONE = DataSpec("image", (1, 8, 8), True, "none", 0, 4)
PROJECTIONS = [Projection(5), ConditionalBatchNorm(5), AdaIN(5)]
JOINT = [Concat(7), LabelEmbedded(5, 7)]


def rng_tensor(*shape, seed=0):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def made(part, spec=SPEC, width=6):
    """Return the embedding and the head in float64, every number in them drawn."""
    with global_generator(("conditioning",)):
        return part.embed(spec).double(), part.head(width, spec).double()


@pytest.mark.parametrize("kind", ["classes", "multilabel", "continuous"])
@pytest.mark.parametrize("part", [*PROJECTIONS, LabelEmbedded(5)], ids=lambda part: type(part).__name__)
def test_embedding_is_linear_in_any_label(part, kind):
    embed, _ = made(part, DataSpec("vector", (2,), False, kind, 3, 4))
    y = rng_tensor(4, 3)
    np.testing.assert_allclose(embed(y).detach(), y.numpy() @ embed.weight.detach().numpy(), rtol=1e-12)
    assert embed.out_features == embed(y).shape[1] == 5


@pytest.mark.parametrize("part", [Concat(), AuxiliaryClassifier()], ids=lambda part: type(part).__name__)
def test_others_hand_the_label_on(part):
    y = rng_tensor(4, 3)
    embed, _ = made(part)
    assert embed(y) is y
    assert embed.out_features == 3


@pytest.mark.parametrize("part", PROJECTIONS, ids=lambda part: type(part).__name__)
def test_projection_against_its_formula(part):
    embed, head = made(part)
    features, y = rng_tensor(4, 6), torch.eye(3).double()[[0, 2, 1, 1]]
    critique = head(features, embed(y))
    phi, e = features.numpy(), embed(y).detach().numpy()
    vectors = e @ head.vectors.weight.detach().numpy().T
    linear = phi @ head.logit.weight.detach().numpy()[0] + head.logit.bias.item()
    np.testing.assert_allclose(critique.logits.detach(), linear + (vectors * phi).sum(1) / np.sqrt(6), rtol=1e-10)
    assert critique.features is features
    assert critique.class_logits is None


@pytest.mark.parametrize("part", JOINT, ids=lambda part: type(part).__name__)
def test_joint_layer_against_its_formula(part):
    embed, head = made(part)
    features, y = rng_tensor(4, 6), torch.eye(3).double()[[0, 2, 1, 1]]
    layer = head.joint[0]
    both = np.concatenate([features.numpy(), embed(y).detach().numpy()], 1)
    h = both @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
    h = np.where(h > 0, h, 0.2 * h)
    expected = h @ head.logit.weight.detach().numpy()[0] + head.logit.bias.item()
    np.testing.assert_allclose(head(features, embed(y)).logits.detach(), expected, rtol=1e-10)
    assert h.shape[1] == 7


def test_auxiliary_classifier_has_two_linear_heads():
    embed, head = made(AuxiliaryClassifier())
    features, y = rng_tensor(4, 6), torch.eye(3).double()[[0, 2, 1, 1]]
    critique = head(features, embed(y))
    for values, layer in ((critique.logits[:, None], head.logit), (critique.class_logits, head.classes)):
        expected = features.numpy() @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()
        np.testing.assert_allclose(values.detach(), expected, rtol=1e-10)
    assert critique.class_logits.shape == (4, 3)


@pytest.mark.parametrize(
    ("part", "norm"), [(ConditionalBatchNorm(5), ConditionalNorm), (AdaIN(5), AdaptiveInstanceNorm)]
)
def test_modulation_depends_on_the_label_where_there_is_one(part, norm):
    assert type(part.modulation(4, NONE)) is PlainNorm
    with global_generator(("conditioning",)):
        layer, embed = part.modulation(4, SPEC).double(), part.embed(SPEC).double()
        for parameter in layer.modulate.parameters():
            torch.nn.init.normal_(parameter)
    assert type(layer) is norm
    h, y = rng_tensor(1, 4, 3, 2).expand(3, -1, -1, -1), torch.eye(3).double()
    out = layer(h, embed(y))
    assert (out[0] - out[1]).abs().amax((1, 2)).min() > 1e-3
    shift = (out[1] - out[0]).mean((1, 2))  # both normalise to a mean of 0, so that shifts are all there is
    expected = layer.modulate.shift(embed(y)[1]) - layer.modulate.shift(embed(y)[0])
    torch.testing.assert_close(shift, expected)


@pytest.mark.parametrize("part", [*PROJECTIONS, *JOINT, AuxiliaryClassifier()], ids=lambda part: type(part).__name__)
def test_without_labels_there_is_a_linear_logit_only(part):
    embed, head = made(part, NONE)
    features = rng_tensor(4, 6)
    critique = head(features, embed(torch.zeros(4, 0).double()))
    assert not list(embed.parameters())
    assert [tuple(parameter.shape) for parameter in head.parameters()] == [(1, 6), (1,)]
    torch.testing.assert_close(critique.logits, features @ head.logit.weight[0] + head.logit.bias)
    assert critique.class_logits is None


# --- the auxiliary classifier's term ----------------------------------------------------------------


def cross_entropy(logits, y, labelled):
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return np.array([-np.log(p[i, y[i].argmax()]) if labelled[i] else 0.0 for i in range(len(y))])


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize("on_fakes", [True, False])
def test_auxiliary_term_against_numpy(player, on_fakes):
    real, fake = rng_tensor(5, 3), rng_tensor(5, 3, seed=1)
    labelled = torch.tensor([True, True, False, True, True])
    y = torch.eye(3).double()[[0, 2, 1, 1, 0]] * labelled[:, None]
    critiques = {"real_": Critique(real[:, 0], real, real), "fake_": Critique(fake[:, 0], fake, fake)}
    batch = SimpleNamespace(player=player, y=y, labelled=labelled, **critiques)

    term = AuxiliaryClassifier(weight=0.7, on_fakes=on_fakes).auxiliary(batch)

    expected = np.zeros(5)
    if player == "discriminator":
        expected += cross_entropy(real.numpy(), y.numpy(), labelled.numpy())
    if player == "generator" or on_fakes:
        expected += cross_entropy(fake.numpy(), y.numpy(), labelled.numpy())
    np.testing.assert_allclose(term, 0.7 * expected, rtol=1e-10)
    assert term[2] == 0


def test_rows_without_a_label_add_nothing_whatever_is_in_them():
    logits = rng_tensor(4, 3)
    batch = SimpleNamespace(
        player="generator", y=torch.ones(4, 3), labelled=torch.zeros(4, dtype=torch.bool), fake_=Critique(0, 0, logits)
    )
    assert AuxiliaryClassifier().auxiliary(batch).tolist() == [0, 0, 0, 0]


def test_there_is_no_term_without_labels():
    assert AuxiliaryClassifier().auxiliary(SimpleNamespace(player="generator", y=torch.zeros(4, 0))) is None
    assert all(part.auxiliary(SimpleNamespace(y=torch.eye(3))) is None for part in (*PROJECTIONS, *JOINT))


def model_of(conditioning, spec=SPEC, architecture="dcgan"):
    params = GANEstimator(
        "nonsaturating", conditioning=conditioning, architecture=architecture, learning_rate=5e-3
    ).get_params(deep=False)
    parts = resolution.complete(resolution.given(params), params, spec)
    return Model(parts, spec, Gaussian(), None, ("conditioning",), "cpu")


def rows_of(number, labelled=True):
    y = torch.eye(3)[torch.arange(12) % 3]
    x = torch.zeros(12, 1, 8, 8)
    x[torch.arange(12), :, torch.arange(12) % 3 * 3] = 1  # the class is which row of pixels is lit
    mask = torch.full((12,), labelled)
    return Rows(x, y * mask[:, None], mask, number)


def terms_after(model, updates, player, rows=rows_of):
    state, objective = model.state, model.objective()
    found = []
    for number in range(updates):
        terms = getattr(objective, player)(objective.batch(state, rows(number), player))
        getattr(state, player).update(terms)
        found.append(terms.losses)
    return found


@pytest.mark.parametrize("architecture", ["mlp", "dcgan", "patch", "sndcgan"])
def test_discriminator_learns_the_classes(architecture):
    found = terms_after(model_of(AuxiliaryClassifier(1.0), architecture=architecture), 25, "discriminator")
    assert found[0].keys() == {"loss", "conditioning"}
    assert found[0]["conditioning"].item() == pytest.approx(2 * np.log(3), rel=0.3)  # real and fake
    assert found[-1]["conditioning"] < 0.7 * found[0]["conditioning"]


def test_generator_learns_to_be_recognised():
    model = model_of(AuxiliaryClassifier(1.0))
    terms_after(model, 25, "discriminator")
    found = terms_after(model, 25, "generator")
    assert found[-1]["conditioning"] < 0.5 * found[0]["conditioning"]


def test_unlabelled_rows_train_no_classifier():
    model = model_of(AuxiliaryClassifier(1.0))
    before = model.state.discriminator.module.head.classes.weight.clone()
    found = terms_after(model, 3, "discriminator", lambda number: rows_of(number, labelled=False))
    assert [terms["conditioning"].item() for terms in found] == [0, 0, 0]
    assert torch.equal(model.state.discriminator.module.head.classes.weight, before)


STEPS = {"concat": 450, "embedding": 150, "projection": 150, "cbn": 150, "adain": 150, "ac": 300}


@pytest.mark.parametrize(("conditioning", "steps"), STEPS.items())
def test_a_short_fit_draws_by_label(conditioning, steps):
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.uniform(0, 0.3, (90, 8, 8))
    X[np.arange(90), y * 3] += 0.7
    gan = GANEstimator(
        architecture="dcgan", conditioning=conditioning, max_iter=steps, batch_size=16, latent_dim=4, random_state=0
    ).set_params(architecture__channels=16)
    asked = np.repeat([0, 1, 2], 10)
    lit = gan.fit(X, y).sample(y=asked, random_state=0).mean(2)[:, [0, 3, 6]]
    assert (lit.argmax(1) == asked).mean() > 0.8
