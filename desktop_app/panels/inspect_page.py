"""The inspect page: live charts of ticks and saves on one linked axis of time."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.panels.page import Page, scrolling
from desktop_app.panels.power_cut import PowerCutPanel
from desktop_app.panels.rounds import Rounds
from desktop_app.panels.save_counts import SaveCountsPanel
from desktop_app.panels.save_durations import SaveDurationsPanel
from desktop_app.panels.stretch import SPAN_NAMES, SPANS_S, Stretch
from desktop_app.panels.tick_lateness import TickLatenessPanel
from desktop_app.panels.tick_phases import TickPhasesPanel
from desktop_app.panels.tick_work import TickWorkPanel
from desktop_app.theme import Theme

PANEL_HEIGHT_MIN_PX = 170


class InspectPage(Page):
    """Six cards in a grid. Space freezes their time, Home returns to the present."""

    def __init__(self, theme: Theme, monitor: Monitor) -> None:
        super().__init__("Inspect")
        self._monitor = monitor
        self.panels = (
            TickWorkPanel(theme, monitor),
            TickLatenessPanel(theme, monitor),
            SaveDurationsPanel(theme, monitor),
            SaveCountsPanel(theme, monitor),
            PowerCutPanel(theme, monitor),
            TickPhasesPanel(theme, monitor),
        )
        self.span_s = SPANS_S[0]
        self.frozen_at: float | None = None
        self._rounds = Rounds(self.panels)
        self._live = QPushButton("Live")
        self._note = QLabel()
        self._note.setObjectName("small")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 8, 14, 14)
        layout.setSpacing(6)
        layout.addLayout(self._time_axis())
        layout.addWidget(self._grid(), 1)
        self.set_span(self.span_s)
        self.thaw()

    # Making ------------------------------------------------------------------------------------

    def _time_axis(self) -> QHBoxLayout:
        row = QHBoxLayout()
        bar = QFrame()
        bar.setObjectName("spans")
        buttons = QHBoxLayout(bar)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(2)
        self._live.setCheckable(True)
        self._live.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._live.clicked.connect(self._toggle_frozen)
        buttons.addWidget(self._live)
        buttons.addSpacing(10)
        self._spans = QButtonGroup(self)
        for span_s in SPANS_S:
            button = QPushButton(SPAN_NAMES[span_s])
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(f"Show {SPAN_NAMES[span_s]}")
            self._spans.addButton(button, int(span_s))
            buttons.addWidget(button)
        self._spans.idClicked.connect(lambda span_s: self.set_span(float(span_s)))
        row.addWidget(bar)
        row.addStretch()
        row.addWidget(self._note)
        return row

    def _grid(self) -> QWidget:
        inner = QWidget()
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(12)
        for place, panel in enumerate(self.panels):
            # A height of its own hides what the texts need, which is more with a large font.
            panel.setMinimumHeight(max(PANEL_HEIGHT_MIN_PX, panel.minimumSizeHint().height()))
            grid.addWidget(panel, place // 2, place % 2)
        grid.setColumnStretch(0, 56)
        grid.setColumnStretch(1, 44)
        for row, stretch in enumerate((10, 12, 10)):
            grid.setRowStretch(row, stretch)
        return scrolling(inner)

    # Time --------------------------------------------------------------------------------------

    def set_span(self, span_s: float) -> None:
        """Show so many seconds in every chart."""
        self.span_s = span_s
        self._spans.button(int(span_s)).setChecked(True)
        for panel in self.panels:
            panel.set_span(span_s)

    def freeze(self) -> None:
        """Let time stand still in the charts."""
        self.frozen_at = self._monitor.now()
        self._live.setChecked(False)
        clock = time.strftime("%H:%M:%S")
        self._note.setText(f"frozen at {clock}; Home returns to live")

    def thaw(self) -> None:
        """Show the present again."""
        self.frozen_at = None
        self._live.setChecked(True)
        self._note.setText("Space freezes, Home returns to live")

    def _toggle_frozen(self) -> None:
        if self.frozen_at is None:
            self.freeze()
        else:
            self.thaw()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Space:
                self._toggle_frozen()
            case Qt.Key.Key_Home:
                self.thaw()
            case _:
                super().keyPressEvent(event)

    def _stretch(self) -> Stretch:
        until = self._monitor.now() if self.frozen_at is None else self.frozen_at
        return Stretch(until, self.span_s)

    # Showing -----------------------------------------------------------------------------------

    def begin_anew(self) -> None:
        """Show the present: an instant of the last run is not among the samples any more."""
        self.thaw()
        for panel in self.panels:
            panel.begin_anew()

    def show_reading(self, reading: Reading) -> None:
        for panel in self.panels:
            panel.set_state(reading)

    def draw(self, at: float, reading: Reading) -> None:
        self._rounds.refresh(at, self._stretch(), reading)
