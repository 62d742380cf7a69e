"""desktop_app.main_window: the window with a real host behind it"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.commands import FoundHome
from core.metrics import SAVE_REASONS
from core.save_batch import SaveReason
from core.sync import Account, NewAccount, register_account
from desktop_app.application import Host, HostState
from desktop_app.host_loop import HostLoop
from desktop_app.main_window import SMALLEST_SIZE_PX, MainWindow
from desktop_app.monitor.levels import Level
from tests.databases import put_empty_world, url_of_world
from tests.desktop_app.showcase import Showcase, until
from tests.hosts import make_host, order


@pytest.fixture
def host(tmp_path: Path, qloop: HostLoop) -> Iterator[Host]:
    qloop.run_until_complete(put_empty_world(url_of_world(tmp_path)))
    host = make_host(tmp_path, world_name="Perseus Arm", tick_rate=20)
    yield host
    # A test that has failed has not stopped it.
    qloop.run_until_complete(host.stop())


@pytest.fixture
def window(host: Host, qtbot: QtBot) -> Iterator[MainWindow]:
    window = MainWindow(host)
    qtbot.addWidget(window)
    window.resize(1300, 850)
    window.show()
    yield window
    window.end()


def reasons(host: Host) -> list[SaveReason]:
    return [SAVE_REASONS[int(reason)] for reason in host.metrics.saves.latest()["reason"]]


async def test_that_graphs_receive_samples(host: Host, window: MainWindow) -> None:
    window.show_page(1)
    await host.start()
    await until(lambda: len(window._monitor.ticks) > 10)
    work = window.inspect_page.panels[0]
    await until(lambda: len(work.figures) == 4)
    assert [figure.name for figure in work.figures] == ["p50", "p95", "max", "budget"]
    await host.stop()


async def test_that_the_strip_tells_how_the_host_is(host: Host, window: MainWindow) -> None:
    await host.start()
    await until(lambda: window.strip.state.headline.startswith("Running"))
    assert window.strip.state.details == "Perseus Arm"
    assert window.strip.state.level is Level.GOOD
    assert window.strip.players.details == host.url
    await until(lambda: "nothing at risk" in window.strip.safety.headline)
    assert window.windowTitle() == "Perseus Arm – nothing at risk – Starkeep"
    await until(lambda: window.strip.time.headline.startswith("Warming up"))
    await host.stop()


async def test_that_stop_saves_and_leaves_the_window_open(
    host: Host, window: MainWindow, qtbot: QtBot
) -> None:
    await host.start()
    QTest.mouseClick(window.strip.start_stop, Qt.MouseButton.LeftButton)
    await until(lambda: host.state is HostState.STOPPED)
    assert reasons(host)[-1] is SaveReason.FINAL
    await until(lambda: window.strip.safety.headline == "Everything is saved")
    assert window.isVisible()
    assert window.strip.start_stop.text() == "Start"
    assert not window.strip.save.isEnabled()


async def test_that_start_works_again_in_the_same_process(
    host: Host, window: MainWindow, qtbot: QtBot
) -> None:
    for _ in range(2):
        QTest.mouseClick(window.strip.start_stop, Qt.MouseButton.LeftButton)
        await until(lambda: host.state is HostState.RUNNING)
        # The window turns to the new rings when it refreshes next.
        await until(lambda: window._monitor.ticks.ring is host.metrics.ticks)
        await until(lambda: len(window._monitor.ticks) > 2)
        assert window._monitor.ticks.ring is host.metrics.ticks
        QTest.mouseClick(window.strip.start_stop, Qt.MouseButton.LeftButton)
        await until(lambda: host.state is HostState.STOPPED)
    await until(lambda: not window.control.busy)


async def test_that_save_now_saves(host: Host, window: MainWindow, qtbot: QtBot) -> None:
    await host.start()
    QTest.mouseClick(window.strip.save, Qt.MouseButton.LeftButton)
    assert window.strip.save.text() == "Saving…"
    await until(lambda: window.strip.save.text() == "Save now")
    assert SaveReason.MANUAL in reasons(host)
    await host.stop()


async def test_that_a_start_that_fails_says_why(
    host: Host, window: MainWindow, qtbot: QtBot
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        host.overrides["port"] = taken.getsockname()[1]
        QTest.mouseClick(window.strip.start_stop, Qt.MouseButton.LeftButton)
        await until(lambda: window.banner.isVisible() and not window.control.busy)
    assert "port" in window.banner.text
    assert window.strip.start_stop.isEnabled()
    host.overrides["port"] = 0
    QTest.mouseClick(window.strip.start_stop, Qt.MouseButton.LeftButton)
    await until(lambda: host.state is HostState.RUNNING)
    assert not window.banner.isVisible()
    await host.stop()


async def test_that_planets_of_the_world_are_listed(host: Host, window: MainWindow) -> None:
    await host.start()
    account = await register_account(NewAccount("ada", "a@b.c", "x"))
    assert isinstance(account, Account)
    await order(host, FoundHome(account.id, "ada"))
    window.show_page(2)
    await until(lambda: window.world_page.model.planet(0) is not None)
    planet = window.world_page.model.planet(0)
    assert planet is not None
    assert planet.owner_name == "ada"
    await host.stop()
    await until(lambda: window.world_page.model.rowCount() == 0)


async def test_that_the_log_shows_what_the_host_logs(
    host: Host, window: MainWindow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    window.show_page(3)
    await host.start()
    await host.stop()
    await until(lambda: window.log_page.model.rowCount())
    assert "the world is starting" in [line.text for line in window.log_capture.since(0)]


async def test_that_progress_is_shown_while_the_host_starts(host: Host, window: MainWindow) -> None:
    host.state = HostState.STARTING
    host.changed.emit()
    host.progressed.emit("Loading planets", 25_000, 100_000)
    await until(lambda: "Loading planets 25" in window.strip.state.details)
    assert window._progress.isVisible()
    assert (window._progress.value(), window._progress.maximum()) == (25_000, 100_000)
    assert not window.strip.start_stop.isEnabled()
    host.state = HostState.STOPPED
    host.changed.emit()
    assert not window._progress.isVisible()


def test_that_closing_asks_to_quit_and_keeps_the_window(window: MainWindow, qtbot: QtBot) -> None:
    event = QCloseEvent()
    with qtbot.waitSignal(window.quit_requested, timeout=1000):
        window.closeEvent(event)
    assert not event.isAccepted()
    assert window.isVisible()


def test_that_it_closes_when_the_host_has_ended(window: MainWindow) -> None:
    window.end()
    assert not window.isVisible()
    assert not window.timer.active


def test_that_nothing_is_refreshed_while_nobody_can_see_it(
    window: MainWindow, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: window.timer.active)
    window.hide()
    qtbot.waitUntil(lambda: not window.timer.active)
    window.show()
    qtbot.waitUntil(lambda: window.timer.active)
    window.showMinimized()
    qtbot.waitUntil(lambda: not window.timer.active)


def test_that_the_cost_of_redrawing_is_measured(window: MainWindow, qtbot: QtBot) -> None:
    def observed() -> float:
        samples = next(iter(window._host.metrics.redraw.collect())).samples
        return next(s.value for s in samples if s.name.endswith("_count"))

    qtbot.waitUntil(lambda: observed() > 3)


def test_that_keys_lead_to_pages_and_copy_the_link(tmp_path: Path, qtbot: QtBot) -> None:
    window = MainWindow(Showcase(tmp_path).host)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(lambda: window.host_page.join.link is not None)
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window, Qt.Key.Key_2, control)
    assert window._stack.currentWidget() is window.inspect_page
    QTest.keyClick(window, Qt.Key.Key_L, control)
    assert window._stack.currentWidget() is window.log_page
    QTest.keyClick(window, Qt.Key.Key_C, control | Qt.KeyboardModifier.ShiftModifier)
    assert QGuiApplication.clipboard().text() == "http://127.0.0.1:8642"
    window.end()


def test_that_page_and_size_are_restored(tmp_path: Path, qtbot: QtBot) -> None:
    host = make_host(tmp_path)
    host.folder.root.mkdir(exist_ok=True)
    first = MainWindow(host)
    qtbot.addWidget(first)
    first.resize(first.minimumWidth(), 650)
    first.show_page(3)
    first.show()
    first.end()
    second = MainWindow(host)
    qtbot.addWidget(second)
    assert second._stack.currentWidget() is second.log_page
    assert second.height() == 650
    second.end()


def test_that_an_exception_nobody_caught_is_told_once_and_counted(
    tmp_path: Path, qtbot: QtBot
) -> None:
    host = Showcase(tmp_path).host
    window = MainWindow(host)
    qtbot.addWidget(window)
    window.show()
    for _ in range(2):
        host.note_lost_exception(RuntimeError("our own fault"))
        assert window.banner.text.endswith("RuntimeError('our own fault'); see the log.")
    window.banner.hide()
    host.note_lost_exception(RuntimeError("our own fault"))
    assert not window.banner.isVisible()
    counted = host.metrics.background_failures.labels("an exception nobody caught")
    assert counted._value.get() == 3
    window.end()


def test_that_a_window_is_as_large_as_its_texts_need(
    tmp_path: Path, qtbot: QtBot, qapp: QApplication
) -> None:
    font, large = qapp.font(), qapp.font()
    large.setPixelSize(15)
    qapp.setFont(large)
    window = MainWindow(Showcase(tmp_path).host)
    qapp.setFont(font)
    qtbot.addWidget(window)
    assert window.minimumWidth() >= window.strip.minimumSizeHint().width() > SMALLEST_SIZE_PX[0]
    window.end()


def test_that_a_new_theme_reaches_the_whole_window(window: MainWindow) -> None:
    window.theme.use(Qt.ColorScheme.Dark)
    assert window.theme.palette.surface in window.styleSheet()
    image = window.strip.grab().toImage()
    assert image.pixelColor(image.width() // 2, 3) == window.theme.color("surface")
