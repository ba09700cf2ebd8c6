"""The kit for encoders and rules: each planted fault is found by the check named, and what is whole passes."""

import numpy as np
import pytest

from skgan.constraints.less_than import LessThan
from skgan.constraints.unique import Unique
from skgan.constraints.within import Within
from skgan.encoding.min_max import MinMax
from skgan.encoding.one_hot import OneHot
from skgan.testing import ConstraintConformance, EncoderConformance, check_component, component_checks


class Unclipped(MinMax):
    """Values beyond those of fit leave the range."""

    def _known(self, values):
        return values


class Outside(MinMax):
    """Values come back off the data."""

    def decode(self, numbers, codes, rng):
        return super().decode(numbers, codes, rng) * 1.5


class Forgetful(OneHot):
    """One of its codes is lost in a file."""

    def learned(self):
        arrays = super().learned()
        return arrays | {"counts": arrays["counts"][::-1].copy() + 1, "levels": type(self)._turned(self)}

    def _turned(self):
        from skgan.encoding._texts import packed

        return packed(self.levels_.values[::-1])


class Objects(OneHot):
    """Its state needs pickle."""

    def learned(self):
        return super().learned() | {"more": self.levels_.values}


class Narrow(OneHot):
    """It declares an entry too few."""

    def fit(self, column):
        super().fit(column)
        self.width = max(self.width - 1, 1)
        return self


class Greedy(OneHot):
    """A row too many comes back."""

    def decode(self, numbers, codes, rng):
        back = super().decode(numbers, codes, rng)
        return np.append(back, back[:1])


class Chancy(MinMax):
    """It asks the global generator."""

    def decode(self, numbers, codes, rng):
        return super().decode(numbers + np.random.rand() * 0.0 + 0.01 * np.random.rand(), codes, rng)


class Gapless(MinMax):
    """Missing values become numbers."""

    def decode(self, numbers, codes, rng):
        back = super().decode(numbers, codes, rng)
        return np.where(np.isnan(back), 0.0, back)


class WrongCode(OneHot):
    """It tells of the code beside."""

    def code_of(self, value):
        code = super().code_of(value)
        return code if code < 0 else (code + 1) % self.width


class Destructive(MinMax):
    """It changes the column it was given."""

    def fit(self, column):
        super().fit(column)
        column[:1] = 0.0
        return self


class Lax(Within):
    """It mends the lower side only."""

    def enforce(self, table, rng):
        return table | {self.column: np.maximum(table[self.column], self._bounds()[0])}


class Dropping(Within):
    """It drops the rows that break the rule."""

    def enforce(self, table, rng):
        kept = self.kept(table)
        return {name: column[kept] for name, column in table.items()}


class Meddling(Within):
    """It changes rows that keep the rule."""

    def enforce(self, table, rng):
        mended = super().enforce(table, rng)
        return mended | {self.column: np.where(mended[self.column] == 2, 3.0, mended[self.column])}


class InPlace(Within):
    """It writes into the table it was given."""

    def enforce(self, table, rng):
        table[self.column][:] = np.clip(table[self.column], *self._bounds())
        return table


class Believing(LessThan):
    """It takes data that break it."""

    def fit(self, table):
        rows = self.kept(table)
        super().fit({name: column[rows] for name, column in table.items()})
        return self


class Blind(Unique):
    """It does not miss its column."""

    def fit(self, table):
        return super().fit({"d": np.arange(3.0)} | dict(table))


class Amnesic(LessThan):
    """It forgets the ends of its columns."""

    def learned(self):
        return {"ends": self.ends_ * 0, "gap": self.gap_}


FAULTS = [
    (Unclipped(), "check_values_that_fit_did_not_see_are_encoded"),
    (Outside(), "check_samples_stay_in_the_domain"),
    (Forgetful(), "check_arrays_rebuild_it"),
    (Objects(), "check_arrays_rebuild_it"),
    (Narrow(), "check_encode_gives_what_was_declared"),
    (Greedy(), "check_decode_gives_a_value_for_each_row"),
    (Chancy(), "check_it_follows_from_the_generator"),
    (Gapless(), "check_column_comes_back"),
    (WrongCode(), "check_codes_are_those_of_their_values"),
    (Destructive(), "check_fit_declares_what_it_learned"),
    (Lax("b", 0.0, 9.0), "check_rule_holds_in_what_it_enforces"),
    (Dropping("b", 0.0, 9.0), "check_no_row_is_dropped"),
    (Meddling("b", 0.0, 9.0), "check_rows_that_keep_it_are_left_alone"),
    (InPlace("b", 0.0, 9.0), "check_tables_are_left_as_they_are"),
    (Believing("a", "b"), "check_data_that_break_it_are_refused"),
    (Blind("d"), "check_columns_that_are_not_there_are_refused"),
    (Amnesic("a", "b"), "check_arrays_rebuild_it"),
]


@pytest.mark.parametrize(("part", "name"), FAULTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_planted_fault_is_found_by_its_check(part, name):
    kind = "constraint" if hasattr(part, "enforce") else "encoder"
    check = next(check for check in component_checks(kind, ["numeric"]) if check.__name__ == name)
    with pytest.raises(AssertionError, match=type(part).__name__):
        check(part)
    check(next(whole for whole in type(part).__mro__ if whole.__module__.startswith("skgan."))(**part.get_params()))


def test_there_are_classes_to_inherit_from():
    class TestMinMax(EncoderConformance):
        part = MinMax

    class TestWithin(ConstraintConformance):
        part = Within

    for test in (TestMinMax(), TestWithin()):
        test.test_api()
        test.test_numeric()


def test_checks_of_tables_are_run_by_tier():
    records = check_component(Within, tiers=["integration"])
    assert {record["check_name"] for record in records} == {
        "check_networks_see_what_it_declares",
        "check_table_is_drawn_and_saved",
    }
    assert {record["status"] for record in records} == {"passed"}
