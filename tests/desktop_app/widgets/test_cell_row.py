"""desktop_app.widgets.cell_row"""

from __future__ import annotations

from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.theme import Theme
from desktop_app.widgets.cell_row import CellRow
from desktop_app.widgets.strip_cell import Room, StripCell


@pytest.fixture
def cells(qtbot: QtBot) -> tuple[StripCell, ...]:
    theme, room = Theme(), Room(("short",), ("much longer than short",))
    return tuple(StripCell(theme, name, room) for name in ("Safety", "Time", "Players"))


@pytest.fixture
def row(qtbot: QtBot, cells: tuple[StripCell, ...]) -> CellRow:
    row = CellRow(cells, (cells[2], cells[1], cells[0]))
    qtbot.addWidget(row)
    return row


def widths(row: CellRow, cells: tuple[StripCell, ...], width: int) -> tuple[int, ...]:
    row.resize(width, row.sizeHint().height())
    row.show()
    return tuple(cell.width() for cell in cells)


def test_that_cells_are_as_wide_as_they_like_where_there_is_room(
    row: CellRow, cells: tuple[StripCell, ...]
) -> None:
    like = cells[0].sizeHint().width()
    assert widths(row, cells, row.sizeHint().width()) == (like, like, like)
    assert widths(row, cells, 5_000) == (like, like, like)


def test_that_they_give_way_one_after_the_other(row: CellRow, cells: tuple[StripCell, ...]) -> None:
    whole, like = row.sizeHint().width(), cells[0].sizeHint().width()
    least = cells[0].minimumSizeHint().width()
    assert widths(row, cells, whole - 5) == (like, like, like - 5)
    assert widths(row, cells, whole - (like - least) - 5) == (like, like - 5, least)
    assert widths(row, cells, row.minimumSizeHint().width()) == (least, least, least)
    assert widths(row, cells, row.minimumSizeHint().width() - 5) == (least, least, least - 5)


def test_that_no_two_lie_over_each_other(row: CellRow, cells: tuple[StripCell, ...]) -> None:
    widths(row, cells, row.minimumSizeHint().width())
    for left, right in pairwise(cells):
        assert left.geometry().right() < right.x()
