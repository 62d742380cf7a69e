"""desktop_app.monitor.levels"""

from __future__ import annotations

import pytest

from desktop_app.monitor import levels
from desktop_app.monitor.levels import Level, SteadyLevel

GOOD, WATCH, WARN, BAD = Level.GOOD, Level.WATCH, Level.WARN, Level.BAD


@pytest.mark.parametrize(
    ("share", "level"),
    [(0.0, GOOD), (0.49, GOOD), (0.5, WATCH), (0.8, WARN), (0.99, WARN), (1.0, BAD), (9.0, BAD)],
)
def test_that_work_is_judged_by_its_share_of_the_budget(share: float, level: Level) -> None:
    assert levels.WORK_PER_BUDGET.level(share) is level


@pytest.mark.parametrize(
    ("free_bytes", "level"), [(5e9, GOOD), (1e9, WATCH), (4e8, WARN), (5e7, BAD)]
)
def test_that_less_free_disk_is_worse(free_bytes: float, level: Level) -> None:
    assert levels.DISK_SHORTAGE_BYTES.level(-free_bytes) is level


def test_that_a_single_skipped_tick_is_to_be_watched() -> None:
    assert levels.SKIPPED_SHARE.level(0) is GOOD
    assert levels.SKIPPED_SHARE.level(1e-6) is WATCH


def test_that_three_failures_in_a_row_are_bad() -> None:
    assert [levels.SAVE_FAILURES_IN_ROW.level(n) for n in (0, 1, 2, 3)] == [GOOD, WARN, WARN, BAD]


def shown(*samples: tuple[float, Level]) -> list[Level]:
    steady = SteadyLevel()
    return [steady.sample(at, level) for at, level in samples]


def test_that_the_first_sample_is_shown_as_it_is() -> None:
    assert shown((0, BAD)) == [BAD]


def test_that_it_takes_three_samples_in_a_row_to_worsen() -> None:
    assert shown((0, GOOD), (1, BAD), (2, BAD), (3, BAD)) == [GOOD, GOOD, GOOD, BAD]
    assert shown((0, GOOD), (1, BAD), (2, BAD), (3, GOOD), (4, BAD), (5, BAD))[-1] is GOOD


def test_that_it_worsens_only_as_far_as_all_three_samples() -> None:
    assert shown((0, GOOD), (1, BAD), (2, WATCH), (3, WARN))[-1] is WATCH


def test_that_it_takes_ten_seconds_to_clear() -> None:
    samples = [(0, BAD), *((at, GOOD) for at in range(1, 12))]
    assert shown(*samples) == [BAD] * 11 + [GOOD]


def test_that_a_relapse_begins_the_ten_seconds_anew() -> None:
    samples = [(0, WARN), *((at, GOOD) for at in range(1, 10)), (10, WARN), (11, GOOD), (20, GOOD)]
    assert shown(*samples)[-1] is WARN
    assert shown(*samples, (21, GOOD))[-1] is GOOD


def test_that_it_clears_only_as_far_as_the_worst_of_those_ten_seconds() -> None:
    samples = [(0, BAD), (1, GOOD), (6, WATCH), (11, GOOD)]
    assert shown(*samples)[-1] is WATCH


def test_that_what_is_not_measured_is_not_known_at_once() -> None:
    assert shown((0, BAD), (1, Level.UNKNOWN), (2, GOOD)) == [BAD, Level.UNKNOWN, GOOD]
