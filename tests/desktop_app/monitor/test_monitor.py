"""desktop_app.monitor.monitor"""

from __future__ import annotations

from pathlib import Path

import pytest

from core.metrics import Metrics, SaveState
from core.save_batch import SaveReason
from desktop_app.application import HostState
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from tests.desktop_app.showcase import LATENESS_S, WORK_S, Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


def test_that_figures_of_a_fresh_start_are_not_known(show: Showcase) -> None:
    show.tick(34)
    monitor = Monitor(show.host)
    monitor.follow()
    reading = monitor.read(show.now)
    assert (reading.ticks.samples, reading.ticks.samples_needed) == (34, 120)
    assert reading.ticks.warming_up
    assert reading.ticks.work_p95_s is None
    assert reading.time_level is Level.UNKNOWN
    assert reading.health is Level.UNKNOWN


def test_that_a_host_that_has_run_for_a_while_is_known(show: Showcase) -> None:
    show.tick(600)
    show.save(0.5)
    monitor = Monitor(show.host)
    monitor.follow()
    reading = monitor.read(show.now)
    assert reading.ticks.rate == pytest.approx(10.0)
    assert reading.ticks.work_p95_s == WORK_S
    assert reading.ticks.lateness_p95_s == LATENESS_S
    assert reading.saves.saved_ago_s == pytest.approx(0.1)
    assert reading.saves.save_p95_s == pytest.approx(0.0047)
    assert (reading.time_level, reading.safety_level, reading.health) == (Level.GOOD,) * 3
    assert reading.link == "http://127.0.0.1:8642"
    assert reading.loopback_only


def test_that_a_commit_counts_before_the_status_tells_of_it(show: Showcase) -> None:
    show.set_status(last_commit_at=show.now - 0.9)
    show.save(0.05)
    monitor = Monitor(show.host)
    monitor.follow()
    assert monitor.read(show.now).saves.saved_ago_s == pytest.approx(0.05)


def test_that_a_world_without_ticks_is_stale_and_failing(show: Showcase) -> None:
    show.tick(600)
    show.set_status(last_tick_at=show.now - 3.2)
    monitor = Monitor(show.host)
    monitor.follow()
    reading = monitor.read(show.now)
    assert reading.stale
    assert reading.health is Level.BAD


def test_that_what_only_a_world_that_stands_still_could_tell_is_not_known(show: Showcase) -> None:
    show.tick(600)
    show.set_status(at_risk=2, unsaved=14)
    monitor = Monitor(show.host)
    monitor.follow()
    assert monitor.read(show.now).safety_level is Level.GOOD
    reading = monitor.read(show.now + 60.0)
    assert reading.safety_level is Level.UNKNOWN
    assert reading.saves.at_risk is None
    assert (reading.saves.unknown_for_s, reading.saves.at_risk_before) == (60.0, 2)


@pytest.mark.parametrize("state", [HostState.STOPPING, HostState.FAILED])
def test_that_a_status_that_nobody_renews_any_more_is_not_told(
    show: Showcase, state: HostState
) -> None:
    show.host.state = state
    assert Monitor(show.host).read(show.now).saves.at_risk is None


def test_that_changes_at_risk_are_not_counted_among_those_to_write(show: Showcase) -> None:
    show.set_status(at_risk=3, unsaved=17)
    assert Monitor(show.host).read(show.now).saves.to_write == 14


def test_that_a_failure_is_remembered_after_storage_has_recovered(show: Showcase) -> None:
    monitor = Monitor(show.host)
    show.set_status(last_error="database is locked")
    monitor.read(show.now)
    show.set_status(last_error=None)
    saves = monitor.read(show.now + 5.0).saves
    assert saves.error is None
    assert saves.last_failure == (5.0, "database is locked")


def test_that_nothing_is_known_of_a_host_that_does_not_run(show: Showcase) -> None:
    show.tick(600)
    monitor = Monitor(show.host)
    monitor.follow()
    monitor.read(show.now)
    show.stop()
    reading = monitor.read(monitor.now())
    assert reading.time_level is Level.UNKNOWN
    assert reading.findings == ()
    assert reading.link is None


def test_that_charts_of_a_stopped_host_end_where_its_samples_end(show: Showcase) -> None:
    show.tick(10)
    show.stop()
    monitor = Monitor(show.host)
    monitor.follow()
    assert monitor.now() == pytest.approx(show.now - 0.1)


@pytest.mark.parametrize(
    ("state", "reason", "not_saved", "level"),
    [
        (SaveState.COMMITTED, SaveReason.FINAL, None, Level.GOOD),
        (SaveState.FAILED, SaveReason.FINAL, None, Level.UNKNOWN),
        (SaveState.COMMITTED, SaveReason.URGENT, None, Level.UNKNOWN),
        # A slice of the final save is committed; another is not, or is refused in part.
        (SaveState.COMMITTED, SaveReason.FINAL, "one change may be lost", Level.BAD),
    ],
)
def test_that_everything_is_saved_only_if_the_last_save_was_the_final_one_and_lost_nothing(
    show: Showcase, state: SaveState, reason: SaveReason, not_saved: str | None, level: Level
) -> None:
    show.save(1.0, state=state, reason=reason)
    show.stop()
    show.host.not_saved = not_saved
    monitor = Monitor(show.host)
    monitor.follow()
    reading = monitor.read(monitor.now())
    assert reading.saves.all_saved is (level is Level.GOOD)
    assert (reading.safety_level, reading.saves.not_saved) == (level, not_saved)


def test_that_a_new_start_begins_with_empty_trails(show: Showcase) -> None:
    show.tick(10)
    monitor = Monitor(show.host)
    assert not monitor.follow()
    show.host.metrics = Metrics()
    assert monitor.follow()
    assert len(monitor.ticks) == 0


def test_that_progress_is_part_of_what_is_shown(show: Showcase) -> None:
    show.host.state = HostState.STARTING
    monitor = Monitor(show.host)
    monitor.note_progress("Loading planets")
    assert monitor.read(show.now).doing == "Loading planets"
