"""desktop_app.panels.tick_lateness; what all cards have in common is in test_inspect_page"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QPainterPath
from pytestqt.qtbot import QtBot

from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.stretch import Stretch
from desktop_app.panels.tick_lateness import TickLatenessPanel
from desktop_app.theme import Theme
from tests.desktop_app.showcase import PHASES_S, WORK_S, Showcase

MOVE_TO = QPainterPath.ElementType.MoveToElement


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def panel(show: Showcase, qtbot: QtBot) -> TickLatenessPanel:
    panel = TickLatenessPanel(Theme(), Monitor(show.host))
    qtbot.addWidget(panel)
    panel.resize(600, 200)
    panel.set_span(60.0)
    with qtbot.waitExposed(panel):
        panel.show()
    return panel


def tick(show: Showcase, lateness_ms: list[float], skipped: dict[int, int] | None = None) -> None:
    """Write ticks that end now, a tenth of a second apart; `skipped` is by their places."""
    for place, late in enumerate(lateness_ms):
        at = show.now - (len(lateness_ms) - place) * 0.1
        slots = (skipped or {}).get(place, 0)
        show.host.metrics.note_tick(at, late / 1000, WORK_S, PHASES_S, slots)


def refresh(panel: TickLatenessPanel, show: Showcase, since_s: float = 60.0) -> None:
    panel.monitor.follow()
    reading = panel.monitor.read(show.now)
    stretch = Stretch(show.now, since_s)
    panel.set_state(reading)
    panel.draw(show.now, stretch)
    panel.describe(stretch, reading)


def figures(panel: TickLatenessPanel) -> dict[str, str]:
    return {figure.name: figure.value for figure in panel.figures}


def test_that_every_figure_comes_from_the_ticks(panel: TickLatenessPanel, show: Showcase) -> None:
    tick(show, [0.2] * 90 + [3.0] * 9 + [25.0], skipped={10: 1, 50: 2})
    refresh(panel, show)
    assert figures(panel) == {"p95": "3.0", "max": "25", "skipped": "3"}
    assert panel.accessibleDescription() == (
        "Lateness of ticks in the last minute: p95 3.0 ms, at most 25 ms, 3 skipped."
    )


def test_that_the_line_visits_the_extremes(panel: TickLatenessPanel, show: Showcase) -> None:
    tick(show, [0.2] * 300 + [25.0] + [0.2] * 299)
    refresh(panel, show)
    x, y = panel._line._item.getData()
    assert (min(y), max(y)) == pytest.approx((0.2, 25.0))
    assert x[y.argmax()] == pytest.approx(-30.0, abs=1.0)
    low, high = panel.chart.getViewBox().viewRange()[1]
    assert low <= 0.2
    assert high >= 25.0


def test_that_the_line_is_broken_where_nothing_was_measured(
    panel: TickLatenessPanel, show: Showcase
) -> None:
    tick(show, [0.2] * 600)
    refresh(panel, show)
    path = panel._line._item.getPath()
    assert [path.elementAt(place).type for place in range(path.elementCount())].count(MOVE_TO) == 1
    show.now += 12.0
    tick(show, [0.2] * 10, skipped={0: 119})
    refresh(panel, show)
    path = panel._line._item.getPath()
    moves = [
        path.elementAt(place)
        for place in range(path.elementCount())
        if path.elementAt(place).type == MOVE_TO
    ]
    assert [move.x for move in moves] == pytest.approx([-60.0, -1.0], abs=1.0)


def test_that_a_tick_that_starts_early_is_not_drawn_below_nothing(
    panel: TickLatenessPanel, show: Showcase
) -> None:
    tick(show, [-0.5] * 200)
    refresh(panel, show)
    assert min(panel._line._item.getData()[1]) == 0.0
    assert figures(panel)["max"] == "0"


def test_that_skipped_slots_are_marked_where_they_were(
    panel: TickLatenessPanel, show: Showcase
) -> None:
    tick(show, [0.2] * 600, skipped={200: 4, 400: 1})
    refresh(panel, show)
    x, y = panel._skipped._item.getData()
    assert x == pytest.approx([-40.0, -20.0], abs=1.0)
    assert max(y) < panel.chart.getViewBox().viewRange()[1][1]


def test_that_a_skipped_slot_is_flagged(panel: TickLatenessPanel, show: Showcase) -> None:
    tick(show, [0.2] * 600)
    refresh(panel, show)
    assert {figure.level for figure in panel.figures} == {Level.GOOD}
    show.host.metrics.note_tick(show.now, 0.0002, WORK_S, PHASES_S, 1)
    refresh(panel, show)
    assert [figure.name for figure in panel.figures if figure.level > Level.GOOD] == ["skipped"]


def test_that_late_ticks_are_flagged(panel: TickLatenessPanel, show: Showcase) -> None:
    tick(show, [120.0] * 600)
    refresh(panel, show)
    levels = {figure.name: figure.level for figure in panel.figures}
    assert levels["p95"] is Level.BAD


def test_that_without_ticks_nothing_is_claimed(panel: TickLatenessPanel, show: Showcase) -> None:
    refresh(panel, show)
    assert panel.figures == ()
    assert panel.accessibleDescription() == "No tick in this time."
    assert len(panel._line._item.getData()[0]) == 0
