"""The computer players: how they do, more of them, and a pause."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton

from core.bots.driver import BotFigures
from core.bots.strength import Strength
from core.config import BOTS_MOST
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.sentences import UNKNOWN
from desktop_app.monitor.wording import counted, grouped
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.card_header import Figure
from desktop_app.widgets.choice import Choice
from desktop_app.widgets.quiet_line import QuietLine

NOBODY = "Everybody who plays here is a person."
ADDED_AT_FIRST = 3
MIXED = "mixed strengths"


class BotsCard(Card):
    """Says what they have done since the start, and takes orders for more of them."""

    more_wanted = Signal(int, object)  # how many there are to be at least, their strength or None
    pause_wanted = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Computer players")
        self._bots = BotFigures()
        self._running = self._adding = False
        self.doing = QuietLine(theme, "Computer players")
        self.number = QLineEdit(str(ADDED_AT_FIRST))
        self.number.setValidator(QIntValidator(1, BOTS_MOST, self.number))
        self.number.setMaxLength(len(str(BOTS_MOST)))
        self.number.setFixedWidth(6 * theme.font_px)
        self.number.textChanged.connect(self._show)
        self.number.returnPressed.connect(self._want_more)
        self.number.setAccessibleName("How many more")
        self.strength = Choice(theme)
        self.strength.setAccessibleName("Their strength")
        self.strength.addItem(MIXED, None)
        for strength in Strength:
            self.strength.addItem(strength.value, strength)
        self.add_more = QPushButton("Add")
        self.add_more.setToolTip("They stay in the world once they are there")
        self.add_more.clicked.connect(self._want_more)
        self.pause = QPushButton("Pause")
        self.pause.setToolTip("Until the world is started the next time")
        self.pause.clicked.connect(lambda: self.pause_wanted.emit(not self._bots.paused))
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.doing, 1)
        for widget in (self.number, self.strength, self.add_more, self.pause):
            row.addWidget(widget)
        self.body.addLayout(row)
        self._show()

    def show_reading(self, reading: Reading) -> None:
        self._bots, self._running = reading.bots, reading.running
        self._show()

    def set_adding(self, adding: bool) -> None:
        """Show that those who were asked for are on their way into the world."""
        self._adding = adding
        self._show()

    def _want_more(self) -> None:
        at_least = min(BOTS_MOST, self._bots.total + int(self.number.text()))
        self.more_wanted.emit(at_least, self.strength.currentData())

    def _show(self) -> None:
        bots = self._bots
        said = _described(bots) if self._running else UNKNOWN
        self.doing.show_text(said)
        self.set_summary(said)
        self.show_figures(*_figures(bots) if self._running else ())
        self.add_more.setText("Adding…" if self._adding else "Add")
        self.pause.setText("Go on" if bots.paused else "Pause")
        may_add = self._running and bots.total < BOTS_MOST and not self._adding
        self.number.setEnabled(may_add)
        self.strength.setEnabled(may_add)
        self.add_more.setEnabled(may_add and self.number.hasAcceptableInput())
        self.pause.setEnabled(self._running and bots.total > 0)


def _described(bots: BotFigures) -> str:
    if not bots.total:
        return NOBODY
    strengths = ", ".join(f"{grouped(count)} {name}" for name, count in bots.players.items())
    done = f"{counted(bots.turns, 'turn')}, {counted(bots.orders, 'order')}"
    return f"{strengths}; {done}, {grouped(bots.refused)} refused"


def _figures(bots: BotFigures) -> tuple[Figure, ...]:
    word = "paused" if bots.paused else "play"
    return (Figure(word, grouped(bots.total), value_first=True),)
