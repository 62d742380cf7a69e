"""Where does a tick go? Its parts, their share and what they take."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem

from desktop_app.monitor.columns import Floats, quantiles
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.sentences import UNKNOWN
from desktop_app.monitor.wording import duration, milliseconds, percent
from desktop_app.panels.chart_panel import InspectPanel
from desktop_app.panels.stretch import Stretch
from desktop_app.theme import Theme
from desktop_app.widgets.card_header import Figure

PHASES: Final = {
    "commands_s": "commands",
    "events_s": "events",
    "systems_s": "systems",
    "capture_s": "capture",
    "publish_s": "publish",
}
FIELDS: Final = tuple(PHASES)
TICKS_AT_ONCE = 10_000
VALUE_WIDTH_CHARACTERS = 10
HEADERS = ("part", "mean", "of tick", "p95", "max")


class TickPhasesPanel(InspectPanel):
    """A table of the parts of a tick over the stretch that is shown."""

    def __init__(self, theme: Theme, monitor: Monitor) -> None:
        super().__init__(theme, monitor, "Where does a tick go?", "")
        self._table = _new_table()
        self._next_row = cycle(range(len(PHASES)))
        for row, name in enumerate(PHASES.values()):
            for column in range(len(HEADERS)):
                item = QTableWidgetItem(name if column == 0 else UNKNOWN)
                if column:
                    item.setTextAlignment(
                        Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                    )
                self._table.setItem(row, column, item)
        self.add(self._table, 1)

    def describe(self, stretch: Stretch, reading: Reading) -> None:
        ticks = self.monitor.ticks.between(stretch.since, stretch.until)
        count = len(ticks["at"])
        whole = float(ticks["work_s"].mean()) if count else 0.0
        self._base_hint = stretch.words
        shown = [Figure("mean", milliseconds(whole), "ms")] if count else []
        self.show_figures(*shown)
        mean = f"A tick takes {duration(whole)} on average."
        self.set_summary(mean if count else f"No tick in the {stretch.words}.")
        for row in self._rows_to_show(count):
            self._show_row(row, _row(ticks[FIELDS[row]], whole) if count else [UNKNOWN] * 4)

    def _rows_to_show(self, count: int) -> Iterable[int]:
        """All rows, or one after another where many ticks make each of them costly."""
        if count <= TICKS_AT_ONCE:
            return range(len(PHASES))
        return (next(self._next_row),)

    def _show_row(self, row: int, texts: list[str]) -> None:
        for column, text in enumerate(texts, start=1):
            item = self._table.item(row, column)
            if item is not None and item.text() != text:
                item.setText(text)


def _row(seconds: Floats, whole: float) -> list[str]:
    mean = float(seconds.mean())
    p95, most = quantiles(seconds, 0.95, 1)
    share = percent(mean / whole) if whole else UNKNOWN
    return [duration(mean), share, duration(p95), duration(most)]


def _new_table() -> QTableWidget:
    table = QTableWidget(len(PHASES), len(HEADERS))
    table.setHorizontalHeaderLabels(HEADERS)
    table.setAccessibleName("Parts of a tick")
    table.setFrameShape(QFrame.Shape.NoFrame)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    table.verticalHeader().hide()
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    table.verticalHeader().setMinimumSectionSize(18)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setMinimumSectionSize(VALUE_WIDTH_CHARACTERS * table.fontMetrics().averageCharWidth())
    header.setDefaultSectionSize(header.minimumSectionSize())
    for column in range(len(HEADERS)):
        side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
        item = table.horizontalHeaderItem(column)
        if item is not None:
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return table
