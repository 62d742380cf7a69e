"""desktop_app.widgets.strip_cell"""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetrics, QPaintEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets import strip_cell
from desktop_app.widgets.strip_cell import GAP_PX, SIGN_PX, Room, StripCell

NEEDED = ("Saved 8.8 s ago", "888 at risk, saving fails")
HEADLINES = ("Saved 88 min ago, nothing at risk", "888 changes at risk, saved 88 s ago")
DETAILS = ("8 888 changes to write, oldest 888 s",)


class CountedCell(StripCell):
    """Counts how often it is painted."""

    painted = 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self.painted += 1
        super().paintEvent(event)


@pytest.fixture
def cell(qtbot: QtBot) -> CountedCell:
    cell = CountedCell(Theme(), "Safety", Room(NEEDED, HEADLINES, DETAILS))
    qtbot.addWidget(cell)
    cell.resize(cell.sizeHint())
    with qtbot.waitExposed(cell):
        cell.show()
    return cell


def has_color(cell: StripCell, name: str) -> bool:
    """Return whether the sign of a cell has a colour."""
    image, wanted = cell.grab().toImage(), cell.theme.color(name)
    return any(
        image.pixelColor(x, y) == wanted for x in range(SIGN_PX) for y in range(image.height())
    )


def test_that_nothing_is_known_before_it_is_told(cell: CountedCell) -> None:
    assert cell.level is Level.UNKNOWN
    assert (cell.headline, cell.details) == ("", "")


def test_that_it_shows_level_and_both_lines(cell: CountedCell) -> None:
    cell.show_lines(Level.BAD, "3 changes at risk", "the disk is full")
    assert (cell.level, cell.headline) == (Level.BAD, "3 changes at risk")
    assert cell.details == "the disk is full"
    assert cell.accessibleName() == "Safety: 3 changes at risk, the disk is full"


def test_that_what_does_not_fit_is_in_the_tool_tip(cell: CountedCell) -> None:
    cell.show_lines(Level.BAD, "3 changes at risk", "the last save failed: " + "very " * 50)
    assert cell.toolTip() == f"{cell.headline}\n{cell.details}"


@pytest.mark.parametrize(
    ("level", "color"),
    [
        (Level.UNKNOWN, "muted"),
        (Level.GOOD, "good"),
        (Level.WATCH, "warn"),
        (Level.WARN, "warn"),
        (Level.BAD, "bad"),
    ],
)
def test_that_the_sign_has_the_colour_of_the_level(
    cell: CountedCell, level: Level, color: str
) -> None:
    cell.show_lines(level, "a", "b")
    shown = {name for name in ("muted", "good", "warn", "bad") if has_color(cell, name)}
    assert shown == {color}


def test_that_it_asks_for_room_for_its_lines_and_no_more(cell: CountedCell) -> None:
    bold, small = QFontMetrics(cell.theme.bold), QFontMetrics(cell.theme.sized(-1))
    room = cell.sizeHint().width() - SIGN_PX - GAP_PX
    assert max(map(bold.horizontalAdvance, HEADLINES)) <= room
    assert max(map(small.horizontalAdvance, DETAILS)) <= room
    tight = cell.minimumSizeHint().width()
    assert max(map(bold.horizontalAdvance, NEEDED)) <= tight - SIGN_PX - GAP_PX
    assert tight < cell.sizeHint().width()


def test_that_a_headline_without_room_gives_way_to_a_shorter_one(
    cell: CountedCell, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(strip_cell, "draw_elided", lambda *args: drawn.append(args[4]))
    cell.show_lines(Level.BAD, "14 changes at risk, saved 13 s ago", "", "14 at risk, 13 s")
    cell.grab()
    cell.resize(cell.minimumSizeHint())
    cell.grab()
    assert drawn[0] == "14 changes at risk, saved 13 s ago"
    assert drawn[-2] == "14 at risk, 13 s"


def test_that_it_is_painted_again_only_for_something_else(cell: CountedCell, qtbot: QtBot) -> None:
    before = cell.painted
    cell.show_lines(Level.GOOD, "Running", "Perseus Arm")
    qtbot.waitUntil(lambda: cell.painted > before)
    before = cell.painted
    cell.show_lines(Level.GOOD, "Running", "Perseus Arm")
    QApplication.processEvents()
    assert cell.painted == before
