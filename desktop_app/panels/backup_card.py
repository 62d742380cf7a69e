"""The backups: the newest one, the next one, and one by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton

from desktop_app.monitor.levels import Level
from desktop_app.monitor.reading import BackupFigures, Reading
from desktop_app.monitor.sentences import UNKNOWN
from desktop_app.monitor.wording import age, clock_time
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.card_header import Figure
from desktop_app.widgets.facts import Facts
from desktop_app.widgets.quiet_line import QuietLine

LOOKING = "looking whether it is sound"


class BackupCard(Card):
    """Says whether there is a way back; the bar moves while one is made that was asked for."""

    backup_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Backups")
        self.facts = Facts(theme, "Backups", lines=2)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the backup")
        self.doing = QuietLine(theme, "Backing up")
        self.back_up = QPushButton("Back up now")
        self.back_up.clicked.connect(self.backup_wanted)
        self._backing_up = self._running = False
        below = QHBoxLayout()
        below.addWidget(self.doing, 1)
        below.addWidget(self.back_up)
        self.add(self.facts)
        self.body.addStretch()
        self.add(self.progress)
        self.body.addLayout(below)
        self._keep_room_for_the_bar()
        self._offer()

    def _keep_room_for_the_bar(self) -> None:
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)

    def show_reading(self, reading: Reading) -> None:
        backup, self._running = reading.backup, reading.running
        newest = _newest(backup)
        self.facts.show_facts({"newest": newest, "next": _next(backup, running=self._running)})
        self.set_summary(f"Newest backup: {newest}.")
        self.show_figures(*_figures(backup))
        if not self._backing_up:
            self.doing.show_text("" if backup.failure is None else f"failed: {backup.failure}")
        self._offer()

    def set_backing_up(self, backing_up: bool) -> None:
        """Show that a backup is being made, or looked at, that was asked for here."""
        self._backing_up = backing_up
        # A bar that does not know how much there is would move, and be redrawn, all the time.
        self.progress.setRange(0, 1)
        self.progress.setValue(0)
        self.doing.show_text("")
        self._offer()

    def show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far the backup is; without a text the copy is made and is looked at."""
        if not self._backing_up:
            return
        self.doing.show_text(text.lower() or LOOKING)
        self.progress.setRange(0, total or 1)
        self.progress.setValue(done if text else 1)

    def _offer(self) -> None:
        self.progress.setVisible(self._backing_up)
        self.back_up.setText("Backing up…" if self._backing_up else "Back up now")
        self.back_up.setEnabled(self._running and not self._backing_up)


def _newest(backup: BackupFigures) -> str:
    if backup.made_at is None:
        return "there is none yet"
    verdicts = {None: "not verified yet", True: "verified", False: f"not sound: {backup.finding}"}
    return f"{clock_time(backup.made_at)}, {verdicts[backup.verified]}"


def _next(backup: BackupFigures, *, running: bool) -> str:
    if not running:
        return UNKNOWN
    if backup.next_at is None:
        return "none on schedule"
    left_s = (backup.next_at - datetime.now(UTC)).total_seconds()
    return f"in {age(left_s)}" if left_s >= 1 else "now"


def _figures(backup: BackupFigures) -> tuple[Figure, ...]:
    if backup.failure is not None:
        return (Figure("", "failed", level=Level.WARN),)
    if backup.verified is False:
        return (Figure("", "not sound", level=Level.WARN),)
    return ()
