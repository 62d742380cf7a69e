"""desktop_app.panels.host_page and the cards on it"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from core.metrics import SaveState
from core.save_batch import SaveReason
from desktop_app.log_capture import LogCapture
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.sentences import UNKNOWN
from desktop_app.panels.host_page import HostPage
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def page(show: Showcase, qtbot: QtBot) -> HostPage:
    page = HostPage(Theme(), Monitor(show.host), LogCapture(), "/home/ada/world.db")
    qtbot.addWidget(page)
    page.resize(1100, 700)
    with qtbot.waitExposed(page):
        page.show()
    return page


def show_on(page: HostPage, show: Showcase) -> None:
    monitor = Monitor(show.host)
    monitor.follow()
    page.show_reading(monitor.read(show.now))


def test_that_the_link_is_shown_and_can_be_copied(page: HostPage, show: Showcase) -> None:
    show_on(page, show)
    page.join.copy.click()
    assert QGuiApplication.clipboard().text() == "http://127.0.0.1:8642"


def test_that_it_says_plainly_who_can_join(page: HostPage, show: Showcase) -> None:
    show_on(page, show)
    assert "Only this computer" in page.join.accessibleDescription()
    assert "--host 0.0.0.0" in page.join.accessibleDescription()
    show.host.address = ("192.168.1.20", 8642)
    show_on(page, show)
    assert "same network" in page.join.accessibleDescription()


def test_that_nobody_can_join_a_stopped_world(page: HostPage, show: Showcase) -> None:
    show_on(page, show)
    show.stop()
    show_on(page, show)
    assert page.join.link is None
    assert not page.join.copy.isEnabled()


def test_that_health_says_what_is_well_when_nothing_is_wrong(
    page: HostPage, show: Showcase
) -> None:
    show.tick(600)
    show.save(0.1)
    show_on(page, show)
    assert page.health.sentence.text() == "All is well."
    assert {level for level, _ in page.health.statements.shown} == {Level.GOOD}


def test_that_health_does_not_vouch_for_a_world_that_stands_still(
    page: HostPage, show: Showcase
) -> None:
    show.tick(600)
    show.save(0.1)
    show.set_status(last_tick_at=show.now - 60.0)
    show_on(page, show)
    first, *others = page.health.statements.shown
    assert first == (
        Level.UNKNOWN,
        "What is saved has not been known for 60 s; nothing was at risk then.",
    )
    assert Level.GOOD not in {level for level, _ in others}
    assert page.storage.facts.facts["last save"] == UNKNOWN


def test_that_health_says_what_a_stop_has_lost(page: HostPage, show: Showcase) -> None:
    show.save(0.1, reason=SaveReason.FINAL)
    show.stop()
    show.host.not_saved = "one change may be lost"
    show_on(page, show)
    assert page.health.statements.shown == ((Level.BAD, "One change may be lost."),)


def test_that_health_lists_at_most_three_things_the_worst_first(
    page: HostPage, show: Showcase
) -> None:
    show.tick(600, work_s=0.2, skipped=1)
    show.save(0.1, state=SaveState.FAILED)
    show.set_status(last_error="disk full", set_aside=1)
    show_on(page, show)
    levels = [level for level, _ in page.health.statements.shown]
    assert len(levels) == 3
    assert levels == sorted(levels, reverse=True)
    assert page.health.statements.more == "and 1 more"
    assert len(page.health.statements.toolTip().splitlines()) == 4
    assert page.health.last_failure.text == "last failed save 0.1 s ago: disk full"


def test_that_the_latest_lines_of_the_log_come_first(page: HostPage, show: Showcase) -> None:
    for number in range(100):
        record = logging.LogRecord("core.game", logging.INFO, "", 1, f"line {number}", None, None)
        page.log._capture.handle(record)
    show_on(page, show)
    assert page.log.tail.lines[0].text == "line 99"
    assert len(page.log.tail.lines) == page.log.tail.room
    assert page.log.hint.startswith("info 100")


def test_that_world_and_storage_are_summed_up(page: HostPage, show: Showcase) -> None:
    show.set_status(players=11, planets=60, unsaved=14, oldest_unsaved_s=41.0)
    show_on(page, show)
    assert page.world.facts.facts["players"] == "11, 0 online"
    assert page.storage.facts.facts["changes to write"] == "14, oldest 41 s of 60 s"
    assert page.storage.facts.facts["database"] == "/home/ada/world.db"
