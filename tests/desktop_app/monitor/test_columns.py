"""desktop_app.monitor.columns"""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.monitor.columns import Floats, count_per_slot, fold, quantiles, thin_out, zigzag

instants = st.lists(st.floats(0, 1000), max_size=200).map(sorted).map(np.array)


@given(instants, st.floats(0.1, 100), st.randoms(use_true_random=False))
def test_that_each_column_has_the_extremes_of_its_samples(
    at: Floats, width_s: float, random: Random
) -> None:
    values = np.array([random.uniform(-5, 5) for _ in at])
    by_column: dict[float, list[float]] = {}
    for instant, value in zip(at.tolist(), values.tolist(), strict=True):
        by_column.setdefault(float(np.floor(instant / width_s)) * width_s, []).append(value)
    columns = fold(at, values, width_s)
    assert columns.start.tolist() == list(by_column)
    assert columns.low.tolist() == [min(column) for column in by_column.values()]
    assert columns.high.tolist() == [max(column) for column in by_column.values()]


def test_that_a_complete_column_is_the_same_whatever_is_around_it() -> None:
    at = np.arange(0.0, 30.0, 0.25)
    values = np.sin(at)
    whole, later = fold(at, values, 3.0), fold(at[24:], values[24:], 3.0)
    assert later.start[0] == 6.0
    assert whole.low[2:].tolist() == later.low.tolist()
    assert whole.high[2:].tolist() == later.high.tolist()


def test_that_nothing_folds_to_nothing() -> None:
    columns = fold(np.empty(0), np.empty(0), 1.0)
    assert [len(part) for part in (columns.start, columns.low, columns.high)] == [0, 0, 0]


def test_that_a_line_visits_both_extremes_of_each_column() -> None:
    columns = fold(np.array([0.0, 0.5, 1.0]), np.array([3.0, 1.0, 2.0]), 1.0)
    x, y, joined = zigzag(columns, gap_s=0.5)
    assert x.tolist() == [0.0, 0.0, 1.0, 1.0]
    assert y.tolist() == [1.0, 3.0, 2.0, 2.0]
    assert joined is None


def test_that_there_is_no_line_over_what_was_not_measured() -> None:
    columns = fold(np.array([0.0, 1.0, 5.0, 9.0]), np.array([3.0, 1.0, 2.0, 4.0]), 1.0)
    x, _, joined = zigzag(columns, gap_s=2.5)
    assert joined is not None
    # What comes before a gap is drawn to the end of its column: it may be alone.
    assert x.tolist() == [0.0, 0.0, 1.0, 2.0, 5.0, 6.0, 9.0, 9.0]
    assert joined.tolist() == [True, True, True, False, True, False, True, True]
    assert zigzag(columns, gap_s=3.0)[2] is None


def test_that_instants_are_counted_per_slot_and_those_outside_left_out() -> None:
    at = np.array([9.9, 10.0, 10.1, 13.9, 14.0])
    assert count_per_slot(at, 10.0, 2.0, 2).tolist() == [2.0, 1.0]


def test_that_of_points_in_one_cell_the_latest_stays() -> None:
    x, y = np.array([0.1, 0.2, 1.5]), np.array([0.1, 0.2, 0.1])
    assert thin_out(x, y, 1.0, 1.0).tolist() == [1, 2]


def test_that_quantiles_are_values_that_were_measured() -> None:
    values = np.arange(100.0)[::-1]
    assert quantiles(values, 0.5, 0.95, 1) == (50.0, 95.0, 99.0)
    assert quantiles(np.array([7.0]), 0.5, 1) == (7.0, 7.0)
