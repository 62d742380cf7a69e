"""The verdict over the world: which level, for which reasons, and what it says of the database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.health import Level, assess
from core.simulation import Status

# Exact in binary, so that ten of them are just ten.
PERIOD_S = 0.125
WELL = Status(running=True, last_tick_at=100.0)
SET_ASIDE = replace(WELL, set_aside=3)
RETRYING = replace(WELL, last_error="disk full")
STALLED = replace(RETRYING, stalled=True)


def test_that_a_world_that_ticks_and_saves_is_well() -> None:
    health = assess(WELL, PERIOD_S, 100.0)
    assert (health.level, health.findings, health.database) == (Level.OK, (), "ok")
    assert not health.is_failing


@pytest.mark.parametrize(
    ("status", "level", "finding", "database"),
    [
        (Status(), Level.FAILING, "the world is not running", "ok"),
        (STALLED, Level.FAILING, "changes cannot be saved", "unavailable"),
        (
            RETRYING,
            Level.DEGRADED,
            "the last save failed and is tried again: disk full",
            "retrying",
        ),
        (SET_ASIDE, Level.DEGRADED, "3 things were set aside after an error", "ok"),
    ],
)
def test_that_each_trouble_has_its_level_and_its_reason(
    status: Status, level: Level, finding: str, database: str
) -> None:
    health = assess(status, PERIOD_S, 100.0)
    assert (health.level, health.findings, health.database) == (level, (finding,), database)
    assert health.is_failing == (level is Level.FAILING)


def test_that_a_world_is_silent_after_more_than_ten_ticks() -> None:
    ten_ticks_later = 100.0 + 10 * PERIOD_S
    assert assess(WELL, PERIOD_S, ten_ticks_later).level is Level.OK
    health = assess(WELL, PERIOD_S, ten_ticks_later + PERIOD_S)
    assert (health.level, health.findings) == (Level.FAILING, ("no tick for 1.4 s",))


def test_that_a_world_before_its_first_tick_is_not_silent() -> None:
    assert assess(Status(running=True), PERIOD_S, 1e6).level is Level.OK


def test_that_a_world_that_does_not_run_is_not_called_silent_as_well() -> None:
    assert assess(replace(WELL, running=False), PERIOD_S, 1e6).findings == (
        "the world is not running",
    )


def test_that_the_worst_comes_first() -> None:
    health = assess(replace(STALLED, running=False, set_aside=3), PERIOD_S, 100.0)
    assert health.level is Level.FAILING
    assert health.findings == (
        "the world is not running",
        "changes cannot be saved",
        "3 things were set aside after an error",
    )
