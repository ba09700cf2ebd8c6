"""One turn of a player on small networks in float64: what the tests of regularizers look at."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn
from torch.nn.utils import skip_init

from skgan import GANEstimator, registry, resolution
from skgan.data import Rows
from skgan.interfaces import Critique, DataSpec, Regularizer
from skgan.latents import Codes, Gaussian
from skgan.model import Model
from skgan.objective import Batch, mean
from skgan.seeding import global_generator, torch_generator

#: all but those of tables, which have tests of their own
REGULARIZERS = sorted(
    {
        part
        for part in map(partial(registry.resolve, "regularizer"), registry.names("regularizer"))
        if not part().tags().tables and part().tags().rows_at_once == 1
    },
    key=lambda part: part.__name__,
)
PENALTIES = [part for part in REGULARIZERS if part.penalty is not Regularizer.penalty]

VECTORS = DataSpec("vector", (5,), False, "none", 0, 3)
IMAGES = DataSpec("image", (2, 9, 16), True, "classes", 3, 3)


class Net(nn.Module):
    """A discriminator, the given function of flat samples, that remembers what it was asked."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner
        self.asked = []

    def forward(self, x, y):
        self.asked.append(x)
        logits = self.inner(x.flatten(1)).squeeze(1)
        return Critique(logits, x.flatten(1))


class Maker(nn.Module):
    """A generator, the given function of latents, that remembers what it was asked."""

    def __init__(self, inner, shape):
        super().__init__()
        self.inner = inner
        self.shape = shape
        self.asked = []

    def forward(self, z, y):
        self.asked.append((z.detach(), y))
        return self.inner(z).unflatten(1, self.shape)


def draws(seed, *shape):
    return torch.tensor(np.random.default_rng(seed).standard_normal(shape))


def drawn(*layers, scale=1.0, seed=20):
    inner = nn.Sequential(*layers)
    with torch.no_grad():
        for index, parameter in enumerate(inner.parameters()):
            parameter.copy_(scale * draws(seed + index, *parameter.shape))
    return inner


def dense(inputs, outputs, bias=True):
    return skip_init(nn.Linear, inputs, outputs, bias=bias, dtype=torch.float64)


def linear(n_values, seed=20):
    """Return a linear discriminator and its slope."""
    discriminator = Net(drawn(dense(n_values, 1), seed=seed))
    return discriminator, float(discriminator.inner[0].weight.detach().norm())


def two_layers(n_values, scale=1.0):
    return Net(drawn(dense(n_values, 4), nn.Tanh(), dense(4, 1), scale=scale))


def two_heads(n_values):
    """Return a discriminator of two logits, the mean of which is steeper than one in most places."""
    net = Net(drawn(dense(n_values, 4), nn.Tanh(), dense(4, 2)))
    with torch.no_grad():
        net.inner[2].weight.mul_(4)
    return net


def linear_maker(latent_dim, *shape):
    """Return a linear generator without shift and its matrix, `(values, latent_dim)`."""
    maker = Maker(drawn(dense(latent_dim, int(np.prod(shape)), bias=False), seed=40), shape)
    return maker, maker.inner[0].weight.detach().numpy()


def bent_maker(latent_dim, *shape, scale=1.0):
    layers = dense(latent_dim, 4), nn.Tanh(), dense(4, int(np.prod(shape)))
    return Maker(drawn(*layers, scale=scale, seed=50), shape)


def state_of(part, spec=VECTORS):
    """Return the state that a part starts from, in float64."""
    return {name: tensor.double() for name, tensor in part.state(spec).items()}


def modules_of(part, real):
    """Return the networks that a part brings along for samples like `real`, in float64."""
    kind = {2: "vector", 3: "signal", 4: "image", 5: "volume"}[real.ndim]
    with global_generator(("turns",)):
        modules = part.modules(DataSpec(kind, tuple(real.shape[1:]), False, "none", 0, 3))
    return {player: module.double() for player, module in modules.items()}


def turn(part, player, generator, discriminator, real, z, *, y=None, state=None, modules=None, augmentations=()):
    """Return the batch of a player's turn on which `part` is due."""
    names = {part: "part"} | dict.fromkeys(augmentations, "augmentation")
    everything = SimpleNamespace(
        generator=SimpleNamespace(module=generator),
        discriminator=SimpleNamespace(module=discriminator),
        parts={"part": state_of(part) if state is None else state, "augmentation": {}},
        modules={"part": modules_of(part, real) if modules is None else modules, "augmentation": {}},
        statistics={},
    )
    y = real.new_zeros(len(real), 0) if y is None else y
    rows = Rows(real.clone(), y, torch.zeros(len(real), dtype=torch.bool), 0)
    return Batch(player, rows, z, everything, list(augmentations), [part], names, stream)


def stream(name):
    """Return the random numbers of a part in this turn."""
    return torch_generator(("regularizers", name))


def batch_of(part, discriminator, real, fake, augmentations=(), state=None):
    """Return a discriminator's batch of `real` and `fake` on which `part` is due."""
    z = torch.zeros(len(real), 2, dtype=real.dtype)
    still = lambda z, y: fake.clone()  # noqa: E731
    return turn(part, "discriminator", still, discriminator, real, z, state=state, augmentations=augmentations)


def penalty_of(part, discriminator, real, fake, augmentations=()):
    return mean(part.penalty(batch_of(part, discriminator, real, fake, augmentations)))


def check_finite_differences(value_of, parameters, rtol=1e-6):
    """Compare the gradient of a value to parameters with central differences; `value_of` has no memory."""
    gradients = torch.autograd.grad(value_of(), parameters, materialize_grads=True)
    gradient = torch.cat([g.flatten() for g in gradients])
    start, h = nn.utils.parameters_to_vector(parameters).detach(), 1e-5

    def at(weights):
        nn.utils.vector_to_parameters(weights, parameters)
        return value_of().item()

    steps = h * torch.eye(len(start), dtype=torch.float64)
    expected = [(at(start + step) - at(start - step)) / (2 * h) for step in steps]
    nn.utils.vector_to_parameters(start, parameters)

    assert gradient.abs().max() > 1e-3
    np.testing.assert_allclose(gradient.numpy(), expected, rtol=rtol, atol=1e-8)


def loss_for(part):
    """Return the name of a loss that goes with a regularizer."""
    meanings = part.tags().meanings
    names = ("nonsaturating", "lsgan", "wgan-gp")
    return next(
        name for name in names if meanings is None or registry.resolve("loss", name)().tags().meaning in meanings
    )


def model_of(spec, loss="nonsaturating", prior=None, **params):
    params = GANEstimator(loss, **params).get_params(deep=False)
    parts = resolution.complete(resolution.given(params), params, spec)
    model = Model(parts, spec, prior or Gaussian(), 0.9, ("regularizers",), "cpu")
    for player in model.state.players:
        player.module.train()
    return model


def model_with(part, spec, **params):
    """Return a model that a part goes with."""
    prior = None
    if part.tags().reads_codes:
        prior = Codes(categorical=(2,), continuous=1)
        spec = DataSpec(**{**vars(spec), "categorical_codes": (2,), "continuous_codes": 1})
    return model_of(spec, loss_for(part), prior, regularizers=part, **params)


def rows_of(spec, n=6):
    labels = torch.eye(spec.label_dim)[torch.arange(n) % spec.label_dim] if spec.label_dim else torch.zeros(n, 0)
    return Rows(draws(0, n, *spec.shape).float(), labels, torch.full((n,), spec.label_dim > 0), 0)
