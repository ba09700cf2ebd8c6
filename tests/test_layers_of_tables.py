"""The heads of tables: probabilities, decisions, what is written in, and where the noise comes from."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from skgan.layers import Dropout, Marks, Spans, drawing_from, joined
from skgan.layers.chance import gumbel
from skgan.seeding import global_generator

#: a number, a number beside a category that stands alone, and two spans of two and five categories
COLUMNS = [(1, 0, 0), (1, 3, 1), (0, 2, 0), (0, 5, 0)]
WIDTHS = [3, 2, 5]


def of_seed(seed):
    return drawing_from(lambda: torch.Generator().manual_seed(seed))


def raw(n, seed=0):
    return torch.randn(n, 12, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("training", [True, False])
def test_decided_spans_hold_one_1_each(training):
    spans = Spans(COLUMNS, 0.5, hard=True).train(training)
    with of_seed(0):
        x = spans(raw(50))
    for own in x[:, 2:].split(WIDTHS, 1):
        torch.testing.assert_close(own.sum(1), torch.ones(50))
        assert set(own.detach().unique().tolist()) <= {0.0, 1.0}
    assert (x[:, :2].abs() <= 1).all()


def test_categories_are_drawn_by_the_softmax():
    logits = torch.tensor([0.0, 0.0, 0.5, -1.0, 0.3, 1.0, -0.4, 0.2, 0.0, 0.7, -0.3, 0.1])
    spans = Spans(COLUMNS, 0.2, hard=True)
    with of_seed(1):
        x = spans(logits.expand(20_000, -1))
    for own, expected in zip(x[:, 2:].split(WIDTHS, 1), logits[2:].split(WIDTHS), strict=True):
        counts = own.sum(0).double().numpy()
        assert chisquare(counts, expected.double().softmax(0).numpy() * counts.sum()).pvalue > 1e-3


def test_undecided_spans_are_the_softmax_of_noisy_logits():
    spans, values = Spans(COLUMNS, 0.4, hard=False), raw(6)
    with of_seed(2):
        x = spans(values)
    with of_seed(2):
        noisy = (values[:, 2:] + gumbel(values[:, 2:])) / 0.4
    expected = torch.cat([own.softmax(1) for own in noisy.split(WIDTHS, 1)], 1)
    torch.testing.assert_close(x[:, 2:], expected)


def test_the_gradient_of_decided_spans_is_that_of_undecided_ones():
    weights, gradients = raw(1, 5)[0], []
    for hard in (True, False):
        values = raw(4).requires_grad_()
        with of_seed(3):
            x = Spans([(2, 0, 0), *COLUMNS[2:], (0, 3, 0)], 0.7, hard)(values)
        gradients.append(torch.autograd.grad((x * weights).sum(), values)[0])
    torch.testing.assert_close(*gradients)


def test_what_is_asked_for_is_written_in_and_silences_its_number():
    spans, asked = Spans(COLUMNS, 0.5, hard=True), torch.zeros(8, 10)
    asked[:4, 0] = 1  # the category that stands alone
    asked[4:, 9] = 1
    with of_seed(4):
        x = spans(raw(8), asked)
    assert (x[:4, 2:5] == torch.tensor([1.0, 0.0, 0.0])).all()
    assert (x[:4, 1] == 0).all()
    assert (x[4:, 11] == 1).all()
    assert (x[:, 7:].sum(1) == 1).all()


def test_without_a_draw_the_most_probable_category_comes():
    spans = Spans(COLUMNS, 0.5, hard=False).eval()
    values = raw(30)
    for own, logits in zip(spans(values)[:, 2:].split(WIDTHS, 1), values[:, 2:].split(WIDTHS, 1), strict=True):
        assert (own.argmax(1) == logits.argmax(1)).all()


def test_noise_is_the_lent_generators_and_no_global_one():
    spans, values = Spans(COLUMNS, 0.5, hard=False), raw(5)
    drawn = []
    for seed in (5, 5, 6):
        with of_seed(seed):
            drawn.append(spans(values))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_the_surprise_is_minus_the_log_of_the_softmax():
    spans, values = Spans(COLUMNS, 0.5, hard=True), raw(7) * 200
    with of_seed(7):
        spans(values)
    expected = torch.cat([-own.log_softmax(1) for own in values[:, 2:].split(WIDTHS, 1)], 1)
    torch.testing.assert_close(spans.surprise(), expected)


def test_dropout_drops_its_share_and_keeps_the_mean():
    layer, h = Dropout(0.3), torch.ones(200, 100)
    with of_seed(8):
        dropped = layer(h)
    assert abs(float((dropped == 0).float().mean()) - 0.3) < 0.02
    assert abs(float(dropped.mean()) - 1) < 0.02
    assert torch.equal(layer.eval()(h), h)


def test_gumbel_numbers_have_their_mean_and_spread():
    with of_seed(9):
        numbers = gumbel(torch.empty(100_000)).double().numpy()
    assert abs(numbers.mean() - np.euler_gamma) < 0.02
    assert abs(numbers.std() - np.pi / np.sqrt(6)) < 0.02


# --- inputs side by side ------------------------------------------------------------------------------


def _layer(inputs, outputs, bias=True):
    with global_generator(("test",)):
        return torch.nn.Linear(inputs, outputs, bias=bias)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("width", [16, 13])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("gradient", [True, False])
def test_joined_inputs_are_a_layer_of_what_stands_side_by_side(bias, width, marked, gradient):
    rng = torch.Generator().manual_seed(0)
    layer = _layer(3 + 5 + 7, width, bias).double()
    first, second = (torch.randn(9, k, generator=rng, dtype=torch.float64) for k in (3, 5))
    third = torch.randn(9, 7, generator=rng, dtype=torch.float64) * (torch.rand(9, 7, generator=rng) < 0.2)
    with torch.set_grad_enabled(gradient):
        found = joined(layer, [first, second, Marks.of(third) if marked else third])
        wanted = layer(torch.cat([first, second, third], 1))
        torch.testing.assert_close(found, wanted)
        if gradient:
            slopes = [torch.autograd.grad(x.sin().sum(), layer.parameters()) for x in (found, wanted)]
            torch.testing.assert_close(*slopes)


def test_joined_inputs_are_rounded_once_where_products_are_bfloat16():
    layer, inputs = _layer(8, 6), [raw(4)[:, :5], torch.tensor([[0.0, 0.0, 1.0]] * 4)]
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        wanted = layer(torch.cat(inputs, 1))
        assert torch.equal(joined(layer, inputs), wanted)
        assert torch.equal(joined(layer, [inputs[0], Marks.of(inputs[1])]), wanted)


@pytest.mark.parametrize("wished", [True, False])
@pytest.mark.parametrize("lent", [True, False])
def test_codes_are_those_of_the_samples(wished, lent):
    spans, asked = Spans(COLUMNS, 0.5, hard=True).eval(), None
    if wished:
        asked = torch.zeros(400, 10)
        asked[torch.arange(0, 400, 2), torch.randint(10, (200,), generator=torch.Generator().manual_seed(1))] = 1
    found = []
    for ask, wishes in ((spans, asked), (spans.decided, None if asked is None else Marks.of(asked))):
        if lent:
            with of_seed(3):
                found.append(ask(raw(400), wishes))
        else:
            found.append(ask(raw(400), wishes))
    x, decided = found
    assert decided.shape == (400, 2 + 3)
    torch.testing.assert_close(decided[:, :2], x[:, :2], rtol=0, atol=0)
    for place, own in enumerate(x[:, 2:].split(WIDTHS, 1)):
        assert torch.equal(own.argmax(1), decided[:, 2 + place].long())
    assert (decided[decided[:, 2] == 0, 1] == 0).all()
