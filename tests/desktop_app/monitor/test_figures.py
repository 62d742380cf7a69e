"""desktop_app.monitor.figures"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.metrics import SaveState
from desktop_app.monitor.figures import allowed_age_s, failures_in_row, p95, tick_rate
from tests.desktop_app.showcase import Showcase


def test_that_the_rate_holds_between_ticks_and_falls_when_one_is_overdue() -> None:
    starts = np.arange(0.0, 10.0, 0.1)
    assert tick_rate(starts, 9.99, 0.1) == pytest.approx(10.0)
    overdue = tick_rate(starts, 19.9, 0.1)
    assert overdue is not None
    assert overdue < 6.0
    assert tick_rate(starts[:1], 0.05, 0.1) is None


def test_that_only_the_latest_failures_count() -> None:
    ok, failed = float(SaveState.COMMITTED), float(SaveState.FAILED)
    assert failures_in_row(np.array([failed, ok, failed, failed])) == 2
    assert failures_in_row(np.array([failed, ok])) == 0
    assert failures_in_row(np.array([])) == 0


def test_that_a_change_may_wait_until_the_first_save_after_its_interval(tmp_path: Path) -> None:
    host = Showcase(tmp_path, save_interval_seconds=60, persist_interval_seconds=150).host
    assert allowed_age_s(host.settings) == 180.0


def test_that_there_is_no_quantile_of_nothing() -> None:
    assert p95(np.empty(0)) is None
