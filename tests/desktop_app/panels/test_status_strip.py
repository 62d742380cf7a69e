"""desktop_app.panels.status_strip"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.metrics import SaveState
from core.save_batch import SaveReason
from desktop_app.application import HostState
from desktop_app.main_window import SMALLEST_SIZE_PX
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.status_strip import StatusStrip
from desktop_app.theme import Theme
from desktop_app.widgets.strip_cell import GAP_PX, SIGN_PX
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path, world_name="Perseus Arm")


@pytest.fixture
def strip(qtbot: QtBot) -> StatusStrip:
    strip = StatusStrip(Theme())
    qtbot.addWidget(strip)
    return strip


def show_on(strip: StatusStrip, show: Showcase, doing: str = "") -> None:
    monitor = Monitor(show.host)
    monitor.note_progress(doing)
    monitor.follow()
    strip.show_reading(monitor.read(show.now))


def levels(strip: StatusStrip) -> tuple[Level, ...]:
    return strip.state.level, strip.time.level, strip.safety.level, strip.players.level


def test_that_all_four_statements_come_from_the_host(strip: StatusStrip, show: Showcase) -> None:
    show.tick(600, work_s=0.004)
    show.save(0.1)
    show.set_status(players=11, unsaved=14, oldest_unsaved_s=41.0)
    show.host.metrics.players_online.set(3)
    show_on(strip, show)
    assert strip.state.headline.startswith("Running 0:00:0")
    assert strip.state.details == "Perseus Arm"
    assert strip.time.headline == "On time  10.0 of 10 ticks/s"
    assert strip.time.details == "work p95 4.0 ms, 4 % of budget"
    assert strip.safety.headline == "Saved 0.1 s ago, nothing at risk"
    assert strip.safety.details == "14 changes to write, oldest 41 s"
    assert strip.players.headline == "3 of 11 players online"
    assert strip.players.details == "http://127.0.0.1:8642"
    assert levels(strip) == (Level.GOOD,) * 4


def test_that_a_fresh_start_is_grey_and_not_perfect(strip: StatusStrip, show: Showcase) -> None:
    show.tick(34)
    show_on(strip, show)
    assert strip.time.level is Level.UNKNOWN
    assert strip.time.headline == "Warming up"
    assert strip.time.details == "34 of 120 ticks measured"


def test_that_what_is_not_known_to_be_saved_is_grey(strip: StatusStrip, show: Showcase) -> None:
    show.set_status(running=False)
    show_on(strip, show)
    assert strip.safety.level is Level.UNKNOWN
    assert strip.safety.headline == "Not known yet what is saved"


def test_that_a_stopped_world_is_grey(strip: StatusStrip, show: Showcase) -> None:
    show.tick(600)
    show.save(0.1)
    show.stop()
    show_on(strip, show)
    assert levels(strip) == (Level.UNKNOWN,) * 4
    assert strip.state.headline == "Stopped"
    assert strip.time.headline == "Not ticking"
    assert strip.safety.headline == "Nothing is being saved"
    assert (strip.players.headline, strip.players.details) == ("No players", "not reachable")


def test_that_a_world_that_was_saved_when_it_stopped_says_so(
    strip: StatusStrip, show: Showcase
) -> None:
    show.save(0.1, reason=SaveReason.FINAL)
    show.stop()
    show_on(strip, show)
    assert strip.safety.headline == "Everything is saved"
    assert strip.safety.level is Level.GOOD


def test_that_a_world_that_lost_something_when_it_stopped_is_bad(
    strip: StatusStrip, show: Showcase
) -> None:
    show.save(0.1, reason=SaveReason.FINAL)
    show.stop()
    show.host.not_saved = "up to 3 changes may be lost"
    show_on(strip, show)
    assert strip.safety.headline == "Not everything was saved"
    assert strip.safety.level is Level.BAD


def test_that_a_world_that_stands_still_is_bad(strip: StatusStrip, show: Showcase) -> None:
    show.tick(600)
    show.set_status(last_tick_at=show.now - 5.0)
    show_on(strip, show)
    assert strip.time.level is Level.BAD
    assert strip.time.headline == "No tick for 5.0 s"
    assert strip.safety.level is Level.UNKNOWN
    assert strip.safety.headline == "Not known for 5.0 s what is saved"


def test_that_a_world_that_has_failed_is_bad(strip: StatusStrip, show: Showcase) -> None:
    show.host.state = HostState.FAILED
    show_on(strip, show)
    assert strip.state.level is Level.BAD
    assert strip.state.headline == "Failed"


def test_that_a_disk_that_is_full_is_said_with_its_reason(
    strip: StatusStrip, show: Showcase
) -> None:
    for ago_s in (3.0, 2.0, 1.0):
        show.save(ago_s, state=SaveState.FAILED)
    show.set_status(at_risk=2, unsaved=2, last_error="disk full", last_commit_at=show.now - 60.0)
    show_on(strip, show)
    assert strip.safety.level is Level.BAD
    assert strip.safety.headline == "2 changes at risk, saving fails"
    assert strip.safety.details == "the last save failed: disk full"


def test_that_it_says_what_is_being_done(strip: StatusStrip, show: Showcase) -> None:
    show.host.state = HostState.STARTING
    show_on(strip, show, doing="Loading planets")
    assert strip.state.details == "Loading planets"


@pytest.mark.parametrize(
    ("state", "text", "enabled", "can_save"),
    [
        (HostState.STOPPED, "Start", True, False),
        (HostState.STARTING, "Stop", False, False),
        (HostState.RUNNING, "Stop", True, True),
        (HostState.STOPPING, "Stop", False, False),
        (HostState.FAILED, "Stop", True, False),
    ],
)
def test_that_it_offers_what_can_be_done(
    strip: StatusStrip, state: HostState, text: str, enabled: bool, can_save: bool
) -> None:
    strip.set_host_state(state)
    assert strip.start_stop.text() == text
    assert strip.start_stop.isEnabled() is enabled
    assert strip.save.isEnabled() is can_save


@pytest.mark.parametrize("state", [HostState.STOPPED, HostState.RUNNING, HostState.FAILED])
def test_that_a_click_asks_for_what_the_button_says(
    strip: StatusStrip, qtbot: QtBot, state: HostState
) -> None:
    strip.set_host_state(state)
    stopped = state is HostState.STOPPED
    wanted = strip.start_requested if stopped else strip.stop_requested
    other = strip.stop_requested if stopped else strip.start_requested
    with qtbot.assertNotEmitted(other), qtbot.waitSignal(wanted, timeout=1000):
        QTest.mouseClick(strip.start_stop, Qt.MouseButton.LeftButton)


def test_that_a_save_is_asked_for_once_at_a_time(strip: StatusStrip, qtbot: QtBot) -> None:
    strip.set_host_state(HostState.RUNNING)
    with qtbot.waitSignal(strip.save_requested, timeout=1000):
        QTest.mouseClick(strip.save, Qt.MouseButton.LeftButton)
    strip.set_saving(True)
    assert strip.save.text() == "Saving…"
    with qtbot.assertNotEmitted(strip.save_requested):
        QTest.mouseClick(strip.save, Qt.MouseButton.LeftButton)
    strip.set_saving(False)
    assert strip.save.text() == "Save now"
    assert strip.save.isEnabled()


def test_that_a_save_that_ends_after_the_world_offers_no_other(strip: StatusStrip) -> None:
    strip.set_host_state(HostState.RUNNING)
    strip.set_saving(True)
    strip.set_host_state(HostState.STOPPED)
    strip.set_saving(False)
    assert not strip.save.isEnabled()


def test_that_a_backup_is_asked_for_once_at_a_time(strip: StatusStrip, qtbot: QtBot) -> None:
    strip.set_host_state(HostState.STOPPED)
    assert not strip.backup.isEnabled()
    strip.set_host_state(HostState.RUNNING)
    with qtbot.waitSignal(strip.backup_requested, timeout=1000):
        QTest.mouseClick(strip.backup, Qt.MouseButton.LeftButton)
    strip.set_backing_up(True)
    assert strip.backup.text() == "Backing up…"
    with qtbot.assertNotEmitted(strip.backup_requested):
        QTest.mouseClick(strip.backup, Qt.MouseButton.LeftButton)
    strip.set_backing_up(False)
    assert strip.backup.isEnabled()


def test_that_it_fits_the_smallest_window(strip: StatusStrip) -> None:
    strip.setStyleSheet(Theme().style_sheet())
    assert strip.minimumSizeHint().width() <= SMALLEST_SIZE_PX[0]


@pytest.mark.parametrize("width_px", [SMALLEST_SIZE_PX[0], 1280])
def test_that_what_would_be_lost_is_never_cut_short(
    strip: StatusStrip, show: Showcase, width_px: int
) -> None:
    strip.setStyleSheet(Theme().style_sheet())
    show.set_status(at_risk=14, unsaved=14, last_commit_at=show.now - 13.0, players=88)
    show_on(strip, show)
    strip.resize(width_px, strip.sizeHint().height())
    strip.show()
    shown = strip.safety.headline if width_px == 1280 else "14 at risk, saved 13 s ago"
    needed = QFontMetrics(strip.safety.theme.bold).horizontalAdvance(shown)
    assert strip.safety.width() - SIGN_PX - GAP_PX >= needed
    assert strip.players.width() >= strip.players.minimumSizeHint().width()
    # Nothing lies over the buttons.
    assert strip.cells.geometry().right() < strip.save.x()
