"""desktop_app.monitor.sentences"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.metrics import SaveState
from core.save_batch import SaveReason
from desktop_app.application import HostState
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.sentences import (
    doubts,
    health_sentence,
    reassurances,
    safety_details,
    safety_headline,
    state_headline,
    time_details,
    time_headline,
    title,
)
from tests.backups import manifest
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path, world_name="Perseus Arm")


def read(show: Showcase) -> Reading:
    monitor = Monitor(show.host)
    monitor.follow()
    return monitor.read(monitor.now() if show.host.simulation is None else show.now)


def test_that_a_host_that_is_well_says_so(show: Showcase) -> None:
    show.tick(600)
    show.save(0.1)
    reading = read(show)
    assert state_headline(reading) == "Running 0:00:00"
    assert time_headline(reading) == "On time  10.0 of 10 ticks/s"
    assert time_details(reading) == "work p95 2.5 ms, 2 % of budget"
    assert safety_headline(reading) == "Saved 0.1 s ago, nothing at risk"
    assert safety_details(reading) == "nothing to write"
    assert health_sentence(reading) == "All is well."
    assert "No tick was skipped in the last 5 minutes." in reassurances(reading)
    assert title(reading) == "Perseus Arm – nothing at risk – Starkeep"


def test_that_the_worst_signal_of_time_is_named(show: Showcase) -> None:
    show.tick(600, skipped=1)
    reading = read(show)
    assert time_headline(reading) == "Too slow  10.0 of 10 ticks/s"
    assert time_details(reading) == "50 % of ticks skipped (5 min)"
    late = replace(reading, levels={"work": Level.GOOD, "lateness": Level.WARN})
    assert time_details(late) == "ticks start 0.30 ms late (p95)"
    # Where all are as bad, the work is why.
    slow = replace(reading, levels=dict.fromkeys(("work", "lateness", "skipped"), Level.BAD))
    assert time_details(slow) == "work p95 2.5 ms, 2 % of budget"


def test_that_what_is_at_risk_comes_before_everything_else(show: Showcase) -> None:
    show.set_status(at_risk=3, unsaved=17, oldest_unsaved_s=41.0)
    reading = read(show)
    assert safety_headline(reading) == "3 changes at risk, saved 0.1 s ago"
    assert safety_details(reading) == "14 changes to write, oldest 41 s"
    assert title(reading) == "Perseus Arm – 3 changes at risk – Starkeep"


def test_that_a_world_without_a_name_is_not_named_twice(tmp_path: Path) -> None:
    assert title(read(Showcase(tmp_path))) == "Starkeep – nothing at risk"


def test_that_failing_storage_is_named(show: Showcase) -> None:
    for ago_s in (3.0, 2.0, 1.0):
        show.save(ago_s, state=SaveState.FAILED)
    show.set_status(at_risk=5, unsaved=5, last_error="disk full", stalled=True)
    reading = read(show)
    assert safety_headline(reading) == "5 changes at risk, saving fails"
    assert safety_details(reading) == "the last save failed: disk full"
    assert health_sentence(reading).startswith("Failing.")


def test_that_a_fresh_start_is_not_drawn_as_perfect(show: Showcase) -> None:
    show.tick(34)
    show.set_status(last_commit_at=None)
    reading = read(show)
    assert time_headline(reading) == "Warming up"
    assert time_details(reading) == "34 of 120 ticks measured"
    assert health_sentence(reading) == "Too early to tell."
    assert safety_headline(reading) == "Nothing at risk, nothing saved yet"


def test_that_a_world_that_stands_still_says_for_how_long(show: Showcase) -> None:
    show.tick(600)
    show.set_status(last_tick_at=show.now - 3.2)
    reading = read(show)
    assert time_headline(reading) == "No tick for 3.2 s"
    assert health_sentence(reading) == "The world stands still."


@pytest.mark.parametrize(
    ("at_risk", "before"), [(0, "nothing was at risk then"), (1, "1 change was at risk then")]
)
def test_that_of_a_world_that_stands_still_nothing_good_is_said(
    show: Showcase, at_risk: int, before: str
) -> None:
    show.tick(600)
    show.save(3.0)
    show.set_status(last_tick_at=show.now - 60.0, at_risk=at_risk, unsaved=5)
    reading = read(show)
    assert safety_headline(reading) == "Not known for 60 s what is saved"
    assert safety_details(reading) == before
    assert doubts(reading) == (f"What is saved has not been known for 60 s; {before}.",)
    assert reassurances(reading) == ()
    assert title(reading) == "Perseus Arm – not known what is at risk – Starkeep"


@pytest.mark.parametrize("failed", [0, 2])
def test_that_a_host_that_stops_says_that_it_saves(show: Showcase, failed: int) -> None:
    for ago_s in range(failed, 0, -1):
        show.save(ago_s, state=SaveState.FAILED, reason=SaveReason.FINAL)
    show.host.state = HostState.STOPPING
    reading = read(show)
    assert safety_headline(reading) == "Everything is being saved"
    assert safety_details(reading) == (
        "2 saves failed in a row" if failed else "the world is not running"
    )


def test_that_a_stop_that_lost_something_is_not_called_safe(show: Showcase) -> None:
    show.save(0.1, reason=SaveReason.FINAL)
    show.stop()
    show.host.not_saved = "one change that the database refuses was not saved"
    reading = read(show)
    assert safety_headline(reading) == "Not everything was saved"
    assert safety_details(reading) == show.host.not_saved
    assert health_sentence(reading) == "The world is stopped. Not everything was saved."
    (finding,) = reading.findings
    assert finding.text == "One change that the database refuses was not saved."
    assert reassurances(reading) == ()
    assert title(reading) == "Perseus Arm – stopped, not everything was saved – Starkeep"


def test_that_a_stopped_host_claims_nothing(show: Showcase) -> None:
    show.tick(600)
    show.stop()
    reading = read(show)
    assert state_headline(reading) == "Stopped"
    assert time_headline(reading) == "Not ticking"
    assert safety_headline(reading) == "Nothing is being saved"
    assert reassurances(reading) == ()
    assert title(reading) == "Perseus Arm – stopped – Starkeep"


@pytest.mark.parametrize("verified", [None, True, False])
def test_that_the_last_backup_is_told_with_its_verdict(
    show: Showcase, verified: bool | None
) -> None:
    show.tick(600)
    show.save(0.1)
    findings = ("planets has 4 rows",) if verified is False else ()
    made_at = datetime.now(UTC)
    at = made_at.astimezone().strftime("%H:%M")
    show.host.backups.last = replace(manifest(made_at, verified=verified), findings=findings)
    reading = read(show)
    if verified is False:
        assert health_sentence(reading) == "Degraded. One thing to look at."
        (finding,) = reading.findings
        assert finding.text == f"Last backup {at}, not sound: planets has 4 rows."
    else:
        verdict = "verified" if verified else "not verified yet"
        assert f"Last backup {at}, {verdict}." in reassurances(reading)[:3]


def test_that_backups_that_fail_are_something_to_look_at(show: Showcase) -> None:
    show.tick(600)
    show.host.backups.failure = "the disk is full"
    (finding,) = read(show).findings
    assert finding.text == "Backing up failed: the disk is full."
