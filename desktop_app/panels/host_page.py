"""The host page: how friends join, how the host is, what is kept and what is not, the log."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from desktop_app.log_capture import LogCapture
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.reading import Reading
from desktop_app.panels.backup_card import BackupCard
from desktop_app.panels.bots_card import BotsCard
from desktop_app.panels.chart_panel import ChartPanel
from desktop_app.panels.health_card import HealthCard
from desktop_app.panels.join_card import JoinCard
from desktop_app.panels.page import Page, scrolling
from desktop_app.panels.recent_log_card import RecentLogCard
from desktop_app.panels.rounds import Rounds
from desktop_app.panels.save_counts import SaveCountsPanel
from desktop_app.panels.set_aside_card import SetAsideCard
from desktop_app.panels.storage_card import StorageCard
from desktop_app.panels.stretch import Stretch
from desktop_app.panels.tick_work import TickWorkPanel
from desktop_app.panels.world_card import WorldCard
from desktop_app.theme import Theme

SPAN_S = 60.0


class HostPage(Page):
    """Cards in a grid; the page a host looks at first."""

    inspect_wanted = Signal()

    def __init__(self, theme: Theme, monitor: Monitor, capture: LogCapture, database: str) -> None:
        super().__init__("Host")
        self._monitor = monitor
        self.join = JoinCard(theme)
        self.health = HealthCard(theme)
        self.world = WorldCard(theme)
        self.storage = StorageCard(theme, database)
        self.backups = BackupCard(theme)
        self.set_aside = SetAsideCard(theme)
        self.bots = BotsCard(theme)
        self.panels: tuple[ChartPanel, ...] = (
            TickWorkPanel(theme, monitor),
            SaveCountsPanel(theme, monitor),
        )
        self.log = RecentLogCard(theme, capture)
        self._cards = (
            self.join,
            self.health,
            self.world,
            self.storage,
            self.backups,
            self.set_aside,
            self.bots,
            self.log,
        )
        self._rounds = Rounds(self.panels)
        for panel in self.panels:
            panel.set_span(SPAN_S)
        self.health.inspect_wanted.connect(self.inspect_wanted)
        inner = QWidget()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 14, 14, 14)
        layout.addWidget(scrolling(inner))
        grid = QGridLayout(inner)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(12)
        grid.addWidget(self.join, 0, 0)
        grid.addWidget(self.health, 0, 1)
        grid.addWidget(self.world, 1, 0)
        grid.addWidget(self.storage, 1, 1)
        grid.addWidget(self.backups, 2, 0)
        grid.addWidget(self.set_aside, 2, 1)
        grid.addWidget(self.bots, 3, 0, 1, 2)
        grid.addWidget(self.panels[0], 4, 0)
        grid.addWidget(self.panels[1], 4, 1)
        grid.addWidget(self.log, 5, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(4, 5)
        grid.setRowStretch(5, 4)

    def begin_anew(self) -> None:
        for panel in self.panels:
            panel.begin_anew()

    def show_reading(self, reading: Reading) -> None:
        for card in self._cards:
            card.show_reading(reading)
        for panel in self.panels:
            panel.set_state(reading)

    def draw(self, at: float, reading: Reading) -> None:
        self._rounds.refresh(at, Stretch(self._monitor.now(), SPAN_S), reading)
