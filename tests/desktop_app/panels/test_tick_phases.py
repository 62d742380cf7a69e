"""desktop_app.panels.tick_phases; what all cards have in common is in test_inspect_page"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QTableWidget, QTableWidgetItem
from pytestqt.qtbot import QtBot

from desktop_app.monitor.monitor import Monitor
from desktop_app.panels.stretch import Stretch
from desktop_app.panels.tick_phases import PHASES, TICKS_AT_ONCE, TickPhasesPanel
from desktop_app.theme import Theme
from tests.desktop_app.showcase import PHASES_S, WORK_S, Showcase


@pytest.fixture
def show(tmp_path: Path) -> Showcase:
    return Showcase(tmp_path)


@pytest.fixture
def panel(show: Showcase, qtbot: QtBot) -> TickPhasesPanel:
    panel = TickPhasesPanel(Theme(), Monitor(show.host))
    qtbot.addWidget(panel)
    return panel


def tick(show: Showcase, ago_s: float, phases_ms: tuple[float, ...]) -> None:
    """Write a tick of which these phases are all."""
    phases_s = tuple(phase / 1000 for phase in phases_ms)
    show.host.metrics.note_tick(show.now - ago_s, 0.0, sum(phases_s), phases_s, 0)


def describe(panel: TickPhasesPanel, show: Showcase, span_s: float = 60.0) -> None:
    panel.monitor.follow()
    reading = panel.monitor.read(show.now)
    panel.describe(Stretch(show.now, span_s), reading)
    panel.set_state(reading)


def rows(panel: TickPhasesPanel) -> dict[str, list[str]]:
    """Return the table: mean, share, p95 and max by the name of the part."""
    table: QTableWidget = panel._table
    texts = [
        [text_of(table.item(row, column)) for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]
    return {name: values for name, *values in texts}


def text_of(item: QTableWidgetItem | None) -> str:
    return "" if item is None else item.text()


def test_that_every_cell_comes_from_the_ticks(panel: TickPhasesPanel, show: Showcase) -> None:
    for number in range(99):
        tick(show, 50.0 - number / 10, (1, 2, 4, 2, 1))
    tick(show, 1.0, (1, 2, 104, 2, 1))
    describe(panel, show)
    assert rows(panel) == {
        "commands": ["1.0 ms", "9 %", "1.0 ms", "1.0 ms"],
        "events": ["2.0 ms", "18 %", "2.0 ms", "2.0 ms"],
        "systems": ["5.0 ms", "45 %", "4.0 ms", "104 ms"],
        "capture": ["2.0 ms", "18 %", "2.0 ms", "2.0 ms"],
        "publish": ["1.0 ms", "9 %", "1.0 ms", "1.0 ms"],
    }
    assert [str(figure) for figure in panel.figures] == ["mean 11 ms"]
    assert panel.accessibleDescription() == "A tick takes 11 ms on average."


def test_that_ticks_from_before_the_stretch_do_not_count(
    panel: TickPhasesPanel, show: Showcase
) -> None:
    tick(show, 61.0, (50, 50, 50, 50, 50))
    tick(show, 30.0, (1, 2, 4, 2, 1))
    describe(panel, show)
    assert rows(panel)["commands"] == ["1.0 ms", "10 %", "1.0 ms", "1.0 ms"]


def test_that_without_ticks_nothing_is_claimed(panel: TickPhasesPanel, show: Showcase) -> None:
    tick(show, 61.0, (1, 2, 4, 2, 1))
    describe(panel, show, span_s=300.0)
    assert rows(panel)["commands"][0] == "1.0 ms"
    describe(panel, show)
    assert all(values == ["–"] * 4 for values in rows(panel).values())
    assert panel.figures == ()
    assert panel.accessibleDescription() == "No tick in the last minute."


def test_that_ticks_without_work_have_no_shares(panel: TickPhasesPanel, show: Showcase) -> None:
    tick(show, 30.0, (0, 0, 0, 0, 0))
    describe(panel, show)
    assert rows(panel)["commands"] == ["0 s", "–", "0 s", "0 s"]


def test_that_it_tells_which_stretch_it_is_about(panel: TickPhasesPanel, show: Showcase) -> None:
    show.tick(600)
    describe(panel, show)
    assert panel.hint == "last minute"
    describe(panel, show, span_s=3600.0)
    assert panel.hint == "last hour"
    show.stop()
    describe(panel, show)
    assert panel.hint == "stopped"


def test_that_rows_take_turns_where_there_are_many_ticks(
    panel: TickPhasesPanel, show: Showcase
) -> None:
    for number in range(TICKS_AT_ONCE + 1):
        at = show.now - 1200.0 + number / 10
        show.host.metrics.note_tick(at, 0.0, WORK_S, PHASES_S, 0)
    known = []
    for _ in PHASES:
        describe(panel, show, span_s=3600.0)
        known.append(sum(values[0] != "–" for values in rows(panel).values()))
    assert known == [1, 2, 3, 4, 5]
