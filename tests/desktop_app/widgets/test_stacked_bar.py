"""desktop_app.widgets.stacked_bar"""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage, QPaintEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app.theme import Theme
from desktop_app.widgets.stacked_bar import BAR_PX, GAP_PX, Part, StackedBar

CAPTION = "last: urgent, 8 rows"
PARTS = (Part(3.0, "good", "write 3"), Part(1.0, "bad", "commit 1 ms"))


class CountedBar(StackedBar):
    """Counts how often it is painted."""

    painted = 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        self.painted += 1
        super().paintEvent(event)


@pytest.fixture
def bar(qtbot: QtBot) -> CountedBar:
    bar = CountedBar(Theme())
    qtbot.addWidget(bar)
    bar.resize(400 + GAP_PX, bar.height())
    with qtbot.waitExposed(bar):
        bar.show()
    return bar


def in_bar(bar: StackedBar, color: str) -> int:
    """Return how many pixels of the bar, along its middle, have a colour."""
    image, wanted = bar.grab().toImage(), bar.theme.color(color)
    return sum(image.pixelColor(x, 2 + BAR_PX // 2) == wanted for x in range(image.width()))


def begin_of_line(bar: StackedBar) -> int:
    """Return where the writing below the bar begins."""
    image: QImage = bar.grab().toImage()
    surface = bar.theme.color("surface")
    written = (
        x
        for x in range(image.width())
        for y in range(2 + BAR_PX + 1, image.height())
        if image.pixelColor(x, y) != surface
    )
    return next(written)


def test_that_parts_are_drawn_to_scale(bar: CountedBar) -> None:
    bar.show_parts(CAPTION, PARTS)
    assert in_bar(bar, "good") == pytest.approx(300, abs=2)
    assert in_bar(bar, "bad") == pytest.approx(100, abs=2)


def test_that_a_tiny_part_can_still_be_seen(bar: CountedBar) -> None:
    bar.show_parts(CAPTION, (Part(0.001, "bad", "wait"), Part(1000.0, "good", "commit")))
    assert in_bar(bar, "bad") == 1


@pytest.mark.parametrize("parts", [(), (Part(0.0, "good", "nothing"),)])
def test_that_an_empty_bar_is_grey(bar: CountedBar, parts: tuple[Part, ...]) -> None:
    bar.show_parts("no save yet", parts)
    assert in_bar(bar, "good") == 0
    assert in_bar(bar, "border") == pytest.approx(bar.width(), abs=4)


def test_that_the_caption_goes_where_there_is_no_room_for_all(bar: CountedBar) -> None:
    bar.show_parts(CAPTION, PARTS)
    assert begin_of_line(bar) < 4
    bar.resize(200, bar.height())
    assert begin_of_line(bar) >= 8


def test_that_a_screen_reader_hears_caption_and_parts(bar: CountedBar) -> None:
    bar.show_parts(CAPTION, PARTS)
    assert bar.accessibleName() == "last: urgent, 8 rows, write 3, commit 1 ms"


def test_that_it_is_painted_again_only_for_something_else(bar: CountedBar, qtbot: QtBot) -> None:
    before = bar.painted
    bar.show_parts(CAPTION, PARTS)
    qtbot.waitUntil(lambda: bar.painted > before)
    before = bar.painted
    bar.show_parts(CAPTION, PARTS)
    QApplication.processEvents()
    assert bar.painted == before
