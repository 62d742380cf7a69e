"""desktop_app.monitor.signals"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from core.health import assess
from core.simulation import Status
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import MachineFigures, SaveFigures, TickFigures
from desktop_app.monitor.signals import Judge, Signal, Subject, findings, signals, worst_levels
from tests.desktop_app.showcase import Showcase

WELL_TICKS = TickFigures(
    period_s=0.1, samples=600, rate=10.0, work_p95_s=0.004, lateness_p95_s=0.0003, skipped_share=0.0
)
WELL_SAVES = SaveFigures(
    allowed_age_s=60.0, at_risk=0, saved_ago_s=0.1, save_p95_s=0.012, capture_p95_s=0.0004
)
WELL_MACHINE = MachineFigures(loop_lag_p95_s=0.004, disk_free_bytes=84e9)


def judged(
    ticks: TickFigures = WELL_TICKS,
    saves: SaveFigures = WELL_SAVES,
    machine: MachineFigures = WELL_MACHINE,
    set_aside: int = 0,
) -> dict[str, Signal]:
    return {signal.name: signal for signal in signals(ticks, saves, machine, set_aside)}


def test_that_a_host_that_is_well_has_nothing_to_look_at() -> None:
    measured = judged().values()
    assert {signal.level for signal in measured} == {Level.GOOD}
    assert findings(measured) == ()


def test_that_what_is_not_known_is_not_judged() -> None:
    measured = judged(TickFigures(period_s=0.1), SaveFigures(allowed_age_s=60.0), MachineFigures())
    assert set(measured) == {"set aside"}
    assert worst_levels(measured.values())[Subject.TIME] is Level.UNKNOWN


def test_that_a_tick_near_its_budget_is_warned_of_with_its_value() -> None:
    ticks = TickFigures(period_s=0.1, samples=600, rate=10.0, work_p95_s=0.084)
    work = judged(ticks)["work"]
    assert work.level is Level.WARN
    assert "84 ms of 100 ms, 84 %" in work.text


def test_that_a_world_that_ticks_too_seldom_is_bad() -> None:
    assert judged(TickFigures(period_s=0.1, rate=7.9))["rate"].level is Level.BAD


def test_that_a_stalled_disk_is_bad_and_failures_say_why() -> None:
    saves = SaveFigures(
        allowed_age_s=60.0,
        at_risk=5,
        saved_ago_s=12.0,
        failures_in_row=9,
        stalled=True,
        error="disk full",
    )
    measured = judged(saves=saves)
    assert measured["stalled"].level is Level.BAD
    assert measured["at risk"].level is Level.BAD
    assert measured["failures"].text == "9 saves failed in a row: disk full."


def test_that_a_long_pause_between_saves_is_no_risk_when_nothing_is_at_risk() -> None:
    saves = SaveFigures(allowed_age_s=60.0, at_risk=0, saved_ago_s=3600.0)
    assert judged(saves=saves)["at risk"].level is Level.GOOD


def test_that_an_entity_set_aside_is_warned_of() -> None:
    aside = judged(set_aside=2)["set aside"]
    assert aside.level is Level.WARN
    assert aside.text.startswith("2 entities")


def test_that_the_worst_comes_first() -> None:
    ticks = TickFigures(period_s=0.1, rate=9.6, work_p95_s=0.2)
    found = findings(judged(ticks).values())
    assert [finding.level for finding in found] == [Level.BAD, Level.WATCH]


def test_that_of_what_is_equally_bad_what_may_be_lost_comes_first() -> None:
    ticks = TickFigures(
        period_s=0.1, rate=1.0, work_p95_s=1.0, lateness_p95_s=1.0, skipped_share=0.9
    )
    saves = SaveFigures(
        allowed_age_s=1.0,
        at_risk=5,
        refused=62,
        saved_ago_s=60.0,
        oldest_age_s=60.0,
        failures_in_row=9,
        stalled=True,
    )
    texts = [finding.text for finding in findings(judged(ticks, saves, set_aside=1).values())]
    assert texts[0] == "The disk does not answer: orders are refused until it does."
    assert texts[3] == "The oldest change to write is 60 s old."
    assert texts[4] == "A tick takes 1.0 s of 100 ms, 1000 % (p95)."
    assert texts[-2].startswith("The database refuses 62 changes")


def test_that_the_window_finds_whatever_health_finds(tmp_path: Path) -> None:
    show = Showcase(tmp_path)
    show.tick(600)
    show.save(0.1)
    well = show.simulation.status
    wrong = {int: 7, bool: True, str: "disk full", float: show.now - 60.0}
    found = set()
    for field in fields(Status):
        kind = next(kind for kind in wrong if kind.__name__ in str(field.type).split(" | "))
        value = not well.running if field.name == "running" else wrong[kind]
        show.set_status(**{field.name: value})
        if assess(show.simulation.status, 0.1, show.now).findings:
            found.add(field.name)
            monitor = Monitor(show.host)
            monitor.follow()
            assert monitor.read(show.now).health not in (Level.GOOD, Level.WATCH), field.name
        show.simulation.status = well
    assert found >= {"running", "stalled", "last_error", "set_aside", "violations", "quarantined"}


def test_that_a_judge_does_not_believe_a_single_sample() -> None:
    judge = Judge()
    well = (Signal("work", Subject.TIME, Level.GOOD, "well"),)
    slow = (Signal("work", Subject.TIME, Level.BAD, "slow"),)
    judge.sample(0.0, well)
    assert judge.sample(1.0, slow)[0].level is Level.GOOD
    judge.sample(2.0, slow)
    assert judge.sample(3.0, slow)[0].level is Level.BAD
