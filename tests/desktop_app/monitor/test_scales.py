"""desktop_app.monitor.scales"""

from __future__ import annotations

import pytest

from desktop_app.monitor.scales import (
    SHRINK_AFTER_S,
    DecadeRange,
    LinearRange,
    decade_scale_ms,
    limit_scale,
    linear_scale,
    nice_above,
)


@pytest.mark.parametrize(
    ("value", "nice"), [(0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (4.2, 5.0), (60, 100), (100, 100)]
)
def test_that_a_top_is_a_round_number_not_below_the_value(value: float, nice: float) -> None:
    assert nice_above(value) == pytest.approx(nice)


def test_that_an_axis_grows_at_once() -> None:
    assert LinearRange(1.0).include(0.0, 7.8) == 10.0


def test_that_an_axis_shrinks_only_when_it_was_too_large_for_a_while() -> None:
    axis = LinearRange(1.0)
    axis.include(0.0, 80.0)
    assert axis.include(1.0, 2.0) == 100.0
    assert axis.include(SHRINK_AFTER_S, 2.0) == 100.0
    assert axis.include(1.0 + SHRINK_AFTER_S, 2.0) == 2.0


def test_that_a_peak_in_between_keeps_the_axis() -> None:
    axis = LinearRange(1.0)
    axis.include(0.0, 80.0)
    axis.include(1.0, 2.0)
    axis.include(10.0, 60.0)
    assert axis.include(SHRINK_AFTER_S + 5, 2.0) == 100.0


def test_that_an_axis_never_gets_smaller_than_it_makes_sense() -> None:
    axis = LinearRange(1.0)
    assert [axis.include(at, 0.001) for at in (0.0, 100.0, 200.0)] == [1.0, 1.0, 1.0]


def test_that_powers_of_ten_grow_at_once_and_shrink_after_a_while() -> None:
    axis = DecadeRange(0, 2)
    assert axis.include(0.0, 0.05, 240.0) == (-2, 3)
    assert axis.include(1.0, 1.0, 100.0) == (-2, 3)
    assert axis.include(1.0 + SHRINK_AFTER_S, 1.0, 100.0) == (0, 2)


def test_that_the_highest_tick_has_the_unit() -> None:
    assert linear_scale(10.0, "ms").ticks == ((0.0, "0"), (5.0, "5"), (10.0, "10 ms"))
    assert decade_scale_ms(-1, 1).ticks == ((-1.0, "0.1"), (0.0, "1"), (1.0, "10 ms"))


def test_that_from_a_second_on_milliseconds_are_told_in_seconds() -> None:
    assert linear_scale(1000.0, "ms").ticks == ((0.0, "0"), (500.0, "0.5"), (1000.0, "1 s"))
    assert linear_scale(20_000.0, "ms").ticks[1:] == ((10_000.0, "10"), (20_000.0, "20 s"))
    assert [text for _, text in decade_scale_ms(0, 4).ticks] == ["1", "10", "100 ms", "1 s", "10 s"]
    assert [text for _, text in decade_scale_ms(3, 4).ticks] == ["1 s", "10 s"]


def test_that_a_limit_has_a_tick_unless_values_lie_far_above_it() -> None:
    assert limit_scale(60.0, 60.0, "s").ticks[-1] == (60.0, "60 s")
    assert limit_scale(5.0, 100.0, "s").ticks[-1] == (100.0, "100 s")
