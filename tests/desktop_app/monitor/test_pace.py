"""desktop_app.monitor.pace"""

from __future__ import annotations

from desktop_app.monitor.pace import (
    BACK_INTERVAL_MS,
    COST_MAX,
    FRONT_INTERVAL_MS,
    MEASURED_OVER_S,
    SLOWEST_INTERVAL_MS,
    RefreshPace,
)


def run(pace: RefreshPace, cost: float, periods: int, at: float = 0.0) -> float:
    """Let redrawing cost that share of the time for some periods; return when they end."""
    pace.measure(at)
    for _ in range(periods):
        pace.spend(cost * MEASURED_OVER_S)
        at += MEASURED_OVER_S
        pace.measure(at)
    return at


def test_that_the_window_redraws_at_most_ten_times_a_second() -> None:
    pace = RefreshPace()
    assert pace.interval_ms(in_front=True) == FRONT_INTERVAL_MS == 100
    assert pace.interval_ms(in_front=False) == BACK_INTERVAL_MS == 250


def test_that_a_costly_window_redraws_less_often() -> None:
    pace = RefreshPace()
    run(pace, 0.12, 1)
    assert pace.cost > COST_MAX
    assert pace.interval_ms(in_front=True) > FRONT_INTERVAL_MS


def test_that_it_never_stands_still() -> None:
    pace = RefreshPace()
    run(pace, 0.9, 50)
    assert pace.interval_ms(in_front=True) == SLOWEST_INTERVAL_MS
    assert pace.interval_ms(in_front=False) == SLOWEST_INTERVAL_MS


def test_that_a_window_that_has_become_cheap_redraws_as_often_as_before() -> None:
    pace = RefreshPace()
    at = run(pace, 0.12, 3)
    run(pace, 0.01, 10, at)
    assert pace.interval_ms(in_front=True) == FRONT_INTERVAL_MS


def test_that_time_in_which_nothing_is_drawn_does_not_count() -> None:
    pace = RefreshPace()
    at = run(pace, 0.12, 1)
    cost = pace.cost
    pace.pause()
    pace.measure(at + 3600)
    assert pace.cost == cost
