"""desktop_app.panels.log_page and log_model"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from pytestqt.qtbot import QtBot

from desktop_app.log_capture import LINES_MAX, LogCapture, LogLine
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.panels.log_model import LogModel
from desktop_app.panels.log_page import LogPage
from desktop_app.theme import Theme
from tests.desktop_app.showcase import Showcase


@pytest.fixture
def capture() -> LogCapture:
    return LogCapture()


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    show = Showcase(tmp_path)
    return Monitor(show.host).read(show.now)


@pytest.fixture
def page(capture: LogCapture, qtbot: QtBot) -> LogPage:
    page = LogPage(Theme(), capture)
    qtbot.addWidget(page)
    QAbstractItemModelTester(page.model, QAbstractItemModelTester.FailureReportingMode.Fatal, page)
    page.resize(900, 400)
    with qtbot.waitExposed(page):
        page.show()
    return page


def log(capture: LogCapture, level: int, text: str, name: str = "core.game") -> None:
    capture.handle(logging.LogRecord(name, level, __file__, 1, text, None, None))


def texts(page: LogPage) -> list[str]:
    return [page.model.line(row).text for row in range(page.model.rowCount())]


def test_that_new_lines_come_with_the_next_refresh(
    page: LogPage, capture: LogCapture, reading: Reading
) -> None:
    log(capture, logging.INFO, "one")
    log(capture, logging.WARNING, "two")
    assert texts(page) == []
    page.draw(0.0, reading)
    page.draw(0.1, reading)
    assert texts(page) == ["one", "two"]


def test_that_levels_can_be_left_out_and_are_counted(
    page: LogPage, capture: LogCapture, reading: Reading
) -> None:
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log(capture, level, logging.getLevelName(level))
    page.draw(0.0, reading)
    page.show_reading(reading)
    assert texts(page) == ["INFO", "WARNING", "ERROR", "CRITICAL"]
    assert [button.text() for button in page.levels.values()] == [
        "debug 1",
        "info 1",
        "warning 1",
        "error 2",
    ]
    page.levels["info"].click()
    page.levels["debug"].click()
    assert texts(page) == ["DEBUG", "WARNING", "ERROR", "CRITICAL"]


def test_that_the_search_looks_at_text_and_source(
    page: LogPage, capture: LogCapture, reading: Reading, qtbot: QtBot
) -> None:
    log(capture, logging.INFO, "the world is running")
    log(capture, logging.INFO, "final save", name="core.write_behind")
    page.draw(0.0, reading)
    QTest.keyClicks(page.search, "WORLD")
    assert texts(page) == ["the world is running"]
    page.search.setText("write_be")
    assert texts(page) == ["final save"]
    log(capture, logging.INFO, "passes no filter")
    page.draw(0.1, reading)
    page.search.clear()
    assert len(texts(page)) == 3


def test_that_the_view_follows_until_somebody_scrolls_up(
    page: LogPage, capture: LogCapture, reading: Reading
) -> None:
    bar = page.view.verticalScrollBar()
    for number in range(100):
        log(capture, logging.INFO, f"line {number}")
    page.draw(0.0, reading)
    assert bar.value() == bar.maximum() > 0
    bar.setValue(0)
    log(capture, logging.INFO, "one more")
    page.draw(0.1, reading)
    assert bar.value() == 0


def test_that_a_line_with_a_traceback_shows_it(
    page: LogPage, capture: LogCapture, reading: Reading
) -> None:
    try:
        raise ValueError("set aside")
    except ValueError:
        error = sys.exc_info()
    text = "a system failed"
    capture.handle(logging.LogRecord("core.game", logging.ERROR, "", 1, text, None, error))
    page.draw(0.0, reading)
    page.view.setCurrentIndex(page.model.index(0, 0))
    assert page._details.isVisible()
    assert "ValueError: set aside" in page._details.toPlainText()
    page.levels["error"].click()
    assert not page._details.isVisible()


def test_that_chosen_lines_can_be_copied(
    page: LogPage, capture: LogCapture, reading: Reading, qtbot: QtBot
) -> None:
    log(capture, logging.ERROR, "the disk is full")
    page.draw(0.0, reading)
    page.view.selectAll()
    QTest.keyClick(page, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().endswith("the disk is full")


def test_that_old_lines_make_room_for_new_ones(qtbot: QtBot) -> None:
    model = LogModel(Theme())
    lines = [LogLine(n, 0.0, logging.INFO, "game", str(n)) for n in range(1, LINES_MAX + 11)]
    model.append(lines[:LINES_MAX])
    model.append(lines[LINES_MAX:])
    assert model.rowCount() == LINES_MAX
    assert model.line(0).number == 11
