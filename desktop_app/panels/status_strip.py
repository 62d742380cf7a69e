"""The status strip: always on top, the four things that matter, and what can be done."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from desktop_app.application import HostState
from desktop_app.monitor.levels import Level
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.sentences import (
    players_headline,
    players_shorter,
    safety_details,
    safety_headline,
    safety_shorter,
    state_headline,
    time_details,
    time_headline,
)
from desktop_app.theme import Theme
from desktop_app.widgets.cell_row import CellRow
from desktop_app.widgets.strip_cell import Room, StripCell

# Bad news are longer than good ones, and must fit before all.
CELLS = (
    ("State", Room(("Running 88:88:88",), ("Running 88 d 88:88",))),
    (
        "Time",
        Room(
            ("Too slow  88.8 of 10 ticks/s", "No tick for 88 min 88 s"),
            ("Too slow  88.8 of 10 ticks/s",),
            ("work p95 888 ms, 888 % of budget", "88 % of ticks skipped (5 min)"),
        ),
    ),
    (
        "Safety",
        Room(
            ("Saved 8.8 s ago, nothing at risk", "888 at risk, nothing saved yet"),
            ("Saved 88 min ago, nothing at risk", "8 888 changes at risk, saved 88 s ago"),
            ("8 888 changes to write, oldest 88 s", "the last save failed: database is locked"),
        ),
    ),
    (
        "Players",
        Room(
            ("88 of 88 online",), ("888 of 888 players online",), ("http://192.168.188.88:88888",)
        ),
    ),
)


class StatusStrip(QFrame):
    """State, time, safety and players, with the buttons that save, back up, start and stop."""

    save_requested = Signal()
    backup_requested = Signal()
    start_requested = Signal()
    stop_requested = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("strip")
        self.state, self.time, self.safety, self.players = (
            StripCell(theme, *lines) for lines in CELLS
        )
        self.save = QPushButton("Save now")
        self.save.setToolTip("Save everything that has changed (Ctrl+S)")
        self.backup = QPushButton("Back up")
        self.backup.setToolTip("Make a backup of the world, and look whether it is sound")
        self.start_stop = QPushButton("Stop")
        self.start_stop.setProperty("primary", True)
        for button in (self.save, self.backup, self.start_stop):
            # A click leaves the focus where it is: buttons that are switched off pass it on.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.save.clicked.connect(self.save_requested)
        self.backup.clicked.connect(self.backup_requested)
        self.start_stop.clicked.connect(self._on_start_stop)
        self._saving = self._backing_up = False
        self._host_state = HostState.STOPPED
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 5, 14, 5)
        row.setSpacing(10)
        cells = (self.state, self.time, self.safety, self.players)
        # What would be lost is the last to be cut short.
        giving_way = (self.players, self.state, self.time, self.safety)
        self.cells = CellRow(cells, giving_way)
        row.addWidget(self.cells, 1)
        row.addWidget(self.save)
        row.addWidget(self.backup)
        row.addWidget(self.start_stop)

    def _on_start_stop(self) -> None:
        if self._host_state is HostState.STOPPED:
            self.start_requested.emit()
        else:
            self.stop_requested.emit()

    def set_host_state(self, state: HostState) -> None:
        """Offer what can be done in this state."""
        self._host_state = state
        self.start_stop.setText("Start" if state is HostState.STOPPED else "Stop")
        busy = state in (HostState.STARTING, HostState.STOPPING)
        self.start_stop.setEnabled(not busy)
        self._update_save()
        self._update_backup()

    def set_backing_up(self, backing_up: bool) -> None:
        """Show that a backup the user asked for is being made or looked at."""
        self._backing_up = backing_up
        self._update_backup()

    def _update_backup(self) -> None:
        self.backup.setText("Backing up…" if self._backing_up else "Back up")
        self.backup.setEnabled(self._host_state is HostState.RUNNING and not self._backing_up)

    def set_saving(self, saving: bool) -> None:
        """Show that a save the user asked for is under way."""
        self._saving = saving
        self._update_save()

    def _update_save(self) -> None:
        self.save.setText("Saving…" if self._saving else "Save now")
        self.save.setEnabled(self._host_state is HostState.RUNNING and not self._saving)

    def show_reading(self, reading: Reading) -> None:
        """Show the host's figures."""
        below = reading.doing or reading.world_name
        self.state.show_lines(_state_level(reading), state_headline(reading), below)
        level = Level.BAD if reading.stale else reading.time_level
        self.time.show_lines(level, time_headline(reading), time_details(reading))
        self.safety.show_lines(
            reading.safety_level,
            safety_headline(reading),
            safety_details(reading),
            safety_shorter(reading),
        )
        self.players.show_lines(
            Level.GOOD if reading.running else Level.UNKNOWN,
            players_headline(reading),
            reading.link or "not reachable",
            players_shorter(reading),
        )


def _state_level(reading: Reading) -> Level:
    if reading.state is HostState.FAILED:
        return Level.BAD
    return Level.GOOD if reading.running else Level.UNKNOWN
