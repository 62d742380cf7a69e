"""desktop_app.widgets.card_header"""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from desktop_app.monitor.levels import Level
from desktop_app.theme import Theme
from desktop_app.widgets.card_header import GAP_PX, CardHeader, Figure


@pytest.fixture
def header(qtbot: QtBot) -> CardHeader:
    header = CardHeader(Theme(), "Does the world keep time?", "work per tick")
    qtbot.addWidget(header)
    return header


def test_that_a_figure_reads_as_name_value_and_unit() -> None:
    assert str(Figure("max", "88", "ms")) == "max 88 ms"
    assert str(Figure("urgent", "41", value_first=True)) == "41 urgent"


def test_that_the_last_figures_go_first_where_there_is_no_room(header: CardHeader) -> None:
    header.show_figures(Figure("p50", "2.3"), Figure("p95", "4.1"), Figure("max", "88", "ms"))
    assert [str(figure) for figure, _ in header._fitting(10_000)] == [
        "p50 2.3",
        "p95 4.1",
        "max 88 ms",
    ]
    two = sum(width for _, width in header._fitting(10_000)[:2]) + 60
    assert [figure.name for figure, _ in header._fitting(two)] == ["p50", "p95"]
    assert header._fitting(5) == []


def test_that_a_sign_needs_room_as_well(header: CardHeader) -> None:
    header.show_figures(Figure("failed", "9"), Figure("failed", "9", level=Level.BAD))
    (_, plain), (_, flagged) = header._fitting(10_000)
    assert flagged > plain


def test_that_a_unit_is_not_lost_with_the_figure_that_shows_it(header: CardHeader) -> None:
    p50, p95 = Figure("p50", "2.3", shares="ms"), Figure("p95", "4.1", shares="ms")
    header.show_figures(p50, p95, Figure("max", "88", "ms"), Figure("skipped", "0"))

    def shown(room: float) -> list[str]:
        return [str(figure) for figure, _ in header._fitting(room)]

    metrics = QFontMetrics(header.theme.mono)
    room = metrics.horizontalAdvance("p50 2.3   p95 4.1 ms   ma")
    assert shown(10_000) == ["p50 2.3", "p95 4.1", "max 88 ms", "skipped 0"]
    assert shown(room) == ["p50 2.3", "p95 4.1 ms"]
    # There is room for both, but not with their unit.
    assert shown(metrics.horizontalAdvance("p50 2.3   p95 4.1 m")) == ["p50 2.3 ms"]


def test_that_figures_that_warn_stay_longest(header: CardHeader) -> None:
    header.show_figures(
        Figure("p95", "1.9"),
        Figure("max", "11975", "ms"),
        Figure("skipped", "119", level=Level.BAD),
        Figure("failed", "6", level=Level.WATCH),
    )
    widths = {figure.name: width for figure, width in header._fitting(10_000)}
    room = widths["skipped"] + widths["failed"] + 60
    assert [figure.name for figure, _ in header._fitting(room)] == ["skipped", "failed"]
    assert [figure.name for figure, _ in header._fitting(room - 60)] == ["skipped"]
    more = room + widths["p95"]
    assert [figure.name for figure, _ in header._fitting(more)] == ["p95", "skipped", "failed"]


def test_that_a_hint_that_stays_comes_before_all_figures(
    header: CardHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms: list[float] = []

    def fitting(room: float) -> list[tuple[Figure, int]]:
        rooms.append(room)
        return []

    monkeypatch.setattr(header, "_fitting", fitting)
    header.resize(600, header.height())
    for stays in (False, True):
        header.show_hint("warming up 34/120", stays=stays)
        header.grab()
    hint_px = QFontMetrics(header.theme.font).horizontalAdvance("warming up 34/120")
    assert rooms[0] - rooms[1] == hint_px + GAP_PX


def test_that_a_screen_reader_hears_the_figures(header: CardHeader) -> None:
    header.show_figures(Figure("p95", "4.1"), Figure("max", "88", "ms"))
    assert header.accessibleName() == "p95 4.1, max 88 ms"
