"""Optimizers: one step against torch and closed forms, the schedule, exact resuming, and that nothing bad gets in."""

import numpy as np
import pytest
import torch

from skgan import GANEstimator, registry
from skgan.architectures.mlp import MLP
from skgan.guard import Guard
from skgan.optimizers.adam import Adam
from skgan.optimizers.adamw import AdamW
from skgan.optimizers.rmsprop import RMSprop
from skgan.optimizers.sgd import SGD

CLASSES = sorted({registry.resolve("optimizer", n) for n in registry.names("optimizer")}, key=lambda c: c.__name__)
PARTS = [part(**params) for part in CLASSES for params in part.get_test_params()]
RATE = 0.05

#: part, and torch's own optimizer in its plainest form
AGAINST_TORCH = [
    (Adam(betas=(0.3, 0.9), eps=1e-5), lambda p: torch.optim.Adam(p, RATE, (0.3, 0.9), 1e-5, foreach=False)),
    (
        AdamW(betas=(0.3, 0.9), eps=1e-5, weight_decay=0.2),
        lambda p: torch.optim.AdamW(p, RATE, (0.3, 0.9), 1e-5, weight_decay=0.2, foreach=False),
    ),
    (RMSprop(alpha=0.7, eps=1e-4), lambda p: torch.optim.RMSprop(p, RATE, 0.7, 1e-4, foreach=False)),
    (SGD(momentum=0.6), lambda p: torch.optim.SGD(p, RATE, 0.6, foreach=False)),
    (SGD(momentum=0.6, nesterov=True), lambda p: torch.optim.SGD(p, RATE, 0.6, nesterov=True, foreach=False)),
    (SGD(momentum=0.0, nesterov=True), lambda p: torch.optim.SGD(p, RATE, foreach=False)),
]

every_part = pytest.mark.parametrize("part", PARTS, ids=str)


def draws(seed, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    return [torch.tensor(rng.standard_normal(shape), dtype=dtype) for shape in [(3, 4), (5,), ()]]


def weights(dtype=torch.float64):
    return [tensor.clone().requires_grad_() for tensor in draws(0, dtype)]


def walk(optimizer, parameters, steps=4, dtype=torch.float64):
    for step in range(steps):
        for parameter, gradient in zip(parameters, draws(step + 1, dtype), strict=True):
            parameter.grad = gradient.clone()
        optimizer.step()
    return [parameter.detach().clone() for parameter in parameters]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("part", "plain"), AGAINST_TORCH, ids=lambda value: getattr(value, "__name__", str(value)))
def test_steps_are_those_of_torch(part, plain, dtype):
    mine, theirs = weights(dtype), weights(dtype)

    result, expected = walk(part.make(mine, RATE), mine, dtype=dtype), walk(plain(theirs), theirs, dtype=dtype)

    for value, other, start in zip(result, expected, draws(0, dtype), strict=True):
        assert value.dtype == dtype
        torch.testing.assert_close(value, other)
        assert not torch.equal(value, start)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_steps_of_sgd_are_the_closed_form(momentum, nesterov):
    parameters = weights()

    result = walk(SGD(momentum, nesterov).make(parameters, RATE), parameters, steps=3)

    theta, v = [tensor.numpy() for tensor in draws(0)], [0.0] * 3
    for step in range(3):
        for i, gradient in enumerate(draws(step + 1)):
            v[i] = momentum * v[i] + gradient.numpy()
            theta[i] = theta[i] - RATE * (gradient.numpy() + momentum * v[i] if nesterov else v[i])
    for value, expected in zip(result, theta, strict=True):
        np.testing.assert_allclose(value.numpy(), expected, rtol=1e-12)


def test_first_step_of_adamw_is_the_closed_form():
    parameters = weights()

    result = walk(AdamW(eps=1e-8, weight_decay=0.5).make(parameters, RATE), parameters, steps=1)

    for value, start, gradient in zip(result, draws(0), draws(1), strict=True):
        expected = (1 - RATE * 0.5) * start - RATE * gradient / (gradient.abs() + 1e-8)
        torch.testing.assert_close(value, expected)


@every_part
def test_the_rate_stays_without_a_schedule(part):
    assert [part.rate(step) for step in (0, 10, 10**6)] == [1.0] * 3


@pytest.mark.parametrize("part", CLASSES)
def test_the_rate_slows_as_stated(part):
    rates = [part(slowing_steps=50).rate(step) for step in range(0, 500, 7)]
    np.testing.assert_allclose(rates, [1 / np.sqrt(1 + step / 50) for step in range(0, 500, 7)])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("when", [0, 2])
@every_part
def test_a_gradient_that_is_not_finite_reaches_no_weight_and_no_moment(part, when, value):
    parameters, guard = weights(torch.float32), Guard(torch.device("cpu"))
    optimizer = part.make(parameters, RATE)

    def step(number, spoil):
        gradients = draws(number, torch.float32)
        if spoil:
            gradients[1][2] = value
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        guard.look(gradients[0].sum(), gradients)
        with guard.holding(optimizer):
            optimizer.step()

    def tensors():
        moments = [m.clone() for state in optimizer.state.values() for m in state.values() if torch.is_tensor(m)]
        return [parameter.detach().clone() for parameter in parameters], moments

    for number in range(when):
        step(number, spoil=False)
    weights_before, moments_before = tensors()
    for number in range(3):
        step(number, spoil=number == 0)
    weights_after, moments_after = tensors()

    assert guard.first_bad_update() == when
    assert all(map(torch.equal, weights_before, weights_after))
    expected = moments_before or [torch.zeros_like(moment) for moment in moments_after]
    assert all(map(torch.equal, expected, moments_after))


@pytest.mark.parametrize("slowing", [None, 7])
@every_part
def test_training_that_goes_on_after_saving_is_the_same_to_the_bit(part, slowing, tmp_path):
    X = np.random.default_rng(0).standard_normal((24, 3))
    params = {"architecture": MLP(8, 1), "learning_rate": 0.01, "batch_size": 8, "random_state": 0}
    part = type(part)(**part.get_params() | {"slowing_steps": slowing})
    straight = GANEstimator(optimizer=part, max_iter=12, **params).fit(X)

    GANEstimator(optimizer=part, max_iter=6, **params).fit(X).save(tmp_path / "half")
    gan = GANEstimator.load(tmp_path / "half").set_params(warm_start=True).fit(X)

    tensors, expected = gan._model_.state.tensors(), straight._model_.state.tensors()
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], expected[name]) for name in expected)


@pytest.mark.parametrize("name", ["adam", "adamw", "rmsprop", "sgd"])
def test_every_optimizer_is_there_by_name(name):
    gan = GANEstimator(architecture=MLP(8, 1), optimizer=name, max_iter=1, random_state=0).fit(np.eye(4))
    assert registry.provenance("optimizer", type(gan.optimizer_))["name"] == name


@pytest.mark.parametrize("name", ["adam", "adamw"])
def test_betas_may_be_whole_numbers(name):
    part = registry.resolve("optimizer", name)
    made = part(betas=(0, 0.99)).make([torch.nn.Parameter(torch.zeros(2))], 1e-3)
    assert made.param_groups[0]["betas"] == (0.0, 0.99)
