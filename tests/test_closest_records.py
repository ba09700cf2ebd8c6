"""Distances of samples to training rows, against loops over pairs and planted copies."""

import numpy as np
import pandas as pd
import pytest

from skgan import metrics
from skgan.metrics.closest_records import DCR, NearCopies


def frame(n, seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"age": rng.normal(40, 9, n), "pay": rng.exponential(1000, n), "city": rng.choice(list("abc"), n)}
    )
    table.loc[rng.random(n) < 0.1, "pay"] = np.nan
    return table


def by_pairs(train, rows):
    """The distance of each row to the nearest training row, written as the docstring does."""
    found = []
    for row in rows.itertuples(index=False):
        squares = []
        for other in train.itertuples(index=False):
            total = float(row.city != other.city) + ((row.age - other.age) / train.age.std(ddof=0)) ** 2
            gaps = np.isnan([row.pay, other.pay])
            if gaps.all():
                pass
            elif gaps.any():
                present = other.pay if gaps[0] else row.pay
                total += 1 + ((present - train.pay.mean()) / train.pay.std(ddof=0)) ** 2
            else:
                total += ((row.pay - other.pay) / train.pay.std(ddof=0)) ** 2
            squares.append(total)
        found.append(min(squares) ** 0.5)
    return np.array(found)


def test_distances_are_those_of_all_pairs():
    train, held, fake = frame(60, 0), frame(40, 1), frame(30, 2)
    said = DCR()(train, fake, X_held_out=held)
    theirs, ours = by_pairs(train, held), by_pairs(train, fake)
    assert float(said) == pytest.approx(np.median(ours) / np.median(theirs), rel=1e-12)
    assert said.details["samples_low"] == pytest.approx(np.quantile(ours, 0.05), rel=1e-12)
    near = NearCopies(share=0.2)(train, fake, X_held_out=held)
    assert float(near) == pytest.approx((ours <= np.quantile(theirs, 0.2)).mean())


def test_a_category_that_no_training_row_has_is_one_away():
    train, held, fake = frame(60, 0), frame(40, 1).assign(city="d"), frame(30, 2).assign(city="e")
    said = DCR()(train, fake, X_held_out=held)
    theirs, ours = by_pairs(train, held), by_pairs(train, fake)
    assert min(theirs.min(), ours.min()) >= 1
    assert said.details["held_out_median"] == pytest.approx(np.median(theirs), rel=1e-12)
    assert said.details["samples_median"] == pytest.approx(np.median(ours), rel=1e-12)


def test_planted_copies_are_counted_and_new_rows_are_not():
    train, held, fresh = frame(2000, 0), frame(2000, 1), frame(2000, 2)
    assert 0.9 < float(DCR()(train, fresh, X_held_out=held)) < 1.1
    assert float(NearCopies()(train, fresh, X_held_out=held)) < 0.025
    mixed = pd.concat([fresh.head(1400), train.head(600)])
    found = NearCopies()(train, mixed, X_held_out=held)
    assert found.details["copies"] == 0.3
    assert 0.3 <= float(found) < 0.325
    nudged = train.assign(age=train.age + 1e-4)
    found = NearCopies()(train, nudged, X_held_out=held)
    assert found.details["copies"] == 0
    assert float(found) == 1
    assert float(DCR()(train, train, X_held_out=held)) == 0


def test_independent_columns_are_far_and_rows_drawn_again_are_not():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3000, 1)) + 0.05 * rng.normal(size=(3000, 4))
    train, held = x[:1500], x[1500:]
    shuffled = np.column_stack([rng.permutation(column) for column in train.T])
    assert float(DCR()(train, shuffled, X_held_out=held)) > 5
    assert float(DCR()(train, train[rng.integers(0, 1500, 1500)], X_held_out=held)) == 0


def test_without_held_out_rows_half_of_the_real_ones_are():
    train = frame(400, 0)
    assert 0.8 < float(metrics.dcr(train, frame(400, 1))) < 1.2
    assert 0.4 < metrics.near_copies(train, train).details["copies"] < 0.6


def test_a_column_without_a_number_and_a_constant_one_are_no_trouble():
    train = frame(50, 0).assign(gone=np.nan, same=3.0)
    assert np.isfinite(float(DCR()(train, frame(50, 1).assign(gone=np.nan, same=3.0), X_held_out=train)))
