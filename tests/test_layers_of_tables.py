"""The heads of tables: probabilities, decisions, what is written in, and where the noise comes from."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from skgan.layers import Dropout, Spans, drawing_from
from skgan.layers.chance import gumbel

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
