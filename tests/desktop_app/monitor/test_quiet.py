"""desktop_app.monitor.quiet"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.monitor.quiet import MARGIN_S, NEEDED_S, quiet_instant

PERIOD_S, TICK_S = 0.05, 0.004


@given(st.floats(100, 200))
def test_that_a_refresh_begins_after_a_tick_and_ends_before_the_next(wanted: float) -> None:
    instant = quiet_instant(wanted, 90.0, PERIOD_S, TICK_S)
    phase = (instant - 90.0) % PERIOD_S
    assert wanted <= instant <= wanted + PERIOD_S
    assert TICK_S < phase < PERIOD_S - NEEDED_S + 1e-9


@pytest.mark.parametrize(
    ("wanted", "instant"),
    [(100.020, 100.020), (100.001, 100.005), (100.049, 100.055), (100.040, 100.055)],
)
def test_that_it_waits_no_longer_than_it_must(wanted: float, instant: float) -> None:
    assert quiet_instant(wanted, 100.0, PERIOD_S, TICK_S) == pytest.approx(instant)
    assert pytest.approx(0.001) == MARGIN_S


def test_that_a_world_without_pauses_is_not_waited_for() -> None:
    assert quiet_instant(100.049, 100.0, PERIOD_S, 0.04) == 100.049
    assert quiet_instant(100.009, 100.0, 0.01, 0.001) == 100.009
