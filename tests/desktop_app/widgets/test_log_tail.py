"""desktop_app.widgets.log_tail"""

from __future__ import annotations

import logging

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.log_capture import LogLine
from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.log_tail import LINES_MIN, LogTail, level_of


@pytest.fixture
def tail(qtbot: QtBot) -> LogTail:
    tail = LogTail(Theme())
    qtbot.addWidget(tail)
    tail.resize(500, 5 * tail._line_px + 1)
    with qtbot.waitExposed(tail):
        tail.show()
    return tail


def line(number: int, level: int = logging.INFO) -> LogLine:
    return LogLine(number, 0.0, level, "game", f"line {number}")


def has_color(tail: LogTail, name: str) -> bool:
    image, wanted = tail.grab().toImage(), tail.theme.color(name)
    return any(
        image.pixelColor(x, y) == wanted
        for x in range(image.width())
        for y in range(image.height())
    )


def texts(tail: LogTail) -> list[str]:
    return [line.text for line in tail.lines]


def test_that_the_newest_line_is_on_top(tail: LogTail) -> None:
    tail.show_lines([line(1), line(2), line(3)])
    assert texts(tail) == ["line 3", "line 2", "line 1"]


def test_that_it_shows_as_many_lines_as_there_is_room_for(tail: LogTail) -> None:
    lines = [line(number) for number in range(20)]
    tail.show_lines(lines)
    assert texts(tail) == [f"line {number}" for number in (19, 18, 17, 16, 15)]
    tail.resize(500, 7 * tail._line_px)
    tail.show_lines(lines)
    assert len(tail.lines) == 7


def test_that_the_newest_line_is_shown_however_little_room_there_is(tail: LogTail) -> None:
    tail.setMinimumHeight(1)
    tail.resize(500, 1)
    tail.show_lines([line(1), line(2)])
    assert texts(tail) == ["line 2"]


def test_that_it_asks_for_room_for_a_few_lines(tail: LogTail) -> None:
    assert tail.minimumSizeHint().height() == LINES_MIN * tail._line_px
    assert tail.sizeHint().height() > tail.minimumSizeHint().height()


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (logging.DEBUG, Level.GOOD),
        (logging.INFO, Level.GOOD),
        (logging.WARNING, Level.WARN),
        (logging.ERROR, Level.BAD),
        (logging.CRITICAL, Level.BAD),
    ],
)
def test_that_a_line_is_as_serious_as_its_level(level: int, expected: Level) -> None:
    assert level_of(line(1, level)) is expected


def test_that_warnings_and_errors_stand_out(tail: LogTail) -> None:
    tail.show_lines([line(1)])
    assert not any(has_color(tail, name) for name in ("warn", "bad"))
    tail.show_lines([line(1), line(2, logging.WARNING)])
    assert has_color(tail, "warn")
    tail.show_lines([line(1), line(2, logging.ERROR)])
    assert has_color(tail, "bad")


def test_that_a_screen_reader_hears_the_latest_three(tail: LogTail) -> None:
    tail.show_lines([line(number) for number in range(5)])
    assert tail.accessibleName() == "Latest lines of the log: line 4; line 3; line 2"
